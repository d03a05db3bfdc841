"""What was dropped or pasted: model files, image files and folders, or a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QImage

from skinkd_gui.classify.classify_worker import MODEL_SUFFIXES
from skinkd_gui.widgets.dragged import dragged_files

_FEW = 3
"""So many dropped things are looked at on the spot; more can hardly be models."""


@dataclass(frozen=True)
class Dropped:
    """Model files or run folders, everything else that is on disk, and a picture that is on none."""

    models: tuple[Path, ...] = ()
    paths: tuple[Path, ...] = ()
    picture: QImage | None = None

    def __bool__(self) -> bool:
        return bool(self.models or self.paths) or self.picture is not None


def welcome(mime: QMimeData) -> bool:
    """Whether there may be something in it."""
    return bool(dragged_files(mime)) or mime.hasImage()


def take(mime: QMimeData) -> Dropped:
    """Sort out what there is; files win over the picture that browsers send beside them."""
    files = dragged_files(mime)
    if files:
        models = tuple(path for path in files if is_model(path, open_folder=len(files) <= _FEW))
        return Dropped(models, tuple(path for path in files if path not in models))
    image = mime.imageData() if mime.hasImage() else None
    return Dropped(picture=image) if isinstance(image, QImage) and not image.isNull() else Dropped()


def is_model(path: Path, *, open_folder: bool = True) -> bool:
    """Whether a path is a model file, or (with `open_folder`) a run folder with its model."""
    if path.suffix.lower() in MODEL_SUFFIXES:
        return True
    return open_folder and (path / "recipe.toml").is_file() and (path / "model.safetensors").is_file()
