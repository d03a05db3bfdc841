from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from core.distillation.curricula import DIFFICULTIES, ORDERS, Drawn, TrainingImages
from core.settings import SettingsSection

from .facts import CONFIDENCE, IMAGES, LABELS, LOGITS, TRUE_CLASS

NONE = SettingsSection()


@pytest.mark.parametrize(("name", "sure"), [("teacher_confidence", CONFIDENCE), ("teacher_true_class", TRUE_CLASS)])
def test_difficulty_is_what_the_teacher_is_unsure_of(name: str, sure: list[float]) -> None:
    difficulty = DIFFICULTIES[name].of(IMAGES, NONE)
    assert difficulty.dtype == np.float64
    np.testing.assert_allclose(-difficulty, sure, rtol=1e-13)


OF_TEACHERS = [name for name, entry in DIFFICULTIES.items() if entry.needs_teacher and not entry.needs_student]
OF_STUDENT = [name for name, entry in DIFFICULTIES.items() if entry.needs_student]


@pytest.mark.parametrize("name", OF_TEACHERS)
def test_several_teachers_count_by_their_mean_probability(name: str) -> None:
    """Where two contradict each other, the pair is unsure, however sure each is."""
    one, other = np.array([[9.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 9.0], [3.0, 0.0]])
    both = TrainingImages(np.array([0, 0]), (one, other))
    mean = (softmax(one, axis=1) + softmax(other, axis=1)) / 2
    assert mean[0] == pytest.approx([0.5, 0.5])
    np.testing.assert_allclose(-DIFFICULTIES[name].of(both, NONE), mean.max(axis=1))


@pytest.mark.parametrize("name", OF_TEACHERS)
def test_large_logits_and_float32(name: str) -> None:
    logits = np.array([[1e4, -1e4, 0.0], [0.0, 0.0, 0.0]], np.float32)
    difficulty = DIFFICULTIES[name].of(TrainingImages(np.array([0, 0]), (logits,)), NONE)
    np.testing.assert_allclose(-difficulty, [1.0, 1 / 3])


@pytest.mark.parametrize("name", OF_TEACHERS)
def test_answers_that_are_not_there_are_refused(name: str) -> None:
    logits = LOGITS.copy()
    logits[4] = np.nan
    with pytest.raises(ValueError, match="not computed"):
        DIFFICULTIES[name].of(TrainingImages(LABELS, (logits,)), NONE)
    with pytest.raises(ValueError, match="needs the teacher's logits"):
        DIFFICULTIES[name].of(TrainingImages(LABELS), NONE)


def _met(*rows: tuple[float, float] | None) -> TrainingImages:
    """Four images of the first class, and what the student said of them; None: it has not met the image. The teacher
    gives their label 3/4."""
    student = np.array([(np.nan, np.nan) if row is None else row for row in rows])
    teacher = np.tile([np.log(3.0), 0.0], (len(rows), 1))
    return TrainingImages(np.zeros(len(rows), np.int64), (teacher,), student_logits=student)


LOGIT = float(np.log(3.0))


def test_the_loss_is_minus_the_logarithm_of_the_labels_probability() -> None:
    found = DIFFICULTIES["loss"].of(_met((LOGIT, 0.0), (0.0, 0.0), (0.0, LOGIT)), NONE)
    np.testing.assert_allclose(found, -np.log([0.75, 0.5, 0.25]))


def test_the_gap_is_the_divergence_of_the_student_from_the_teacher() -> None:
    found = DIFFICULTIES["gap"].of(_met((LOGIT, 0.0), (0.0, 0.0), (0.0, LOGIT)), NONE)
    even = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    wrong = 0.75 * np.log(0.75 / 0.25) + 0.25 * np.log(0.25 / 0.75)
    np.testing.assert_allclose(found, [0.0, even, wrong], atol=1e-12)


@pytest.mark.parametrize("name", OF_STUDENT)
def test_an_image_that_was_not_met_is_as_hard_as_the_median(name: str) -> None:
    met = ((LOGIT, 0.0), (0.0, 0.0), (0.0, LOGIT))
    found = DIFFICULTIES[name].of(_met(*met, None, None), NONE)
    assert found[3] == found[4] == np.median(found[:3])
    assert DIFFICULTIES[name].of(_met(None, None), NONE).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="needs the student's logits"):
        DIFFICULTIES[name].of(IMAGES, NONE)


@pytest.mark.parametrize("name", OF_STUDENT)
def test_logits_of_every_size_are_finite_and_repeatable(name: str) -> None:
    generator = np.random.default_rng(0)
    teacher, student = generator.normal(size=(2, 40, 3)) * np.array([[1.0], [1e4]] * 20)
    features = generator.normal(size=(40, 30))
    images = TrainingImages(np.arange(40) % 3, (teacher,), (features,), student, seed=5)
    found = DIFFICULTIES[name].of(images, NONE)
    assert np.isfinite(found).all()
    assert found.tolist() == DIFFICULTIES[name].of(images, NONE).tolist()


def test_the_discriminator_finds_the_images_on_which_the_student_is_not_the_teacher() -> None:
    """The student is the teacher but for the images of one kind, which the features tell."""
    generator = np.random.default_rng(0)
    labels, other = np.arange(400) % 4, np.arange(400) % 5 == 0
    teacher = generator.normal(size=(400, 4)) + 4 * np.eye(4)[labels]
    student = teacher + 0.1 * generator.normal(size=(400, 4))
    student[other] = 0.2 * teacher[other]
    features = generator.normal(size=(400, 8)) + 3 * other[:, None]
    images = TrainingImages(labels, (teacher,), (features,), student)
    found = DIFFICULTIES["discriminator"].of(images, NONE)
    assert np.median(found[other]) > np.quantile(found[~other], 0.9)
    alone = DIFFICULTIES["discriminator"].of(TrainingImages(labels, (teacher,), (), student), NONE)
    assert np.median(alone[other]) > np.median(alone[~other])


def test_random_difficulty_and_random_order_are_the_same_control() -> None:
    images = TrainingImages(np.zeros(50, np.int64), seed=3)
    difficulty = DIFFICULTIES["random"].of(images, NONE)
    rows = np.random.default_rng(1).integers(0, 50, 80)
    drawn = Drawn(rows, rows * 0, difficulty[rows], 50, 1, 3)
    assert ORDERS["easy_first"].arranged(drawn, NONE).tolist() == ORDERS["random"].arranged(drawn, NONE).tolist()
    other = DIFFICULTIES["random"].of(TrainingImages(np.zeros(50, np.int64), seed=4), NONE)
    assert sorted(other.tolist()) == sorted(difficulty.tolist()) != difficulty.tolist() != other.tolist()


def test_confidence_is_the_golden_one(shared: Path) -> None:
    path = shared / "golden" / "curriculum_metrics.json"
    if not path.is_file():
        pytest.skip("the golden values of the curriculum are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["paper_order"]
    images = TrainingImages(np.zeros(10, np.int64), (np.asarray(golden["logits"]),))
    confidence = -DIFFICULTIES["teacher_confidence"].of(images, NONE)
    np.testing.assert_allclose(confidence, golden["confidence"], rtol=1e-13)
