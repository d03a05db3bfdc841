"""A tab whose content is made when it is first looked at or asked for, so that the window itself opens at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QTabWidget, QWidget

from skinkd_gui.widgets.empty_state import EmptyState

Content = TypeVar("Content", bound=QWidget)


class LateTab(QObject, Generic[Content]):
    """Adds a tab that says "Opening..." to `tabs`, and puts what `make` returns in its place."""

    def __init__(self, tabs: QTabWidget, icon_name: str, title: str, make: Callable[[], Content]) -> None:
        super().__init__(tabs)
        self._tabs = tabs
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
            self._content = self._make()
            self._replace(self._content)
        return self._content

    def _replace(self, content: Content) -> None:
        waiting, self._waiting = self._waiting, None
        assert waiting is not None
        place = self._tabs.indexOf(waiting)
        looked_at = self._tabs.currentIndex() == place
        self._tabs.insertTab(place, content, self._title)
        if looked_at:
            self._tabs.setCurrentIndex(place)
        self._tabs.removeTab(place + 1)
        waiting.deleteLater()

    @Slot(int)
    def open_if_current(self, index: int) -> None:
        """Make the content when the tab at `index` is this one."""
        if self._waiting is not None and self._tabs.widget(index) is self._waiting:
            self.get()
