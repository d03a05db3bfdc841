"""One lesion at its dates, side by side: the picture of each date, and what its pictures say together."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from core.inference.patients.lesions import LesionOverTime, LesionVisit
from core.reporting.lesions_table import date_of, said_of
from core.visible_text import visible
from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of

_PICTURE = QSize(200, 200)
_WIDTH = 220


class LesionHistory(QScrollArea):
    """Shows the dates of a lesion, the oldest on the left; scrolls where they are many."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "lesionHistory", "The lesion over time, side by side")
        self.setWidgetResizable(True)
        self._loader = PictureLoader(_PICTURE * 2, most_waiting=50, parent=self)
        self._loader.loaded.connect(self._show_picture)
        self._pictures: dict[Path, list[QLabel]] = {}
        self.show_lesion(None)

    @property
    def busy(self) -> bool:
        """Whether pictures are on their way."""
        return self._loader.busy

    def show_lesion(self, lesion: LesionOverTime | None) -> None:
        """Show another lesion, or none."""
        self._loader.forget()
        self._pictures = {}
        page = QWidget()
        if lesion is None:
            text = "Select a lesion to see it at its dates, side by side."
            column_of(STRETCH, make_label(text, "muted", page, wrap=True), STRETCH, on=page)
        else:
            row_of(*(self._card(visit, page) for visit in lesion.visits), STRETCH, on=page, spacing=16)
        self.setWidget(page)
        for path in self._pictures:
            self._loader.request(path)

    def _card(self, visit: LesionVisit, page: QWidget) -> QWidget:
        card = QWidget(page)
        card.setFixedWidth(max(_WIDTH, in_text(160)))
        gone = dict(visit.left_out)
        shown = next((row.path for row in visit.pictures if row.path not in gone), visit.pictures[0].path)
        picture = named(QLabel("Loading the picture...", card), "lesionPicture", f"The picture of {date_of(visit)}")
        picture.setFixedSize(_PICTURE)
        picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pictures.setdefault(shown, []).append(picture)
        left_out = [f"{visible(path.name)} does not count: {why}." for path, why in visit.left_out]
        texts = [visit.conflict or visit.how, *left_out]
        column_of(
            make_label(date_of(visit), "heading", card, name="lesionDate"),
            make_label(said_of(visit), "", card, wrap=True, name="lesionSaid"),
            picture,
            *(make_label(breakable(text), "small", card, wrap=True) for text in texts if text),
            STRETCH,
            on=card,
            margins=0,
            spacing=6,
        )
        return card

    @Slot(object)
    def _show_picture(self, picture: DecodedPicture) -> None:
        for label in self._pictures.get(picture.path, ()):
            if picture.image is None:
                label.setText(picture.error or "It can not be shown.")
                continue
            ratio = label.devicePixelRatioF()
            fitting = picture.image.scaled(
                _PICTURE * ratio, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            fitting.setDevicePixelRatio(ratio)
            label.setPixmap(QPixmap.fromImage(fitting))
