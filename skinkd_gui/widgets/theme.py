"""Light and dark: palette, style sheet, icons and the style of figures, following the system or the user's choice."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontInfo, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from resources.files import resource_bytes, resource_text

if TYPE_CHECKING:
    from core.reporting.style import FigureStyle

_SMALLEST_POINTS = 10.0  # systems without a desktop give 9, which is hard to read
_ICON_SIZES = (16, 20, 32, 64)
_APPLICATION_ICON_SIZES = (16, 24, 32, 48, 64, 128, 256)


class ThemeChoice(StrEnum):
    """What the user can choose."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Colours:
    """The colours of one scheme. Text on its background has a contrast of at least 4.5:1 (disabled text excepted)."""

    window: str
    base: str
    alternate: str
    text: str
    muted: str
    disabled: str
    line: str
    outline: str
    track: str
    chunk: str
    button: str
    buttonhover: str
    accent: str
    accenthover: str
    accenttext: str
    link: str
    highlight: str
    highlighttext: str
    success: str
    warning: str
    error: str
    tip: str
    tiptext: str


LIGHT = Colours(
    window="#F3F5F7", base="#FFFFFF", alternate="#F6F8F9", text="#1B2430", muted="#56616E", disabled="#98A2AD",
    line="#DCE1E6", outline="#BCC5CE", track="#DFE4E9", chunk="#9BD0CB", button="#FFFFFF", buttonhover="#EDF1F4",
    accent="#0B6E69", accenthover="#095B57", accenttext="#FFFFFF", link="#0B6E69",
    highlight="#0B6E69", highlighttext="#FFFFFF", success="#2E7D32", warning="#A35500", error="#B3261E",
    tip="#1B2430", tiptext="#FFFFFF",
)  # fmt: skip
DARK = Colours(
    window="#17191C", base="#1F2124", alternate="#24272B", text="#E8EAED", muted="#A9B0B8", disabled="#6F767E",
    line="#33373C", outline="#4A5057", track="#34383D", chunk="#1C746D", button="#2A2D32", buttonhover="#34383E",
    accent="#3CC7B8", accenthover="#63D6C9", accenttext="#0B1F1D", link="#5AD1C4",
    highlight="#1C746D", highlighttext="#FFFFFF", success="#6BCB77", warning="#FFB454", error="#FF8A80",
    tip="#33373C", tiptext="#F2F4F6",
)  # fmt: skip


def is_dark() -> bool:
    """Whether the window is drawn light on dark now."""
    return QApplication.palette().color(QPalette.ColorRole.Window).lightness() < 128


def colours() -> Colours:
    """The colours in use."""
    return DARK if is_dark() else LIGHT


def figure_style() -> FigureStyle:
    """The style of figures that fits the window: its scheme and the size of its type."""
    from core.reporting.style import FigureStyle

    pixels = QFontInfo(QApplication.font()).pixelSize()
    return FigureStyle(dark=is_dark(), font_size=max(8.0, pixels * 72 / 100 * 0.95))  # figures have 100 dots per inch


def icon(name: str) -> QIcon:
    """An icon from resources/icons; `currentColor` in it becomes the colour of text."""
    return _draw_icon(resource_text(f"icons/{name}.svg").replace("currentColor", colours().text))


def accent_icon(name: str) -> QIcon:
    """The same in the colour of text on a primary button."""
    return _draw_icon(resource_text(f"icons/{name}.svg").replace("currentColor", colours().accenttext))


def coloured_icon(name: str, colour: str) -> QIcon:
    """The same in a colour of one's own."""
    return _draw_icon(resource_text(f"icons/{name}.svg").replace("currentColor", colour))


def application_icon() -> QIcon:
    """SkinKD's own icon in all usual sizes."""
    return _draw_icon(resource_bytes("icons/skinkd.svg").decode("utf-8"), _APPLICATION_ICON_SIZES)


