"""Warnings that stay until the user has read them."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QWidget

from core.events import Notice
from skinkd_gui.widgets.banner import Banner

_MOST = 4


class News(Banner):
    """Shows the newest warnings, each once, until they are dismissed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyNews")
        self._texts: list[str] = []
        self.add_button("Dismiss", "classifyDismissButton").clicked.connect(self.forget)

    def tell(self, notice: Notice) -> None:
        """Add a warning."""
        if notice.text not in self._texts:
            self._texts.append(notice.text)
        older = len(self._texts) - _MOST
        shown = self._texts[-_MOST:] if older <= 0 else [f"{older:,} earlier warnings.", *self._texts[-_MOST:]]
        self.show_message("\n".join(shown), "warning")

    @Slot()
    def forget(self) -> None:
        """They were read."""
        self._texts.clear()
        self.show_message("")
