"""A run's teachers: one or several, stored or online, in views, and each looked at for leaks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from core.demo.sample_set import write_sample_set
from core.errors import Cancelled, SkinKDError
from core.events import Event, Notice
from core.models.files import read_weights
from core.paths import cache_root
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, absolute_paths, create_run
from core.runs.planning import plan_runs, teacher_recipe

from .test_execute import StopAfter

KL = ("distillation.method=kl", "distillation.alpha=0.5")


def small(data: Path, *changes: str) -> Recipe:
    """A recipe of a second."""
    return set_values(
        Recipe(),
        [
            *(f"data.path={data}", "data.image_size=32", "hardware.threads=1", "hardware.device=cpu"),
            *("teacher.architecture=test_resnet", "teacher.weights=none", "student.architecture=test_resnet"),
            *("student.weights=none", "optimisation.epochs=2", "optimisation.batch_size=16", *changes),
        ],
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample_set(tmp_path_factory.mktemp("data") / "data", images=60, seed=0, size=32)


@pytest.fixture(scope="module")
def teachers(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two finished teachers; the second sees the images larger, and has learned some of the first's test images."""
    root = tmp_path_factory.mktemp("teachers")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        first = small(data, "task=teacher", "optimisation.epochs=1")
        second = set_values(first, ["data.image_size=48", "data.seed=1", "optimisation.seed=1"])
        return tuple(execute(create_run(recipe, runs=root / "runs")).folder for recipe in (first, second))  # type: ignore[return-value]


def taught(data: Path, teachers: tuple[Path, Path], *changes: str) -> Recipe:
    """A student of both."""
    return set_values(small(data, *KL), [f"teacher.run={teachers[0]}", f'teacher.also=["{teachers[1]}"]', *changes])


def losses(folder: RunFolder) -> list[float]:
    return [loss for row in folder.history() for loss in (row.train_loss.distillation or 0.0, row.validation_loss)]


def test_two_teachers_stored_or_online_teach_the_same(data: Path, teachers: tuple[Path, Path], tmp_path: Path) -> None:
    events: list[Event] = []
    stored = create_run(taught(data, teachers), runs=tmp_path, name="stored")
    execute(stored, events.append)
    online = create_run(taught(data, teachers, "teacher.source=online"), runs=tmp_path, name="online")
    before = set((cache_root() / "knowledge").glob("*.npz"))
    execute(online)
    assert losses(online) == pytest.approx(losses(stored), rel=2e-3)
    assert set((cache_root() / "knowledge").glob("*.npz")) == before  # nothing more is kept
    assert len(before) == 2
    alone = create_run(set_values(taught(data, teachers), ["teacher.also=[]"]), runs=tmp_path, name="alone")
    execute(alone)
    assert losses(alone) != pytest.approx(losses(stored), rel=2e-3)
    said = [event.text for event in events if isinstance(event, Notice)]
    assert [teacher.name in " ".join(said) for teacher in teachers] == [True, True]
    notes = json.loads(stored.metrics_file.read_text(encoding="utf-8"))["notes"]
    assert any(note.startswith("Leak:") for note in notes)  # of the second teacher
    only = json.loads(alone.metrics_file.read_text(encoding="utf-8"))["notes"]
    assert not any(note.startswith("Leak:") for note in only)


def test_with_augmentation_every_view_is_stored_once_for_all_seeds(
    data: Path, teachers: tuple[Path, Path], tmp_path: Path
) -> None:
    recipe = taught(data, teachers, "teacher.also=[]", "teacher.views=3", "optimisation.augmentation=light")
    execute(create_run(recipe, runs=tmp_path, name="first"))
    tables = sorted((cache_root() / "knowledge").glob("*.npz"))
    assert len(tables) == 3
    written = [table.stat().st_mtime_ns for table in tables]
    execute(create_run(set_values(recipe, ["optimisation.seed=5"]), runs=tmp_path, name="second"))
    assert sorted((cache_root() / "knowledge").glob("*.npz")) == tables
    assert [table.stat().st_mtime_ns for table in tables] == written


AUGMENTED = [
    ("teacher.source=online", "optimisation.augmentation=light"),
    ("teacher.views=9", "optimisation.augmentation=turns", "curriculum.order=easy_first"),
    ("teacher.views=2", "optimisation.augmentation=strong", "optimisation.hair=1"),
    ("teacher.source=online", "optimisation.augmentation=strong", "optimisation.mixture=cutmix"),
    ("optimisation.mixture=mixup", "optimisation.mixture_steps=1"),
]


@pytest.mark.parametrize("changes", AUGMENTED)
def test_stopped_and_gone_on_ends_the_same(
    changes: tuple[str, ...], data: Path, teachers: tuple[Path, Path], tmp_path: Path
) -> None:
    recipe = taught(data, teachers, *changes)
    whole, parts = (create_run(recipe, runs=tmp_path, name=name) for name in ("whole", "parts"))
    execute(whole)
    token = StopAfter(4)
    with pytest.raises(Cancelled):
        execute(parts, token.seen, token)
    execute(parts)
    assert losses(parts) == losses(whole)
    first, second = (read_weights(run.model_file) for run in (parts, whole))
    assert all(torch.equal(first[name], value) for name, value in second.items())


def test_a_further_teacher_that_is_not_there_ends_the_run_at_once(
    data: Path, teachers: tuple[Path, Path], tmp_path: Path
) -> None:
    run = create_run(set_values(taught(data, teachers), ['teacher.also=["nobody"]']), runs=tmp_path)
    with pytest.raises(SkinKDError, match="nobody"):
        execute(run)
    assert not run.environment_file.exists()


def test_how_a_teacher_is_asked_makes_no_other_teacher(data: Path, teachers: tuple[Path, Path], tmp_path: Path) -> None:
    """A student's recipe implies the same teacher run, however many views it is asked about."""
    plain = teacher_recipe(small(data, *KL))
    others = set_values(small(data, *KL), ["teacher.views=2", "teacher.source=online", 'teacher.also=["more"]'])
    assert teacher_recipe(others) == plain
    assert plan_runs(others, tmp_path)[0].recipe == plain


def test_paths_of_further_teachers_become_absolute(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "by-name").mkdir(parents=True)
    (tmp_path / "beside").mkdir()
    recipe = set_values(small(data, *KL), ['teacher.also=["by-name", "beside"]'])
    found = absolute_paths(recipe, tmp_path / "runs").teacher.also
    assert found == ("by-name", str(tmp_path / "beside"))
