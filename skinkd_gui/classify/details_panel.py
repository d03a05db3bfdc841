"""The selected image: the verdict first, its picture, the probabilities, similar cases."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QWidget

from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.classify.picture_panel import PicturePanel
from skinkd_gui.classify.probabilities_view import ProbabilitiesView
from skinkd_gui.classify.similar_view import SimilarView
from skinkd_gui.classify.verdict_view import VerdictView
from skinkd_gui.data.recents import data_set_with
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import make_button

_NOTHING = "Select an image to see what the model says of it."
_BESIDE = 280
"""How wide the picture must at least be to stand beside the probabilities."""

_LOWEST, _HIGHEST = 120, 560
"""How high the picture is at least, below and beside other things."""


class ImageDetailsPanel(QWidget):
    """Shows one image with everything that is known of it, or says what to select."""

    recalibrated = Signal(object)  # Path: this model has another calibration on own images now
    data_asked = Signal(object, str)  # a data set that was opened in Data, and the name that it gives to the image

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyDetails")
        self._shown: ShownImage | None = None
        self.verdict = VerdictView(self)
        self.picture = PicturePanel(self)
        self.probabilities = ProbabilitiesView(self)
        self.similar = SimilarView(self)
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(14)
        self._body.addWidget(self.picture, 1)
        self._body.addWidget(self.probabilities, 1)
        content = QWidget(self)
        content.setObjectName("classifyDetailsContent")
        column = column_of(
            self.verdict,
            (self._body, 1),
            self.similar,
            self._build_buttons(),
            0,
            on=content,
            margins=(12, 0, 6, 0),
            spacing=10,
        )
        self._column = column
        self._content = content
        self._area = FlowingArea("classifyDetailsArea", "What is known of the selected image", self)
        self._area.set_content(content)
        column_of(self._area, on=self, margins=0)
        self.show_nothing()

    def _build_buttons(self) -> QHBoxLayout:
        self.operating = make_button(
            "Operating point...",
            "classifyOperatingButton",
            self,
            tip="How many melanomas are to be found, and what that costs",
        )
        self.second_card = make_button("Card of the second model...", "classifySecondCardButton", self)
        self.operating.clicked.connect(self._show_operating_point)
        self.second_card.clicked.connect(self._show_second_card)
        tip = "See it among its data set, and correct its label there"
        self.in_data = make_button("Show in Data", "classifyDataButton", self, self._ask_for_data, tip=tip)
        return row_of(self.operating, self.second_card, self.in_data, STRETCH, spacing=6)

    @property
    def busy(self) -> bool:
        """Whether a picture, a heat map or similar cases are on their way."""
        return self.picture.busy or self.similar.finder.busy

    def show_nothing(self) -> None:
        """No image is selected."""
        self._shown = None
        self.picture.show_nothing(_NOTHING)
        for part in (self.verdict, self.probabilities):
            part.setVisible(False)
        self.similar.show_facts(None)
        self._show_buttons()

    def show_facts(self, shown: ShownImage) -> None:
        """Show everything that is known of the selected image."""
        another = self._shown is None or self._shown.path != shown.path
        self._shown = shown
        self.verdict.setVisible(True)
        self.verdict.show_facts(shown)
        self.picture.show_facts(shown)
        self.probabilities.show_facts(shown)
        self.similar.show_facts(shown)
        self._show_buttons()
        self._arrange()
        if another:
            self._area.verticalScrollBar().setValue(0)

    def minimumSizeHint(self) -> QSize:
        """Wide enough for the bars, so that nothing is cut off at the side."""
        bar = self._area.verticalScrollBar().sizeHint().width()
        return QSize(self.probabilities.bars.minimumSizeHint().width() + bar + 24, 200)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Picture and probabilities side by side where there is room."""
        super().resizeEvent(event)
        self._arrange()

    def _show_buttons(self) -> None:
        shown = self._shown
        first = None if shown is None else shown.first
        self.operating.setVisible(first is not None and first.choice.classes.melanoma is not None)
        self.second_card.setVisible(shown is not None and shown.second is not None)
        self.in_data.setVisible(shown is not None and data_set_with(shown.path) is not None)

    @Slot()
    def _show_operating_point(self) -> None:
        self._open_card(self._shown.first if self._shown else None, operating_point=True)

    @Slot()
    def _ask_for_data(self) -> None:
        if self._shown is not None and (found := data_set_with(self._shown.path)) is not None:
            self.data_asked.emit(*found)

    @Slot()
    def _show_second_card(self) -> None:
        self._open_card(self._shown.second if self._shown else None)

    def _open_card(self, model_result: ModelResult | None, *, operating_point: bool = False) -> None:
        if model_result is not None:
            card = ModelCard(self, model_result.choice.source, operating_point=operating_point)
            card.recalibrated.connect(self.recalibrated)
            card.open()

    def _arrange(self) -> None:
        needed = self.probabilities.bars.sizeHint().width()
        wide = self.width() >= needed + _BESIDE + 60
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._body.direction() != direction:
            self._body.setDirection(direction)
        self._body.setStretch(1, 1 if wide else 0)  # below the picture they take what they need
        self.probabilities.setMinimumWidth(needed if wide else 0)
        # Beside the bars the picture is as high as wide, and what is below follows at once.
        room = self.width() - needed - 60
        self.picture.view.setMinimumHeight(min(room, _HIGHEST) if wide else _LOWEST)
        self._column.setStretch(1, 0 if wide else 1)
        self._column.setStretch(self._column.count() - 1, 1 if wide else 0)
