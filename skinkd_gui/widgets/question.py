"""A yes-or-no question that does not block: `accepted` means yes; Enter and Escape mean no."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget


@dataclass(frozen=True)
class QuestionButton:
    """A button: what it will do, and its objectName."""

    text: str
    name: str


@dataclass(frozen=True)
class Question:
    """`text` asks, `explanation` says what a yes means."""

    name: str
    title: str
    text: str
    explanation: str
    yes: QuestionButton
    no: QuestionButton


def ask(parent: QWidget, question: Question) -> QMessageBox:
    """Show the question over `parent` at once; it deletes itself when answered."""
    box = QMessageBox(parent)
    box.setObjectName(question.name)
    box.setWindowTitle(question.title)
    box.setIcon(QMessageBox.Icon.Question)
    box.setText(question.text)
    box.setInformativeText(question.explanation)
    for label in box.findChildren(QLabel):  # names of runs and folders are no mark-up
        label.setTextFormat(Qt.TextFormat.PlainText)
    yes = box.addButton(question.yes.text, QMessageBox.ButtonRole.AcceptRole)
    yes.setObjectName(question.yes.name)
    no = box.addButton(question.no.text, QMessageBox.ButtonRole.RejectRole)
    no.setObjectName(question.no.name)
    box.setDefaultButton(no)
    box.setEscapeButton(no)
    box.finished.connect(box.deleteLater)
    box.open()
    return box
