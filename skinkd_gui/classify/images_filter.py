"""Which rows of the list of images are shown; the rows keep the order of the list."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.kinds import Kind


class ImagesFilter(QSortFilterProxyModel):
    """Shows the images of one kind, or all. Sorting is the list's own: it is quicker there."""

    def __init__(self, images: ClassifiedImagesModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._images = images
        self._kind: Kind | None = None
        self.setSourceModel(images)

    @property
    def kind(self) -> Kind | None:
        """The kind that is shown, None for all."""
        return self._kind

    def show_kind(self, kind: Kind | None) -> None:
        """Show the images of one kind, or all."""
        if kind != self._kind:
            self._kind = kind
            self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex) -> bool:
        """Whether a row of the list is shown."""
        return self._kind is None or bool(self._images.kinds(source_row) & self._kind)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort the list itself."""
        self._images.sort(column, order)

    def row_of(self, index: QModelIndex) -> int:
        """The row in the list of an index shown here; -1 for none."""
        return self.mapToSource(index).row() if index.isValid() else -1
