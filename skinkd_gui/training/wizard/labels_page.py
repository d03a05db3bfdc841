"""Page 2: what the labels in the data mean, and the classes that come of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QInputDialog, QTabWidget, QWidget

from core.classes import CLASS_SETS, ClassSet, Malignancy
from core.classes.saved import load_class_set, save_class_set, saved_class_sets
from core.data.types import LabelCount, undecided
from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.recipe.classes import OWN
from core.reporting.words import class_set_title
from skinkd_gui.training.wizard import labels as wizard_labels
from skinkd_gui.training.wizard.classes_table import ClassesModel, ClassesTable
from skinkd_gui.training.wizard.editors import CalmComboBox
from skinkd_gui.training.wizard.labels import Outcome, described_open, guesses, named_labels, sums_of
from skinkd_gui.training.wizard.labels_model import LabelsModel
from skinkd_gui.training.wizard.labels_table import LabelsTable
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page import WizardPage
from skinkd_gui.training.wizard.page_widgets import Box, Note, help_label
from skinkd_gui.training.wizard.state import WizardState, WizardStep, counted
from skinkd_gui.widgets.flow_layout import flow_of
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.workers.job_slot import JobSlot

_ABOUT = "What do the labels in your data mean? The model learns to tell the classes apart that you choose here."
_CHOOSING = "Click on what a label becomes, or press Enter: the choice counts for all selected labels."
_EDITING = "Double-click or press Enter to change colour, code, name or group (how serious a class is)."
_EVERY_LABEL = "every label"

Change = Callable[[WizardState], WizardState]


class LabelsPage(WizardPage):
    """Asks for what is not understood, shows guesses as guesses, and lets classes be made, edited, saved and reused."""

    def __init__(self, model: WizardModel, parent: QWidget | None = None) -> None:
        super().__init__(model, WizardStep.LABELS, _ABOUT, parent)
        self._saved: tuple[ClassSet, ...] = ()
        self._listing = JobSlot(self, succeeded=self._on_listed)
        self._saving = JobSlot(self, succeeded=self._on_saved, failed=self._on_failed)
        self.column.addLayout(self._build_sets())
        self.column.addWidget(self._build_findings())
        self._error = Note("error", "labelsErrorLabel")
        self.column.addWidget(self._error)
        self._sums = make_label("", "heading", wrap=True, name="labelsSumsLabel")
        self.column.addWidget(self._sums)
        self.tabs = named(QTabWidget(), "labelsTabs", "Labels and classes")
        self.tabs.addTab(self._build_labels(), "Labels")
        self.tabs.addTab(self._build_classes(), "Classes")
        self.column.addWidget(self.tabs, 1)
        model.changed.connect(self._refresh)
        self._refresh()

    # --- building ---

    def _build_sets(self) -> QHBoxLayout:
        self.sets = named(CalmComboBox(), "classSetCombo", "Classes to learn")
        self.sets.setSizeAdjustPolicy(CalmComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sets.setMinimumContentsLength(10)
        self.sets.activated.connect(self._on_set)
        label = make_label("Classes to learn:", buddy=self.sets)
        self._save = make_button("Save classes…", "saveClassesButton", clicked=self._ask_name)
        return row_of(label, (self.sets, 1), self._save)

    def _build_findings(self) -> Box:
        self._findings = Box("warning")
        self._finding = make_label("", "", wrap=True, name="labelsFindingLabel")
        self._fit = make_button("Use the classes that fit", "useFittingSetButton", clicked=self._use_fitting)
        self._own = make_button("Make classes of these labels", "makeClassesButton", clicked=self._make_own)
        self._leave_out = make_button("Leave them out", "leaveOutButton", clicked=self._leave_rest_out)
        self._confirm = make_button("All guesses are right", "confirmGuessesButton", clicked=self._confirm_guesses)
        self._findings.column.addWidget(self._finding)
        self._findings.column.addWidget(flow_of(self._fit, self._own, self._leave_out, self._confirm))
        return self._findings

    def _build_labels(self) -> QWidget:
        holder = QWidget()
        self.labels_model = LabelsModel(self)
        self.table = LabelsTable(self.labels_model)
        self.table.chosen.connect(self._on_chosen)
        column_of(help_label(_CHOOSING), (self.table, 1), on=holder, margins=(8, 8, 8, 8), spacing=6)
        return holder

    def _build_classes(self) -> QWidget:
        holder = QWidget()
        self.classes_model = ClassesModel(self)
        self.classes_model.edited.connect(self._on_edited)
        self.classes = ClassesTable(self.classes_model)
        self._groups = help_label()
        self._groups.setObjectName("classGroupsLabel")
        remove = make_button("Remove class", "removeClassButton", clicked=self._remove_class)
        column_of(
            help_label(_EDITING),
            (self.classes, 1),
            row_of((self._groups, 1), remove),
            on=holder,
            margins=(8, 8, 8, 8),
            spacing=6,
        )
        return holder

    # --- changing ---

    def entered(self) -> None:
        """See which sets were saved meanwhile."""
        self._listing.start(_list_saved)
        self.table.sort_again()

    def _change(self, text: str, change: Change) -> None:
        """Take a change, or say why it can not be."""
        try:
            state = change(self.model.state)
        except ValueError as error:
            words = str(error)
            self._error.show_text(f"This can not be: {words}.")
            self._refresh()
            return
        self._error.show_text("")
        self.model.choose(text, state)

    @Slot(object, object)
    def _on_chosen(self, labels: tuple[str, ...], outcome: Outcome) -> None:
        text = f"meaning of “{labels[0]}”" if len(labels) == 1 else f"meaning of {len(labels)} labels"
        self._change(text, lambda state: wizard_labels.decide(state, labels, outcome.code))

    @Slot()
    def _make_own(self) -> None:
        labels = tuple(item.label for item in undecided(self.model.state.meanings))
        self._change("classes of your own", lambda state: wizard_labels.decide(state, labels, None))

    @Slot()
    def _leave_rest_out(self) -> None:
        labels = tuple(item.label for item in undecided(self.model.state.meanings))
        self._change("labels left out", lambda state: wizard_labels.decide(state, labels, ""))

    @Slot()
    def _confirm_guesses(self) -> None:
        self._change("confirmation of guesses", wizard_labels.confirm_guesses)

    @Slot()
    def _use_fitting(self) -> None:
        (best, *_) = wizard_labels.fitting(self.model.state, self._saved)
        self._change("choice of classes", lambda state: wizard_labels.use_set(state, best))

    @Slot(int)
    def _on_set(self, row: int) -> None:
        chosen = self.sets.itemData(row)
        if chosen == _EVERY_LABEL:
            self._change("classes of your own", wizard_labels.each_its_own)
        elif isinstance(chosen, ClassSet):
            self._change("choice of classes", lambda state: wizard_labels.use_set(state, chosen))

    @Slot(str, str, str)
    def _on_edited(self, code: str, what: str, value: str) -> None:
        self._change(f"{what} of {code}", lambda state: wizard_labels.edit_class(state, code, what, value))

    @Slot()
    def _remove_class(self) -> None:
        if code := self.classes.current_code():
            self._change(f"removal of {code}", lambda state: wizard_labels.remove_class(state, code))

    # --- saving ---

    @Slot()
    def _ask_name(self) -> None:
        dialog = QInputDialog(self)
        dialog.setObjectName("saveClassesDialog")
        dialog.setWindowTitle("Save these classes")
        dialog.setLabelText("A name for this set of classes: letters, digits, - and _. A set of this name is replaced.")
        dialog.textValueSelected.connect(self._save_as)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(str)
    def _save_as(self, name: str) -> None:
        self._saving.start(partial(_save, self.model.state.recipe.class_set, name.strip()))

    @Slot(object)
    def _on_saved(self, saved: tuple[ClassSet, ...]) -> None:
        self._error.show_text("")
        self._on_listed(saved)

    @Slot(object)
    def _on_failed(self, error: SkinKDError) -> None:
        self._error.show_text(f"{error.title}. {error.summary}")

    @Slot(object)
    def _on_listed(self, saved: tuple[ClassSet, ...]) -> None:
        self._saved = saved
        self._refresh()

    # --- showing ---

    @Slot()
    def _refresh(self) -> None:
        state = self.model.state
        labels, classes = state.meanings, state.recipe.class_set
        self.table.outcomes = wizard_labels.outcomes(classes)
        self.labels_model.show_labels(labels, classes)
        self.classes_model.show_classes(classes, labels)
        self.tabs.setTabText(0, f"Labels in the data ({len(labels)})")
        self.tabs.setTabText(1, f"Classes to learn ({len(classes)})")
        self._sums.setText(_sums_text(labels))
        self._groups.setText(_groups_text(classes))
        self._show_sets(classes, len(labels))
        self._show_findings(state, labels)

    def _show_sets(self, classes: ClassSet, labels: int) -> None:
        entries: list[tuple[str, object]] = [
            (f"{class_set_title(known.name)} ({counted_classes(len(known))})", known) for known in CLASS_SETS.values()
        ]
        entries += [(f"{known.name} ({counted_classes(len(known))}, saved)", known) for known in self._saved]
        present = [place for place, (_, known) in enumerate(entries) if _same(known, classes)]
        if classes.name == OWN and not present:
            present = [len(entries)]
            entries.append((f"Your own ({counted_classes(len(classes))})", OWN))
        entries.append((f"Your own: every label is a class ({labels})", _EVERY_LABEL))
        if [self.sets.itemText(place) for place in range(self.sets.count())] != [text for text, _ in entries]:
            self.sets.clear()
            for text, known in entries:
                self.sets.addItem(text, known)
        self.sets.setCurrentIndex(present[0])
        self._save.setVisible(classes.name == OWN)

    def _show_findings(self, state: WizardState, labels: tuple[LabelCount, ...]) -> None:
        left, guessed = undecided(labels), guesses(labels)
        fits = wizard_labels.fitting(state, self._saved)
        self._findings.setVisible(bool(left or guessed))
        self._findings.set_role("warning" if left else "info")
        self._finding.setText(breakable(" ".join(_finding_texts(state, left, guessed))))
        self._fit.setVisible(bool(fits))
        if fits:
            self._fit.setText(f"Use the classes “{class_set_title(fits[0].name)}”")
            self._fit.setAccessibleName(self._fit.text())
        self._own.setVisible(bool(left))
        self._leave_out.setVisible(bool(left) and len(left) < len(labels))
        self._confirm.setVisible(bool(guessed))


def counted_classes(number: int) -> str:
    """`8 classes`."""
    return f"{number} classes"


def _same(known: object, classes: ClassSet) -> bool:
    return isinstance(known, ClassSet) and known.classes == classes.classes


def _finding_texts(state: WizardState, left: tuple[LabelCount, ...], guessed: tuple[LabelCount, ...]) -> list[str]:
    texts = []
    if left:
        texts.append(f"{described_open(left)}: {named_labels(left)}.")
    if left and guessed:
        texts.append(f"{counted(len(guessed), 'label')} recognised by other names; please check.")
    elif guessed:
        title_of = state.recipe.class_set.title_of
        shown = "; ".join(f"{item.label} as {title_of(item.code or '')}" for item in guessed[:3])
        more = f" and {len(guessed) - 3} more" if len(guessed) > 3 else ""
        texts.append(f"Guessed: {shown}{more}. Please check.")
    return texts


def _sums_text(labels: tuple[LabelCount, ...]) -> str:
    sums = sums_of(labels)
    if not labels:
        return ""
    waiting = sum(item.count for item in undecided(labels))
    if waiting and not sums.images:
        return f"{counted(waiting, 'picture')} to be decided"
    texts = [f"{counted(sums.images, 'picture')} of {sums.classes} {'class' if sums.classes == 1 else 'classes'}"]
    if sums.left_out - waiting:
        texts.append(f"{sums.left_out - waiting:,} left out")
    if waiting:
        texts.append(f"{waiting:,} to be decided")
    return ", ".join(texts)


def _groups_text(classes: ClassSet) -> str:
    unsaid = len(classes.of_group(Malignancy.UNSPECIFIED))
    if not unsaid:
        return ""
    return f"Of {unsaid} classes nobody said how serious they are; choose a group where that matters."


def _list_saved(emit: Emit, token: CancelToken) -> tuple[ClassSet, ...]:
    found = []
    for name in saved_class_sets():
        token.check()
        found.append(load_class_set(name))
    return tuple(found)


def _save(classes: ClassSet, name: str, emit: Emit, token: CancelToken) -> tuple[ClassSet, ...]:
    save_class_set(classes, name)
    return _list_saved(emit, token)
