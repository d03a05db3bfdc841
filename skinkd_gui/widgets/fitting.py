"""Windows that keep to their screen, and sizes that grow with the text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QFontInfo, QShowEvent
from PySide6.QtWidgets import QApplication, QDialog, QFrame, QScrollArea, QSizePolicy, QWidget

from skinkd_gui.widgets.theme import theme

_TYPE_PIXELS = 13  # the height of type at 100 %, which sizes are given for
_FRAME = QSize(8, 40)  # of a window, as long as the system has not drawn it
_LEAST_LINES = 6  # of what can be scrolled


def in_text(pixels: int) -> int:
    """As many pixels at the present size of type as `pixels` are at 100 %."""
    return round(pixels * max(1, QFontInfo(QApplication.font()).pixelSize()) / _TYPE_PIXELS)


def size_in_text(size: QSize) -> QSize:
    """The same for width and height."""
    return QSize(in_text(size.width()), in_text(size.height()))


def follow_text(widget: QWidget, setter: str, pixels: int) -> None:
    """Give a widget a size that follows the size of text: `setter` is the name of what sets it (`setFixedWidth`),
    `pixels` its value at 100 %."""
    _TextFollower(widget, setter, pixels)


class _TextFollower(QObject):
    """Sets the size anew with each change; goes with its widget."""

    def __init__(self, widget: QWidget, setter: str, pixels: int) -> None:
        super().__init__(widget)
        self._setter, self._pixels = setter, pixels
        theme().changed.connect(self._set)
        self._set()

    @Slot()
    def _set(self) -> None:
        getattr(self.parent(), self._setter)(in_text(self._pixels))


def is_left_out(widget: QWidget) -> bool:
    """Whether somebody hid a widget. (Until its window is shown Qt calls every widget hidden.)"""
    return widget.isHidden() and widget.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide)


def free_screen(widget: QWidget) -> QRect:
    """What the screen of a widget leaves to windows."""
    return widget.screen().availableGeometry()


class FittingDialog(QDialog):
    """A dialog that is not larger than its screen, whatever its text needs: what is more, its contents scroll."""

    def __init__(self, parent: QWidget | None = None, size: QSize | None = None) -> None:
        """`size`: at 100 % of text; without, what its contents ask for."""
        super().__init__(parent)
        self._width_wanted: int | None = None
        if size is not None:
            self.resize_in_text(size)

    def resize_in_text(self, size: QSize) -> None:
        """Be at least so large (`size` at 100 % of text) as far as the screen allows."""
        self.resize(size_in_text(size).boundedTo(self.most()))

    def be_as_high_as_needed(self, width: int) -> None:
        """Take this width, or what is needed at least, and the height that the contents have there, as far as the
        screen has both. What the user made larger stays so."""
        layout, self._width_wanted = self.layout(), width
        if layout is None:
            return
        before, most = self.size() if self.isVisible() else QSize(), self.most()
        width = min(max(before.width(), width, layout.minimumSize().width()), most.width())
        self.resize(width, self.height())
        layout.activate()  # wrapped labels tell their height for a width only
        for scrolled in self.findChildren(Scrolled):
            scrolled.ask_for_width()
        needed = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
        self.resize(width, min(max(before.height(), needed), most.height()))
        if self.isVisible():
            self.keep_on_screen()

    def most(self) -> QSize:
        """The largest size that fits the screen with its frame."""
        return free_screen(self).size() - (self.frameSize() - self.size()).expandedTo(_FRAME)

    @Slot()
    def keep_on_screen(self) -> None:
        """Grow to what the texts need at least, but not beyond the screen; move as far as is needed to be seen."""
        most, layout = self.most(), self.layout()
        width = min(max(self.width(), layout.totalMinimumSize().width() if layout else 0), most.width())
        least = layout.totalMinimumHeightForWidth(width) if layout and layout.hasHeightForWidth() else 0
        size = QSize(width, min(max(self.height(), least), most.height()))
        if size != self.size():
            self.resize(size)
        screen, frame = free_screen(self), self.frameGeometry()
        left = max(screen.left(), min(frame.left(), screen.right() - frame.width() + 1))
        top = max(screen.top(), min(frame.top(), screen.bottom() - frame.height() + 1))
        if (left, top) != (frame.left(), frame.top()):
            self.move(left, top)

    def showEvent(self, event: QShowEvent) -> None:
        """Shown where it can be seen whole. (Before, widgets had not taken on the style, by which they are higher.)"""
        super().showEvent(event)
        if self._width_wanted is None:
            self.keep_on_screen()
        else:
            self.be_as_high_as_needed(self._width_wanted)

    def changeEvent(self, event: QEvent) -> None:
        """Larger text makes a dialog grow, perhaps over the edge of the screen."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self.isVisible():
            QTimer.singleShot(0, self, self.keep_on_screen)


class ScrolledBody(QWidget):
    """What is scrolled: as high as its texts need at the present width, and no higher."""

    def minimumSizeHint(self) -> QSize:
        """Qt's, which would reckon with wrapped texts at their narrowest: their height is asked for the width."""
        hint, layout = super().minimumSizeHint(), self.layout()
        if layout is None or not layout.hasHeightForWidth():
            return hint
        return QSize(hint.width(), layout.totalMinimumHeightForWidth(max(self.width(), hint.width())))


class Scrolled(QScrollArea):
    """Shows its body whole where the window has room, and scrolls it up and down, never sideways, where not."""

    def __init__(self, body: QWidget, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._body = body
        self._width = 0  # the one that the height is for, 0: that which the body likes best
        self.setObjectName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setWidget(body)

    def sizeHint(self) -> QSize:
        """Room for the whole body, at the width that it likes best."""
        hint = self._body.sizeHint()
        layout = self._body.layout()
        height = hint.height()
        if layout is not None and layout.hasHeightForWidth():
            height = layout.totalHeightForWidth(self._width or hint.width())
        return QSize(hint.width() + self._bar(), height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The body needs more or less than before: so does this."""
        if event.type() is QEvent.Type.LayoutRequest and watched is self._body:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def ask_for_width(self) -> None:
        """Ask for the height that the body has at the present width, beside its bar: with one, once shown, texts would
        wrap into lines for which there is no room, and the bar would stay."""
        self._width = self.width() - self._bar()
        self.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        """Room for a few lines."""
        lines = self.fontMetrics().lineSpacing() * _LEAST_LINES
        return QSize(self._body.minimumSizeHint().width() + self._bar(), min(lines, self.sizeHint().height()))

    def _bar(self) -> int:
        return self.verticalScrollBar().sizeHint().width()
