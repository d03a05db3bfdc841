"""The selected image: picture, zoom buttons, and on demand the heat map with its class and strength."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.inference.classifier import is_exported
from core.inference.heatmap import HEAT_MAP_MEANING, NO_HEAT
from core.quantities import probability
from core.visible_text import visible
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.heat_map_job import HeatKey, HeatMap, HeatMaps
from skinkd_gui.classify.picture_view import PictureView
from skinkd_gui.classify.pictures import FULL, DecodedPicture, PictureLoader
from skinkd_gui.classify.verdict_view import model_name
from skinkd_gui.classify.verdict_words import is_out_of_distribution
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import make_button

_EXPORTED = (
    "No heat map: an exported model (.onnx) does not let anyone look inside. Choose the run itself or its "
    "model.safetensors."
)
_TIP = "Lay a heat map over the picture: which places spoke for a diagnosis"
_SHOW, _HIDE = "Show where the model looked", "Hide where the model looked"
_UNLIKE = "No heat map: the picture is not like those that the model knows, so it would mean nothing."
_LOADING = "The model is still being loaded."
_SEARCHING = "Looking where the model looked..."


class PicturePanel(QWidget):
    """Shows one image at a time; what arrives late for another image is not shown."""

    heat_shown = Signal()  # a heat map, or the reason for none, stands there now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyPicturePanel")
        self._shown: ShownImage | None = None
        self._key: HeatKey | None = None
        self._loader = PictureLoader(FULL, most_waiting=1, parent=self, layered=True)
        self._loader.loaded.connect(self._show_loaded)
        self._maps = HeatMaps(self)
        self._maps.ready.connect(self._show_heat)
        self.view = PictureView(self)
        self.view.zoomed.connect(self._tell_zoom)
        self.heat_button = make_button(_SHOW, "classifyHeatButton", self)
        self.heat_button.setCheckable(True)
        self.heat_button.setToolTip(_TIP)
        self.heat_button.toggled.connect(self._update_heat)
        self._tools = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._tools.setSpacing(6)
        self._tools.addLayout(self._build_zoom(), 1)
        self._tools.addWidget(self.heat_button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.view, 1000)  # all there is, until it is as high as wide
        layout.addLayout(self._tools)
        layout.addWidget(self._build_heat())
        layout.addStretch(1)

    # --- layout ---

    def _build_zoom(self) -> QHBoxLayout:
        self._out = self._tool("\u2212", "classifyZoomOut", "Zoom out (-)")
        self._in = self._tool("+", "classifyZoomIn", "Zoom in (+)")
        self._fit = self._tool("Fit", "classifyZoomFit", "Show all of the picture (0)")
        self._pixels = self._tool("100 %", "classifyZoomPixels", "Show every pixel of the picture (1)")
        slots = (self.view.zoom_out, self.view.zoom_in, self.view.fit, self.view.show_pixels)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button, slot in zip((self._out, self._in, self._fit, self._pixels), slots, strict=True):
            button.clicked.connect(slot)
            row.addWidget(button)
        self._percent = make_label("", "small", self, name="classifyZoomText")
        self._percent.setMinimumWidth(self.fontMetrics().horizontalAdvance("1600 %"))  # the strongest zoom
        row.addWidget(self._percent)
        row.addStretch(1)
        self._zoom_row = row
        return row

    def _tool(self, text: str, name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setObjectName(name)
        button.setAccessibleName(tip)
        button.setToolTip(tip)
        return button

    def _build_heat(self) -> QWidget:
        self._heat = QWidget(self)
        self._heat.setObjectName("classifyHeat")
        self.heat_model = self._combo("classifyHeatModel", "The model whose heat map is shown")
        self.heat_class = self._combo("classifyHeatClass", "The diagnosis whose heat map is shown")
        self.heat_model.activated.connect(self._change_model)
        self.heat_class.activated.connect(self._update_heat)
        self.opacity = named(
            QSlider(Qt.Orientation.Horizontal, self),
            "classifyHeatOpacity",
            "Strength of the heat map, in per cent",
            "How strongly the heat map covers the picture",
        )
        self.opacity.setRange(0, 100)
        self.opacity.setValue(60)
        self.opacity.setMinimumWidth(60)
        self.opacity.valueChanged.connect(self._set_opacity)
        self._said = make_label("", "small", self, wrap=True, name="classifyHeatText")
        self._choices = QWidget(self._heat)
        grid = QGridLayout(self._choices)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        self._model_label = make_label("&Of model", "", self)
        labels = (self._model_label, make_label("&For", "", self), make_label("&Strength", "", self))
        for row, (label, field) in enumerate(
            zip(labels, (self.heat_model, self.heat_class, self.opacity), strict=True)
        ):
            label.setBuddy(field)
            grid.addWidget(label, row, 0)
            grid.addWidget(field, row, 1)
        column_of(self._choices, self._said, on=self._heat, margins=0)
        return self._heat

    def _combo(self, name: str, accessible: str) -> QComboBox:
        return named(
            QComboBox(
                self,
                sizeAdjustPolicy=QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon,
                minimumContentsLength=14,
            ),
            name,
            accessible,
        )

    # --- what is shown ---

    def show_nothing(self, text: str) -> None:
        """Show a text and no picture."""
        self._shown, self._key = None, None
        self._loader.forget()
        self._maps.forget()
        self.view.show_layers((), text)
        self._update_heat()

    def show_facts(self, shown: ShownImage) -> None:
        """Show an image; the same one again keeps zoom and class."""
        before, self._shown = self._shown, shown
        if before is None or before.path != shown.path:
            with QSignalBlocker(self.heat_button):  # nobody asked for the heat map of this picture
                self.heat_button.setChecked(False)
            self.view.show_layers((), "Loading the picture...")
            self.view.setAccessibleDescription(visible(shown.path.name))
            self._loader.request(shown.path)
            self._fill_models()
            self._fill_classes(keep=False)
        else:
            self._fill_models()
            self._fill_classes(keep=True)
        self._update_heat()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the button of the heat map below those of the zoom where there is little room."""
        super().resizeEvent(event)
        wanted = self._zoom_row.sizeHint().width() + self.heat_button.sizeHint().width() + 6
        wide = self.width() >= wanted
        self._tools.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        # Higher than wide would only be empty space around most pictures.
        self.view.setMaximumHeight(max(self.view.sizeHint().height(), self.width()))

    @property
    def busy(self) -> bool:
        """Whether a picture or a heat map is on its way."""
        return self._loader.busy or self._maps.busy

    def _fill_models(self) -> None:
        model_results = self._model_results()
        with QSignalBlocker(self.heat_model):
            row = max(0, self.heat_model.currentIndex())
            self.heat_model.clear()
            for model_result in model_results:
                self.heat_model.addItem(model_name(model_result))
            self.heat_model.setCurrentIndex(min(row, len(model_results) - 1))
        for widget in (self.heat_model, self._model_label):
            widget.setVisible(len(model_results) > 1)

    def _fill_classes(self, *, keep: bool) -> None:
        """The classes of the chosen model's answer, likeliest first, which is chosen unless another is kept."""
        model_result = self._model_result()
        result = model_result.result if model_result is not None else None
        pairs = (
            zip(result.classes.classes, result.probabilities, strict=True) if result and result.probabilities else ()
        )
        ranked = sorted(pairs, key=lambda pair: -pair[1])
        kept, first = self.heat_class.currentData(), self.heat_class.currentIndex() <= 0
        with QSignalBlocker(self.heat_class):
            self.heat_class.clear()
            for item, value in ranked:
                self.heat_class.addItem(f"{item.name}, {probability(value)}", item.code)
            place = self.heat_class.findData(kept) if keep and not first else 0
            self.heat_class.setCurrentIndex(max(0, place) if ranked else -1)

    def _model_results(self) -> list[ModelResult]:
        return [] if self._shown is None else [a for a in (self._shown.first, self._shown.second) if a is not None]

    def _model_result(self) -> ModelResult | None:
        """The answer whose heat map is wanted."""
        model_results = self._model_results()
        return (
            model_results[max(0, min(self.heat_model.currentIndex(), len(model_results) - 1))]
            if model_results
            else None
        )

    # --- the heat map ---

    def _why_not(self, model_result: ModelResult | None) -> str:
        """Why there can be no heat map; nothing where there can."""
        if model_result is None or model_result.result is None or model_result.result.code is None:
            return "There is no answer yet whose reasons could be shown."
        if is_exported(model_result.choice.source):
            return _EXPORTED
        return _LOADING if model_result.classifier is None else ""

    @Slot()
    def _change_model(self) -> None:
        self._fill_classes(keep=True)
        self._update_heat()

    @Slot()
    def _update_heat(self) -> None:
        """Bring the heat map in line with what is wanted."""
        model_result, wanted = self._model_result(), self.heat_button.isChecked()
        classified = model_result is not None and model_result.result is not None and bool(model_result.result.code)
        unlike = is_out_of_distribution(model_result)
        possible = classified and not unlike
        self.heat_button.setVisible(classified)
        self.heat_button.setEnabled(possible)
        self.heat_button.setToolTip(_UNLIKE if unlike else _TIP)
        self.heat_button.setText(_HIDE if wanted else _SHOW)
        self.heat_button.setAccessibleName(self.heat_button.text())
        self._heat.setVisible(wanted and possible)
        code = self.heat_class.currentData()
        if not wanted or not possible or model_result is None or code is None:
            self._take_away("")
            return
        why_not = self._why_not(model_result)
        if why_not or model_result.classifier is None or self._shown is None:
            self._take_away(why_not)
            self._choices.setVisible(len(self._model_results()) > 1)
            self.heat_shown.emit()
            return
        self._choices.setVisible(True)
        key = HeatKey(self._shown.path, model_result.choice.source, str(code))
        if key == self._key and self.view.heat is not None:
            return
        self._take_away(_SEARCHING)
        self._key = key
        self._maps.request(key, model_result.classifier)

    def _take_away(self, text: str) -> None:
        self._key = None
        self._maps.forget()
        self.view.show_heat(None)
        self._said.setText(text)

    @Slot(object)
    def _show_heat(self, heat_map: HeatMap) -> None:
        if heat_map.key != self._key:
            return
        self.view.show_heat(heat_map.image if self.view.has_picture else None)
        self._said.setText(heat_map.error or (NO_HEAT if heat_map.empty else HEAT_MAP_MEANING))
        self.heat_shown.emit()

    @Slot(int)
    def _set_opacity(self, value: int) -> None:
        self.view.set_opacity(value / 100)

    # --- the picture ---

    @Slot(object)
    def _show_loaded(self, picture: DecodedPicture) -> None:
        if self._shown is None or picture.path != self._shown.path:
            return
        layers = () if picture.image is None else (picture.image, *picture.smaller)
        result = self._shown.result
        told = result is not None and result.error == picture.error  # the verdict says it already
        self.view.show_layers(layers, "There is no picture to show." if told else picture.error)
        self._key = None  # the new picture has no heat map yet
        self._update_heat()

    @Slot()
    def _tell_zoom(self) -> None:
        shown = self.view.has_picture
        self._percent.setText(f"{100 * self.view.zoom:.0f} %" if shown else "")
        for button in (self._out, self._in, self._fit, self._pixels):
            button.setEnabled(shown)
