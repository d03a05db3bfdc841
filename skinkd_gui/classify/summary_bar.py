"""The row above the table: which images are shown, how many of each verdict there are, and the certainty wanted."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QListView, QWidget

from core.inference.triage import MelanomaThreshold, threshold_words
from core.reporting.review_words import review_line
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import FILTERS, Kind, KindFilter
from skinkd_gui.settings.store import LEVEL_PERCENTS
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, Gap, column_of, named, row_of
from skinkd_gui.widgets.numbers import WholeNumberBox
from skinkd_gui.widgets.parts import delay, make_button

_LEVEL_TIP = (
    "How sure the model must be before it excludes a diagnosis: at 90 %, the true diagnosis stays among those kept for "
    "at least 90 of 100 images of every class, measured on the images it was checked with. Higher means that more "
    "images stay uncertain."
)
_PATIENCE_MILLISECONDS = 120
_IMAGES = {True: "image", False: "images"}


class SummaryBar(QWidget):
    """Filter, counts and level. It counts nothing itself: call `show_counts`."""

    filtered = Signal(object)  # Kind | None
    level_chosen = Signal(float)  # 0.80..0.99
    threshold_dropped = Signal()  # the threshold in use is to be used no more

    def __init__(self, images: ClassifiedImagesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifySummary")
        self._images = images
        self._make_filter()
        self._make_level()
        self._counts = make_label("", "", self, wide=True, name="classifyCounts")
        self._agreement = make_label("", "", self, wide=True, name="classifyAgreement")
        self._reviewed = make_label("", "", self, wide=True, name="classifyReviewedSoFar")
        self._threshold = make_label("", "", self, wide=True, name="classifyThreshold")
        self._drop = make_button("Stop flagging", "classifyDropThreshold", self, self.threshold_dropped)
        show = make_label("&Show:", "", self, buddy=self.filter)
        certainty = make_label("Cer&tainty:", "", self, buddy=self.level)
        certainty.setToolTip(_LEVEL_TIP)
        column_of(
            row_of(show, self.filter, Gap(12), certainty, self.level, STRETCH),
            self._counts,
            self._agreement,
            row_of((self._threshold, 1), self._drop, margins=0),
            self._reviewed,
            on=self,
            margins=0,
        )

    def _make_filter(self) -> None:
        self.filter = named(
            QComboBox(self, sizeAdjustPolicy=QComboBox.SizeAdjustPolicy.AdjustToContents),
            "classifyFilterCombo",
            "Images to show",
        )
        for number, entry in enumerate(FILTERS):
            self.filter.addItem(entry.text, entry)
            self.filter.setItemData(number, entry.tip, Qt.ItemDataRole.ToolTipRole)
        self.filter.currentIndexChanged.connect(self._tell_filter)

    def _make_level(self) -> None:
        self.level = named(WholeNumberBox(self), "classifyLevelSpin", "Certainty wanted, in per cent")
        self.level.setRange(*LEVEL_PERCENTS)
        self.level.setValue(90)
        self.level.setSuffix(" %")
        self.level.setToolTip(_LEVEL_TIP)
        self._patience = delay(self, self._tell_level, _PATIENCE_MILLISECONDS)
        self.level.valueChanged.connect(self._patience.start)

    @property
    def kind(self) -> Kind | None:
        """The kind that is shown, None for all."""
        entry = self.filter.currentData()
        return entry.kind if isinstance(entry, KindFilter) else None

    def set_level(self, level: float) -> None:
        """Show a level without telling it."""
        with QSignalBlocker(self.level):
            self.level.setValue(round(100 * level))

    def show_counts(self, shown: int, *, compared: bool, malignant: bool = True) -> None:
        """Bring all numbers in line; `shown` rows pass the filter. `malignant`: whether the model has such a group."""
        tally, listed = self._images.tally, self._images.rowCount()
        text = tally.sentence(listed, shown)
        self._counts.setText(text)
        self._counts.setToolTip(text)
        agreement = tally.agreement() if compared else ""
        self._agreement.setText(agreement)
        self._agreement.setVisible(bool(agreement))
        reviewed = review_line(self._images.reviewed_so_far(), listed) if self._images.reviews else ""
        self._reviewed.setText(reviewed)
        self._reviewed.setVisible(bool(reviewed))
        entries = self.filter.view()
        for number, entry in enumerate(FILTERS):
            if entry.kind is Kind.MALIGNANT and isinstance(entries, QListView):
                entries.setRowHidden(number, not malignant)
            if entry.kind is not None:
                count = tally.count(entry.kind)
                self.filter.setItemText(number, f"{entry.text} ({count:,})")
                self._enable(number, on=count > 0 or number == self.filter.currentIndex())

    def show_threshold(self, threshold: MelanomaThreshold | None) -> None:
        """Say which threshold is in use."""
        for widget in (self._threshold, self._drop):
            widget.setVisible(threshold is not None)
        if threshold is not None:
            flagged = self._images.tally.count(Kind.FLAGGED)
            self._threshold.setText(f"{threshold_words(threshold)}: {flagged:,} {_IMAGES[flagged == 1]}.")

    def show_all(self) -> None:
        """Filter nothing."""
        self.filter.setCurrentIndex(0)

    def show_kind(self, kind: Kind) -> None:
        """Show the images of one kind."""
        self.filter.setCurrentIndex(next(n for n, entry in enumerate(FILTERS) if entry.kind is kind))

    def _enable(self, number: int, *, on: bool) -> None:
        items = self.filter.model()
        if isinstance(items, QStandardItemModel) and items.item(number).isEnabled() is not on:
            items.item(number).setEnabled(on)

    @Slot()
    def _tell_filter(self) -> None:
        self.filtered.emit(self.kind)

    @Slot()
    def _tell_level(self) -> None:
        self.level_chosen.emit(self.level.value() / 100)
