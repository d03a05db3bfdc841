"""Choosing a network: by name with search, with its size, and the weights it starts from."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSignalBlocker, Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QFileDialog,
    QInputDialog,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.models.catalog import ModelFacts, describe_model, search_models
from core.models.rates import Rates
from core.recipe import Recipe
from skinkd_gui.training.wizard import flow
from skinkd_gui.training.wizard import state as wizard_state
from skinkd_gui.training.wizard.editors import CalmComboBox
from skinkd_gui.training.wizard.form_grid import TITLE_WIDTH, FormGrid, FormRow
from skinkd_gui.training.wizard.model import WizardModel
from skinkd_gui.training.wizard.page_widgets import MessageLabel, help_label, row
from skinkd_gui.training.wizard.texts import facts_text
from skinkd_gui.widgets.fitting import free_screen, in_text
from skinkd_gui.widgets.layouts import column_of, named
from skinkd_gui.widgets.parts import delay, make_button
from skinkd_gui.workers.job_slot import JobSlot

if TYPE_CHECKING:
    from core.models.importing import ImportReport

FIELDS_BELOW = ("freeze", "drop_rate", "drop_path_rate")
"""Further fields of a network's section, for the form below its chooser."""

_TYPING_MILLISECONDS = 500
_WHY = Qt.ItemDataRole.UserRole + 1
_FILE = "file"
_EDITOR_WIDTH = 300
_WEIGHTS = (
    ("hub", "Pretrained weights (fetched once)"),
    ("none", "Nothing: untrained weights"),
    (_FILE, "A file of weights…"),
)
_WEIGHTS_HELP = {
    "hub": "Fetched from the internet at the first use, then kept. This is the only time SkinKD uses the internet.",
    "none": "Needs many more images and epochs to become good.",
    _FILE: "A .safetensors file for this network; a .pth, .pt or .bin file (open_clip and others) becomes one. Its "
    "last layer is replaced when it is for other classes.",
}


class _WhyDelegate(QStyledItemDelegate):
    """Writes the reason behind a suggested name, in the list only."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        """Qt's."""
        super().initStyleOption(option, index)
        why = index.data(_WHY)
        if why:
            option.text = f"{option.text}   –   {why}"


