"""Help texts in a window of their own: the first steps, the classes, about."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from resources.classes import class_descriptions
from resources.files import resource_text


class HelpDialog(QDialog):
    """Shows Markdown; stays open beside the window."""

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("helpDialog")
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(720, 640)
        text = QTextBrowser(self)
        text.setObjectName("helpText")
        text.setAccessibleName(title)
        text.setOpenExternalLinks(True)
        text.document().setDocumentMargin(16)
        text.setMarkdown(markdown)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(text, 1)
        layout.addWidget(buttons)


def first_steps() -> str:
    """What a new user does, as Markdown."""
    return resource_text("help/first_steps.md")


def classes_text() -> str:
    """The lesion classes in plain words, as Markdown."""
    head = "# The eight classes\n\n*Descriptions for orientation; they do not replace a textbook.*"
    parts = (
        f"## {item.name} ({item.code})\n\n*{item.group}*: {item.summary}\n\n{item.text}"
        for item in class_descriptions().values()
    )
    return "\n\n".join((head, *parts))


def about_text(version: str) -> str:
    """What SkinKD is, as Markdown."""
    return (
        f"# SkinKD {version}\n\n"
        "Distil a large skin-lesion classifier into a small one, measure it honestly, use it on your own images.\n\n"
        "After *Novel Knowledge Distillation Techniques for Visual Skin Disease Detection* (Davidi, Park).\n\n"
        "**For research only. SkinKD is not a medical device; nothing it says is a diagnosis.**\n\n"
        "SkinKD is licensed under Apache-2.0 and uses Qt (PySide6) under the LGPL. Data have terms of their own: a "
        "model trained on ISIC 2019 (CC BY-NC 4.0) must not be used commercially.\n\n"
        "Nothing leaves this computer: no accounts, no telemetry."
    )
