"""The row of drop-downs above the table of runs: which kinds, states, studies, data and tags are shown."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from core.quantities import NONE
from skinkd_gui.results.arranging import FILTER_FIELDS, WITHOUT, Filters, choices
from skinkd_gui.results.runs_model import RunsModel
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import named
from skinkd_gui.widgets.parts import make_button

_ALL = {
    "kind": ("All kinds", "Show runs of this kind only"),
    "state": ("All states", "Show runs in this state only"),
    "study": ("All studies", "Show the runs of this study only, and its results below"),
    "data": ("All data", "Show runs on this data set only"),
    "tag": ("All tags", "Show runs with this tag only"),
}
_WITHOUT = {"study": "Not part of a study", "tag": "Without tags"}
_FEWEST_LETTERS = 9
_NARROWEST = 80  # pixels; with large letters there is no more room for each


class FilterBar(QWidget):
    """One drop-down per filter, "Group by study", "Clear", and how many runs are left."""

    changed = Signal()  # `filters` has changed
    cleared = Signal()  # the user wants to see all runs
    grouping_asked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._count = make_label("", "muted", self, name="runsCount")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.boxes: dict[str, QComboBox] = {}
        for name, (words, tip) in _ALL.items():
            box = named(
                QComboBox(
                    self,
                    sizeAdjustPolicy=QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon,
                    minimumContentsLength=_FEWEST_LETTERS,
                ),
                f"{name}Filter",
                tip,
                tip,
            )
            box.setMinimumWidth(_NARROWEST)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            box.addItem(words, None)
            box.currentIndexChanged.connect(self._changed)
            self.boxes[name] = box
            row.addWidget(box, 2)
        self.clear_button = make_button(
            "Clear",
            "clearFiltersButton",
            self,
            tip="Show all runs: clear the filters and the search",
            clicked=self.cleared,
        )
        self.group_button = self._make_group_button()
        row.addWidget(self.clear_button)
        row.addWidget(self._count, 1)
        row.addWidget(self.group_button)

    def _make_group_button(self) -> QPushButton:
        button = make_button("Group by study", "groupByStudyButton", self)
        button.setCheckable(True)
        button.setToolTip("Put the runs under the headings of their studies")
        button.toggled.connect(self.grouping_asked)
        return button

    @property
    def filters(self) -> Filters:
        """What the user has chosen."""
        return Filters(**{name: self.boxes[name].currentData() for name in FILTER_FIELDS})

    def offer(self, model: RunsModel) -> None:
        """Offer what the runs have, with their numbers; what was chosen stays while there is such a run."""
        before = self.filters
        for name, box in self.boxes.items():
            items: list[tuple[str, str | None]] = [(_ALL[name][0], None)]
            for value, count in choices(model.facts, name):
                items.append((f"{self._words(name, value, model)} ({count:,})", value))
            if items != [(box.itemText(place), box.itemData(place)) for place in range(box.count())]:
                self._fill(box, items)
        if self.filters != before:
            self.changed.emit()

    def choose(self, name: str, value: str | None) -> None:
        """Set one filter; None, or what no run has, shows all."""
        box = self.boxes[name]
        box.setCurrentIndex(max(0, box.findData(value)))

    def reset(self) -> None:
        """Show everything."""
        with QSignalBlocker(self):
            for box in self.boxes.values():
                box.setCurrentIndex(0)
        self.changed.emit()

    def say_count(self, shown: int, every: int) -> None:
        """Say how many runs there are, and how many search and filters leave."""
        runs = "1 run" if every == 1 else f"{every:,} runs"
        self._count.setText(runs if shown == every else f"{shown:,} of {runs}")
        self._count.setAccessibleName(self._count.text())

    @Slot()
    def _changed(self) -> None:
        self.changed.emit()

    @staticmethod
    def _words(name: str, value: str, model: RunsModel) -> str:
        if value == WITHOUT and name in _WITHOUT:
            return _WITHOUT[name]
        if name == "study" and value in model.studies:
            return model.studies[value].name
        return "Unknown" if value in ("", NONE) else value

    @staticmethod
    def _fill(box: QComboBox, items: list[tuple[str, str | None]]) -> None:
        chosen = box.currentData()
        with QSignalBlocker(box):
            box.clear()
            for words, value in items:
                box.addItem(words, value)
            box.setCurrentIndex(max(0, box.findData(chosen)) if chosen is not None else 0)
        box.view().setMinimumWidth(box.view().sizeHintForColumn(0) + 24)
