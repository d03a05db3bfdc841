"""A curriculum that nobody wrote into the sources: four entries of one's own, in a whole run, stopped and resumed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.distillation.curricula import DIFFICULTIES, ORDERS, PACINGS, REDRAWS, Drawn, TrainingImages
from core.errors import Cancelled, RecipeError
from core.events import BatchFinished, CancelToken, Event
from core.recipe import Recipe, read_recipe, set_values
from core.reporting.words import curriculum_words, kind_of_run
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.settings import SettingsSection, setting


class _Own:
    help, source = "made for a test", ""


class Rarity(_Own):
    """Images of common classes are easy."""

    name, title, Settings = "rarity", "Rarity", SettingsSection
    needs_teacher = needs_student = False

    def of(self, images: TrainingImages, settings: SettingsSection) -> NDArray[np.float64]:
        return -np.bincount(images.labels)[images.labels].astype(np.float64)


class BlockSettings(SettingsSection):
    order_block: int = setting(8, "Block", "Images that are sorted together.", ge=1, le=1000)


class Blocks(_Own):
    """Sorted within blocks of a few images."""

    name, title, Settings = "blocks", "In blocks", BlockSettings
    needs_difficulty, only_sorts = True, False

    def arranged(self, drawn: Drawn, settings: SettingsSection) -> NDArray[np.int64]:
        assert isinstance(settings, BlockSettings)
        assert drawn.difficulty is not None
        return np.lexsort((drawn.difficulty, np.arange(len(drawn.rows)) // settings.order_block))


class Halves(_Own):
    """A half, then a half more with every epoch."""

    name, title, Settings = "halves", "In halves", SettingsSection

    def share(self, epoch: int, settings: SettingsSection) -> float:
        return epoch / 2


class EveryOther(_Own):
    """Two epochs share a draw."""

    name, title, Settings = "every_other", "Every other epoch", SettingsSection

    def draw(self, epoch: int, settings: SettingsSection) -> int:
        return (epoch + 1) // 2


class _StopAt(CancelToken):
    """Asks to stop once a batch of an epoch was reported."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch, self.stop, self.seen_lengths = epoch, False, set[tuple[int, int]]()

    def seen(self, event: Event) -> None:
        if isinstance(event, BatchFinished):
            self.seen_lengths.add((event.epoch, event.batches))
            self.stop = self.stop or event.epoch == self.epoch

    def check(self) -> None:
        if self.stop:
            raise Cancelled


def _recipe(data: Path) -> Recipe:
    own = ("difficulty=rarity", "order=blocks", "order_block=5", "pacing=halves", "redraw=every_other")
    return set_values(
        Recipe(),
        [
            *(f"data.path={data}", "data.image_size=32", "student.architecture=test_efficientnet"),
            *("student.weights=none", "optimisation.epochs=3", "optimisation.batch_size=16"),
            *("optimisation.schedule=cosine", "hardware.device=cpu", "hardware.threads=1"),
            *(f"curriculum.{value}" for value in own),
        ],
    )


def test_a_run_with_entries_of_ones_own_goes_on_where_it_stopped(
    sample_set: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKINKD_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("core.training.meter._REPORT_SECONDS", 0.0)
    with ExitStack() as stack:
        stack.enter_context(DIFFICULTIES.registered(Rarity()))
        stack.enter_context(ORDERS.registered(Blocks()))
        stack.enter_context(PACINGS.registered(Halves()))
        stack.enter_context(REDRAWS.registered(EveryOther()))
        recipe = _recipe(sample_set)
        assert not recipe.needs_teacher
        assert kind_of_run(recipe) == "Plain student + curriculum"
        assert curriculum_words(recipe) == "in blocks (rarity), in halves, every other epoch"
        whole, parts = (create_run(recipe, runs=tmp_path / "runs", name=name) for name in ("whole", "parts"))
        assert read_recipe(whole.recipe_file) == recipe
        execute(whole)
        token = _StopAt(2)
        with pytest.raises(Cancelled):
            execute(parts, token.seen, token)
        assert token.seen_lengths == {(1, 4), (2, 7)}  # 112 training images: 56, then all
        execute(parts)
        assert _numbers(parts) == _numbers(whole)
        assert parts.predictions().logits.tolist() == whole.predictions().logits.tolist()
    with pytest.raises(RecipeError, match="there is no order 'blocks'"):
        read_recipe(whole.recipe_file)


def _numbers(folder: RunFolder) -> list[tuple[object, ...]]:
    return [(row.train_loss, row.validation_loss, row.learning_rate) for row in folder.history()]
