"""Help texts in a window of their own: the first steps, the classes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from resources.classes import class_descriptions
from resources.files import resource_text
from skinkd_gui.widgets.opening import open_address


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
        text.setOpenLinks(False)
        text.anchorClicked.connect(open_address)
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
