"""A student learns from a file of a teacher's outputs as from the teacher itself; what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.errors import SkinKDError
from core.events import Event, Notice
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.training.cost import estimate_cost

CODES = CLASS_SETS["isic2019"].codes


def recipe_for(data: Path, teacher: Path, *changes: str) -> Recipe:
    """A short student of a file's teacher."""
    own = (f"data.path={data}", "data.image_size=32", "student.architecture=test_efficientnet", "student.weights=none")
    own += ("optimisation.epochs=1", "hardware.threads=1", "hardware.device=cpu", "optimisation.batch_size=16")
    return set_values(Recipe(), [*own, f"teacher.run={teacher}", "distillation.method=kl", *changes])


def outputs(data: Path, file: Path, **arrays: np.ndarray | None) -> Path:
    """What a teacher says of all images of the sample set."""
    names = sorted(path.stem for path in data.rglob("*.jpg"))
    logits = np.random.default_rng(0).normal(size=(len(names), len(CODES)))
    values = {"images": np.array(names), "logits": logits, "classes": np.array(CODES), **arrays}
    np.savez(file, **{name: value for name, value in values.items() if value is not None})
    return file


def done(recipe: Recipe, runs: Path) -> tuple[RunFolder, list[str]]:
    said: list[Event] = []
    run = create_run(recipe, runs=runs)
    execute(run, said.append)
    return run, [event.text for event in said if isinstance(event, Notice)]


def test_logits_of_a_file_teach(sample_set: Path, tmp_path: Path) -> None:
    file = outputs(sample_set, tmp_path / "large.npz")
    run, said = done(recipe_for(sample_set, file, "optimisation.augmentation=light"), tmp_path / "runs")
    (epoch,) = run.history()
    assert epoch.train_loss.distillation is not None
    assert epoch.train_loss.distillation > 0
    assert any("The teacher is large (large.npz)" in text for text in said)
    notes = " ".join(run.notes())
    assert "no augmentation" in notes
    assert "not known which images the teacher was trained on" in notes
    assert estimate_cost(run.recipe(), 160, 100).teacher_seconds == 0


def test_features_of_a_file_teach_through_a_head(sample_set: Path, tmp_path: Path) -> None:
    count = len(list(sample_set.rglob("*.jpg")))
    features = np.random.default_rng(1).normal(size=(count, 5))
    file = outputs(sample_set, tmp_path / "tower.npz", logits=None, classes=None, features=features)
    run, said = done(recipe_for(sample_set, file), tmp_path / "runs")
    assert any("A linear head was fitted" in text and "validation images" in text for text in said)
    (epoch,) = run.history()
    assert np.isfinite(epoch.train_loss.distillation or np.nan)


def test_what_a_file_can_not_do_is_refused_in_words(sample_set: Path, tmp_path: Path) -> None:
    file = outputs(sample_set, tmp_path / "large.npz")
    with pytest.raises(SkinKDError, match=r"Set teacher\.source to stored"):
        done(recipe_for(sample_set, file, "teacher.source=online"), tmp_path / "runs")
    other = outputs(sample_set, tmp_path / "other.npz", classes=np.array([f"X{number}" for number in range(8)]))
    with pytest.raises(SkinKDError, match="for other classes"):
        done(recipe_for(sample_set, other), tmp_path / "runs")
