"""What is wrong with a window as it is shown: too large for a screen, texts cut, letters of shortcuts given twice,
fields without a name, an order of Tab that jumps back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenuBar,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QSlider,
    QTabBar,
    QTextEdit,
    QToolButton,
    QWidget,
)

_FIELDS = (QAbstractItemView, QSlider, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit)
_SLACK = 2  # pixels, for rounding


def too_large(window: QWidget, screen: QSize) -> list[str]:
    """Whether a window can not be made small enough for a screen."""
    least = window.minimumSizeHint().expandedTo(window.minimumSize())
    if least.width() <= screen.width() and least.height() <= screen.height():
        return []
    return [f"{_named(window)} needs {least.width()}x{least.height()}"]


def cut_texts(window: QWidget) -> list[str]:
    """Buttons, labels, headings and fields whose text has too little room, and what stands beyond the window's edge."""
    return [text for widget in _shown(window) for text in (*_cut(widget), *_outside(widget, window))]


def doubled_letters(window: QWidget) -> list[str]:
    """Letters that Alt finds twice among what can be seen."""
    seen: dict[str, str] = {}
    found = []
    for widget in _shown(window):
        for text in _texts_with_letters(widget):
            letter = _letter(text)
            if letter and letter in seen:
                found.append(f"Alt+{letter.upper()}: “{seen[letter]}” and “{text}”")
            elif letter:
                seen[letter] = text
    return found


def without_name(window: QWidget) -> list[str]:
    """Labels whose letter leads nowhere, and fields and buttons that a screen reader can not name."""
    shown = list(_shown(window))
    lead = {label.buddy() for label in shown if isinstance(label, QLabel) and label.buddy() is not None}
    found = []
    for widget in shown:
        if isinstance(widget, QLabel):
            if widget.buddy() is None and widget.textFormat() is not Qt.TextFormat.RichText and _letter(widget.text()):
                found.append(f"“{widget.text()}” leads nowhere")
        elif isinstance(widget, (*_FIELDS, QAbstractButton)) and _is_own(widget):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if not (widget.accessibleName() or text or widget in lead):
                found.append(f"{_named(widget)} has no name")
    return found


def jumping_tab(window: QWidget) -> list[str]:
    """Steps of Tab that go back in the direction of reading."""
    places = [(widget, _place(widget, window)) for widget in _tab_chain(window)]
    return [
        f"Tab goes from {_named(first)} back to {_named(second)}"
        for (first, here), (second, there) in pairwise(places)
        if _is_back(here, there) and not _scrolls(first, second, window)
    ]


def _is_back(here: QRect, there: QRect) -> bool:
    above = there.bottom() < here.top()
    same_row = not above and not there.top() > here.bottom()
    return (above and there.left() <= here.left() + _SLACK) or (same_row and there.right() < here.left())


def _scrolls(first: QWidget, second: QWidget, window: QWidget) -> bool:
    """What scrolls has no place relative to what does not."""
    return set(_areas(first, window)) != set(_areas(second, window))


def _tab_chain(window: QWidget) -> list[QWidget]:
    chain, widget = [], window.nextInFocusChain()
    while widget is not None and widget is not window:
        takes = widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None and widget.isEnabled()
        if takes and widget.isVisibleTo(window) and window.isAncestorOf(widget) and widget.window() is window:
            chain.append(widget)
        widget = widget.nextInFocusChain()
    return chain


def _shown(window: QWidget) -> Iterator[QWidget]:
    for widget in window.findChildren(QWidget):
        if widget.window() is window and widget.isVisibleTo(window):
            yield widget


def _place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint()), widget.size())


def _is_own(widget: QWidget) -> bool:
    """Not a part that Qt makes within a widget of its own."""
    parent = widget.parentWidget()
    inner = widget.objectName().startswith("qt_") or isinstance(widget, QHeaderView)
    return not inner and not isinstance(parent, QAbstractSpinBox | QComboBox | QLineEdit | QTabBar | QAbstractItemView)


