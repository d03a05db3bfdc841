"""Which runs are to be imported: zip files and folders, several at once, chosen or dropped."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractItemView, QFileDialog, QListWidget, QWidget

from skinkd_gui.widgets.dragged import dragged_files
from skinkd_gui.widgets.flow_layout import flow_of
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button

_ABOUT = (
    "Runs of other computers: zip files that “Export run...” has written, or folders of runs. A folder with several of "
    "them brings all. Drop files and folders here, or add them."
)


class ImportDialog(PassingDialog):
    """Call `open`; after `accepted` the runs are in `sources`."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent, "importDialog", "Import runs", QSize(620, 380))
        self.setAcceptDrops(True)
        self.sources: tuple[Path, ...] = ()
        add_files = make_button("Add &zip files...", "importFilesButton", self, self._ask_files)
        add_folder = make_button("Add a &folder...", "importFolderButton", self, self._ask_folder)
        self._remove = make_button("&Remove", "importRemoveButton", self, self._remove_chosen)
        self.list = named(QListWidget(self), "importList", "Runs to import")
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.itemSelectionChanged.connect(self._update)
        cancel = make_button("Cancel", "importCancelButton", self, self.reject)
        self._import = make_button("&Import", "importStartButton", self, self.accept, primary=True)
        self._import.setDefault(True)
        about = make_label(_ABOUT, "", self, wrap=True)
        buttons = flow_of(add_files, add_folder, self._remove, parent=self)
        column_of(about, buttons, (self.list, 1), row_of(STRETCH, cancel, self._import), on=self, spacing=10)
        self._update()

    def add(self, paths: Sequence[Path]) -> None:
        """Put files and folders on the list, those of several runs one by one."""
        new = [run for path in paths for run in runs_in(path) if run not in self.sources]
        self.sources = (*self.sources, *dict.fromkeys(new))
        self._fill()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files and folders."""
        if dragged_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Take what was dropped."""
        event.acceptProposedAction()
        self.add(dragged_files(event.mimeData()))

    @Slot()
    def _ask_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Runs in zip files", "", "Runs in zip files (*.zip)")
        self.add([Path(name) for name in names])

    @Slot()
    def _ask_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Folder of a run, or of several"):
            self.add([Path(name)])

    @Slot()
    def _remove_chosen(self) -> None:
        gone = {self.list.row(item) for item in self.list.selectedItems()}
        self.sources = tuple(path for row, path in enumerate(self.sources) if row not in gone)
        self._fill()

    def _fill(self) -> None:
        self.list.clear()
        self.list.addItems([str(path) for path in self.sources])
        self._update()

    @Slot()
    def _update(self) -> None:
        count = len(self.sources)
        self._import.setText("&Import" if count < 2 else f"&Import {count:,} runs")
        self._import.setEnabled(count > 0)
        self._remove.setEnabled(bool(self.list.selectedItems()))


def runs_in(path: Path) -> list[Path]:
    """The runs that a file or folder stands for: itself, or those that lie in a folder which is none. A folder without
    any, or that can not be read, stands for itself: the import says what it lacks."""
    if not path.is_dir() or (path / "recipe.toml").is_file():
        return [path]
    try:
        inside = sorted(path.iterdir())
    except OSError:  # may not be read
        return [path]
    found = [each for each in inside if each.suffix.lower() == ".zip" or (each / "recipe.toml").is_file()]
    return found or [path]
