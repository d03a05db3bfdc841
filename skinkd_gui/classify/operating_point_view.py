"""The operating point: how many melanomas are to be found, and what that costs.

Measured on the images that the model was calibrated on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QSizePolicy,
    QSlider,
    QWidget,
)

from core.errors import SkinKDError
from core.evaluation.operating_point import OperatingPoint, missed_per_1000, operating_point, referrals_per_1000
from core.inference.triage import MelanomaThreshold, threshold_words
from core.reporting.model_card.content import CalibrationProbabilities
from core.reporting.model_card.sections import CardSection
from core.reporting.words import interval_of
from skinkd_gui.results.notes import FactsList
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.numbers import NumberBox, WholeNumberBox
from skinkd_gui.widgets.parts import delay, make_button

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle

FEW_MELANOMAS = 100
"""With fewer melanomas the sensitivity is a rough guess, which is said."""

_LOWEST, _HIGHEST = 80, 100
_PATIENCE_MILLISECONDS = 150
_EXPLAINED = (
    "Refer every image whose melanoma probability is at least the threshold, whatever the diagnosis. The more "
    "melanomas are to be found, the lower the threshold, and the more people without melanoma are referred."
)
_HONEST = (
    "The threshold was chosen on these very images, so on others expect a little less. The numbers per 1,000 people "
    "hold where people and images are like those it was chosen on, apart from how frequent melanoma is."
)


@dataclass(frozen=True)
class ThresholdUse:
    """Whether a threshold can be used on the images in the list, and which one is."""

    possible: bool
    threshold: MelanomaThreshold | None = None


NOT_USED = ThresholdUse(possible=False)


class OperatingPointView(QWidget):
    """Slider, prevalence, numbers and curve. Without melanomas among its images it says so."""

    applied = Signal(object)  # MelanomaThreshold to be used on the images in the list; None for none any more

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("operatingPoint")
        self._probabilities: CalibrationProbabilities | None = None
        self.point: OperatingPoint | None = None
        self._why_not = ""
        self._used = NOT_USED
        self._few = Banner(self)
        self._few.setObjectName("operatingFew")
        self._make_fields()
        self._facts = FactsList("On the images it was calibrated on", self)
        self._expected = FactsList("Among 1,000 people", self)
        self.figure = FigureView("", self)
        self.figure.setAccessibleName("Melanomas referred against other images referred")
        self.figure.setMinimumSize(240, 260)
        self.figure.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # the page decides how high
        self._patience = delay(self, self._draw, _PATIENCE_MILLISECONDS)
        self.use = make_button(
            "&Use this threshold", "operatingUseButton", self, self._apply, tip="Flag the images in the list by it"
        )
        self.stop = make_button("&Stop using it", "operatingStopButton", self, self._stop)
        self._in_use = make_label("", "", self, wrap=True, name="operatingInUse")
        self._explained = make_label(_EXPLAINED, "", self, wrap=True)
        self._honest = make_label(_HONEST, "small", self, wrap=True)
        self._lay_out()

    def _make_fields(self) -> None:
        self.slider = named(
            QSlider(Qt.Orientation.Horizontal, self),
            "operatingSlider",
            "Share of the melanomas that is to be found, in per cent",
        )
        self.slider.setRange(_LOWEST, _HIGHEST)
        self.slider.setValue(95)
        self.slider.setMinimumWidth(120)
        self.wanted = named(
            WholeNumberBox(self, minimum=_LOWEST, maximum=_HIGHEST, suffix=" %", value=95),
            "operatingSensitivity",
            "Share of the melanomas that is to be found, in per cent",
        )
        self.prevalence = named(
            NumberBox(self, minimum=0.0, maximum=100.0, decimals=1, singleStep=0.5, value=2.0, suffix=" %"),
            "operatingPrevalence",
            "How many of 100 people have melanoma",
        )
        self.slider.valueChanged.connect(self.wanted.setValue)
        self.wanted.valueChanged.connect(self.slider.setValue)
        self.wanted.valueChanged.connect(self._update)
        self.prevalence.valueChanged.connect(self._update)

    def _lay_out(self) -> None:
        fields = QGridLayout()
        fields.setColumnStretch(1, 1)
        find = make_label("&Melanomas to find", "", self, buddy=self.slider)
        frequent = make_label("&People with melanoma", "", self, buddy=self.prevalence)
        frequent.setToolTip("Of all people whose lesions you would have classified (prevalence)")
        fields.addWidget(find, 0, 0)
        fields.addWidget(self.slider, 0, 1)
        fields.addWidget(self.wanted, 0, 2)
        fields.addWidget(frequent, 1, 0)
        fields.addWidget(self.prevalence, 1, 2)
        use = column_of(row_of(self.use, self.stop, STRETCH), self._in_use, spacing=4)
        left = column_of(fields, self._facts, use, self._expected, self._honest, STRETCH, spacing=10)
        row = row_of((left, 1), (self.figure, 1), spacing=18)
        column_of(self._explained, self._few, (row, 1), on=self, margins=0, spacing=10)

    def show_use(self, used: ThresholdUse) -> None:
        """Show which threshold is in use, and offer this one where it can be."""
        self._used = used
        self._update_use()

    @Slot()
    def _apply(self) -> None:
        if self.point is not None:
            self._tell(MelanomaThreshold(self.point.threshold, self.wanted.value() / 100))

    @Slot()
    def _stop(self) -> None:
        self._tell(None)

    def _tell(self, threshold: MelanomaThreshold | None) -> None:
        self.show_use(ThresholdUse(True, threshold))
        self.applied.emit(threshold)

    def _update_use(self) -> None:
        threshold = self._used.threshold
        same = threshold is not None and self.point is not None and threshold.value == self.point.threshold
        self.use.setVisible(self._used.possible)
        self.use.setEnabled(self.point is not None and not same)
        self.stop.setVisible(threshold is not None)
        self._in_use.setText("" if threshold is None else threshold_words(threshold))
        self._in_use.setVisible(threshold is not None)

    def show_probabilities(self, probabilities: CalibrationProbabilities | None) -> None:
        """Take up the images that a model was calibrated on."""
        self._probabilities = probabilities
        self._update()

    def section(self) -> CardSection | None:
        """What is shown, for the card's text; None while there is no point."""
        if self.point is None or self._probabilities is None:
            return None
        facts = (
            ("Melanomas to find", f"{self.wanted.value()} %"),
            *_facts(self.point),
            ("People with melanoma", f"{self.prevalence.value():.1f} %"),
            *_expected(self.point, self.prevalence.value() / 100),
        )
        return CardSection("Operating point", facts, tuple(n for n in (self._few.text, _HONEST) if n))

    @Slot()
    def _update(self) -> None:
        probabilities = self._probabilities
        self.point, self._why_not = None, "There are no calibration images to tell it from."
        if probabilities is not None:
            try:
                self.point = operating_point(
                    probabilities.is_melanoma, probabilities.melanoma, self.wanted.value() / 100
                )
            except SkinKDError as error:
                self._why_not = error.summary
        self._facts.set_facts(_facts(self.point) if self.point else ())
        self._expected.set_facts(_expected(self.point, self.prevalence.value() / 100) if self.point else ())
        self._honest.setVisible(self.point is not None)
        for field in (self.slider, self.wanted, self.prevalence):
            field.setEnabled(self.point is not None)
        self._warn()
        self._update_use()
        self._patience.start()

    def _warn(self) -> None:
        if self.point is None:
            self._few.show_message(self._why_not, "info")
        elif self._probabilities is not None and self.point.melanomas < FEW_MELANOMAS:
            self._few.show_message(
                f"Only {self.point.melanomas:,} of the {self._probabilities.part.value} images are melanomas: one "
                f"more or less found changes the share by {100 / self.point.melanomas:.1f} percentage points. Do not "
                "fix a threshold by them.",
                "warning",
            )
        else:
            self._few.show_message("")

    @Slot()
    def _draw(self) -> None:
        probabilities, point = self._probabilities, self.point
        if probabilities is None or point is None:
            self.figure.draw(None)
            return

        def build(style: FigureStyle) -> Figure:
            from core.reporting.operating_figures import operating_figure

            return operating_figure(probabilities.is_melanoma, probabilities.melanoma, point, style)

        self.figure.draw(build)


def _facts(point: OperatingPoint) -> tuple[tuple[str, str], ...]:
    return (
        ("Threshold", f"melanoma probability from {100 * point.threshold:.1f} %"),
        ("Melanomas referred", f"{interval_of(point.sensitivity, point.sensitivity_interval)} of {point.melanomas:,}"),
        ("Others not referred", f"{interval_of(point.specificity, point.specificity_interval)} of {point.others:,}"),
    )


def _expected(point: OperatingPoint, prevalence: float) -> tuple[tuple[str, str], ...]:
    missed = missed_per_1000(point, prevalence)
    with_melanoma = 1000 * prevalence
    return (
        ("With melanoma", f"{with_melanoma:.3g}"),
        ("Referred", f"{referrals_per_1000(point, prevalence):.0f}"),
        ("Melanomas missed", f"{missed:.1f}" if missed >= 0.05 or missed == 0 else "< 0.1"),
    )
