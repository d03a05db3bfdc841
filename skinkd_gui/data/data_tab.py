"""The Data tab: a data set is opened, looked at and mended."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from core.data.choices import NO_CHOICES, Choice, Choices
from core.data.names import matched
from core.errors import SkinKDError
from skinkd_gui.data.choosing import ChoiceView
from skinkd_gui.data.data_top_bar import DataTopBar
from skinkd_gui.data.entries import Aspect, filtered, near_copies_of
from skinkd_gui.data.facts_panel import DataFactsPanel
from skinkd_gui.data.folder_comparison import FolderComparison
from skinkd_gui.data.gallery import Gallery
from skinkd_gui.data.gallery_filter import GalleryFilterBar
from skinkd_gui.data.opening import CleanedTable, LabelFindings, OpenedData
from skinkd_gui.data.recents import RecentDataMenu
from skinkd_gui.data.session import DataSession
from skinkd_gui.training.wizard.data_widgets import JobProgressRow
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.disk_watch import DiskWatch
from skinkd_gui.widgets.dragged import dragged_files
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, split
from skinkd_gui.widgets.saving import ask_for_file
from skinkd_gui.workers.job import JobEnd

_TABLES = "Tables (*.csv *.tsv *.xlsx);;All files (*)"
_WELCOME = (
    "Open a folder of pictures with their labels, or a table that names them. You see every picture, what is wrong "
    "with it, and can correct labels. Your files stay as they are, and nothing leaves this computer."
)


class DataTab(QWidget):
    """Shows the data set of its session; the gallery can be used while the pictures are being opened."""

    def __init__(self, parent: QWidget | None, runs_root: Path) -> None:
        super().__init__(parent)
        self.setObjectName("dataTab")
        self.setAccessibleName("Data")
        self.setAcceptDrops(True)
        self._runs_root = runs_root
        self._path = Path()
        self._names: frozenset[str] = frozenset()  # asked for before the data were read
        self._run: Path | None = None
        self.session = DataSession(self)
        self._build()
        self._connect()
        self._connect_session()

    # --- building ---

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
        self.comparison = FolderComparison(self)
        self.banner = Banner(self)
        self.banner.setObjectName("dataBanner")
        self.changed_banner = Banner(self)
        self.changed_banner.setObjectName("dataChangedBanner")
        self.changed_banner.add_button("Look again", "dataChangedButton", self.read_again)
        self._watch = DiskWatch(self)
        self._watch.changed.connect(self._tell_changed)
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
        above = (self.bar, self.filters, self.progress, self.comparison, self.changed_banner, self.banner, self.count)
        column_of(*above, (body, 1), on=self._content)
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
        self.bar.reading_wanted.connect(self.read_again)
        self.bar.run_chosen.connect(self.session.ask)
        self.bar.comparison_wanted.connect(self.ask_and_compare)
        self.bar.export_wanted.connect(self.ask_and_export)
        self.filters.changed.connect(self._show)
        self.gallery.selectionModel().selectionChanged.connect(self._show_chosen)
        self.gallery.entries.modelReset.connect(self._show_chosen)
        self.facts.relabelled.connect(self._relabel)
        self.facts.exclusion_toggled.connect(self._exclude)
        self.facts.grouping_toggled.connect(self._group)
        self.facts.noted.connect(self._note)

    def _connect_session(self) -> None:
        self.progress.stopped.connect(self.session.stop)
        self.session.read.connect(self._on_read)
        self.session.choice_needed.connect(self._on_choice_needed)
        self.session.changed.connect(self._refresh)
        self.session.asked.connect(self._on_asked)
        self.session.begun.connect(self.progress.begin)
        self.session.progressed.connect(self.progress.show_progress)
        self.session.rested.connect(self._on_rested)
        self.session.ready.connect(self._show)
        self.session.exported.connect(self._on_exported)
        self.session.failed.connect(self._on_failed)

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

    @Slot()
    def read_again(self) -> None:
        """Read the same data once more: they may have been corrected. What was decided about them stays."""
        if self._path != Path():
            self._read(self._path, self.session.choices)

    @Slot()
    def _tell_changed(self) -> None:
        if self.session.opened is not None:
            self.changed_banner.show_message("These data have changed on the disk since they were read.", "warning")

    def show_images(self, path: Path, names: Collection[str], run: Path | None = None) -> None:
        """Show these images of a data set, with what the run in a folder says of them."""
        self._names, self._run = frozenset(names), run
        opened = self.session.opened
        if opened is not None and self._path == path and (run is None or run in (each.folder for each in opened.runs)):
            self._show_asked_for()
        else:
            self._read(path, NO_CHOICES)

    def _read(self, path: Path, choices: Choices) -> None:
        self._path = path
        self._watch.stop()
        self.changed_banner.show_message("")
        self.progress.hide()
        self.comparison.drop()
        self.bar.show_path(path)
        self.filters.setEnabled(False)
        self._pages.setCurrentWidget(self._content)
        self.session.open(path, self._runs_root, self._run, choices)
        self._refresh()
        self.banner.show_message("Reading the tables and folders...")

    @Slot(object)
    def _read_with(self, choices: Choices) -> None:
        self._read(self._path, choices)

    @Slot(object)
    def _on_choice_needed(self, choice: Choice) -> None:
        self.choice.ask(choice, self.session.choices)
        self._pages.setCurrentWidget(self.choice)

    @Slot(object)
    def _on_read(self, opened: OpenedData) -> None:
        self._watch.watch_paths(opened.paths)
        self.facts.show_classes(opened.dataset.classes)
        self.filters.setEnabled(True)
        self.filters.clear()
        self.bar.show_data(opened)
        self._show_asked_for()

    def _show_asked_for(self) -> None:
        if self._names:
            own = [entry.name for entry in self.session.entries]
            self.filters.show_names(frozenset(matched(self._names, own).values()))
        if self._run is not None:
            self.bar.choose_run(self._run)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a folder or file."""
        if dragged_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first folder or file dropped."""
        if files := dragged_files(event.mimeData()):
            event.acceptProposedAction()
            self.open(files[0])

    # --- what the session tells ---

    @Slot(object)
    def _on_rested(self, end: JobEnd) -> None:
        self.progress.hide()
        if end.cancelled:
            self.filters.clear()
            text = "Stopped: what is damaged, there twice, nearly the same or unlike the rest is not all known."
            self.banner.show_message(text, "warning")

    @Slot(object)
    def _on_asked(self, findings: LabelFindings) -> None:
        if findings.suspected and not self._names:
            self.filters.show_aspect(Aspect.SUSPECTED)

    @Slot(object)
    def _on_failed(self, error: SkinKDError) -> None:
        self.banner.show_message(f"{error.title}. {error.summary}", "error")

    # --- showing ---

    @Slot()
    def _refresh(self) -> None:
        """More is known of the pictures, or they were corrected."""
        if self.session.opened is not None:
            self.filters.offer(self.session.entries, self.session.opened.dataset.classes)
            self.banner.show_message(self.session.note)
        self._show()

    @Slot()
    def _show(self) -> None:
        wanted, every = self.filters.wanted, self.session.entries
        entries = filtered(every, wanted)
        self.gallery.show_entries(entries)
        if wanted.aspect is Aspect.UNUSUAL and not self.session.compared:
            self.session.compare()
            text = "The pictures are being compared..."
        elif not entries and every:
            text = "No picture fits what is asked for. Show all brings them back."
        else:
            text = _count(len(entries), len(every), self.session.opened)
        self.count.setText(breakable(text))
        self._show_chosen()

    @Slot()
    def _show_chosen(self) -> None:
        chosen = self.gallery.chosen
        self.facts.show_entries(chosen)
        copies = near_copies_of(chosen[0], self.session.entries) if chosen else []
        self.copies.show_entries(copies)
        self.copies.setVisible(bool(copies))
        self.copies_title.setVisible(bool(copies))

    # --- correcting ---

    @Slot(str)
    def _relabel(self, code: str) -> None:
        self.session.corrections.relabel(self.gallery.chosen, code)

    @Slot(bool)
    def _exclude(self, out: bool) -> None:
        change = self.session.corrections.exclude if out else self.session.corrections.include
        change(self.gallery.chosen)

    @Slot(bool)
    def _group(self, together: bool) -> None:
        change = self.session.corrections.group if together else self.session.corrections.ungroup
        change(self.gallery.chosen)

    @Slot(str)
    def _note(self, text: str) -> None:
        self.session.corrections.note(self.gallery.chosen, text)

    # --- comparing and exporting ---

    @Slot()
    def ask_and_compare(self) -> None:
        """Choose a folder, and see how its pictures differ from those of the data set."""
        if self.session.opened is not None:
            self.comparison.ask_for_folder(self.session.opened)

    @Slot()
    def ask_and_export(self) -> None:
        """Choose a file, and write the cleaned table into it."""
        file = ask_for_file(self, "Export the cleaned table", f"{self._path.stem}-cleaned", "Tables (*.csv)")
        if file is not None:
            self.session.export(file)

    @Slot(object)
    def _on_exported(self, table: CleanedTable) -> None:
        left = f" {table.left_out:,} are left out: by you, or because they can not be used." if table.left_out else ""
        self.banner.show_message(f"{table.images:,} images were written to {table.file}.{left}", "success")


def _count(shown: int, every: int, opened: OpenedData | None) -> str:
    if opened is None:
        return ""
    pictures = "1 picture" if every == 1 else f"{every:,} pictures"
    return f"{pictures if shown == every else f'{shown:,} of {pictures}'} · {opened.reason}"
