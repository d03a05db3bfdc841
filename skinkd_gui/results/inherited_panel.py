"""Does a student make its teacher's errors? The teacher's confusions beside a student's, with pictures."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QComboBox, QWidget

from core.reporting.inherited_tables import MOST_CONFUSIONS, confusions_table
from skinkd_gui.results.cases import cell_cases, shared_cases
from skinkd_gui.results.image_windows import ImageWindows
from skinkd_gui.results.plain_table import TablePanel
from skinkd_gui.results.study_findings import SharedErrors
from skinkd_gui.widgets.layouts import column_of, named

_HINT = "Double-click a row to see the pictures that both get wrong alike (or, without any, the teacher's)."


class InheritedPanel(QWidget):
    """A table for the student that is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inheritedPanel")
        self._shared: tuple[SharedErrors, ...] = ()
        self._windows = ImageWindows(self)
        self.table = TablePanel("The teacher's confusions", "inherited", "The teacher's confusions in students", self)
        self.table.table.opened.connect(self._open)
        self.students = named(QComboBox(self), "inheritedStudent", "The student beside its teacher")
        self.students.currentIndexChanged.connect(self._show)
        self.table.add_control(self.students)
        column_of((self.table, 1), on=self, margins=0)

    def show_students(self, shared: tuple[SharedErrors, ...]) -> None:
        """Offer these students."""
        before = self.students.currentText()
        self._shared = shared
        with QSignalBlocker(self.students):
            self.students.clear()
            self.students.addItems([item.title for item in shared])
            self.students.setCurrentIndex(max(0, self.students.findText(before)))
        self._show()

    @property
    def _chosen(self) -> SharedErrors | None:
        place = self.students.currentIndex()
        return self._shared[place] if 0 <= place < len(self._shared) else None

    @Slot()
    def _show(self) -> None:
        chosen = self._chosen
        if chosen is not None:
            table = confusions_table(chosen.title, chosen.inherited, chosen.plain)
            self.table.set_heading(table.title)
            self.table.set_table(table, f"teachers-confusions-{chosen.title}", _HINT)

    @Slot(int)
    def _open(self, row: int) -> None:
        chosen = self._chosen
        if chosen is None or row >= MOST_CONFUSIONS:
            return
        pair = chosen.inherited.confusions[row]
        if pair.both:
            self._windows.open(shared_cases(chosen.student, chosen.teacher, pair))
        elif pair.teacher:
            self._windows.open(cell_cases(chosen.teacher, pair.truth, pair.said))
