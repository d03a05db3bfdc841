"""Drop images, see what a model makes of them, save the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QModelIndex, QStandardPaths, Qt, QTemporaryDir, QUrl, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QGuiApplication, QImage, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from core.data.decoding import IMAGE_SUFFIXES
from core.errors import SkinKDError
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING, Classification
from skinkd_gui.classify.classify_worker import ModelChoice
from skinkd_gui.classify.controls import ProgressRow, make_button, make_table, scrolled
from skinkd_gui.classify.details_panel import DetailsPanel
from skinkd_gui.classify.facts import ModelAnswer, ShownImage
from skinkd_gui.classify.images_model import ImagesModel
from skinkd_gui.classify.model_chooser import ModelChooser
from skinkd_gui.classify.session import ClassifySession
from skinkd_gui.settings.store import open_store
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label

_FOLDER = "classify/folder"


class ClassifyTab(QWidget):
    """The tab. It speaks to the main window only through `train_requested`."""

    train_requested = Signal()  # the user has no model and wants to train one

    def __init__(self, parent: QWidget | None, runs_root: Path) -> None:
        super().__init__(parent)
        self.setObjectName("classifyTab")
        self.setAcceptDrops(True)
        self._images = ImagesModel(self)
        self._session = ClassifySession(self._images, self)
        self._chooser = ModelChooser(runs_root, self)
        self._pasted_folder: QTemporaryDir | None = None
        self._pasted_count = 0
        self._build()
        self._connect()
        self._update()
        self.refresh_models()

    def refresh_models(self) -> None:
        """Read the finished runs again, for instance after one has ended."""
        self._chooser.refresh()

    def set_runs_root(self, runs_root: Path) -> None:
        """Offer the runs of another folder."""
        self._chooser.set_runs_root(runs_root)

    def choose_model(self, source: Path) -> None:
        """Choose a run folder or model file; one that can not be used is shown as an error."""
        try:
            self._chooser.choose(source)
        except SkinKDError as error:
            show_error(self, error)

    def add_paths(self, paths: Sequence[Path]) -> None:
        """List files and the images in folders, and classify them as soon as there is a model."""
        if paths:
            self._session.add(list(paths))

    def export_to(self, file: Path) -> None:
        """Write the results as CSV or JSON by the file's ending."""
        self._session.write(file)

    def shut_down(self) -> None:
        """Stop all work and wait for it."""
        for part in (self._session, self._chooser, self._images, self._details):
            part.shut_down()

    def _build(self) -> None:
        self._open_images = make_button("Open images...", "classifyOpenImagesButton", self)
        self._open_folder = make_button("Open folder...", "classifyOpenFolderButton", self)
        self._paste = make_button("Paste", "classifyPasteButton", self)
        self._export = make_button("Export...", "classifyExportButton", self, tip="Save the table as CSV or JSON")
        self._clear = make_button("Clear list", "classifyClearButton", self)
        model_label = make_label("&Model:", "", self)
        model_label.setBuddy(self._chooser)
        top = QHBoxLayout()
        top.addWidget(model_label)
        top.addWidget(self._chooser, 1)
        for button in (self._open_images, self._open_folder, self._paste, self._export, self._clear):
            top.addWidget(button)
        self._banner = _banner(self)
        self._table = make_table(self._images, self)
        self._details = DetailsPanel(self)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._table)
        splitter.addWidget(scrolled(self._details, self))
        splitter.setSizes([680, 560])
        self._no_model, self._no_images = self._build_empty_states()
        self._stack = QStackedWidget(self)
        for widget in (splitter, self._no_model, self._no_images):
            self._stack.addWidget(widget)
        self._list = splitter
        self._progress = ProgressRow(self)
        research = make_label(RESEARCH_USE, "muted", self)
        research.setObjectName("classifyResearchUse")
        bottom = QHBoxLayout()
        bottom.setSpacing(24)
        bottom.addWidget(research)
        bottom.addWidget(self._progress, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self._banner)
        layout.addWidget(self._stack, 1)
        layout.addLayout(bottom)

    def _build_empty_states(self) -> tuple[EmptyState, EmptyState]:
        no_model = EmptyState(
            "train",
            "No model yet",
            "Images are classified by a model that you trained. Train one first (the built-in sample set will do), "
            "or open a model file that someone gave you.",
            self,
        )
        no_model.setObjectName("classifyNoModel")
        train = no_model.add_button("Train a model...", "classifyTrainButton", primary=True)
        train.clicked.connect(self.train_requested)
        open_model = no_model.add_button("Open a model file...", "classifyOpenModelButton")
        open_model.clicked.connect(self._chooser.ask_for_file)
        no_images = EmptyState(
            "image",
            "Drop images here",
            "Drop pictures of lesions, or folders of them, anywhere on this page, paste them, or open them. "
            "They stay on this computer.",
            self,
        )
        no_images.setObjectName("classifyNoImages")
        images = no_images.add_button("Open images...", "classifyEmptyOpenImagesButton", primary=True)
        images.clicked.connect(self._ask_for_images)
        folder = no_images.add_button("Open folder...", "classifyEmptyOpenFolderButton")
        folder.clicked.connect(self._ask_for_folder)
        return no_model, no_images

    def _connect(self) -> None:
        self._open_images.clicked.connect(self._ask_for_images)
        self._open_folder.clicked.connect(self._ask_for_folder)
        self._paste.clicked.connect(self.paste)
        self._export.clicked.connect(self._ask_and_export)
        self._clear.clicked.connect(self._clear_list)
        self._progress.cancelled.connect(self._session.cancel)
        self._progress.go_on.connect(self._session.go_on)
        self._chooser.chosen.connect(self._take_model)
        self._chooser.listed.connect(self._update)
        self._session.changed.connect(self._update)
        self._session.updated.connect(self._refresh_details)
        self._session.progressed.connect(self._progress.show_progress)
        self._session.noticed.connect(self._progress.show_notice)
        self._session.failed.connect(self._show_error)
        self._session.written.connect(self._progress.show_written)
        self._table.selectionModel().currentRowChanged.connect(self._show_row)
        self._images.modelReset.connect(self._details.show_nothing)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.paste)

    @Slot()
    def _clear_list(self) -> None:
        self._session.clear()
        self._progress.show_text("")

    @Slot()
    def paste(self) -> None:
        """Take pictures, or copied files and folders, from the clipboard."""
        if not self._take_mime(QGuiApplication.clipboard().mimeData()):
            self._progress.show_text("There is no picture and no image file on the clipboard.")

    @Slot()
    def _ask_for_images(self) -> None:
        endings = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        filters = f"Images ({endings});;All files (*)"
        names, _ = QFileDialog.getOpenFileNames(self, "Open images", self._last_folder(), filters)
        if names:
            self._remember_folder(Path(names[0]).parent)
            self.add_paths([Path(name) for name in names])

    @Slot()
    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open a folder of images", self._last_folder())
        if name:
            self._remember_folder(Path(name))
            self.add_paths([Path(name)])

    @Slot()
    def _ask_and_export(self) -> None:
        proposed = str(Path(self._last_folder()) / "classifications.csv")
        name, chosen = QFileDialog.getSaveFileName(
            self, "Export the table", proposed, "CSV table (*.csv);;JSON document (*.json)"
        )
        if name:
            file = Path(name)
            ending = ".json" if "json" in chosen else ".csv"
            self.export_to(file if file.suffix.lower() in {".csv", ".json"} else file.with_name(file.name + ending))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files, folders and pictures."""
        if _files_in(event.mimeData()) or event.mimeData().hasImage():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Anywhere on the tab."""
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Only collect; everything else happens in a worker."""
        if self._take_mime(event.mimeData()):
            event.acceptProposedAction()

    def _take_mime(self, mime: QMimeData) -> bool:
        files = _files_in(mime)
        if files:
            self.add_paths(files)
            return True
        image = mime.imageData() if mime.hasImage() else None
        if isinstance(image, QImage) and not image.isNull():
            self._session.add([], [(image, self._pasted_file())])
            return True
        return False

    def _pasted_file(self) -> Path:
        """A file for a pasted picture, in a folder that goes when the tab goes."""
        if self._pasted_folder is None:
            self._pasted_folder = QTemporaryDir()
        self._pasted_count += 1
        return Path(self._pasted_folder.filePath(f"pasted-{self._pasted_count}.png"))

    @Slot(object)
    def _take_model(self, choice: ModelChoice | None) -> None:
        self._session.set_model(choice.source if choice else None)
        self._show_current()

    @Slot()
    def _update(self) -> None:
        """Bring buttons, banner and the page that is shown in line with the state."""
        rows, choice = self._images.rowCount(), self._chooser.choice
        page = self._list if rows else self._no_images if choice else self._no_model
        self._stack.setCurrentWidget(page)
        self._export.setEnabled(self._session.info is not None and self._images.has_results)
        self._clear.setEnabled(rows > 0)
        self._banner.setVisible(choice is not None and choice.synthetic)
        self._progress.show_state(
            busy=self._session.busy, cancelling=self._session.cancelling, can_go_on=self._session.can_go_on
        )
        if rows and choice is None:
            self._progress.show_text("Choose a model above, or train one, to classify these images.")
        if rows and not self._table.currentIndex().isValid():
            self._table.selectRow(0)

    @Slot(QModelIndex, QModelIndex)
    def _show_row(self, current: QModelIndex, previous: QModelIndex) -> None:
        self._show_current()

    @Slot(object)
    def _refresh_details(self, results: tuple[Classification, ...]) -> None:
        row = self._table.currentIndex().row()
        if row >= 0 and any(result.path == self._images.path(row) for result in results):
            self._show_current()

    def _show_current(self) -> None:
        row = self._table.currentIndex().row()
        if row < 0:
            self._details.show_nothing()
            return
        choice = self._chooser.choice
        path, result = self._images.path(row), self._images.result(row)
        first = None if choice is None else ModelAnswer(choice, result, self._session.classifier)
        self._details.show_facts(ShownImage(path, first))

    @Slot(object)
    def _show_error(self, error: SkinKDError) -> None:
        show_error(self, error)

    def _last_folder(self) -> str:
        pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
        return str(open_store().value(_FOLDER, pictures))

    def _remember_folder(self, folder: Path) -> None:
        open_store().setValue(_FOLDER, str(folder))


def _files_in(mime: QMimeData) -> list[Path]:
    urls: list[QUrl] = mime.urls() if mime.hasUrls() else []
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]


def _banner(parent: QWidget) -> QFrame:
    frame = QFrame(parent)
    frame.setObjectName("classifySyntheticBanner")
    frame.setProperty("role", "warning")
    row = QHBoxLayout(frame)
    row.addWidget(make_label(SYNTHETIC_WARNING, "", frame, wrap=True))
    return frame
