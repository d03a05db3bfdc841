from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.numpy import save
from safetensors.torch import load_file, save_file

from core import checksums
from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.events import Event, Notice
from core.inference.decision_rule import DecisionRule
from core.inference.trust import Verdict
from core.models.calibration_statistics import (
    KEY,
    PREFIX,
    CalibrationStatistics,
    statistics_from_arrays,
    statistics_to_arrays,
)
from core.models.factory import create_model
from core.models.files import load_model, load_statistics, read_metadata, read_weights, save_model
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]

INFO = ModelInfo("test_resnet", Preprocessing(32, (0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), classes=ISIC2019)
Arrays = dict[str, NDArray[Any]]


def statistics(threshold: float = 1.1) -> CalibrationStatistics:
    generator = np.random.default_rng(0)

    def numbers(*shape: int, kind: type = np.float32) -> NDArray[Any]:
        return generator.random(shape).astype(kind)

    return CalibrationStatistics(
        validation_logits=numbers(30, 8),
        validation_labels=(np.arange(30) % 8).astype(np.uint8),
        validation_scores=numbers(30),
        feature_mean=numbers(96),
        feature_directions=numbers(5, 96, kind=np.float16),
        appearance_mean=numbers(24),
        appearance_whitening=numbers(24, 24),
        appearance=numbers(40, 24, kind=np.float16),
        scales=numbers(2),
        threshold=threshold,
        measure=1,
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    model = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019).model
    save_model(tmp_path / "model.safetensors", model, INFO, statistics())
    return tmp_path / "model.safetensors"


def assert_same(first: CalibrationStatistics | None, second: CalibrationStatistics) -> None:
    assert first is not None
    ours, theirs = statistics_to_arrays(first), statistics_to_arrays(second)
    assert all(
        np.array_equal(value, theirs[name]) and value.dtype == theirs[name].dtype for name, value in ours.items()
    )


def test_it_comes_back_from_the_model_file(saved: Path) -> None:
    assert_same(load_statistics(saved), statistics())
    assert load_statistics(saved).threshold == pytest.approx(1.1)  # type: ignore[union-attr]


def test_a_threshold_that_is_not_known_stays_so() -> None:
    arrays = statistics_to_arrays(statistics(float("inf")))
    assert statistics_from_arrays(arrays, 8).threshold == float("inf")


def test_it_is_no_part_of_the_weights(saved: Path, tmp_path: Path) -> None:
    model, info = load_model(saved)
    save_model(tmp_path / "plain.safetensors", model, info)
    assert load_statistics(tmp_path / "plain.safetensors") is None
    assert list(read_weights(saved)) == list(read_weights(tmp_path / "plain.safetensors"))
    started = create_model("test_resnet", weights=str(saved), image_size=32, classes=ISIC2019).model
    assert all(torch.equal(value, started.state_dict()[name]) for name, value in model.state_dict().items())


def test_one_that_reading_would_refuse_is_not_written(tmp_path: Path) -> None:
    model = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019).model
    bad = CalibrationStatistics(**{**vars(statistics()), "validation_scores": np.full(30, np.nan, np.float32)})
    with pytest.raises(ValueError, match="validation_novelty"):
        save_model(tmp_path / "bad.safetensors", model, INFO, bad)
    assert not (tmp_path / "bad.safetensors").exists()


def _with(name: str, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, name: change(arrays[name])}


FAULTS: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "not finite": (_with("look_map", lambda value: value * np.float32(np.inf)), "look_map holds values"),
    "label beyond the classes": (_with("validation_labels", lambda value: value + np.uint8(1)), "none of the 8"),
    "other classes": (_with("validation_logits", lambda value: value[:, :7]), r"validation_logits has the shape"),
    "fewer labels": (_with("validation_labels", lambda value: value[:-1]), "has the shape"),
    "negative threshold": (_with("threshold", lambda value: -value), "threshold is negative"),
    "no scale": (_with("scales", lambda value: value * 0), "negative"),
    "too large": (_with("looks", lambda value: np.zeros((5000, 24), np.float16)), "larger than any"),
}

OTHER_FORMS: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "missing": (lambda arrays: {name: arrays[name] for name in arrays if name != "looks"}, "must hold"),
    "unknown": (lambda arrays: {**arrays, "code": np.zeros(1, np.float32)}, "must hold"),
    "another type": (_with("looks", lambda value: value.astype(np.float32)), "type float32"),
    "unreadable type": (_with("scales", lambda value: value.astype(np.float64)), "type"),
    "one axis": (_with("look_map", lambda value: value.ravel()), "look_map has 1 axes"),
}


@pytest.mark.parametrize("form", OTHER_FORMS)
@pytest.mark.parametrize("beside", [False, True])
def test_the_form_of_another_version_costs_the_verdicts_alone(saved: Path, form: str, beside: bool) -> None:
    change, words = OTHER_FORMS[form]
    store(saved, change(statistics_to_arrays(statistics())), beside=beside)
    notices: list[Event] = []
    assert load_statistics(saved, notices.append) is None
    (notice,) = notices
    assert isinstance(notice, Notice)
    assert words in notice.text
    assert "no verdict" in notice.text
    load_model(saved)
    rule = DecisionRule(load_statistics(saved), INFO)
    images = np.zeros((1, 32, 32, 3), np.uint8)
    (assessment,) = rule.assess(np.zeros((1, 8), np.float32), None, images)
    assert assessment.verdict is Verdict.UNKNOWN
    assert "in a form that this version of SkinKD knows" in assessment.sentence


def unchecked(saved: Path) -> dict[str, str]:
    """The metadata as of a version that wrote no checksum."""
    return {name: value for name, value in read_metadata(saved).items() if name != checksums.KEY}


def store(saved: Path, arrays: Arrays, *, beside: bool = False) -> None:
    """Put these arrays in place of the file's reference; `beside` the weights, as files of format 2 had them."""
    arrays = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
    metadata = {**unchecked(saved), KEY: base64.b64encode(save(arrays)).decode()}
    tensors = {}
    if beside:
        del metadata[KEY]
        tensors = {PREFIX + name: torch.from_numpy(value) for name, value in arrays.items()}
    save_file({**load_file(saved), **tensors}, saved, metadata=metadata)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("beside", [False, True])
def test_a_strangers_reference_is_checked(saved: Path, fault: str, beside: bool) -> None:
    change, words = FAULTS[fault]
    store(saved, change(statistics_to_arrays(statistics())), beside=beside)
    with pytest.raises(SkinKDError, match=words):
        load_statistics(saved)


@pytest.mark.parametrize("text", ["%%%", "AAAA", ""])
def test_a_text_that_is_none_is_refused(saved: Path, text: str) -> None:
    save_file(load_file(saved), saved, metadata={**unchecked(saved), KEY: text})
    with pytest.raises(SkinKDError, match="calibration images can not be used"):
        load_statistics(saved)


def test_files_of_format_2_have_it_beside_the_weights(saved: Path) -> None:
    store(saved, statistics_to_arrays(statistics()), beside=True)
    assert_same(load_statistics(saved), statistics())
    load_model(saved)


def test_a_file_cut_off_is_no_reference(saved: Path) -> None:
    store(saved, statistics_to_arrays(statistics()), beside=True)
    saved.write_bytes(saved.read_bytes()[:-100])
    with pytest.raises(SkinKDError, match="can not be used"):
        load_statistics(saved)
