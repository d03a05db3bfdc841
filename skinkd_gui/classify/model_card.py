"""The model's card: what it is, what it can't do, how good and how sure it is, and what finding melanomas costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QApplication,
    QSizePolicy,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.errors import SkinKDError
from core.inference.results import RESEARCH_USE
from core.inference.triage import MelanomaThreshold
from core.reporting.model_card.content import CardContent, Sureness, read_card
from core.reporting.model_card.sections import CardSection, card_text, sections
from skinkd_gui.classify.operating_point_view import NOT_USED, OperatingPointView, ThresholdUse
from skinkd_gui.classify.own_calibration_dialog import OwnCalibrationDialog
from skinkd_gui.results.flowing import FlowingArea
from skinkd_gui.results.notes import FactsList, NotesList
from skinkd_gui.results.plain_table import PlainTable
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button, slim_bar
from skinkd_gui.widgets.saving import save_text_as
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.inference.from_statistics import CertifiedDecisions
    from core.reporting.style import FigureStyle

_FILTERS = "Markdown text (*.md);;Text (*.txt)"


class ModelCard(PassingDialog):
    """Reads the card of the run folder or model file `source` in a job and shows it; call `open`."""

    recalibrated = Signal(object)  # Path: this model has another calibration on own images now, or none any more
    threshold_chosen = Signal(object, object)  # the source, and its MelanomaThreshold; None for none any more

    def __init__(
        self,
        parent: QWidget | None,
        source: Path,
        *,
        operating_point: bool = False,
        used: ThresholdUse = NOT_USED,
    ) -> None:
        """With `operating_point` that page is in front; `used` tells whether its threshold can be used, and is."""
        super().__init__(parent, "modelCard", "Model card", QSize(880, 640))
        self._source = source
        self.content: CardContent | None = None
        self._operating = operating_point
        self._title = make_label("Model card", "title", self, wrap=True, name="modelCardTitle")
        self._news = Banner(self)
        self._news.setObjectName("modelCardNews")
        self.tabs = named(QTabWidget(self), "modelCardTabs", "Pages of the model's card")
        self.point = OperatingPointView(self)
        self.point.show_use(used)
        self.point.applied.connect(self._tell_threshold)
        self.point.hide()  # until it stands on its page
        self._build()
        self._reading = JobSlot(self, succeeded=self._show, failed=self._fail)
        self._reading.start(partial(read_card, source))

    def _build(self) -> None:
        waiting = QWidget(self)
        middle = QVBoxLayout(waiting)
        bar = slim_bar("", "Reading the model", waiting)
        middle.addStretch(1)
        text = make_label("Reading the model...", "muted", waiting)
        text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        middle.addWidget(text)
        middle.addWidget(bar)
        middle.addStretch(1)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(waiting)
        self._stack.addWidget(self.tabs)
        self._nothing = QWidget(self)
        self._stack.addWidget(self._nothing)
        own = make_button(
            "Your &own images...",
            "modelCardOwn",
            self,
            self._open_own,
            tip="Calibrate it on labelled images of your clinic",
        )
        self.copy = make_button("&Copy as text", "modelCardCopy", self, self._copy)
        self.save = make_button("&Save as text...", "modelCardSave", self, self._ask_and_save)
        close = make_button("Close", "modelCardClose", self, self.accept)
        close.setDefault(True)
        row = row_of((make_label(RESEARCH_USE, "muted", self, wrap=True), 1), own, self.copy, self.save, close)
        for button in (self.copy, self.save):
            button.setEnabled(False)
        column_of(self._title, self._news, (self._stack, 1), row, on=self, margins=(18, 16, 18, 14), spacing=10)

    @property
    def busy(self) -> bool:
        """Whether the card is being read."""
        return self._reading.running

    # --- pages ---

    @Slot(object)
    def _show(self, card: CardContent) -> None:
        self.content = card
        self._title.setText(breakable(card.name))
        for section in sections(card):
            self.tabs.addTab(self._page(section, self._figures(card, section.title)), section.title)
        if card.info.classes.melanoma is not None:
            self._add_operating_point(card)
        if card.info.synthetic:
            self._news.show_message(
                "Trained on synthetic images: what it says about a real lesion means nothing.", "warning"
            )
        self._stack.setCurrentWidget(self.tabs)
        for button in (self.copy, self.save):
            button.setEnabled(True)

    def _add_operating_point(self, card: CardContent) -> None:
        self.point.show_probabilities(card.calibrating)
        self.point.show()
        area = FlowingArea("modelCardOperating", "Operating point", self)
        page = QWidget(area)
        QVBoxLayout(page).addWidget(self.point)
        area.set_content(page)
        self.tabs.addTab(area, "Operating point")
        if self._operating:
            self.tabs.setCurrentWidget(area)

    def _page(self, section: CardSection, figures: Sequence[FigureView]) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout()
        column.setSpacing(12)
        if section.facts:
            facts = FactsList(section.title, page)
            facts.set_facts(section.facts)
            column.addWidget(facts)
        if section.table is not None and section.table.rows:
            table = PlainTable(f"modelCard{section.title}Table", section.table.title, page)
            table.fill(section.table)
            table.show_all_rows()
            column.addWidget(table)
        if section.notes:
            notes = NotesList("" if section.facts else section.title, page)
            notes.set_notes(section.notes)
            column.addWidget(notes)
        column.addStretch(1)
        row = row_of((column, 2), on=page, margins=12, spacing=18)
        if figures:
            row.addLayout(column_of(*((figure, 1) for figure in figures), spacing=12), 3)
        area = FlowingArea(f"modelCard{section.title}", section.title, self)
        area.set_content(page)
        return area

    def _figures(self, card: CardContent, title: str) -> tuple[FigureView, ...]:
        """The pictures of a page."""
        if title == "Calibration" and card.sureness is not None:
            return (self._reliability(card.sureness),)
        if title == "Decisions" and card.decided is not None:
            return self._decisions(card.decided)
        return ()

    def _decisions(self, tested: CertifiedDecisions) -> tuple[FigureView, ...]:
        def called_benign(style: FigureStyle) -> Figure:
            from core.reporting.decision_figures import called_benign_figure

            return called_benign_figure(tested, style)

        def risk_coverage(style: FigureStyle) -> Figure:
            from core.reporting.decision_figures import risk_coverage_figure

            return risk_coverage_figure(tested, style)

        return (
            self._figure("Malignant test lesions called benign", called_benign),
            self._figure("Wrong diagnoses against lesions with a diagnosis", risk_coverage),
        )

    def _reliability(self, sureness: Sureness) -> FigureView:
        def build(style: FigureStyle) -> Figure:
            from core.reporting.comparison_figures import reliability_diagram

            return reliability_diagram(sureness.before, sureness.after, style)

        return self._figure("How sure, and how often right", build)

    def _figure(self, name: str, build: Callable[[FigureStyle], Figure]) -> FigureView:
        view = FigureView("", self)
        view.setAccessibleName(name)
        view.setMinimumSize(300, 320)
        view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # the page decides how high
        view.draw(build)
        return view

    @Slot(object)
    def _tell_threshold(self, threshold: MelanomaThreshold | None) -> None:
        self.threshold_chosen.emit(self._source, threshold)

    @Slot(object)
    def _fail(self, error: SkinKDError) -> None:
        self._news.show_message(f"{error.title}. {error.summary}", "error")
        self._stack.setCurrentWidget(self._nothing)

    @Slot()
    def _open_own(self) -> None:
        dialog = OwnCalibrationDialog(self, self._source)
        dialog.recalibrated.connect(self.recalibrated)
        dialog.open()

    # --- out ---

    def text(self) -> str:
        """The whole card as text, with the operating point that is set."""
        assert self.content is not None
        point = self.point.section()
        return card_text(self.content, () if point is None else (point,))

    @Slot()
    def _copy(self) -> None:
        QApplication.clipboard().setText(self.text())

    @Slot()
    def _ask_and_save(self) -> None:
        assert self.content is not None
        from core.reporting.model_card.hub import card_readme

        point = self.point.section()
        text = card_readme(self.content, extra=() if point is None else (point,))
        save_text_as(self, "Save the model card", text, f"model-card-{self.content.name}", _FILTERS)
