"""Drop images, see what a model makes of them and whether to trust it, save the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent, QImage, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from core.errors import SkinKDError
from core.events import Level, Notice
from core.inference.patients.facts import PatientFacts
from core.inference.patients.tables import PatientColumns
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING
from core.inference.triage import MelanomaThreshold
from core.inference.trust import DEFAULT_READERSHIP
from skinkd_gui.classify.classify_worker import Collected, ModelChoice
from skinkd_gui.classify.controls import ProgressRow
from skinkd_gui.classify.dropping import welcome
from skinkd_gui.classify.empty_states import NoImages, NoModel
from skinkd_gui.classify.export_dialog import ClassificationExportDialog, ExportSource
from skinkd_gui.classify.folder_facts import FolderFacts
from skinkd_gui.classify.images_model import ClassifiedImagesModel
from skinkd_gui.classify.images_pane import ImagesPane
from skinkd_gui.classify.incoming import Incoming, last_folder
from skinkd_gui.classify.kinds import Kind, Which
from skinkd_gui.classify.labels_bar import LabelsBar
from skinkd_gui.classify.list_sessions import ListSessions
from skinkd_gui.classify.model_card import ModelCard
from skinkd_gui.classify.model_catalog import ModelCatalog
from skinkd_gui.classify.news import News
from skinkd_gui.classify.operating_point_view import ThresholdUse
from skinkd_gui.classify.patients import Patients
from skinkd_gui.classify.patients_dialog import PatientsDialog
from skinkd_gui.classify.saved_sessions import OpenedSession, SavedAs, as_listed
from skinkd_gui.classify.session import ClassifySession, Listed
from skinkd_gui.classify.top_bar import TopBar
from skinkd_gui.settings.store import Settings, load_settings
from skinkd_gui.undo import changed
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, row_of


class ClassifyTab(QWidget):
    """The tab. It speaks to the main window only through its signals."""

    train_requested = Signal()  # the user has no model and wants to train one
    data_requested = Signal(object, str)  # a data set, and the name of an image of it, to show in Data
    level_chosen = Signal(float)  # another level of the prediction sets was chosen here; keep it in the settings

    def __init__(self, parent: QWidget | None, runs_root: Path) -> None:
        super().__init__(parent)
        self.setObjectName("classifyTab")
        self.setAcceptDrops(True)
        self._images = ClassifiedImagesModel(self)
        self._session = ClassifySession(self._images, self)
        self._facts = FolderFacts(self._images, self)
        self._catalog = ModelCatalog(runs_root, self)
        self._patients = Patients(self)
        self._incoming = Incoming(self)
        self._reader = DEFAULT_READERSHIP
        self._outdated = False  # the list of models, while nobody looks
        self._build()
        self._sessions = ListSessions(self, self._images, self._session, self._facts, self._incoming, self._patients)
        self._connect()
        self.apply_settings(load_settings())
        self._update()
        self.refresh_models()

    @Slot()
    def _models_changed(self) -> None:
        """Runs were copied in, or went: they are read while somebody looks, otherwise when somebody does."""
        self._outdated = not self.isVisible()
        if not self._outdated:
            self.refresh_models()

    def showEvent(self, event: QShowEvent) -> None:
        """Read what has changed meanwhile."""
        super().showEvent(event)
        if self._outdated:
            self._outdated = False
            self.refresh_models()

    # --- for the main window ---

    def refresh_models(self) -> None:
        """Read the finished runs again, for instance after one has ended."""
        self._catalog.refresh()

    def load_model(self) -> None:
        """Load the chosen model, and later ones as they are chosen, before an image needs it."""
        self._session.load_ahead()

    def set_runs_root(self, runs_root: Path) -> None:
        """Offer the runs of another folder."""
        self._catalog.set_runs_root(runs_root)

    def apply_settings(self, settings: Settings) -> None:
        """Take up what the preferences say of the record, the certainty and the reader."""
        self._session.recorder.switch(settings.keep_record)
        self._session.set_level(settings.level, settings.benign_level)
        self._summary.set_level(settings.level)
        self._reader = settings.reader
        self._pane.set_reader(settings.reader)

    def choose_model(self, source: Path) -> None:
        """Choose a run folder or model file; one that can not be used is shown as an error."""
        self._top.chooser.choose(source)

    def compare_with(self, source: Path | None) -> None:
        """Choose the model to compare with; None for no other."""
        if source is None:
            self._top.second.choose_none()
        else:
            self._top.second.choose(source)

    @Slot(object)
    def add_paths(self, paths: Sequence[Path]) -> None:
        """List files and the images in folders, and classify them as soon as there is a model."""
        if paths:
            self._session.add(list(paths))

    @Slot()
    def try_demonstration(self) -> None:
        """Classify the pictures of the demonstration with its model."""
        from core.demo.demonstration import demonstration

        try:
            found = demonstration()
        except SkinKDError as error:
            show_error(self, error)
            return
        self.choose_model(found.model)
        self.add_paths(found.pictures)

    @property
    def unsaved_reviews(self) -> int:
        """How many images were reviewed in a list that was not saved."""
        return self._sessions.unsaved_reviews

    def save_changes(self) -> None:
        """Save what has changed of a saved session, now."""
        self._sessions.flush()

    # --- layout ---

    def _build(self) -> None:
        self._top = TopBar(self._catalog, self)
        self._banner = Banner(self)
        self._banner.setObjectName("classifySyntheticBanner")
        self._news = News(self)
        self._labels = LabelsBar(self._facts, self)
        self._pane = ImagesPane(self._images, self._session, self)
        self._summary, self._details = self._pane.summary, self._pane.details
        self._details.data_asked.connect(self.data_requested)
        self._details.recalibrated.connect(self._session.load_again)
        self._details.threshold_chosen.connect(self._take_threshold)
        self._no_model, self._no_images = NoModel(self), NoImages(self)
        self._stack = QStackedWidget(self)
        for widget in (self._pane, self._no_model, self._no_images):
            self._stack.addWidget(widget)
        self._progress = ProgressRow(self)
        self._research = make_label(RESEARCH_USE, "muted", self, name="classifyResearchUse")
        column_of(
            self._top,
            self._banner,
            self._news,
            self._labels,
            (self._stack, 1),
            row_of(self._research, (self._progress, 1), spacing=24),
            on=self,
        )

    def _connect(self) -> None:
        self._connect_input()
        self._catalog.listed.connect(self._update)
        self._catalog.outdated.connect(self._models_changed)
        self._progress.cancelled.connect(self._session.cancel)
        self._progress.go_on.connect(self._session.go_on)
        self._session.changed.connect(self._update)
        self._session.collected.connect(self._take_files)
        self._session.progressed.connect(self._progress.show_progress)
        self._facts.changed.connect(self._update)
        for noticed in (self._session.noticed, self._facts.noticed, self._sessions.noticed):
            noticed.connect(self._tell)
        for failed in (self._session.failed, self._facts.failed, self._catalog.failed, self._sessions.failed):
            failed.connect(self._show_error)
        self._pane.filtered.connect(self._update)
        self._images.reviewed.connect(self._update)
        self._summary.level_chosen.connect(self._take_level)
        self._summary.threshold_dropped.connect(self._drop_threshold)

    def _connect_input(self) -> None:
        top, incoming = self._top, self._incoming
        for button in (top.open_images, self._no_images.open_images):
            button.clicked.connect(self.ask_for_images)
        for button in (top.open_folder, self._no_images.open_folder):
            button.clicked.connect(self.ask_for_folder)
        top.card.clicked.connect(self.open_card)
        top.paste.clicked.connect(self.paste)
        top.sessions.clicked.connect(self._sessions.open_dialog)
        top.export.clicked.connect(self.open_export)
        top.patients.clicked.connect(self.open_patients)
        top.clear.clicked.connect(self._clear_list)
        top.chooser.chosen.connect(self._take_model)
        top.second.chosen.connect(self._take_second)
        top.averaged.toggled.connect(self._session.set_averaged)
        self._no_model.demonstrate.clicked.connect(self.try_demonstration)
        incoming.files.connect(self.add_paths)
        incoming.picture.connect(self._take_picture)
        incoming.models.connect(self._take_models)
        self._no_model.train.clicked.connect(self.train_requested)
        self._no_model.open_model.clicked.connect(top.chooser.ask_for_file)
        self._sessions.opened.connect(self._show_session)
        self._sessions.changed.connect(self._update)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.paste)

    # --- in ---

    @Slot()
    def paste(self) -> None:
        """Take pictures, or copied files and folders, from the clipboard."""
        if not self._incoming.paste():
            self._progress.show_text("There is no picture and no image file on the clipboard.")

    @Slot()
    def open_card(self) -> None:
        """Show what the model is and how good."""
        choice = self._top.chooser.choice
        if choice is not None:
            card = ModelCard(self, choice.source, used=ThresholdUse(True, self._session.threshold))
            card.recalibrated.connect(self._session.load_again)
            card.threshold_chosen.connect(self._take_threshold)
            card.open()

    @Slot()
    def ask_for_images(self) -> None:
        """Choose images to classify."""
        self._incoming.ask_for_images()

    @Slot()
    def ask_for_folder(self) -> None:
        """Choose a folder of images to classify."""
        self._incoming.ask_for_folder()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome files, folders, models and pictures."""
        if welcome(event.mimeData()):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        """Anywhere on the tab."""
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Only collect; everything else happens in a worker."""
        if self._incoming.take(event.mimeData()):
            event.acceptProposedAction()

    @Slot(QImage, object)
    def _take_picture(self, picture: QImage, file: Path) -> None:
        self._session.add([], [(picture, file)])

    @Slot(object)
    def _take_models(self, models: tuple[Path, ...]) -> None:
        self.choose_model(models[0])
        for model in models[1:2]:  # two models dropped together are to be compared
            self.compare_with(model)

    @Slot()
    def _clear_list(self) -> None:
        count = self._images.rowCount()
        text = f"clearing of {count:,} images" if count > 1 else "clearing of 1 image"
        changed(self, text, self._empty, partial(self._fill_again, *self._state()))

    def _state(self) -> tuple[Listed, SavedAs | None, Mapping[Path, PatientFacts]]:
        """What the list holds, for `_fill_again`."""
        return self._session.listed(self._facts.roots), self._sessions.current, dict(self._patients.facts)

    def _empty(self) -> None:
        self._sessions.leave()
        self._session.clear()
        self._facts.clear()
        self._patients.put({})
        self._summary.show_all()
        self._news.forget()
        self._progress.show_text("")

    def _fill_again(self, listed: Listed, current: SavedAs | None, known: Mapping[Path, PatientFacts]) -> None:
        self._empty()
        self._patients.put(known)
        self._session.list_again(listed)
        self._facts.add(listed.collected)
        self._sessions.return_to(current)

    @Slot(object)
    def _show_session(self, opened: OpenedSession) -> None:
        """Show a saved session in place of the list, with its model and settings."""
        session, before = opened.session, self._state()
        self._empty()
        self._top.averaged.setChecked(session.averaged)
        if session.models and session.models[0].source not in opened.other_models:
            source = session.models[0].source
            self._session.set_threshold(source, session.threshold)
            self.choose_model(source)
        others = [model.source for model in session.models[1:] if model.source not in opened.other_models]
        self.compare_with(others[0] if others else None)
        self._summary.set_level(session.level)
        self._take_level(session.level)
        facts = {image.path: image.facts for image in session.images if image.facts}
        now = as_listed(session), SavedAs(opened.folder, session.name), facts
        fill, back = (partial(self._fill_again, *state) for state in (now, before))
        changed(self, f"opening of the session {session.name}", fill, back)

    @Slot(object)
    def _take_files(self, collected: Collected) -> None:
        self._facts.add(collected)

    # --- models and settings ---

    @Slot(object)
    def _take_model(self, choice: ModelChoice | None) -> None:
        self._session.set_model(choice)
        self._facts.set_model(choice)
        self._top.second.set_without(choice.source if choice else None)
        self._pane.show_current()

    @Slot(object)
    def _take_second(self, choice: ModelChoice | None) -> None:
        self._session.set_model(choice, Which.SECOND)
        if choice is None and self._summary.kind in (Kind.AGREE, Kind.DISAGREE):
            self._summary.show_all()
        self._pane.show_current()

    @Slot(float)
    def _take_level(self, level: float) -> None:
        self._session.set_level(level)
        self.level_chosen.emit(level)

    @Slot(object, object)
    def _take_threshold(self, source: Path, threshold: MelanomaThreshold | None) -> None:
        self._session.set_threshold(source, threshold)

    @Slot()
    def _drop_threshold(self) -> None:
        choice = self._top.chooser.choice
        if choice is not None:
            self._session.set_threshold(choice.source, None)

    # --- what is shown ---

    @Slot()
    def _update(self) -> None:
        """Bring buttons, bars and the page that is shown in line with the state."""
        rows, choice, second = self._images.rowCount(), self._top.chooser.choice, self._top.second.choice
        page = self._pane if rows else self._no_images if choice else self._no_model
        self._stack.setCurrentWidget(page)
        self._top.export.setEnabled(self._session.info() is not None and self._images.has_results)
        self._top.clear.setEnabled(rows > 0)
        self._top.patients.setEnabled(rows > 0)
        self._top.card.setEnabled(choice is not None)
        classifier = self._session.classifier()
        local = None if classifier is None else classifier.local
        self._research.setText(RESEARCH_USE if local is None else f"{RESEARCH_USE} {local.sentence}")
        self._banner.show_message(SYNTHETIC_WARNING if choice is not None and choice.synthetic else "", "warning")
        self._pane.update_state()
        self._top.show_session(self._sessions.current)
        if not self._session.busy and not self._session.reassessing:
            self._facts.score()
        names = (choice.text if choice else "", second.text if second else "")
        self._labels.update_from(names, busy=self._session.busy)
        self._progress.show_state(
            busy=self._session.busy, cancelling=self._session.cancelling, can_go_on=self._session.can_go_on
        )
        if rows and choice is None:
            self._progress.show_text("Choose a model above, or train one, to classify these images.")

    @Slot(object)
    def _tell(self, notice: Notice) -> None:
        if notice.level is Level.WARNING:
            self._news.tell(notice)
        else:
            self._progress.show_text(notice.text)

    @Slot(object)
    def _show_error(self, error: SkinKDError) -> None:
        show_error(self, error)

    # --- out ---

    @Slot()
    def open_export(self) -> None:
        """Ask what to save and where, and save it."""
        source = self._export_source()
        if source is not None:
            ClassificationExportDialog(self, source, Path(last_folder())).open()

    @Slot()
    def open_patients(self) -> None:
        """Show and edit whose pictures these are, with the answers of their lesions."""
        dialog = PatientsDialog(self, self._patients, list(self._images.paths), self._patient_columns)
        dialog.report_asked.connect(self._export_lesions)
        self._session.updated.connect(dialog.refresh)
        dialog.open()

    @Slot()
    def _export_lesions(self) -> None:
        source = self._export_source()
        if source is not None:
            ClassificationExportDialog(self, source, Path(last_folder()), by_lesion=True).open()

    def _patient_columns(self) -> PatientColumns:
        return self._patients.columns(self._images.results, self._session.classifier())

    def _export_source(self) -> ExportSource | None:
        classifier, choice = self._session.classifier(), self._top.chooser.choice
        if classifier is None or choice is None or not self._images.has_results:
            return None
        shown, selected = (
            tuple(found for path in paths if (found := self._images.result_of(path)) is not None)
            for paths in (self._pane.shown, self._pane.selected)
        )
        second = self._session.classifier(Which.SECOND)
        return ExportSource(
            classifier=classifier,
            name=choice.text,
            every=tuple(self._images.results),
            shown=shown,
            selected=selected,
            level=self._session.level,
            reader=self._reader,
            truths=dict(self._images.truths),
            second=tuple(self._images.results_of(Which.SECOND)) if second is not None else (),
            second_info=second.info if second is not None else None,
            reviews=dict(self._images.reviews),
            threshold=self._session.threshold,
            patients=self._patient_columns(),
        )
