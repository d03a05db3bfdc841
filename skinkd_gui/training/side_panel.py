"""Beside the live view: runs that wait, runs that can be resumed, and notices that stay."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QWidget,
)

from core.events import Level, Notice
from core.reporting.words import STATE_WORDS
from core.runs.status import RunSummary
from skinkd_gui.training.entries import QueuedRun
from skinkd_gui.training.queue import QueueState, TrainingQueue
from skinkd_gui.training.work import UnfinishedStudy
from skinkd_gui.undo import changed
from skinkd_gui.widgets.fitting import in_text
from skinkd_gui.widgets.labels import breakable, make_label, plain_tip
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.parts import Receiver, make_button
from skinkd_gui.widgets.theme import coloured_icon, colours, icon, theme

_LOWEST, _HIGHEST = 40, 170  # pixels at 100 % of text
_ICON = QSize(16, 16)
_FOLDER = Qt.ItemDataRole.UserRole
_IS_STUDY = Qt.ItemDataRole.UserRole + 1


class _Section(QFrame):
    """A titled card with a list; hidden while the list is empty."""

    fits = True  # the list is as high as its content

    def __init__(self, title: str, list_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.column = column_of(make_label(title, "heading", self), on=self, margins=(12, 10, 12, 10), spacing=8)
        self.items = named(QListWidget(self), list_name, title)
        self.items.setFrameShape(QFrame.Shape.NoFrame)
        self.items.setWordWrap(True)
        self.items.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.items.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.items.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.column.addWidget(self.items, 1)

    def fit(self) -> None:
        """Be as high as the list needs, up to a fifth of a usual window."""
        self.items.doItemsLayout()
        last = self.items.visualItemRect(self.items.item(self.items.count() - 1)) if self.items.count() else None
        wanted = last.bottom() + self.items.verticalOffset() + 6 if last is not None else 0
        self.items.setFixedHeight(min(max(wanted, in_text(_LOWEST)), in_text(_HIGHEST)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Texts break anew in another width."""
        super().resizeEvent(event)
        if self.fits:
            self.fit()

    def button(self, text: str, name: str, words: str, clicked: Receiver, *, primary: bool = False) -> QPushButton:
        """A button of the section; `words` is its accessible name and tip."""
        return make_button(text, name, self, clicked, accessible=words, tip=words, primary=primary)


class WaitingRuns(_Section):
    """The queue's waiting runs: order them, take them out, start them after a stop."""

    def __init__(self, queue: TrainingQueue, parent: QWidget) -> None:
        super().__init__("Waiting runs", "waitingRunsList", parent)
        self.items.setIconSize(_ICON)
        self._queue = queue
        self._shown: tuple[QueuedRun, ...] = ()
        self._up = self.button("", "moveUpButton", "Start the chosen run earlier", self._move_up)
        self._down = self.button("", "moveDownButton", "Start the chosen run later", self._move_down)
        take_out = "Take the chosen run out of the list"
        self._remove = self.button("Remove", "removeWaitingButton", take_out, self._remove_chosen)
        self._start = self.button(
            "Start", "startWaitingButton", "Start the waiting runs", queue.start_waiting, primary=True
        )
        row = row_of(self._up, self._down, self._remove, STRETCH, self._start, spacing=6)
        self.column.addLayout(row)
        self.items.currentRowChanged.connect(self._enable)
        queue.changed.connect(self._show)
        theme().changed.connect(self._restyle)
        self._restyle()
        self._show(queue.state)

    @Slot(object)
    def _show(self, state: QueueState) -> None:
        if state.waiting != self._shown:
            row = self.items.currentRow()
            chosen = self._shown[row] if 0 <= row < len(self._shown) else None
            self._shown = state.waiting
            self.items.clear()
            for run in state.waiting:
                self.items.addItem(_waiting_item(run))
            same = next((place for place, run in enumerate(state.waiting) if run is chosen), row)
            self.items.setCurrentRow(min(max(same, 0), len(state.waiting) - 1))
        self.fit()
        self.setVisible(bool(state.waiting))
        self._start.setVisible(state.can_start)
        self._enable()

    @Slot()
    def _enable(self) -> None:
        row, count = self.items.currentRow(), self.items.count()
        self._up.setEnabled(row > 0)
        self._down.setEnabled(0 <= row < count - 1)
        self._remove.setEnabled(row >= 0)

    @Slot()
    def _move_up(self) -> None:
        self._move(-1)

    @Slot()
    def _move_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        row = self.items.currentRow()
        if 0 <= row < self.items.count():
            run = self._shown[row]
            do, undo = partial(self._queue.move, run, row + by), partial(self._queue.move, run, row)
            changed(self, f"order of “{run.name}”", do, undo)
            self.items.setCurrentRow(row + by)

    @Slot()
    def _remove_chosen(self) -> None:
        row = self.items.currentRow()
        if 0 <= row < self.items.count():
            run = self._shown[row]
            do, undo = partial(self._queue.remove, run), partial(self._queue.put_back, run, row)
            changed(self, f"removal of “{run.name}”", do, undo)

    @Slot()
    def _restyle(self) -> None:
        self._up.setIcon(icon("up"))
        self._down.setIcon(icon("down"))


