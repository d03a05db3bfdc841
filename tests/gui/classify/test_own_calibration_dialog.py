from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.inference.local_calibration import local_file
from core.runs.folder import RunFolder
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.classify.own_calibration_dialog import OwnCalibrationDialog
from skinkd_gui.data.folder_comparison import DriftDialog
from tests.core.inference.clinics import write_clinic

from .conftest import MakeTab
from .tab_helpers import button, classify, text


@pytest.fixture
def run(weighed: Path, tmp_path: Path) -> RunFolder:
    """A copy of the newer of two runs, in a folder of its own."""
    newer = next(folder for folder in weighed.iterdir() if "first" in folder.name.lower())
    shutil.copytree(newer, tmp_path / "runs" / newer.name)
    return RunFolder(tmp_path / "runs" / newer.name)


def test_a_model_is_calibrated_used_so_compared_and_as_before_again(
    qtbot: QtBot, make_tab: MakeTab, run: RunFolder, lesions: list[Path], tmp_path: Path
) -> None:
    clinic = write_clinic(tmp_path / "clinic")
    tab = make_tab(run.path.parent)
    classify(qtbot, tab, lesions[:2])
    before = tab._images.result_of(lesions[0])
    assert before is not None
    tab.open_card()
    card = tab.findChild(ModelCard)
    assert isinstance(card, ModelCard)
    qtbot.waitUntil(lambda: not card.busy)
    button(card, "modelCardOwn").click()
    dialog = card.findChild(OwnCalibrationDialog)
    assert isinstance(dialog, OwnCalibrationDialog)
    qtbot.waitUntil(lambda: not dialog.busy)
    assert text(dialog, "ownCalibrationSentence") == "The model has its own calibration only."
    assert not button(dialog, "ownCalibrationCompare").isEnabled()
    with qtbot.waitSignal(dialog.recalibrated, timeout=60_000):
        dialog.calibrate(clinic)
    assert "112 lesions" in text(dialog, "ownCalibrationSentence")
    assert local_file(run.model_file).is_file()
    qtbot.waitUntil(lambda: not tab._session.busy and not tab._images.waiting)
    after = tab._images.result_of(lesions[0])
    assert after is not None
    assert after.probabilities != before.probabilities
    assert "112 lesions (112 images) of your own" in text(tab, "classifyResearchUse")
    dialog.compare(lesions[0].parent)
    qtbot.waitUntil(lambda: not dialog.busy)
    drift = dialog.findChild(DriftDialog)
    assert isinstance(drift, DriftDialog)
    assert "calibration pictures" in text(drift, "dataDriftSentence").replace("\u200b", "")
    with qtbot.waitSignal(dialog.recalibrated, timeout=60_000):
        dialog.remove()
    qtbot.waitUntil(lambda: not tab._session.busy and not tab._images.waiting)
    again = tab._images.result_of(lesions[0])
    assert again is not None
    assert again.probabilities == before.probabilities
    assert not local_file(run.model_file).exists()


def test_too_few_lesions_are_told(qtbot: QtBot, run: RunFolder, tmp_path: Path) -> None:
    dialog = OwnCalibrationDialog(None, run.path)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: not dialog.busy)
    dialog.calibrate(write_clinic(tmp_path / "few", images=16))
    qtbot.waitUntil(lambda: not dialog.busy)
    assert "It takes 100 lesions" in dialog._news.text
    assert not local_file(run.model_file).exists()
