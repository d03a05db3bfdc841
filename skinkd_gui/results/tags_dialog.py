"""Which tags the selected runs have: tick, untick, add."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QWidget,
)

from core.runs.annotations import LONGEST_TAG, Annotations, clean_tags
from core.runs.status import RunSummary
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import PassingDialog, make_button

_ON, _OFF, _SOME = Qt.CheckState.Checked, Qt.CheckState.Unchecked, Qt.CheckState.PartiallyChecked


class TagsDialog(PassingDialog):
    """All tags there are, ticked where all selected runs have them, half ticked where some do. Call `open`."""

    def __init__(self, parent: QWidget, runs: Sequence[RunSummary], known: Sequence[str]) -> None:
        """`known`: the tags of all runs, also those that are not selected."""
        super().__init__(parent, "tagsDialog", "Tags", QSize(420, 380))
        self.runs = tuple(runs)
        name = f"“{runs[0].status.name}”" if len(runs) == 1 else f"{len(runs)} runs"
        self.list = named(QListWidget(self), "tagsList", "Tags; tick those that the runs are to have")
        self.edit = named(
            QLineEdit(self, placeholderText="A new tag", maxLength=LONGEST_TAG), "newTagEdit", "A new tag"
        )
        self._add_button = make_button("Add", "addTagButton", self)
        self._add_button.setEnabled(False)
        self._add_button.clicked.connect(self._add_typed)
        self.edit.textChanged.connect(self._typed)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setObjectName("tagsOkButton")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column_of(
            make_label(f"Tags of {name}", "heading", self, wrap=True),
            (self.list, 1),
            row_of((self.edit, 1), self._add_button),
            buttons,
            on=self,
        )
        self._fill(known)
        self.edit.setFocus()

    def _fill(self, known: Sequence[str]) -> None:
        counts = Counter(tag for run in self.runs for tag in run.annotations.tags)
        for tag in sorted(clean_tags([*counts, *known]), key=str.casefold):
            state = _ON if counts[tag] == len(self.runs) else _SOME if counts[tag] else _OFF
            self._add_item(tag, state)

    def _add_item(self, tag: str, state: Qt.CheckState) -> QListWidgetItem:
        item = QListWidgetItem(tag, self.list)
        flags = item.flags() | Qt.ItemFlag.ItemIsUserCheckable
        item.setFlags(flags | Qt.ItemFlag.ItemIsUserTristate if state is _SOME else flags)
        item.setCheckState(state)
        return item

    @property
    def annotations(self) -> tuple[tuple[RunSummary, Annotations], ...]:
        """What to write: the runs whose tags change, with their new annotations."""
        items = [self.list.item(row) for row in range(self.list.count())]
        states = {item.text(): item.checkState() for item in items}
        changed = []
        for run in self.runs:
            old = run.annotations
            kept = [tag for tag in old.tags if states.get(tag) is not _OFF]
            tags = clean_tags([*kept, *(tag for tag, state in states.items() if state is _ON)])
            if tags != old.tags:
                changed.append((run, Annotations(tags, old.notes, old.study, old.configuration)))
        return tuple(changed)

    def accept(self) -> None:
        """Take what stands in the field as well: typing a tag and pressing Enter is enough."""
        self._add_typed()
        super().accept()

    @Slot(str)
    def _typed(self, text: str) -> None:
        self._add_button.setEnabled(bool(clean_tags([text])))

    @Slot()
    def _add_typed(self) -> None:
        for tag in clean_tags([self.edit.text()]):
            there = [item for item in self.list.findItems(tag, Qt.MatchFlag.MatchFixedString) if item is not None]
            item = there[0] if there else self._add_item(tag, _ON)
            item.setCheckState(_ON)
            self.list.scrollToItem(item)
        self.edit.clear()
