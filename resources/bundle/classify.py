"""Classify pictures with the model beside this file, with numpy, pillow and onnxruntime: classify.py PICTURE..."""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

here = Path(__file__).parent
facts = json.loads((here / "preprocessing.json").read_text(encoding="utf-8"))
options = onnxruntime.SessionOptions()
options.add_session_config_entry("session.x64quantprecision", "1")  # for 8 bits on x86 processors without VNNI
session = onnxruntime.InferenceSession(str(here / facts["file"]), options, providers=["CPUExecutionProvider"])

for path in sys.argv[1:]:
    picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
    squashed = picture.resize((facts["image_size"], facts["image_size"]), Image.Resampling.BILINEAR)
    logits = session.run(["logits"], {"images": np.asarray(squashed)[None]})[0][0].astype(np.float64)
    powers = np.exp((logits - logits.max()) / facts["temperature"])
    shares = dict(zip(facts["classes"], (powers / powers.sum()).tolist(), strict=True))
    print(json.dumps({"file": path, "logits": logits.tolist(), "probabilities": shares}))
