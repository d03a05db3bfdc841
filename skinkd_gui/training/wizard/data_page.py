"""Page 1: which images, what is wrong with them, and how they are divided."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QLineEdit, QWidget

from core.classes import ClassSet
from core.data.choices import ChoiceNeededError, Choices
from core.data.types import DataSet, undecided
from core.errors import SkinKDError
from core.recipe import field, section_fields
from core.user_paths import expanded
from skinkd_gui.data.recents import RecentDataMenu, remember_data
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.choices_box import ChoicesBox
from skinkd_gui.training.wizard.data_jobs import (
    UsableData,
    check_data,
    preview_split,
    read_data,
    show_examples,
    write_sample,
)
from skinkd_gui.training.wizard.data_widgets import ExampleStrip, JobProgressRow, ProblemsBox, SplitTable
from skinkd_gui.training.wizard.fields import FieldForm
from skinkd_gui.training.wizard.labels import named_labels, other_problems
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import Note, card, help_label
from skinkd_gui.training.wizard.preview import Example, SplitPreview, lesion_count, patient_count
from skinkd_gui.training.wizard.questions import ASKED, questions
from skinkd_gui.training.wizard.state import CheckState, WizardState, WizardStep, counted
from skinkd_gui.training.wizard.texts import choice_text, leakage_text
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.disk_watch import DiskWatch
from skinkd_gui.widgets.dragged import dragged_files
from skinkd_gui.widgets.empty_state import EmptyState
from skinkd_gui.widgets.figure_view import FigureView
from skinkd_gui.widgets.flow_layout import flow_of
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import delay, make_button
from skinkd_gui.widgets.turning import TurningRow
from skinkd_gui.workers.job import JobEnd
from skinkd_gui.workers.job_slot import JobSlot

_TYPING_MILLISECONDS = 700
_SETTLING_MILLISECONDS = 150
_ABOUT = "Choose a folder of images with their diagnoses. Nothing leaves this computer."


class DataPage(WizardPage):
    """Reads the tables, then every image, in the background; the user may go on meanwhile."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.DATA, _ABOUT, parent)
        self.setAcceptDrops(True)
        self._read_key: tuple[str, Choices, ClassSet] = ("", *_reading_of(model.state))
        self._preview_key: object = None
        self._shown: tuple[DataSet | None, frozenset[str]] = (None, frozenset())
        self._make_jobs()
        self._build_source()
        self._build_findings()
        self._build_split()
        self._welcome = _welcome()
        self.column.addWidget(self._welcome, 1)
        self.column.addStretch(0)
        self._typing = delay(self, self._read_if_new, _TYPING_MILLISECONDS)
        self._settling = delay(self, self._start_preview, _SETTLING_MILLISECONDS)
        model.changed.connect(self._refresh)
        self._refresh()
        if model.state.recipe.data.path:
            QTimer.singleShot(0, self, self._read_if_new)

    # --- building ---

    def _make_jobs(self) -> None:
        self._reading = JobSlot(self, succeeded=self._on_read, failed=self._on_read_failed)
        self._checking = JobSlot(
            self,
            succeeded=self._on_checked,
            failed=self._on_check_failed,
            ended=self._on_check_ended,
        )
        self._previewing = JobSlot(self, succeeded=self._on_preview, failed=self._on_preview_failed)
        self._showing = JobSlot(self, succeeded=self._on_examples)
        self._sampling = JobSlot(
            self, succeeded=self._on_sample, failed=self._on_read_failed, ended=self._on_sample_ended
        )

    def _build_source(self) -> None:
        self.path_edit = named(
            QLineEdit(placeholderText="Folder or CSV file; or drop one here", clearButtonEnabled=True),
            "dataPathEdit",
            "Folder or CSV file with the labelled images",
        )
        self.path_edit.setAcceptDrops(False)  # the page takes the drop and uses the path, not the address
        self.path_edit.textEdited.connect(self._on_typed)
        self.path_edit.returnPressed.connect(self.read_again)
        folder, csv, recent, self.again, self.sample_button = (
            make_button(text, f"{name}Button", None, clicked, accessible=words)
            for text, name, clicked, words in (
                ("Folder…", "browseFolder", self._browse_folder, "Browse for a folder"),
                ("CSV file…", "browseCsv", self._browse_csv, "Browse for a CSV file"),
                ("Recent", "recentData", None, "Data sets that were opened last"),
                ("Look again", "readAgain", self.read_again, "Read the folder or file again"),
                ("Use the built-in sample images", "sampleData", self._use_sample, ""),
            )
        )
        menu = RecentDataMenu(self, "wizardRecentMenu")
        menu.chosen.connect(self._take_recent)
        recent.setMenu(menu)
        buttons = flow_of(folder, csv, recent, self.again, self.sample_button)
        self.column.addLayout(column_of(self.path_edit, buttons, margins=0, spacing=6))
        self._watch = DiskWatch(self)
        self._watch.changed.connect(self._on_changed_on_disk)
        self._changed_note = Banner()
        self._changed_note.setObjectName("dataChangedBanner")
        self._changed_note.add_button("Look again", "dataChangedButton", self.read_again)
        self.column.addWidget(self._changed_note)

    def _build_findings(self) -> None:
        self._error = Note("error", "dataErrorLabel")
        self._choices = ChoicesBox(self.model)
        self._labels_note = Note("warning", "labelsOpenLabel")
        self._summary = make_label("", "heading", wrap=True, name="dataSummaryLabel")
        self._synthetic = Note("info", "syntheticLabel")
        self._terms = help_label()
        self._terms.setObjectName("dataTermsLabel")
        self._sample_row = JobProgressRow("sample", "Stop")
        self._sample_row.stopped.connect(self._sampling.cancel)
        self._sampling.reported.connect(self._sample_row.show_progress)
        self._check_row = JobProgressRow("check", "Stop checking")
        self._check_row.stopped.connect(self._checking.cancel)
        self._checking.reported.connect(self._check_row.show_progress)
        self._check_note = Note("info", "checkLabel")
        self.problems = ProblemsBox()
        self.problems.decided.connect(self._on_decided)
        found: tuple[QWidget, ...] = (
            self._error,
            self._summary,
            self._choices,
            self._labels_note,
            self._terms,
            self._sample_row,
            self._synthetic,
        )
        for widget in (*found, self._check_row, self._check_note, self.problems):
            self.column.addWidget(widget)

    def _build_split(self) -> None:
        self._body = QWidget()
        column = column_of(on=self._body, margins=0, spacing=10)
        self._figure = named(
            FigureView("The number of images per class appears here."),
            "classDistributionFigure",
            "Number of images per class",
        )
        self._table = SplitTable()
        self._figure.setFixedHeight(self._table.height())
        numbers = TurningRow(self._figure, self._table, spacing=16)
        self._examples = ExampleStrip()
        self._notes = Note("info", "splitNotesLabel")
        self._leakage = Note("info", "leakageLabel")
        folded = {"data.layout"}
        elsewhere = {"data.path", "data.skip_problems", *ASKED}  # above, and beside the problems
        specs = [
            replace(spec, expert=spec.expert or spec.key in folded)
            for spec in section_fields("data")
            if spec.key not in elsewhere
        ]
        self.form = FieldForm(self.model, specs)
        column.addWidget(self._leakage)
        column.addWidget(self._examples)
        column.addWidget(numbers)
        column.addWidget(self._notes)
        self._use_card = card(self.form, title="How the images are used")
        column.addWidget(self._use_card)
        self.column.addWidget(self._body)

    # --- choosing ---

    def set_path(self, path: str) -> None:
        """Use a folder or file, as if the user had typed it."""
        self.path_edit.setText(path)
        self.read_again()

    @Slot(object)
    def _take_recent(self, path: Path) -> None:
        self.set_path(str(path))

    @Slot()
    def read_again(self) -> None:
        """Read what is named, also where it was read before: it may have been corrected."""
        self._read_key = ("", *_reading_of(self.model.state))
        self._read_if_new()

    @Slot()
    def _on_changed_on_disk(self) -> None:
        if self.model.state.dataset is not None or self.model.state.data_problem:
            self._changed_note.show_message("These data have changed on the disk since they were read.", "warning")

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept a folder or file."""
        if dragged_files(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Use the first folder or file dropped."""
        if files := dragged_files(event.mimeData()):
            event.acceptProposedAction()
            self.set_path(str(files[0]))

    @Slot()
    def _browse_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder with the images", self.path_edit.text())
        if chosen:
            self.set_path(chosen)

    @Slot()
    def _browse_csv(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "Table with image and label", self.path_edit.text(), "Tables (*.csv);;All files (*)"
        )
        if chosen:
            self.set_path(chosen)

    @Slot()
    def _use_sample(self) -> None:
        self.sample_button.setEnabled(False)
        self._sample_row.begin("Generating the sample images")
        self._sampling.start(write_sample)

    @Slot(str)
    def _on_typed(self, _text: str) -> None:
        self._typing.start()

    @Slot(object)
    def _on_sample(self, folder: Path) -> None:
        self.set_path(str(folder))

    @Slot(object)
    def _on_sample_ended(self) -> None:
        self.sample_button.setEnabled(True)
        self._sample_row.hide()

    # --- reading and checking ---

    @Slot()
    def _read_if_new(self) -> None:
        self._typing.stop()
        path, (choices, classes) = self.path_edit.text().strip(), _reading_of(self.model.state)
        key = (path, choices, classes)
        if key == self._read_key:
            return
        self._read_key = key
        self._changed_note.show_message("")
        self._watch.stop()
        self._checking.drop()
        self._check_row.hide()
        if path:
            self._reading.start(partial(read_data, path, choices, classes))
        else:
            self._reading.drop()
        self.model.choose("place of the images", wizard_state.start_reading(self.model.state, path))

    @Slot(object)
    def _on_read(self, read: UsableData) -> None:
        self._watch.watch_paths(read.paths)
        remember_data(expanded(self.model.state.recipe.data.path))
        state = wizard_state.data_read(self.model.state, read.dataset, read.excluded)
        if wizard_state.usable_images(state) and not undecided(state.meanings):
            self._checking.start(partial(check_data, read.dataset))
            self._check_row.begin("Checking the images")
            state = replace(state, check=CheckState.RUNNING)
        self.model.update(state)

    @Slot(object)
    def _on_read_failed(self, error: SkinKDError) -> None:
        if isinstance(error, ChoiceNeededError):
            self.model.update(wizard_state.choice_asked(self.model.state, error.choice))
            return
        path = expanded(self.model.state.recipe.data.path)
        self._watch.watch_paths([path if path.exists() else path.parent])
        text = f"{error.title}. {error.summary}" + (f"\n{error.details}" if error.details else "")
        self.model.update(wizard_state.data_failed(self.model.state, text))

    @Slot(object)
    def _on_checked(self, checked: UsableData) -> None:
        self.model.update(wizard_state.data_checked(self.model.state, checked.dataset, checked.excluded))

    @Slot(object)
    def _on_check_failed(self, error: SkinKDError) -> None:
        self.model.update(replace(self.model.state, check=CheckState.FAILED))
        self._check_note.show_text(f"{error.title}. {error.summary}", "error")

    @Slot(object)
    def _on_check_ended(self, end: JobEnd) -> None:
        self._check_row.hide()
        if end.cancelled:
            self.model.update(replace(self.model.state, check=CheckState.STOPPED))

    @Slot(bool)
    def _on_decided(self, skip: bool) -> None:
        self.model.set_value("data.skip_problems", skip)

    # --- showing ---

    @Slot()
    def _refresh(self) -> None:
        state = self.model.state
        if state.recipe.data.path != self.path_edit.text().strip() and not self._typing.isActive():
            self.path_edit.setText(state.recipe.data.path)
        if self._read_key[0] and (state.recipe.data.path, *_reading_of(state)) != self._read_key:
            QTimer.singleShot(0, self, self._read_if_new)
        self._welcome.setVisible(not state.recipe.data.path)
        self.again.setEnabled(bool(state.recipe.data.path) and not state.reading)
        self._error.show_text("" if state.reading else state.data_problem)
        self._choices.show_choices(questions(state))
        self._labels_note.show_text(_labels_note(state))
        self._summary.setText(_summary(state))
        self._summary.setVisible(bool(self._summary.text()))
        known = state.dataset is not None and bool(state.dataset.records) and not undecided(state.meanings)
        self._body.setVisible(known)
        for widget in (self._table, self._use_card):
            widget.setVisible(wizard_state.usable_images(state) > 0)
        self.problems.set_skip(state.recipe.data.skip_problems)
        self._show_check(state)
        if (state.dataset, state.excluded) != self._shown:
            self._shown = (state.dataset, state.excluded)
            self._show_dataset(state)
        settings = state.recipe.optimisation
        shown = (settings.sampler, settings.seed, settings.epochs)
        key = (id(state.dataset), state.excluded, state.recipe.data, shown)
        if key != self._preview_key and state.dataset is not None:
            self._preview_key = key
            self._settling.start()

    def _show_check(self, state: WizardState) -> None:
        if state.check is CheckState.DONE and not state.excluded:
            self._check_note.show_text("Every image was opened and can be used.", "success")
        elif state.check is CheckState.STOPPED:
            self._check_note.show_text(
                "The images were not all opened. The run opens them at its start, and stops there at the first that "
                "can not be used.",
                "warning",
            )
        elif state.check is not CheckState.FAILED:
            self._check_note.show_text("")

    def _show_dataset(self, state: WizardState) -> None:
        dataset = state.dataset
        skip = state.recipe.data.skip_problems
        problems = other_problems(dataset) if dataset else ()
        self.problems.show_problems(problems, len(state.excluded), skip, wizard_state.usable_images(state))
        synthetic = dataset is not None and dataset.synthetic
        terms = dataset.terms if dataset else ""
        self._terms.setText(f"Terms of use: {terms}" if terms and not synthetic else "")
        self._terms.setVisible(bool(self._terms.text()))
        self._synthetic.show_text(terms if synthetic else "")
        self._table.show_classes(state.recipe.class_set if dataset is None else dataset.classes)
        self._figure.setFixedHeight(self._table.height())
        self._table.show_preview(None)
        self._notes.show_text("")
        self._leakage.show_text("")
        if dataset is None or not dataset.records:
            self._examples.show_examples(())
            self._figure.draw(None)
            return
        self._showing.start(partial(show_examples, dataset, state.excluded))

    @Slot()
    def _start_preview(self) -> None:
        state = self.model.state
        if wizard_state.usable_images(state) and not undecided(state.meanings):
            self._previewing.start(partial(preview_split, state))

    @Slot(object)
    def _on_preview(self, preview: SplitPreview) -> None:
        self.model.update(replace(self.model.state, split_problem="", preview=preview))
        self._table.show_preview(preview)
        self._notes.show_text("\n".join(preview.notes))
        self._leakage.show_text(leakage_text(preview.leakage), "warning" if preview.leakage.total.leaking else "info")

    @Slot(object)
    def _on_preview_failed(self, error: SkinKDError) -> None:
        self._table.show_preview(None)
        text = f"{error.title}. {error.summary}"
        self._notes.show_text(text, "error")
        self.model.update(replace(self.model.state, split_problem=text, preview=None))

    @Slot(object)
    def _on_examples(self, examples: tuple[Example, ...]) -> None:
        self._examples.show_examples(examples)
        self._draw_distribution()

    def _draw_distribution(self) -> None:
        dataset = self.model.state.dataset
        if dataset is None:
            return
        from core.reporting.figures import class_distribution  # the job before has loaded matplotlib

        usable = wizard_state.usable_images(self.model.state) > 0
        counts = dataset.without(self.model.state.excluded).counts if usable else dataset.counts
        self._figure.draw(lambda style: class_distribution(counts, dataset.classes, style, names=False))


