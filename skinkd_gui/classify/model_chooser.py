"""The combo box of models: finished runs, newest first, and any model file."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QWidget

from core.errors import SkinKDError
from core.events import CancelToken, Report
from skinkd_gui.classify.classify_worker import ModelChoice, list_models, open_model
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.workers.job import Job, JobFailure, JobResult

_OPEN_FILE = "Open a model file..."
_REMEMBERED = "classify/model"


class ModelChooser(QComboBox):
    """Chooses one `ModelChoice`. The last entry opens a file; the choice is remembered between starts."""

    chosen = Signal(object)  # ModelChoice | None: the choice changed
    listed = Signal()  # the finished runs were read (again)

    def __init__(self, runs_root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyModelCombo")
        self.setAccessibleName("Model")
        self.setToolTip("The model that classifies: a finished run, or a model.safetensors file")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(24)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._runs_root = runs_root
        self._runs: tuple[ModelChoice, ...] = ()
        self._opened: list[ModelChoice] = []
        self._current: ModelChoice | None = None
        self._job: Job | None = None
        self._again = False
        self.activated.connect(self._activate)
        self._fill()

    @property
    def choice(self) -> ModelChoice | None:
        """The chosen model, None while there is none."""
        return self._current

    def refresh(self) -> None:
        """Read the runs again; `listed` tells when that is done. The choice stays if it still exists."""
        if self._job is not None:
            self._again = True
            return
        self._job = Job(self._list, self)
        self._job.succeeded.connect(self._take)
        self._job.failed.connect(self._show_failure)
        self._job.ended.connect(self._end)
        self._job.start()

    def set_runs_root(self, runs_root: Path) -> None:
        """List the runs of another folder."""
        self._runs_root = runs_root
        self.refresh()

    def choose(self, source: Path) -> None:
        """Choose the model of a listed run, or a model file. Raises `SkinKDError` for an unusable file."""
        found = next((choice for choice in self._choices() if choice.source == source), None)
        if found is None:
            found = open_model(source)
            self._opened.insert(0, found)
            self._fill()
        self._select(found)

    @Slot()
    def ask_for_file(self) -> None:
        """Let the user choose a model file."""
        name, _ = QFileDialog.getOpenFileName(
            self, "Open a model file", str(self._runs_root), "SkinKD models (*.safetensors);;All files (*)"
        )
        if name:
            try:
                self.choose(Path(name))
            except SkinKDError as error:
                show_error(self, error)
        self._show_current()

    def shut_down(self) -> None:
        """Stop reading the runs."""
        if self._job is not None:
            self._job.shut_down()

    def _list(self, report: Report, token: CancelToken) -> tuple[ModelChoice, ...]:
        return list_models(self._runs_root, report, token)

    def _choices(self) -> tuple[ModelChoice, ...]:
        values = (self.itemData(row) for row in range(self.count()))
        return tuple(value for value in values if isinstance(value, ModelChoice))

    def _fill(self) -> None:
        self.clear()
        listed = {choice.source for choice in self._runs}
        for choice in (*(choice for choice in self._opened if choice.source not in listed), *self._runs):
            self.addItem(choice.text, choice)
            self.setItemData(self.count() - 1, str(choice.source), Qt.ItemDataRole.ToolTipRole)
        if not self.count():
            self.addItem("No model yet", None)
        self.insertSeparator(self.count())
        self.addItem(_OPEN_FILE, None)
        self._show_current()

    def _show_current(self) -> None:
        sources = [choice.source for choice in self._choices()]
        wanted = self._current.source if self._current else None
        self.setCurrentIndex(sources.index(wanted) if wanted in sources else 0)

    def _select(self, choice: ModelChoice | None) -> None:
        before, self._current = self._current, choice
        self._show_current()
        if before is None or choice is None or before.source != choice.source:
            self.chosen.emit(choice)

    @Slot(int)
    def _activate(self, row: int) -> None:
        choice = self.itemData(row)
        if isinstance(choice, ModelChoice):
            open_store().setValue(_REMEMBERED, str(choice.source))
            self._select(choice)
        elif self.itemText(row) == _OPEN_FILE:
            self.ask_for_file()

    @Slot(object)
    def _take(self, result: JobResult) -> None:
        self._runs = result.value
        self._opened = [choice for choice in self._opened if choice.source.exists()]
        self._fill()
        choices = self._choices()
        wanted = [self._current.source] if self._current else []
        wanted.append(Path(str(open_store().value(_REMEMBERED, ""))))
        kept = next((choice for source in wanted for choice in choices if choice.source == source), None)
        self._select(kept or (choices[0] if choices else None))

    @Slot(object)
    def _show_failure(self, failure: JobFailure) -> None:
        show_error(self, failure.error)

    @Slot(object)
    def _end(self, end: object) -> None:
        if self._job is not None:
            self._job.deleteLater()
            self._job = None
        self.listed.emit()
        if self._again:
            self._again = False
            self.refresh()
