"""The tabs of the main window: Train at once, the others when they are first needed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QTabWidget, QWidget

from core.errors import SkinKDError
from skinkd_gui.late_tab import LateTab
from skinkd_gui.training.queue import TrainingQueue
from skinkd_gui.training.train_tab import TrainTab
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.workers.job_slot import shut_down_jobs

if TYPE_CHECKING:
    from skinkd_gui.classify.classify_tab import ClassifyTab
    from skinkd_gui.data.data_tab import DataTab
    from skinkd_gui.results.results_tab import ResultsTab


class Tabs(QTabWidget):
    """What the tabs ask of each other goes through here; all work in one folder of runs."""

    level_chosen = Signal(float)  # of prediction sets, in Classify
    results_made = Signal(object)  # ResultsTab

    def __init__(self, queue: TrainingQueue, runs_root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("mainTabs")
        self.setAccessibleName("Parts of SkinKD")
        self.setDocumentMode(True)
        self._runs_root = runs_root
        self.train = TrainTab(queue, runs_root, self)
        self._classify = LateTab(self, "image", "Classify", Tabs._make_classify)
        self.addTab(self.train, "Train")
        self._results = LateTab(self, "chart", "Results", Tabs._make_results)
        self._data = LateTab(self, "folder", "Data", Tabs._make_data)
        self.train.results_requested.connect(self.open_run)

    def make_when_looked_at(self) -> None:
        """From now on the other tabs are made when they are first looked at."""
        for late in (self._classify, self._results, self._data):
            self.currentChanged.connect(late.open_if_current)

    def make_all(self) -> None:
        """Make the tabs that are not there yet."""
        self._classify.get()
        self._results.get()
        self._data.get()

    @property
    def all_made(self) -> bool:
        """Whether every tab is there."""
        return all(late.made is not None for late in (self._classify, self._results, self._data))

    @property
    def classify(self) -> ClassifyTab:
        """The tab Classify; made now if it was not yet."""
        return self._classify.get()

    @property
    def results(self) -> ResultsTab:
        """The tab Results; made now if it was not yet."""
        return self._results.get()

    @property
    def data(self) -> DataTab:
        """The tab Data; made now if it was not yet."""
        return self._data.get()

    @property
    def classify_if_made(self) -> ClassifyTab | None:
        """The tab Classify, None as long as nobody needed it."""
        return self._classify.made

    @property
    def results_if_made(self) -> ResultsTab | None:
        """The tab Results, None as long as nobody needed it."""
        return self._results.made

    def _make_classify(self) -> ClassifyTab:
        from skinkd_gui.classify.classify_tab import ClassifyTab

        tab = ClassifyTab(self, self._runs_root)
        tab.train_requested.connect(self.new_training)
        tab.level_chosen.connect(self.level_chosen)
        tab.data_requested.connect(self._show_image)
        return tab

    def _make_results(self) -> ResultsTab:
        from skinkd_gui.results.results_tab import ResultsTab

        tab = ResultsTab(self, self._runs_root)
        tab.train_requested.connect(self.new_training)
        tab.resume_requested.connect(self._resume)
        tab.changes_requested.connect(self._resume_with_changes)
        tab.study_resume_requested.connect(self._resume_study)
        tab.data_requested.connect(self._show_run_images)
        tab.runs_binned.connect(self.train.refresh)
        tab.runs_binned.connect(self.refresh_models)
        self.results_made.emit(tab)
        return tab

    def _make_data(self) -> DataTab:
        from skinkd_gui.data.data_tab import DataTab

        return DataTab(self, self._runs_root)

    # --- going to one ---

    @Slot()
    def show_classify(self) -> None:
        """Go to Classify."""
        self.setCurrentWidget(self.classify)

    @Slot()
    def show_train(self) -> None:
        """Go to Train."""
        self.setCurrentWidget(self.train)

    @Slot()
    def show_results(self) -> None:
        """Go to Results."""
        self.setCurrentWidget(self.results)

    @Slot()
    def show_data(self) -> None:
        """Go to Data."""
        self.setCurrentWidget(self.data)

    @Slot(object)
    def open_data(self, path: Path) -> None:
        """Look at a data set."""
        self.show_data()
        self.data.open(path)

    @Slot(object, object)
    def _show_run_images(self, folder: Path, names: list[str]) -> None:
        """Show images of a run's data set, with what the run makes of them."""
        from core.runs.folder import RunFolder

        try:
            path = Path(RunFolder(folder).recipe().data.path)
        except SkinKDError as error:
            show_error(self, error)
            return
        self.show_data()
        self.data.show_images(path, names, folder)

    @Slot(object, str)
    def _show_image(self, data: Path, name: str) -> None:
        self.show_data()
        self.data.show_images(data, [name])

    @Slot()
    def new_training(self) -> None:
        """Open the assistant."""
        self.show_train()
        self.train.open_wizard()

    @Slot(object)
    def open_run(self, folder: Path) -> None:
        """Show a run of the folder of runs in Results."""
        self.show_results()
        self.results.refresh()
        self.results.select_run(folder)

    @Slot()
    def resume_newest(self) -> None:
        """Go on with the newest unfinished run."""
        self.show_train()
        self.train.resume_newest()

    @Slot(object)
    def _resume(self, folder: Path) -> None:
        self.show_train()
        self.train.resume_run(folder)

    @Slot(object)
    def _resume_with_changes(self, folder: Path) -> None:
        self.show_train()
        self.train.ask_changes(folder)

    @Slot(object)
    def _resume_study(self, folder: Path) -> None:
        self.show_train()
        self.train.resume_study(folder)

    # --- all of them ---

    @Slot()
    def refresh(self) -> None:
        """Look for new runs on disk."""
        self.train.refresh()
        self.refresh_results()
        self.refresh_models()

    @Slot()
    def refresh_models(self) -> None:
        """Look for new models, where they are shown."""
        if self._classify.made is not None:
            self._classify.made.refresh_models()

    def refresh_results(self) -> None:
        """Look for new runs, where they are shown."""
        if self._results.made is not None:
            self._results.made.refresh()

    def set_runs_root(self, root: Path) -> None:
        """Work with another folder of runs."""
        self._runs_root = root
        for tab in (self.train, self._results.made, self._classify.made, self._data.made):
            if tab is not None:
                tab.set_runs_root(root)

    def shut_down(self) -> None:
        """End what the tabs have at work; what was typed is kept."""
        if self._results.made is not None:
            self._results.made.shut_down()
        if self._classify.made is not None:
            self._classify.made.save_changes()
        shut_down_jobs(self)
