from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken
from core.inference.classifier import Classifier
from core.inference.export.onnx_file import IMAGES, LOGITS
from core.inference.onnx_network import open_session
from core.runs.folder import RunFolder
from tests.core.inference.export.conftest import write_in_another_process


def test_the_other_process_writes_the_network(finished_run: RunFolder, tmp_path: Path) -> None:
    model = write_in_another_process(finished_run.model_file, tmp_path, CancelToken())
    images = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    session = open_session(model.SerializeToString(), ["CPUExecutionProvider"], 1)
    expected = Classifier.load(finished_run.path, "cpu").logits(images)
    np.testing.assert_allclose(session.run([LOGITS], {IMAGES: images})[0], expected, rtol=1e-4, atol=1e-4)


def test_its_errors_come_back(tmp_path: Path) -> None:
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"nothing")
    with pytest.raises(SkinKDError, match=r"broken\.safetensors"):
        write_in_another_process(broken, tmp_path, CancelToken())


def test_it_stops_at_once(finished_run: RunFolder, tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        write_in_another_process(finished_run.model_file, tmp_path, source.token)
    assert not (tmp_path / "written.onnx").exists()
