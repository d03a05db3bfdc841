"""The selected image: its picture, what the model says, and the probability of every class."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, Slot
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from core.inference.results import Classification, class_group, class_name
from resources.classes import class_descriptions
from skinkd_gui.classify.cells import percent
from skinkd_gui.classify.facts import ShownImage
from skinkd_gui.classify.kinds import WAITING
from skinkd_gui.classify.pictures import Picture, PictureLoader
from skinkd_gui.classify.probability_bars import ProbabilityBars
from skinkd_gui.widgets.labels import make_label

_LARGEST = QSize(1600, 1600)


class PictureView(QWidget):
    """A picture as large as the space allows, with its proportions; or a text in its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyPicture")
        self.setAccessibleName("The selected image")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self._pixmap = QPixmap()
        self._text = ""

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return not self._pixmap.isNull()

    def show_picture(self, pixmap: QPixmap, text: str = "") -> None:
        """Show a picture, or a text when the pixmap is null."""
        self._pixmap, self._text = pixmap, text
        self.update()

    def sizeHint(self) -> QSize:
        """Small: it grows into whatever the texts and bars leave."""
        return QSize(320, 160)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        if self._pixmap.isNull():
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.setPen(self.palette().placeholderText().color())
            painter.drawText(self.rect(), flags, self._text)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = self._pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect((self.width() - size.width()) // 2, (self.height() - size.height()) // 2, *size.toTuple())
            painter.drawPixmap(place, self._pixmap)
        painter.end()


class DetailsPanel(QWidget):
    """Shows one image with its result, or says what to select."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyDetails")
        self._path: Path | None = None
        self._picture = PictureView(self)
        self._file = make_label("", "small", self, wrap=True)
        self._diagnosis = make_label("", "title", self, wrap=True)
        self._diagnosis.setObjectName("classifyDiagnosis")
        self._group = make_label("", "heading", self, wrap=True)
        self._group.setObjectName("classifyMalignant")
        self._synthetic = make_label("From a model of synthetic images: not about real skin.", "", self, wrap=True)
        self._synthetic.setObjectName("classifySyntheticResult")
        self._about = make_label("", "muted", self, wrap=True)
        self._bars = ProbabilityBars(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        layout.addWidget(self._picture, 1)
        for widget in (self._file, self._diagnosis, self._group, self._synthetic, self._about, self._bars):
            layout.addWidget(widget)
        self._loader = PictureLoader(_LARGEST, most_waiting=1, parent=self)
        self._loader.loaded.connect(self._show_loaded)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No image is selected."""
        self._path = None
        self._picture.show_picture(QPixmap(), "Select an image to see what the model says of it.")
        self._say("", "", "", "", synthetic=False)
        self._bars.show_result(None)

    def show_image(self, path: Path, result: Classification | None, *, synthetic: bool) -> None:
        """Show a file and its result (None while it waits); `synthetic` tells that the model saw no real lesion."""
        if path != self._path:
            self._path = path
            self._picture.show_picture(QPixmap(), "Loading the picture...")
            self._loader.request(path)
        self._bars.show_result(result)
        if result is None:
            self._say(str(path), WAITING, "", "", synthetic=False)
        elif result.code is None:
            self._say(str(path), "Not classified", result.error, "", synthetic=False)
        else:
            group = class_group(result.code)
            name = f"{class_name(result.code)}, {percent(result.probability)}"
            total = f"Malignant classes together: {percent(result.malignant)}"
            kind = f" This class is {group}." if group else ""
            described = class_descriptions().get(result.code)
            about = f"{described.summary}{kind}" if described else kind
            self._say(str(path), name, total, about, synthetic=synthetic)

    def show_facts(self, shown: ShownImage) -> None:
        """Show everything that is known of the selected image."""
        self.show_image(shown.path, shown.result, synthetic=shown.synthetic)

    def shut_down(self) -> None:
        """Load no more pictures."""
        self._loader.shut_down()

    def _say(self, file: str, diagnosis: str, group: str, about: str, *, synthetic: bool) -> None:
        labels = ((self._file, file), (self._diagnosis, diagnosis), (self._group, group), (self._about, about))
        for label, text in labels:
            label.setText(text)
            label.setVisible(bool(text))
        self._synthetic.setVisible(synthetic)

    @Slot(object)
    def _show_loaded(self, picture: Picture) -> None:
        if picture.path != self._path:
            return
        if picture.image is None:
            self._picture.show_picture(QPixmap(), picture.error)
        else:
            self._picture.show_picture(QPixmap.fromImage(picture.image))
