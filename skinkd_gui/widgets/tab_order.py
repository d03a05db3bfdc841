"""The order in which Tab goes through widgets, where it is not that in which they were made."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget


def tab_on(before: QWidget, after: QWidget) -> None:
    """Let Tab go from the last field of one widget on to those of another, in the order in which they were made, and
    on from there. Both are in one window."""
    fields = [*_fields(before)[-1:], *_fields(after)]
    for first, second in pairwise(fields):
        QWidget.setTabOrder(first, second)


def _fields(group: QWidget) -> list[QWidget]:
    """The group itself and what is in it, as far as Tab goes there, as they were made. (Not along Qt's chain: a wrapper
    keeps the next widget of it alive, in the end the window.)"""
    every = [each for each in (group, *group.findChildren(QWidget)) if each.window() is group.window()]
    return [each for each in every if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.focusProxy() is None]
