"""Where pictures come from: what was pasted is kept by this window alone."""

from __future__ import annotations

import gc
from pathlib import Path

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.sessions.pasted import pasted_root
from skinkd_gui.classify.incoming import Incoming


def test_a_pasted_picture_lies_in_the_windows_own_folder_and_goes_with_it(qtbot: QtBot) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    incoming = Incoming(owner)
    files: list[Path] = [incoming._pasted_file(), incoming._pasted_file()]
    for file in files:
        assert QImage(8, 8, QImage.Format.Format_RGB32).save(str(file))
    folder = incoming.pasted_folder
    assert folder is not None
    assert {file.parent for file in files} == {folder}
    assert folder.parent == pasted_root()
    del incoming
    owner.deleteLater()
    qtbot.waitUntil(lambda: gc.collect() >= 0 and not folder.exists())
