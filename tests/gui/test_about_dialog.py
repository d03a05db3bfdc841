"""Help -> About: version, terms, citation, and a list of licences that can be searched."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidget, QPlainTextEdit, QPushButton, QTextBrowser
from pytestqt.qtbot import QtBot

from core import licences
from core.program import program_version
from skinkd_gui import about_dialog
from skinkd_gui.about_dialog import AboutDialog, about_text


@pytest.fixture
def dialog(qtbot: QtBot) -> AboutDialog:
    made = AboutDialog()
    qtbot.addWidget(made)
    made.show()
    qtbot.waitUntil(lambda: "packages" in made.findChild(QLabel, "licencesCount").text())
    return made


def test_it_says_what_skinkd_is_and_on_what_terms(dialog: AboutDialog) -> None:
    text = dialog.findChild(QTextBrowser, "aboutText").toPlainText()
    for words in (
        program_version(),
        "not a medical device",
        "Apache",
        "LGPL",
        "bind the model too",
        "synthetic",
        "Davidi",
    ):
        assert words in text
    assert "CPU edition" in about_text("1.0", "CPU")
    dialog.findChild(QPushButton, "aboutCopyButton").click()
    copied = QGuiApplication.clipboard().text()
    assert f"SkinKD, version {program_version()}" in copied
    assert "Novel Knowledge Distillation Techniques" in copied


def test_licences_can_be_searched_and_read(dialog: AboutDialog) -> None:
    listed, text = dialog.findChild(QListWidget, "licencesList"), dialog.findChild(QPlainTextEdit, "licencesText")
    assert listed.item(0).text().startswith("Python ")
    assert "PSF" in text.toPlainText() or "Python Software Foundation" in text.toPlainText()
    dialog.findChild(QLineEdit, "licencesSearch").setText("pyside lgpl")
    shown = [listed.item(row).text() for row in range(listed.count()) if not listed.item(row).isHidden()]
    assert len(shown) == 1
    assert dialog.findChild(QLabel, "licencesCount").text().startswith("1 of ")
    assert "You may exchange them" in text.toPlainText()
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text.toPlainText()


def test_where_the_licences_are_not_known_it_says_so(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(name: str) -> str:
        return "{"

    monkeypatch.setattr(licences, "resource_text", damaged)
    made = about_dialog.AboutDialog()
    qtbot.addWidget(made)
    qtbot.waitUntil(lambda: "Install SkinKD again" in made.findChild(QLabel, "licencesCount").text())
