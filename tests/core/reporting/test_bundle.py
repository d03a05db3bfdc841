"""The folder for an engineer: what its program says is what SkinKD says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.data.decoding import decode_image
from core.errors import SkinKDError
from core.inference.classifier import Classifier
from core.inference.export.exporting import ModelExportOrder
from core.reporting.model_card.bundle import PROGRAMS, export_bundle
from core.reporting.model_card.hub import card_readme
from core.runs.folder import RunFolder


@pytest.mark.usefixtures("quick_exports")
def test_the_program_of_a_bundle_gives_the_answers_of_its_samples_without_us(
    finished_run: RunFolder, tmp_path: Path
) -> None:
    folder = tmp_path / "for you"
    report = export_bundle(ModelExportOrder(finished_run.path, folder, without_test=True))
    assert report.file == folder / "model.onnx"
    names = {path.name for path in folder.iterdir()}
    assert names >= {"README.md", "model.check.json", "preprocessing.json", "samples.json", *PROGRAMS}
    samples = json.loads((folder / "samples.json").read_text("utf-8"))
    program = folder.rename(tmp_path / "moved") / "classify.py"
    pictures = [str(program.with_name(sample["file"])) for sample in samples]
    command = [sys.executable, "-I", str(program), *pictures]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert len(samples) == 3
    original = Classifier.load(finished_run.path, "cpu")
    for sample, line, picture in zip(samples, ended.stdout.splitlines(), pictures, strict=True):
        said = json.loads(line)
        np.testing.assert_allclose(said["logits"], sample["logits"], rtol=0, atol=1e-5)
        assert said["probabilities"] == pytest.approx(sample["probabilities"], abs=1e-6)
        assert max(said["probabilities"], key=said["probabilities"].__getitem__) == sample["diagnosis"]
        pixels = decode_image(Path(picture), original.info.preprocessing.image_size)
        np.testing.assert_allclose(said["logits"], original.logits(pixels[None])[0], rtol=0, atol=1e-3)
    text = (program.parent / "README.md").read_text("utf-8")
    example = text.split("```python\n")[1].split("```")[0].replace("lesion.jpg", Path(pictures[0]).name)
    example += "print(max(probabilities, key=probabilities.get))"
    said_so = subprocess.run(
        [sys.executable, "-c", example], capture_output=True, text=True, check=True, cwd=program.parent
    )
    assert said_so.stdout.strip() == samples[0]["diagnosis"]
    assert str(tmp_path) not in "".join(path.read_text("utf-8") for path in program.parent.glob("*.json")) + text


def test_a_folder_that_holds_files_is_not_written_into(finished_run: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(SkinKDError, match="new or empty"):
        export_bundle(ModelExportOrder(finished_run.path, tmp_path, without_test=True))


@pytest.mark.parametrize(("width", "height", "size"), [(200, 150, 96), (50, 40, 96), (97, 30, 64)])
def test_the_filter_of_the_programs_that_are_not_compiled_is_pillows(width: int, height: int, size: int) -> None:
    """Their `squash`, written here in Python: no pixel is off by more than the rounding of one step."""
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    expected = np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR), np.int64)
    found = squash(squash(image, size).transpose(1, 0, 2), size).transpose(1, 0, 2)
    assert np.abs(found.astype(np.int64) - expected).max() <= 1


def squash(pixels: NDArray[np.uint8], target: int) -> NDArray[np.uint8]:
    height, width, _ = pixels.shape
    scale, result = width / target, np.zeros((height, target, 3), np.uint8)
    support = max(1.0, scale)
    for x in range(target):
        middle = (x + 0.5) * scale
        first, last = max(0, int(middle - support + 0.5)), min(width, int(middle + support + 0.5))
        weights = np.maximum(0, 1 - np.abs((np.arange(first, last) + 0.5 - middle) / support))
        values = np.tensordot(pixels[:, first:last].astype(np.float64), weights / weights.sum(), (1, 0))
        result[:, x] = np.floor(values + 0.5)
    return result


def test_a_card_of_a_run_has_no_program(finished_run: RunFolder) -> None:
    from core.events import CancelToken, ignore
    from core.reporting.model_card.content import read_card

    assert "```python" not in card_readme(read_card(finished_run.path, ignore, CancelToken()))