def _waiting_item(run: QueuedRun) -> QListWidgetItem:
    """A waiting entry: its name, and why it waits although it was at work."""
    why = f"Failed. {run.problem}" if run.problem else "Begun; goes on where it stood" if run.begun else ""
    item = QListWidgetItem(f"{breakable(run.name)}\n{breakable(why)}" if why else breakable(run.name))
    if run.problem:
        item.setIcon(coloured_icon("warning", colours().warning))
    if run.plan:
        item.setToolTip(plain_tip("\n".join(planned.name for planned in run.plan)))
    return item


class UnfinishedRuns(_Section):
    """Studies that are not complete, and runs that were stopped, interrupted or failed, to go on with."""

    resume_requested = Signal(object)  # Path of the run folder
    changes_requested = Signal(object)  # Path of the run folder: ask what changed, then go on
    study_requested = Signal(object)  # Path of the study's folder

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Unfinished runs", "unfinishedRunsList", parent)
        self._resume = self.button("Resume", "resumeRunButton", "Go on with the chosen run where it stood", self._ask)
        self._change = self.button(
            "With changes...",
            "resumeChangesButton",
            "Resume with changes: where the chosen run's data or teacher were moved, or with more epochs",
            self._ask_changes,
        )
        row = row_of(self._change, STRETCH, self._resume)
        self.column.addLayout(row)
        self.items.itemActivated.connect(self._ask)
        self.items.currentRowChanged.connect(self._enable)
        self.show_runs(())

    def show_runs(self, runs: Sequence[RunSummary], studies: Sequence[UnfinishedStudy] = ()) -> None:
        """List these studies and runs; the chosen one stays chosen."""
        chosen = self.items.currentItem().data(_FOLDER) if self.items.currentItem() else None
        self.items.clear()
        for study in studies:
            failed = f", {study.failed} failed" if study.failed else ""
            item = QListWidgetItem(f"{breakable(study.name)}\nStudy, {study.done} of {study.total} runs done{failed}")
            item.setData(_FOLDER, str(study.folder))
            item.setData(_IS_STUDY, True)
            item.setToolTip(plain_tip(str(study.folder)))
            self.items.addItem(item)
        for run in runs:
            status = run.status
            where = f", epoch {status.epoch} of {status.epochs}" if status.epoch else ""
            item = QListWidgetItem(f"{breakable(status.name)}\n{STATE_WORDS[status.state]}{where}")
            item.setData(_FOLDER, str(run.folder))
            item.setToolTip(plain_tip(status.message or str(run.folder)))
            self.items.addItem(item)
        folders = [*(str(study.folder) for study in studies), *(str(run.folder) for run in runs)]
        self.items.setCurrentRow(folders.index(chosen) if chosen in folders else 0 if folders else -1)
        self.fit()
        self.setVisible(bool(folders))
        self._enable()

    @Slot()
    def _enable(self) -> None:
        item = self.items.currentItem()
        self._resume.setEnabled(item is not None)
        self._change.setEnabled(item is not None and not item.data(_IS_STUDY))

    @Slot()
    def _ask_changes(self) -> None:
        item = self.items.currentItem()
        if item is not None and not item.data(_IS_STUDY):
            self.changes_requested.emit(Path(item.data(_FOLDER)))

    @Slot()
    def _ask(self) -> None:
        item = self.items.currentItem()
        if item is not None:
            signal = self.study_requested if item.data(_IS_STUDY) else self.resume_requested
            signal.emit(Path(item.data(_FOLDER)))


class Notices(_Section):
    """What the run wants known; warnings stay until the next run and stand out."""

    fits = False  # takes all room that is left

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Notices", "noticesList", parent)
        self.items.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.items.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.items.setIconSize(_ICON)
        self._shown: list[Notice] = []
        theme().changed.connect(self._redraw)
        self.hide()

    def show_notices(self, notices: Sequence[Notice]) -> None:
        """List these, the newest last; scrolls only while the end is in sight."""
        if list(notices) == self._shown:
            return
        bar = self.items.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 4
        known = len(self._shown) if self._shown == list(notices[: len(self._shown)]) else 0
        if not known:
            self.items.clear()
        for notice in notices[known:]:
            self._add(notice)
        self._shown = list(notices)
        self.setVisible(bool(notices))
        if at_end:
            self.items.scrollToBottom()

    def _add(self, notice: Notice) -> None:
        warns = notice.level is Level.WARNING
        picture = coloured_icon("warning", colours().warning) if warns else coloured_icon("info", colours().muted)
        item = QListWidgetItem(picture, breakable(notice.text))
        item.setData(Qt.ItemDataRole.AccessibleTextRole, f"Warning: {notice.text}" if warns else notice.text)
        self.items.addItem(item)

    @Slot()
    def _redraw(self) -> None:
        shown, self._shown = self._shown, []
        self.items.clear()
        self.show_notices(shown)
