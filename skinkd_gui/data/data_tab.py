"""The Data tab: a data set is opened, looked at and mended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from core.data.choices import NO_CHOICES, ChoiceNeededError, Choices
from core.data.corrections import corrections_note
from core.data.names import matched
from core.data.types import DataSet
from core.errors import SkinKDError
from core.events import Progress
from skinkd_gui.data.choosing import ChoiceView
from skinkd_gui.data.corrections_editor import CorrectionsEditor
from skinkd_gui.data.data_top_bar import DataTopBar
from skinkd_gui.data.entries import Aspect, PictureEntry, entries_of, filtered, marked, near_copies_of
from skinkd_gui.data.facts_panel import DataFactsPanel
from skinkd_gui.data.gallery import Gallery
from skinkd_gui.data.gallery_filter import GalleryFilterBar
from skinkd_gui.data.opening import (
    CleanedTable,
    LabelFindings,
    OpenedData,
    ask_run,
    check_data,
    export_cleaned,
    least_alike,
    open_data,
)
from skinkd_gui.data.recents import RecentDataMenu, remember_data
from skinkd_gui.training.wizard.data_widgets import JobProgressRow
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, split
from skinkd_gui.widgets.saving import ask_for_file
from skinkd_gui.workers.job import JobEnd
from skinkd_gui.workers.job_slot import JobSlot

_TABLES = "Tables (*.csv *.tsv *.xlsx);;All files (*)"
_WELCOME = (
    "Open a folder of pictures with their labels, or a table that names them. You see every picture, what is wrong "
    "with it, and can correct labels. Your files stay as they are, and nothing leaves this computer."
)


class DataTab(QWidget):
    """Reads a data set, then opens every picture of it in the background; the gallery can be used meanwhile."""

    def __init__(self, parent: QWidget | None, runs_root: Path) -> None:
        super().__init__(parent)
        self.setObjectName("dataTab")
        self.setAccessibleName("Data")
        self.setAcceptDrops(True)
        self._runs_root = runs_root
        self._opened: OpenedData | None = None
        self._dataset: DataSet | None = None  # with what was found in the pictures, once they were opened
        self._findings: LabelFindings | None = None
        self._unusual: dict[str, float] | None = None
        self._entries: tuple[PictureEntry, ...] = ()
        self._path = Path()
        self._names: frozenset[str] = frozenset()  # asked for before the data were read
        self._run: Path | None = None
        self.corrections = CorrectionsEditor(self)
        self._make_jobs()
        self._build()
        self._connect()

    # --- building ---

    def _make_jobs(self) -> None:
        self._reading = JobSlot(self, succeeded=self._on_read, failed=self._on_read_failed)
        self._checking = JobSlot(
            self, reported=self._on_progress, succeeded=self._on_checked, failed=self._on_failed, ended=self._on_ended
        )
        self._asking = JobSlot(self, succeeded=self._on_asked, failed=self._on_asking_failed)
        self._comparing = JobSlot(
            self,
            reported=self._on_progress,
            succeeded=self._on_compared,
            failed=self._on_failed,
            ended=self._on_compare_ended,
        )
        self._exporting = JobSlot(self, succeeded=self._on_exported, failed=self._on_failed)

    def _build(self) -> None:
        self.welcome = EmptyState("folder", "Look at your data", _WELCOME, self)
        self.welcome.add_button("Open a folder...", "dataOpenFolderButton", self.ask_for_folder, primary=True)
        self.welcome.add_button("Open a table...", "dataOpenTableButton", self.ask_for_table)
        recent = self.welcome.add_button("Recent", "dataRecentButton")
        self._recent_menu = RecentDataMenu(self, "dataRecentMenu")
        recent.setMenu(self._recent_menu)
        self.choice = ChoiceView(self)
        self.bar = DataTopBar(self)
        self.filters = GalleryFilterBar(self)
        self.progress = JobProgressRow("dataCheck", "Stop", self)
        self.banner = Banner(self)
        self.banner.setObjectName("dataBanner")
        self.count = make_label("", "muted", self, wrap=True, name="dataCount")
        self.gallery = Gallery("dataGallery", "Pictures of the data set", self)
        self.copies_title = make_label("Nearly the same picture, side by side", "muted", self, name="dataCopiesTitle")
        self.copies = Gallery("dataCopies", "Near-copies of the selected picture", self)
        self.copies.setWrapping(False)
        self.copies.setFixedHeight(self.copies.card_height + 18)
        self.facts = DataFactsPanel(self)
        left = QWidget(self)
        column_of((self.gallery, 1), self.copies_title, self.copies, on=left, margins=0)
        self._content = QWidget(self)
        body = split(left, self.facts, sizes=(700, 300), parent=self._content)
        body.setStretchFactor(0, 1)
        column_of(self.bar, self.filters, self.progress, self.banner, self.count, (body, 1), on=self._content)
        self._pages = QStackedWidget(self)
        for page in (self.welcome, self.choice, self._content):
            self._pages.addWidget(page)
        column_of(self._pages, on=self, margins=0)

    def _connect(self) -> None:
        self._recent_menu.chosen.connect(self.open)
        self.choice.decided.connect(self._read_with)
        self.bar.folder_wanted.connect(self.ask_for_folder)
        self.bar.table_wanted.connect(self.ask_for_table)
        self.bar.opened.connect(self.open)
        self.bar.run_chosen.connect(self._ask_run)
        self.bar.export_wanted.connect(self.ask_and_export)
        self.filters.changed.connect(self._show)
        self.progress.stopped.connect(self._checking.cancel)
        self.progress.stopped.connect(self._comparing.cancel)
        self.gallery.selectionModel().selectionChanged.connect(self._show_chosen)
        self.gallery.entries.modelReset.connect(self._show_chosen)
        self.corrections.changed.connect(self._on_corrected)
        self.facts.relabelled.connect(self._relabel)
        self.facts.exclusion_toggled.connect(self._exclude)
        self.facts.grouping_toggled.connect(self._group)
        self.facts.noted.connect(self._note)

    # --- opening ---

    def set_runs_root(self, root: Path) -> None:
        """Look for runs in another folder."""
        self._runs_root = root

    @Slot()
    def ask_for_folder(self) -> None:
        """Choose a folder to look at."""
        if name := QFileDialog.getExistingDirectory(self, "Folder with the pictures and their labels"):
            self.open(Path(name))

    @Slot()
    def ask_for_table(self) -> None:
        """Choose a table to look at the pictures of."""
        name, _ = QFileDialog.getOpenFileName(self, "Table that names pictures and labels", "", _TABLES)
        if name:
            self.open(Path(name))

    @Slot(object)
    def open(self, path: Path) -> None:
        """Read a folder or table, and show it."""
        self._names, self._run = frozenset(), None
        self._read(path, NO_CHOICES)

    def show_images(self, path: Path, names: Collection[str], run: Path | None = None) -> None:
        """Show these images of a data set, with what the run in a folder says of them."""
        self._names, self._run = frozenset(names), run
        if self._opened is not None and self._opened.path == path and not self._reading.running:
            self._show_asked_for()
        else:
            self._read(path, NO_CHOICES)

    @property
    def busy(self) -> bool:
        """Whether anything is being read, opened, asked or written."""
        jobs = (self._reading, self._checking, self._asking, self._comparing, self._exporting)
        return any(job.running for job in jobs)

    def _read(self, path: Path, choices: Choices) -> None:
        for slot in (self._checking, self._comparing, self._asking, self._reading):
            slot.drop()
        self._path = path
        self._opened = self._dataset = self._findings = self._unusual = None
        self._entries = ()
        self.progress.hide()
        self.banner.show_message("Reading the tables and folders...")
        self.bar.show_path(path)
        self.filters.setEnabled(False)
        self._show()
        self._pages.setCurrentWidget(self._content)
        self._reading.start(partial(open_data, path, self._runs_root, choices))

    @Slot(object)
    def _read_with(self, choices: Choices) -> None:
        self._read(self._path, choices)

    @Slot(object)
    def _on_read(self, opened: OpenedData) -> None:
        remember_data(opened.path)
        self._opened, self._dataset = opened, opened.dataset
        self.corrections.open(opened.corrections_file, opened.corrections)
        self.facts.show_classes(opened.dataset.classes)
        self.filters.setEnabled(True)
        self.filters.clear()
        self.bar.show_data(opened)
        self._renew()
        self.progress.begin("Opening the pictures")
        self._checking.start(partial(check_data, opened.dataset))
        self._show_asked_for()

    @Slot(object)
    def _on_read_failed(self, error: SkinKDError) -> None:
        self.banner.show_message(f"{error.title}. {error.summary}", "error")
        if isinstance(error, ChoiceNeededError):
            self.choice.ask(error.choice, NO_CHOICES)
            self._pages.setCurrentWidget(self.choice)

    def _show_asked_for(self) -> None:
        if self._names and self._dataset is not None:
            own = [entry.name for entry in self._entries]
            self.filters.show_names(frozenset(matched(self._names, own).values()))
        if self._run is not None:
            self.bar.choose_run(self._run)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a folder or file."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first folder or file dropped."""
        local = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if local:
            event.acceptProposedAction()
            self.open(Path(local[0]))

    # --- opening the pictures ---

    @Slot(object)
    def _on_progress(self, event: object) -> None:
        if isinstance(event, Progress):
            self.progress.show_progress(event)

    @Slot(object)
    def _on_checked(self, dataset: DataSet) -> None:
        self._dataset = dataset
        self._renew()

    @Slot(object)
    def _on_ended(self, end: JobEnd) -> None:
        self.progress.hide()
        if end.cancelled:
            self.banner.show_message(
                "The pictures were not all opened: damaged ones, copies and near-copies are not known.", "warning"
            )
        self._show()  # what waited for it

    @Slot(object)
    def _on_compare_ended(self, end: JobEnd) -> None:
        self.progress.hide()
        if end.cancelled:
            self.filters.clear()

    @Slot(object)
    def _on_compared(self, unusual: dict[str, float]) -> None:
        self._unusual = unusual
        self._renew()

    @Slot(object)
    def _on_failed(self, error: SkinKDError) -> None:
        self.banner.show_message(f"{error.title}. {error.summary}", "error")

    # --- a run's opinion ---

    @Slot(object)
    def _ask_run(self, run: object) -> None:
        chosen = next((each for each in self._opened.runs if each == run), None) if self._opened else None
        self._asking.drop()
        self._findings = None
        if chosen is not None and self._dataset is not None:
            self._asking.start(partial(ask_run, chosen, self._dataset))
        self._renew()

    @Slot(object)
    def _on_asked(self, findings: LabelFindings) -> None:
        first = self._findings is None
        self._findings = findings
        self.corrections.run_name = findings.run.folder.name
        self._renew()
        if first and findings.suspected and not self._names:
            self.filters.show_aspect(Aspect.SUSPECTED)

    @Slot(object)
    def _on_asking_failed(self, error: SkinKDError) -> None:
        self.banner.show_message(f"{error.title}. {error.summary}", "warning")

    # --- showing ---

    def _renew(self) -> None:
        """Make the entries anew: something about the pictures is known that was not."""
        if self._opened is not None and self._dataset is not None:
            self._entries = entries_of(self._dataset, self._opened.unlabelled, self._findings, self._unusual or {})
        self._mark()

    @Slot()
    def _on_corrected(self) -> None:
        self._mark()
        if self._findings is not None and self._dataset is not None:  # its scores by the corrected labels
            self._asking.start_next(partial(ask_run, self._findings.run, self._dataset))

    def _mark(self) -> None:
        self._entries = marked(self._entries, self.corrections.corrections)
        if self._dataset is not None:
            self.filters.offer(self._entries, self._dataset.classes)
        note = corrections_note(self.corrections.corrections, "The next run uses your corrections")
        said = (note, self._findings.scores if self._findings else "")
        self.banner.show_message(" ".join(text for text in said if text))
        self._show()

    @Slot()
    def _show(self) -> None:
        wanted = self.filters.wanted
        unknown = wanted.aspect is Aspect.UNUSUAL and self._unusual is None
        if unknown and self._dataset is not None and not (self._checking.running or self._comparing.running):
            self.progress.begin("Comparing the pictures")
            self._comparing.start(partial(least_alike, self._dataset))
        entries = filtered(self._entries, wanted)
        self.gallery.show_entries(entries)
        if unknown:
            text = "The pictures are being compared..."
        elif not entries and self._entries:
            text = "No picture fits what is asked for. Show all brings them back."
        else:
            text = _count(entries, self._entries, self._opened)
        self.count.setText(breakable(text))
        self._show_chosen()

    @Slot()
    def _show_chosen(self) -> None:
        chosen = self.gallery.chosen
        self.facts.show_entries(chosen)
        copies = near_copies_of(chosen[0], self._entries) if chosen else []
        self.copies.show_entries(copies)
        self.copies.setVisible(bool(copies))
        self.copies_title.setVisible(bool(copies))

    # --- correcting ---

    @Slot(str)
    def _relabel(self, code: str) -> None:
        self.corrections.relabel(self.gallery.chosen, code)

    @Slot(bool)
    def _exclude(self, out: bool) -> None:
        (self.corrections.exclude if out else self.corrections.include)(self.gallery.chosen)

    @Slot(bool)
    def _group(self, together: bool) -> None:
        (self.corrections.group if together else self.corrections.ungroup)(self.gallery.chosen)

    @Slot(str)
    def _note(self, text: str) -> None:
        self.corrections.note(self.gallery.chosen, text)

    # --- exporting ---

    @Slot()
    def ask_and_export(self) -> None:
        """Choose a file, and write the cleaned table into it."""
        if self._opened is None:
            return
        file = ask_for_file(self, "Export the cleaned table", f"{self._path.stem}-cleaned", "Tables (*.csv)")
        if file is not None:
            self.export(file)

    def export(self, file: Path) -> None:
        """Write the data set as a run would use it."""
        if self._opened is not None:
            work = partial(export_cleaned, file, self._opened.dataset, self.corrections.corrections)
            self._exporting.start(work)

    @Slot(object)
    def _on_exported(self, table: CleanedTable) -> None:
        left = f" {table.left_out:,} are left out: by you, or because they can not be used." if table.left_out else ""
        self.banner.show_message(f"{table.images:,} images were written to {table.file}.{left}", "success")


def _count(entries: Sequence[PictureEntry], every: Sequence[PictureEntry], opened: OpenedData | None) -> str:
    if opened is None:
        return ""
    pictures = "1 picture" if len(every) == 1 else f"{len(every):,} pictures"
    shown = pictures if len(entries) == len(every) else f"{len(entries):,} of {pictures}"
    return f"{shown} · {opened.reason}"
