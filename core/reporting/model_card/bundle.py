"""A model as a folder that an engineer can use without SkinKD: the exported file with its check and its card, how a
picture becomes its input, programs that do so, and sample pictures with what they are to come out as."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image

from core import atomic
from core.data.decoding import decode_image
from core.errors import SkinKDError
from core.evaluation.prediction_sets import probabilities_of
from core.events import CancelToken, Emit, ignore
from core.inference.classifier import Classifier
from core.inference.export.exporting import ModelExportOrder
from core.inference.export.onnx_bytes import read_metadata
from core.inference.export.report import ExportReport
from core.reporting.model_card.exported import export_with_card
from resources.files import resource_bytes, resource_names, resource_text

MODEL, PREPROCESSING, SAMPLES = "model.onnx", "preprocessing.json", "samples.json"

PROGRAMS = tuple(name for name in resource_names("bundle") if not name.startswith("_"))
"""Of the folder: classify.py, which is tried with every change of SkinKD, and two that are not compiled here."""

_FACTS = ("preprocessing", "outputs", "class_names", "class_groups", "quantisation", "data_terms", "notice")
_SAMPLES = 3


def export_bundle(order: ModelExportOrder, emit: Emit = ignore, token: CancelToken | None = None) -> ExportReport:
    """As `export_with_card`, with `order.out` a folder, new or empty; a refused export leaves it empty.

    The samples are drawn pictures of our own: nobody's images leave with a bundle. Raises as `export_with_card`, and
    `SkinKDError` for a folder that holds files.
    """
    folder = order.out
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise SkinKDError("The folder is not empty", f"{folder} holds files, or is one. Name a new or empty folder.")
    report = export_with_card(replace(order, out=folder / MODEL), emit, token or CancelToken())
    if report.file is None:
        return report
    try:
        _write_preprocessing(report.file)
        _write_samples(report.file, emit)
        for name in PROGRAMS:
            atomic.write_text(folder / name, resource_text(f"bundle/{name}"))
    except OSError as error:
        raise SkinKDError(
            "The folder could not be written", f"{folder}: {error.strerror or error}.", str(error)
        ) from error
    return report


def _write_preprocessing(file: Path) -> None:
    """What the file says of itself, as JSON of its own."""
    said = {name: json.loads(text) for name, text in read_metadata(file).items() if not name.startswith("skinkd")}
    facts = {
        "file": file.name,
        "image_size": said["preprocessing"]["image_size"],
        "classes": said["classes"],
        "temperature": said["temperature"],
        **{name: said[name] for name in _FACTS},
    }
    _write_json(file.with_name(PREPROCESSING), facts)


def _write_samples(file: Path, emit: Emit) -> None:
    """Pictures as PNG, which every program reads alike, and the file's answers to them."""
    classifier, samples = Classifier.load(file, "cpu", emit, local=False), []
    info = classifier.info
    pictures = [name for name in resource_names("demonstration") if name.endswith(".jpg")]
    for number, name in enumerate(pictures[:_SAMPLES], start=1):
        sample = file.with_name(f"sample {number}.png")
        with Image.open(BytesIO(resource_bytes(f"demonstration/{name}"))) as image:
            image.convert("RGB").save(sample)
        logits = classifier.logits(decode_image(sample, info.preprocessing.image_size)[None])
        shares = probabilities_of(logits, info.temperature)[0].tolist()
        samples.append(
            {
                "file": sample.name,
                "logits": logits[0].tolist(),
                "probabilities": dict(zip(info.classes.codes, shares, strict=True)),
                "diagnosis": info.classes.codes[int(logits[0].argmax())],
            }
        )
    _write_json(file.with_name(SAMPLES), samples)


def _write_json(path: Path, document: object) -> None:
    atomic.write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