class NetworkChooser(QWidget):
    """Edits `architecture` and `weights` of one recipe section and shows what the network weighs."""

    def __init__(
        self, model: WizardModel, section: str, suggested: tuple[tuple[str, str], ...], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._model, self._section, self._suggested = model, section, suggested
        self._naming = JobSlot(self, succeeded=self._on_names)
        self._describing = JobSlot(self, succeeded=self._on_facts, failed=self._on_unusable)
        self._importing = JobSlot(self, succeeded=self._on_imported, failed=self._on_not_imported)
        self._imported: ImportReport | None = None
        self._not_imported = ""
        self._active = self._named = False
        self._asked: tuple[str, int, int, Rates] | None = None
        self._typing = delay(self, self._take_typed, _TYPING_MILLISECONDS)
        self._build_architecture()
        self._build_weights()
        self._build_suggestions()
        self._lay_out()
        model.changed.connect(self._refresh)
        self._refresh()

    def activate(self) -> None:
        """The page came into view: load the names and look the network up."""
        self._active = True
        if not self._named:
            self._naming.start(_all_names)
        self._refresh()

    # --- building ---

    def _build_architecture(self) -> None:
        self.combo: QComboBox = CalmComboBox()
        self.combo.setObjectName(f"{self._section}ArchitectureCombo")
        self.combo.setAccessibleName(f"Network of the {self._section}")
        self.combo.setToolTip("Choose a suggested network, or type part of any timm network's name.")
        self.combo.setEditable(True)
        self.combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.combo.setFixedWidth(in_text(_EDITOR_WIDTH))
        self.combo.setMaxVisibleItems(12)
        self.combo.view().setItemDelegate(_WhyDelegate(self.combo))
        for name, why in self._suggested:
            self.combo.addItem(name)
            self.combo.setItemData(self.combo.count() - 1, why, _WHY)
            self.combo.setItemData(self.combo.count() - 1, why, Qt.ItemDataRole.ToolTipRole)
        longest = max(self.fontMetrics().horizontalAdvance(f"{name}   –   {why}") for name, why in self._suggested)
        self.combo.view().setMinimumWidth(min(longest + 40, free_screen(self).width() // 2))
        self._complete([name for name, _ in self._suggested])
        self.combo.activated.connect(self._take_now)
        line = QLineEdit()
        self.combo.setLineEdit(line)
        line.textEdited.connect(self._on_typed)
        line.editingFinished.connect(self._take_typed)
        self._why = help_label()
        self._facts = QLabel()
        self._facts.setObjectName(f"{self._section}FactsLabel")
        self._facts.setWordWrap(True)
        self._problem = MessageLabel()
        self._problem.setObjectName(f"{self._section}ArchitectureProblem")

    def _build_weights(self) -> None:
        self.weights: QComboBox = CalmComboBox()
        self.weights.setObjectName(f"{self._section}WeightsCombo")
        self.weights.setAccessibleName(f"Starting weights of the {self._section}")
        self.weights.setFixedWidth(in_text(_EDITOR_WIDTH))
        for value, text in _WEIGHTS:
            self.weights.addItem(text, value)
        self.weights.activated.connect(self._on_weights)
        self.file_edit = named(
            QLineEdit(placeholderText="A .safetensors file"), f"{self._section}WeightsFileEdit", "File of weights"
        )
        self.file_edit.textEdited.connect(self._on_file_typed)
        name = f"{self._section}WeightsBrowseButton"
        self.browse = make_button("Browse…", name, None, self._browse_file, accessible="Browse for a file of weights")
        self._weights_help = help_label()
        self._weights_problem = MessageLabel()

    def _lay_out(self) -> None:
        grid = FormGrid(self)
        grid.add(FormRow(_title("Network", self.combo), self.combo, self._why))
        grid.add(FormRow(None, None, self._facts))
        grid.add(FormRow(None, None, self._problem))
        grid.add(FormRow(_title("Starting weights", self.weights), self.weights, self._weights_help))
        self._file_row = QWidget()
        file_row = row(self.file_edit, self.browse, stretch=False)
        file_row.setContentsMargins(0, 0, 0, 0)
        self._file_row.setLayout(file_row)
        grid.add(FormRow(None, None, self._file_row))
        grid.add(FormRow(None, None, self._weights_problem))
        column_of(grid, self.suggestions, on=self, margins=0)

    def _build_suggestions(self) -> None:
        self.suggestions = named(
            QTreeWidget(), f"{self._section}SuggestionsList", f"Suggested networks for the {self._section}"
        )
        self.suggestions.setRootIsDecorated(False)
        self.suggestions.setUniformRowHeights(True)
        self.suggestions.setHeaderLabels(["Suggested", "Why"])
        self.suggestions.addTopLevelItems([QTreeWidgetItem([name, why]) for name, why in self._suggested])
        self.suggestions.resizeColumnToContents(0)
        self.suggestions.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = self.suggestions.sizeHintForRow(0) * len(self._suggested)
        self.suggestions.setFixedHeight(rows + self.suggestions.header().sizeHint().height() + 4)
        self.suggestions.currentItemChanged.connect(self._on_suggestion)
        self.suggestions.hide()

    def show_suggestions(self, show: bool) -> None:
        """Show the suggested networks as a list below the field, where there is room for it."""
        self.suggestions.setVisible(show)

    def _complete(self, names: list[str]) -> None:
        completer = QCompleter(
            names,
            self.combo,
            filterMode=Qt.MatchFlag.MatchContains,
            caseSensitivity=Qt.CaseSensitivity.CaseInsensitive,
            maxVisibleItems=12,
        )
        completer.activated.connect(self._take_now)
        self.combo.setCompleter(completer)

    # --- the user's doing ---

    @Slot(str)
    def _on_typed(self, _text: str) -> None:
        self._typing.start()

    @Slot()
    def _take_now(self) -> None:
        self._typing.stop()
        QTimer.singleShot(0, self, self._take_typed)  # the line edit takes the chosen text after this signal

    @Slot()
    def _take_typed(self) -> None:
        self._typing.stop()
        name = self.combo.currentText().strip()
        self._model.set_value(f"{self._section}.architecture", name)

    @Slot(QTreeWidgetItem, QTreeWidgetItem)
    def _on_suggestion(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._typing.stop()
            self._model.set_value(f"{self._section}.architecture", item.text(0))

    @Slot(int)
    def _on_weights(self, index: int) -> None:
        value = self.weights.itemData(index)
        if value == _FILE:
            value = self.file_edit.text().strip() or ".safetensors"
        self._model.set_value(f"{self._section}.weights", value)
        if self.weights.currentData() == _FILE and not self.file_edit.text():
            self.file_edit.setFocus()

    @Slot(str)
    def _on_file_typed(self, text: str) -> None:
        self._model.set_value(f"{self._section}.weights", text.strip() or ".safetensors")

    @Slot()
    def _browse_file(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, "File of weights", self.file_edit.text(), "Weights (*.safetensors *.pth *.pt *.bin);;All files (*)"
        )
        self._not_imported = ""
        if chosen and Path(chosen).suffix.lower() != ".safetensors":
            self._import(Path(chosen))
        elif chosen:
            self._model.set_value(f"{self._section}.weights", chosen)

    def _import(self, source: Path) -> None:
        """Bring another program's file into one that a training can start from."""
        out, _ = QFileDialog.getSaveFileName(
            self, "Import these weights as", str(source.with_suffix(".safetensors")), "Weights (*.safetensors)"
        )
        if not out:
            return
        about = "Under which licence are these weights? It is recorded with every model that is made from them."
        licence, agreed = QInputDialog.getText(self, "Licence of the weights", about)
        if agreed:
            self._weights_help.setText("The weights are being imported…")
            architecture = getattr(self._model.state.recipe, self._section).architecture
            self._importing.start(partial(_import, source, architecture, Path(out), licence))

    @Slot(object)
    def _on_imported(self, report: ImportReport) -> None:
        self._imported = report
        self._model.set_value(f"{self._section}.weights", str(report.out))
        self._refresh()

    @Slot(object)
    def _on_not_imported(self, error: SkinKDError) -> None:
        self._not_imported = f"{error.title}: {error.summary}"
        self._refresh()

    # --- what is known ---

    @Slot()
    def _refresh(self) -> None:
        state = self._model.state
        architecture = wizard_state.shown_value(state, f"{self._section}.architecture")
        if self.combo.currentText().strip() != architecture and not self._typing.isActive():
            self.combo.setCurrentText(architecture)
        self._mark_suggestion(architecture)
        self._why.setText(dict(self._suggested).get(architecture, ""))
        self._show_weights(wizard_state.shown_value(state, f"{self._section}.weights"))
        wrong = dict(state.model_problems).get(self._section, "")
        wrong = wrong or wizard_state.field_problem(state, f"{self._section}.architecture")
        self._problem.show_message(wrong)
        facts = wizard_state.facts_of(state, self._section)
        self._facts.setText(facts_text(facts, state.recipe.data.image_size) if facts else "")
        self._facts.setVisible(not wrong)
        if not facts and not wrong:
            self._facts.setText("Looking the network up…")
        self._load_facts(architecture, state.recipe)

    def _mark_suggestion(self, architecture: str) -> None:
        names = [name for name, _ in self._suggested]
        item = self.suggestions.topLevelItem(names.index(architecture)) if architecture in names else None
        if item is not self.suggestions.currentItem():
            with QSignalBlocker(self.suggestions):
                self.suggestions.setCurrentItem(item)  # type: ignore[arg-type]  # None: no row

    def _show_weights(self, weights: str) -> None:
        kind = weights if weights in ("hub", "none") else _FILE
        self.weights.setCurrentIndex(self.weights.findData(kind))
        self._file_row.setVisible(kind == _FILE)
        if kind == _FILE and weights != ".safetensors" and self.file_edit.text().strip() != weights:
            self.file_edit.setText(weights)
        report = self._imported
        imported = report is not None and weights == str(report.out)
        facts = wizard_state.facts_of(self._model.state, self._section)
        licence = f" Their licence: {facts.licence}." if facts and facts.licence and kind == "hub" else ""
        help_text = report.text if report is not None and imported else _WEIGHTS_HELP[kind] + licence
        self._weights_help.setText(help_text)
        self._weights_problem.show_message(self._not_imported or flow.weights_message(self._model.state, self._section))

    def _load_facts(self, architecture: str, recipe: Recipe) -> None:
        section = getattr(recipe, self._section)
        rates = Rates.of(section.drop_rate, section.drop_path_rate)
        asked = (architecture, recipe.data.image_size, len(recipe.class_set), rates)
        if not self._active or asked == self._asked or not architecture:
            return
        self._asked = asked
        self._describing.start(partial(_describe, asked))

    @Slot(object)
    def _on_names(self, names: tuple[str, ...]) -> None:
        self._named = True
        first = [name for name, _ in self._suggested]
        self._complete([*first, *(name for name in names if name not in first)])

    @Slot(object)
    def _on_facts(self, facts: ModelFacts) -> None:
        self._model.update(wizard_state.model_described(self._model.state, self._section, facts))

    @Slot(object)
    def _on_unusable(self, error: SkinKDError) -> None:
        text = f"{error.title}: {error.summary}"
        self._model.update(wizard_state.model_unusable(self._model.state, self._section, text))


def _describe(asked: tuple[str, int, int, Rates], emit: Emit, token: CancelToken) -> ModelFacts:
    """Count a network's parameters and multiply-adds."""
    return describe_model(*asked)


def _import(source: Path, architecture: str, out: Path, licence: str, emit: Emit, token: CancelToken) -> ImportReport:
    """Import a file of weights; imports torch."""
    from core.models.importing import import_weights

    return import_weights(source, architecture, out, licence=licence)


def _all_names(emit: Emit, token: CancelToken) -> tuple[str, ...]:
    """All networks' names; imports timm, which takes a while the first time."""
    return search_models("")


def _title(text: str, editor: QWidget) -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setFixedWidth(in_text(TITLE_WIDTH))
    label.setBuddy(editor)
    return label
