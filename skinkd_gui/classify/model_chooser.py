"""The combo boxes of models: the one that classifies, and the one it is compared with."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QFileDialog, QSizePolicy, QWidget

from skinkd_gui.classify.classify_worker import ModelChoice, default_model
from skinkd_gui.classify.model_catalog import ModelCatalog, last_used, remember
from skinkd_gui.widgets.labels import plain_tip

_OPEN_FILE = "Open a model file..."
_FILES = "SkinKD models (*.safetensors *.onnx);;All files (*)"


class ClassifierChooser(QComboBox):
    """Chooses one `ModelChoice`. The last entry opens a file; the choice is remembered between starts."""

    chosen = Signal(object)  # ModelChoice | None: the choice changed

    def __init__(self, catalog: ModelCatalog, parent: QWidget | None = None, none_text: str = "") -> None:
        """With a `none_text` no model may be chosen; that is then the first entry, and nothing is remembered."""
        super().__init__(parent)
        self._none_text = none_text
        self.setObjectName("classifySecondCombo" if none_text else "classifyModelCombo")
        self.setAccessibleName("Model to compare with" if none_text else "Model")
        self.setToolTip(
            "A second model that classifies the same images, to see where both agree"
            if none_text
            else "The model that classifies: a finished run, or a model file (.safetensors, .onnx)"
        )
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumContentsLength(12 if none_text else 24)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._catalog = catalog
        self._current: ModelChoice | None = None
        self._without: Path | None = None
        self._asked: Path | None = None
        self.activated.connect(self._activate)
        catalog.listed.connect(self._take_list)
        catalog.opened.connect(self._take_opened)
        self._fill()

    @property
    def choice(self) -> ModelChoice | None:
        """The chosen model, None while there is none."""
        return self._current

    def choose(self, source: Path) -> None:
        """Choose the model of a run folder or of a file; one that is not listed is read first (see the catalogue)."""
        found = self._catalog.find(source)
        if found is not None:
            self._remember(found)
            self._select(found)
            return
        self._asked = source
        self._catalog.open(source)

    def choose_none(self) -> None:
        """Choose no model."""
        self._select(None)

    def set_without(self, source: Path | None) -> None:
        """Do not offer this model: it is chosen elsewhere."""
        self._without = source
        if source is not None and self._current is not None and self._current.source == source:
            self._select(None)
        self._fill()

    @Slot()
    def ask_for_file(self) -> None:
        """Let the user choose a model file."""
        name, _ = QFileDialog.getOpenFileName(self, "Open a model file", str(self._catalog.runs_root), _FILES)
        if name:
            self.choose(Path(name))
        self._show_current()

    def _fill(self) -> None:
        with QSignalBlocker(self):
            self.clear()
            if self._none_text:
                self.addItem(self._none_text, None)
            for choice in self._catalog.choices:
                self.addItem(choice.text, choice)
                self.setItemData(self.count() - 1, plain_tip(str(choice.source)), Qt.ItemDataRole.ToolTipRole)
                items = self.model()
                if choice.source == self._without and isinstance(items, QStandardItemModel):
                    items.item(self.count() - 1).setEnabled(False)
            if not self.count():
                self.addItem("No model yet", None)
            self.insertSeparator(self.count())
            self.addItem(_OPEN_FILE, None)
        self._show_current()

    def _show_current(self) -> None:
        rows = {self.itemData(row).source: row for row in range(self.count()) if self._is_choice(row)}
        first = 0 if self._none_text or not rows else min(rows.values())
        self.setCurrentIndex(first if self._current is None else rows.get(self._current.source, first))
        self.setToolTip(self.toolTip() if self._current is None else plain_tip(self._current.text))

    def _is_choice(self, row: int) -> bool:
        return isinstance(self.itemData(row), ModelChoice)

    def _select(self, choice: ModelChoice | None) -> None:
        before, self._current = self._current, choice
        self._show_current()
        if (before is None) != (choice is None) or (before and choice and before.source != choice.source):
            self.chosen.emit(choice)

    @Slot(int)
    def _activate(self, row: int) -> None:
        choice = self.itemData(row)
        if isinstance(choice, ModelChoice):
            self._remember(choice)
            self._select(choice)
        elif self.itemText(row) == _OPEN_FILE:
            self.ask_for_file()
        elif self._none_text:
            self._select(None)

    @Slot()
    def _take_list(self) -> None:
        """Keep the choice where it still exists; without one take that of the last time, or the best on validation."""
        self._fill()
        found = self._catalog.find(self._current.source) if self._current else None
        if found is None and not self._none_text:
            last = last_used()
            found = None if last is None else self._catalog.find(last)
            found = found or default_model(self._catalog.choices)
        self._select(found)

    @Slot(object)
    def _take_opened(self, choice: ModelChoice) -> None:
        self._fill()
        if choice.source == self._asked:
            self._asked = None
            self._remember(choice)
            self._select(choice)

    def _remember(self, choice: ModelChoice) -> None:
        if not self._none_text:
            remember(choice)
