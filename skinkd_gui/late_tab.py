"""A tab whose content is made when it is first looked at or asked for, so that the window itself opens at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QTabWidget, QWidget

from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.helper import Helper

Owner = TypeVar("Owner", bound=QTabWidget)
Content = TypeVar("Content", bound=QWidget)


class LateTab(Helper[Owner], Generic[Owner, Content]):
    """Adds a tab that says "Opening..." to `tabs`, and puts what `make` returns for them in its place."""

    def __init__(self, tabs: Owner, icon_name: str, title: str, make: Callable[[Owner], Content]) -> None:
        super().__init__(tabs)
        self._make = make
        self._title = title
        self._waiting: QWidget | None = EmptyState(icon_name, "Opening...", "", tabs)
        self._content: Content | None = None
        tabs.addTab(self._waiting, title)

    @property
    def made(self) -> Content | None:
        """The content, None as long as nobody asked for it."""
        return self._content

    def get(self) -> Content:
        """The content; made now if it was not yet."""
        if self._content is None:
            self._content = self._make(self.owner)
            self._replace(self._content)
        return self._content

    def _replace(self, content: Content) -> None:
        waiting, self._waiting = self._waiting, None
        assert waiting is not None
        place = self.owner.indexOf(waiting)
        looked_at = self.owner.currentIndex() == place
        self.owner.insertTab(place, content, self._title)
        if looked_at:
            self.owner.setCurrentIndex(place)
        self.owner.removeTab(place + 1)
        waiting.deleteLater()

    @Slot(int)
    def open_if_current(self, index: int) -> None:
        """Make the content when the tab at `index` is this one."""
        if self._waiting is not None and self.owner.widget(index) is self._waiting:
            self.get()
