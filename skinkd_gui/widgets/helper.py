"""What does a part of a widget's work without being one."""

from __future__ import annotations

import weakref
from typing import Generic, TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

Owner = TypeVar("Owner", bound=QWidget)


class Helper(QObject, Generic[Owner]):
    """Belongs to a widget, and ends with it. It does not hold its widget: a cycle of two Qt objects would be left to
    Python's collector, which may run in any thread."""

    def __init__(self, owner: Owner) -> None:
        super().__init__(owner)
        self._owner = weakref.ref(owner)

    @property
    def owner(self) -> Owner:
        """The widget. It is there as long as its helper."""
        owner = self._owner()
        assert owner is not None
        return owner
