"""Help texts in a window of their own: the first steps, the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialogButtonBox, QTextBrowser, QWidget

from resources.files import resource_text
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.opening import open_address
from skinkd_gui.widgets.parts import PassingDialog

if TYPE_CHECKING:
    from core.classes import ClassSet


class HelpDialog(PassingDialog):
    """Shows Markdown; stays open beside the window."""

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, "helpDialog", title, QSize(720, 640))
        text = named(QTextBrowser(self, openLinks=False), "helpText", title)
        text.anchorClicked.connect(open_address)
        text.document().setDocumentMargin(16)
        text.setMarkdown(markdown)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        column_of((text, 1), buttons, on=self)


def first_steps() -> str:
    """What a new user does, as Markdown."""
    return resource_text("help/first_steps.md")


def classes_text() -> str:
    """The class sets that come with SkinKD in plain words, as Markdown; the usual one first."""
    from core.classes import CLASS_SETS
    from core.recipe import Recipe

    head = "# Classes\n\n*Descriptions for orientation; they do not replace a textbook.*"
    usual = Recipe().class_set.name
    names = sorted(CLASS_SETS, key=lambda name: name != usual)
    return "\n\n".join((head, *(_set_text(CLASS_SETS[name]) for name in names)))


def _set_text(classes: ClassSet) -> str:
    from core.classes import Malignancy

    parts = [f"## {classes.name}: {len(classes)} classes"]
    for item in classes.classes:
        group = "" if item.group is Malignancy.UNSPECIFIED else f"*{item.group.value}*: "
        parts.append(f"### {item.title}\n\n{group}{item.summary}\n\n{item.text}")
    return "\n\n".join(parts)