def _cut(widget: QWidget) -> list[str]:
    if isinstance(widget, QHeaderView):
        return _cut_headings(widget)
    if isinstance(widget, QLabel):
        return _cut_label(widget)
    if isinstance(widget, QPushButton | QCheckBox | QRadioButton | QToolButton):
        wanted = widget.sizeHint()
        return _complain(widget, widget.text(), wanted) if widget.text() and _is_own(widget) else []
    if isinstance(widget, QLineEdit | QComboBox | QAbstractSpinBox) and _is_own(widget):
        return _complain(widget, "field", QSize(0, widget.fontMetrics().height() + _SLACK))
    return []


def _cut_label(label: QLabel) -> list[str]:
    text = label.text()
    if not text or label.textFormat() is Qt.TextFormat.RichText or type(label).__name__.startswith("_"):
        return []  # those draw what fits themselves
    room = label.contentsRect().width() - 2 * label.margin() - max(label.indent(), 0)
    if label.wordWrap():
        needed = label.heightForWidth(label.width())
        longest = max(
            (
                label.fontMetrics().horizontalAdvance(word)
                for word in text.replace("\u200b", " ").replace("\u00ad", " ").split()
            ),
            default=0,
        )
        return _complain(label, text, QSize(longest if longest > room else 0, needed))
    size = label.fontMetrics().size(Qt.TextFlag.TextShowMnemonic, text)
    return _complain(label, text, QSize(size.width() + label.width() - room, size.height()))


def _cut_headings(header: QHeaderView) -> list[str]:
    if header.orientation() is not Qt.Orientation.Horizontal or header.isHidden() or not header.count():
        return []
    found = []
    for number in range(header.count()):
        title = str(header.model().headerData(number, Qt.Orientation.Horizontal) or "").strip()
        needed = header.fontMetrics().horizontalAdvance(title)
        if title and not header.isSectionHidden(number) and header.sectionSize(number) < needed:
            found.append(
                f"heading “{title}” of {_named(header.parentWidget())} has {header.sectionSize(number)} of {needed}"
            )
    if header.height() + _SLACK < header.fontMetrics().height():
        found.append(f"headings of {_named(header.parentWidget())} are too low")
    return found


def _complain(widget: QWidget, text: str, wanted: QSize) -> list[str]:
    if widget.width() + _SLACK >= wanted.width() and widget.height() + _SLACK >= wanted.height():
        return []
    have = f"{widget.width()}x{widget.height()} of {wanted.width()}x{wanted.height()}"
    return [f"{_named(widget)} “{text[:40]}” has {have}"]


def _outside(widget: QWidget, window: QWidget) -> list[str]:
    """Beyond the window's edge, or beyond that of a page that scrolls up and down only."""
    if not isinstance(widget, QAbstractButton | QLabel | QLineEdit | QComboBox | QAbstractSpinBox | QFrame):
        return []
    for area in _areas(widget, window):
        viewport = area.viewport()
        if not isinstance(area, QScrollArea) or area.widgetResizable() is False:
            return []  # tables and pictures scroll sideways
        content = area.widget()
        if content.width() > viewport.width() + _SLACK:
            return (
                [f"{_named(area)} scrolls sideways: {content.width()} in {viewport.width()}"] if widget is area else []
            )
        return []
    place = _place(widget, window)
    return (
        []
        if window.rect().adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK).contains(place)
        else [f"{_named(widget)} is outside"]
    )


def _areas(widget: QWidget, window: QWidget) -> Iterator[QAbstractScrollArea]:
    at: QWidget | None = widget
    while at is not None and at is not window:
        if isinstance(at, QAbstractScrollArea):
            yield at
        at = at.parentWidget()


def _texts_with_letters(widget: QWidget) -> list[str]:
    if isinstance(widget, QTabBar):
        return [widget.tabText(number) for number in range(widget.count())]
    if isinstance(widget, QMenuBar):
        return [action.text() for action in widget.actions()]
    if isinstance(widget, QLabel):
        return [widget.text()] if widget.buddy() is not None else []
    return [widget.text()] if isinstance(widget, QAbstractButton) and widget.isEnabled() else []


def _letter(text: str) -> str:
    at = text.replace("&&", "  ").find("&")
    return text.replace("&&", "  ")[at + 1 : at + 2].casefold().strip() if at >= 0 else ""


def _named(widget: QWidget) -> str:
    text = getattr(widget, "text", None)
    return f"{type(widget).__name__} {widget.objectName() or (text()[:30] if callable(text) else '')}"