def _reading_of(state: WizardState) -> tuple[Choices, ClassSet]:
    """What decides how a data set is read: the recipe's choices and the classes."""
    return state.recipe.data.choices, state.recipe.class_set


def _welcome() -> EmptyState:
    text = (
        "Drop a folder or a CSV file here, or choose one above. SkinKD finds out how the diagnoses are stored:\n\n"
        "tables beside or above the images (ISIC, HAM10000, a sheet of your own), also with lesions and patients\n"
        "one folder per class, with any names: the next page asks what they mean"
    )
    return EmptyState("folder", "Which images shall the model learn from?", text)


def _summary(state: WizardState) -> str:
    dataset = state.dataset
    if dataset is None:
        return "Reading the data set…" if state.reading else ""
    known = ((patient_count(dataset), "patient"), (lesion_count(dataset), "lesion"))
    named_ones = [counted(count, thing) for count, thing in known if count]
    of = f" of {' and '.join(named_ones)}" if named_ones else "; patients and lesions are not known"
    layout = choice_text(field("data.layout"), dataset.layout)
    if undecided(state.meanings):
        labelled = sum(item.count for item in state.labels)
        return f"Found {counted(labelled, 'image')} with {counted(len(state.labels), 'label')} (layout: {layout})"
    return f"Found {counted(len(dataset.records), 'image')}{of} (layout: {layout})"


def _labels_note(state: WizardState) -> str:
    left = undecided(state.meanings)
    if not left or state.dataset is None:
        return ""
    images = counted(sum(item.count for item in left), "image")
    return f"Not understood yet: the labels of {images}, {named_labels(left)}. The next page asks what they mean."