class Theme(QObject):
    """The one theme of the application; get it with `theme()`. Lives in the GUI thread."""

    changed = Signal()  # palette, style sheet or size of type changed; redraw figures and icons

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._choice = ThemeChoice.SYSTEM
        self._percent = 100
        font = application.font()
        self._points = max(font.pointSizeF(), _SMALLEST_POINTS)
        application.styleHints().colorSchemeChanged.connect(self._follow_system)

    def apply(self, choice: ThemeChoice, text_percent: int = 100) -> None:
        """Dress the whole application; `text_percent` scales the system's type (at least 10 points)."""
        self._choice, self._percent = choice, text_percent
        if self._application.style().objectName().lower() != "fusion":
            self._application.setStyle("Fusion")
        schemes = {ThemeChoice.LIGHT: Qt.ColorScheme.Light, ThemeChoice.DARK: Qt.ColorScheme.Dark}
        # also tells the system, so that title bars and file dialogs match; some systems ignore it
        self._application.styleHints().setColorScheme(schemes.get(choice, Qt.ColorScheme.Unknown))
        self._dress()

    @Slot()
    def _follow_system(self) -> None:
        self._dress()

    def _dress(self) -> None:
        scheme = self._application.styleHints().colorScheme()
        system_dark = scheme is Qt.ColorScheme.Dark
        dark = system_dark if self._choice is ThemeChoice.SYSTEM else self._choice is ThemeChoice.DARK
        points = self._points * self._percent / 100
        # A sheet that replaces another makes Qt dress every widget once for each of those around it: ten times as long.
        self._application.setStyleSheet("")
        font = self._application.font()
        font.setPointSizeF(points)
        self._application.setFont(font)
        self._application.setPalette(_palette(DARK if dark else LIGHT))
        _edge_controls(DARK if dark else LIGHT)
        self._application.setStyleSheet(_style_sheet(DARK if dark else LIGHT, points))
        self.changed.emit()


def theme() -> Theme:
    """The application's theme, made at the first call. Raises RuntimeError without a QApplication."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("a theme needs a QApplication")
    found = application.findChild(Theme)
    return found if isinstance(found, Theme) else Theme(application)


def _palette(colour: Colours) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(QColor(colour.button), QColor(colour.window))
    values = {
        role.WindowText: colour.text,
        role.Base: colour.base,
        role.AlternateBase: colour.alternate,
        role.Text: colour.text,
        role.ButtonText: colour.text,
        role.PlaceholderText: colour.muted,
        role.Highlight: colour.highlight,
        role.HighlightedText: colour.highlighttext,
        role.Accent: colour.accent,
        role.Link: colour.link,
        role.LinkVisited: colour.link,
        role.ToolTipBase: colour.tip,
        role.ToolTipText: colour.tiptext,
        role.BrightText: colour.error,
        role.Mid: colour.outline,
        role.Midlight: colour.line,
    }
    for which, value in values.items():
        palette.setColor(which, QColor(value))
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colour.disabled))
    return palette


_EDGED = ("QLineEdit", "QAbstractSpinBox", "QComboBox", "QRadioButton", "QCheckBox")


def _edge_controls(colour: Colours) -> None:
    """Give fields and boxes an edge that is seen: Fusion darkens `Window` for it, which vanishes on a dark ground."""
    palette = _palette(colour)
    if colour is DARK:
        palette.setColor(QPalette.ColorRole.Window, QColor(colour.disabled).lighter(140))
    for name in _EDGED:
        QApplication.setPalette(palette, name)  # type: ignore[arg-type]  # takes str, whatever its stub says


def _style_sheet(colour: Colours, points: float) -> str:
    values = asdict(colour) | {
        "titlesize": f"{points * 1.6:.1f}",
        "headingsize": f"{points * 1.2:.1f}",
        "smallsize": f"{max(points * 0.9, 8):.1f}",
        "buttonheight": f"{max(18, round(points * 1.7))}",  # of its text: a layout may not give less
        "indicator": f"{max(13, round(points * 1.3))}",
    }
    return re.sub(r"@(\w+)@", lambda match: values[match[1]], resource_text("styles/skinkd.qss"))


def _draw_icon(svg: str, sizes: tuple[int, ...] = _ICON_SIZES) -> QIcon:
    renderer = QSvgRenderer(QByteArray(svg.encode("utf-8")))
    result = QIcon()
    for size in sizes:
        pixmap = QPixmap(size, size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        result.addPixmap(pixmap)
    return result
