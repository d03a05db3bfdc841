"""From a hospital's folders to a picture that is classified: through the window, with classes of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from core.recipe import Preset, preset, set_values
from core.runs.status import RunSummary
from skinkd_gui.main_window import MainWindow
from skinkd_gui.training.wizard.dialog import TrainingWizard
from skinkd_gui.training.wizard.state import WizardStep
from skinkd_gui.workers.job import shut_down_all
from tests.gui.classify.tab_helpers import cells, classify

LABELS = ("excise", "follow-up", "discharge")


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    window = MainWindow(tmp_path / "runs")
    qtbot.addWidget(window)
    window.show()
    window.start_engine()
    yield window
    window.close_without_asking()
    assert shut_down_all()


def _hospital(root: Path) -> Path:
    random = np.random.default_rng(0)
    for number in range(24):
        folder = root / LABELS[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 255, (32, 32, 3), np.uint8)).save(folder / f"{number}.png")
    return root


def test_three_labels_of_a_hospital_are_learned_and_told_apart(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    data = _hospital(tmp_path / "hospital")
    changes = [
        f"data.path={data}", "data.image_size=32", "data.split=[0.5, 0.4, 0.1]", "student.weights=none",
        "student.architecture=test_efficientnet", "optimisation.batch_size=4", "optimisation.epochs=1",
        "hardware.device=cpu", "hardware.threads=1",
    ]  # fmt: skip
    window.train_tab.open_recipe(set_values(preset(Preset.QUICK), changes))
    wizard = window.findChild(TrainingWizard)
    assert wizard is not None
    _go_on(wizard, qtbot, WizardStep.LABELS)
    _button(wizard, QPushButton, "makeClassesButton").click()
    _go_on(wizard, qtbot, WizardStep.TASK)
    _button(wizard, QRadioButton, "goalPlainButton").click()
    for step in (WizardStep.STUDENT, WizardStep.SCHEDULE, WizardStep.COST, WizardStep.REVIEW):
        _go_on(wizard, qtbot, step)
    qtbot.waitUntil(wizard.start_button.isEnabled)
    with qtbot.waitSignal(window.queue.run_finished) as ended:
        wizard.start_button.click()
    (summary,) = ended.args
    assert isinstance(summary, RunSummary)
    assert summary.recipe is not None
    assert summary.recipe.class_set.codes == tuple(sorted(LABELS))
    window.tabs.setCurrentWidget(window.classify_tab)
    window.classify_tab.choose_model(summary.folder)
    classify(qtbot, window.classify_tab, [data / "excise" / "0.png"])
    said = [cells(window.classify_tab, column)[0] for column in range(4)]
    assert set(said) & set(LABELS)


def _button(wizard: TrainingWizard, kind: type[QObject], name: str) -> QPushButton:
    found = wizard.findChild(kind, name)
    assert found is not None, name
    return found  # type: ignore[return-value]


def _go_on(wizard: TrainingWizard, qtbot: QtBot, expected: WizardStep) -> None:
    qtbot.waitUntil(wizard.next_button.isEnabled)
    wizard.next_button.click()
    assert wizard.model.state.step is expected
