"""Wizards that end with the test, and small models for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.recipe import Preset, Recipe, preset, set_values
from skinkd_gui.training.wizard.dialog import TrainingWizard
from skinkd_gui.training.wizard.draft import WizardDraft

MakeWizard = Callable[..., TrainingWizard]


@pytest.fixture
def tiny() -> Recipe:
    """Networks and images that are timed within a second."""
    changes = [
        "data.image_size=32", "teacher.architecture=test_resnet", "teacher.weights=none",
        "student.architecture=test_efficientnet", "student.weights=none", "optimisation.batch_size=4",
        "optimisation.epochs=2", "hardware.device=cpu", "hardware.threads=1",
    ]  # fmt: skip
    return set_values(preset(Preset.QUICK), changes)


@pytest.fixture
def make_wizard(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeWizard]:
    """`make_wizard(data_path="", recipe=None, draft=None)`: a shown wizard over an empty folder of runs."""
    made: list[TrainingWizard] = []

    def make(
        data_path: Path | str = "", recipe: Recipe | None = None, draft: WizardDraft | None = None
    ) -> TrainingWizard:
        wizard = TrainingWizard(None, tmp_path / "runs", str(data_path), recipe, draft)
        qtbot.addWidget(wizard)
        wizard.show()
        made.append(wizard)
        return wizard

    yield make
    for wizard in made:
        wizard.reject()
