from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from core.distillation.curricula import DIFFICULTIES, TrainingImages
from core.settings import SettingsSection

from .facts import CONFIDENCE, IMAGES, LABELS, LOGITS, TRUE_CLASS

NONE = SettingsSection()


@pytest.mark.parametrize(("name", "sure"), [("teacher_confidence", CONFIDENCE), ("teacher_true_class", TRUE_CLASS)])
def test_difficulty_is_what_the_teacher_is_unsure_of(name: str, sure: list[float]) -> None:
    difficulty = DIFFICULTIES[name].of(IMAGES, NONE)
    assert difficulty.dtype == np.float64
    np.testing.assert_allclose(-difficulty, sure, rtol=1e-13)


@pytest.mark.parametrize("name", list(DIFFICULTIES))
def test_several_teachers_count_by_their_mean_probability(name: str) -> None:
    """Where two contradict each other, the pair is unsure, however sure each is."""
    one, other = np.array([[9.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 9.0], [3.0, 0.0]])
    both = TrainingImages(np.array([0, 0]), (one, other))
    mean = (softmax(one, axis=1) + softmax(other, axis=1)) / 2
    assert mean[0] == pytest.approx([0.5, 0.5])
    np.testing.assert_allclose(-DIFFICULTIES[name].of(both, NONE), mean.max(axis=1))


@pytest.mark.parametrize("name", list(DIFFICULTIES))
def test_large_logits_and_float32(name: str) -> None:
    logits = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]], np.float32)
    difficulty = DIFFICULTIES[name].of(TrainingImages(np.array([0, 0]), (logits,)), NONE)
    np.testing.assert_allclose(-difficulty, [1.0, 1 / 3])


@pytest.mark.parametrize("name", list(DIFFICULTIES))
def test_answers_that_are_not_there_are_refused(name: str) -> None:
    logits = LOGITS.copy()
    logits[4] = np.nan
    with pytest.raises(ValueError, match="not computed"):
        DIFFICULTIES[name].of(TrainingImages(LABELS, (logits,)), NONE)
    with pytest.raises(ValueError, match="needs the teacher's logits"):
        DIFFICULTIES[name].of(TrainingImages(LABELS), NONE)


def test_confidence_is_the_golden_one(shared: Path) -> None:
    path = shared / "golden" / "curriculum_metrics.json"
    if not path.is_file():
        pytest.skip("the golden values of the curriculum are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["paper_order"]
    images = TrainingImages(np.zeros(10, np.int64), (np.asarray(golden["logits"]),))
    confidence = -DIFFICULTIES["teacher_confidence"].of(images, NONE)
    np.testing.assert_allclose(confidence, golden["confidence"], rtol=1e-13)
