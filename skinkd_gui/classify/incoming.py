"""Where images come from: dialogs, the clipboard, what is dropped."""

from __future__ import annotations

import weakref
from pathlib import Path

from PySide6.QtCore import QMimeData, QStandardPaths, Signal, Slot
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from core.data.decoding import IMAGE_SUFFIXES
from skinkd_gui.classify.dropping import take
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.helper import Helper

_FOLDER = "classify/folder"


class Incoming(Helper[QWidget]):
    """Asks for images, or takes what is given, and tells of it."""

    files = Signal(object)  # list[Path] of files and folders to classify
    picture = Signal(QImage, object)  # a picture that is in no file yet, and the Path of one for it
    models = Signal(object)  # tuple[Path, ...] of model files or run folders

    def __init__(self, owner: QWidget) -> None:
        super().__init__(owner)
        self._pasted_folder: Path | None = None
        self._pasted_count = 0

    @property
    def pasted_folder(self) -> Path | None:
        """Where pasted pictures are, until the tab goes or the program ends; None before the first."""
        return self._pasted_folder

    @Slot()
    def ask_for_images(self) -> None:
        """Choose images to classify."""
        endings = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        filters = f"Images ({endings});;All files (*)"
        names, _ = QFileDialog.getOpenFileNames(self.owner, "Open images", last_folder(), filters)
        if names:
            _remember_folder(Path(names[0]).parent)
            self.files.emit([Path(name) for name in names])

    @Slot()
    def ask_for_folder(self) -> None:
        """Choose a folder of images to classify."""
        name = QFileDialog.getExistingDirectory(self.owner, "Open a folder of images", last_folder())
        if name:
            _remember_folder(Path(name))
            self.files.emit([Path(name)])

    def paste(self) -> bool:
        """Take pictures, or copied files and folders, from the clipboard; False where there are none."""
        return self.take(QGuiApplication.clipboard().mimeData())

    def take(self, mime: QMimeData) -> bool:
        """Take what was dropped or copied; False where there is nothing in it."""
        dropped = take(mime)
        if dropped.models:
            self.models.emit(dropped.models)
        if dropped.paths:
            self.files.emit(list(dropped.paths))
        if dropped.picture is not None:
            self.picture.emit(dropped.picture, self._pasted_file())
        return bool(dropped)

    def _pasted_file(self) -> Path:
        """A file for a pasted picture, in a folder that goes when the tab goes. Raises `SkinKDError`."""
        from core.sessions.pasted import new_pasted_folder, remove_pasted_folder

        if self._pasted_folder is None:
            self._pasted_folder = new_pasted_folder()
            weakref.finalize(self, remove_pasted_folder, self._pasted_folder)
        self._pasted_count += 1
        return self._pasted_folder / f"pasted-{self._pasted_count}.png"


def last_folder() -> str:
    """The folder that images were opened from last."""
    pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return str(open_store().value(_FOLDER, pictures))


def _remember_folder(folder: Path) -> None:
    open_store().setValue(_FOLDER, str(folder))
