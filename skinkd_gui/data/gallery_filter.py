"""Which pictures the gallery shows: search, aspect, class, part, site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from core.classes import ClassSet
from core.data.types import Part, ProblemKind
from skinkd_gui.data.entries import Aspect, EntryFilter, PictureEntry, aspect_counts
from skinkd_gui.widgets.layouts import named, row_of
from skinkd_gui.widgets.parts import delay, make_button

_TYPING_MILLISECONDS = 200
_BESIDE_TEXT = 28
"""Pixels of a list's margins and scroll bar."""


class GalleryFilterBar(QWidget):
    """Offers what there is, with counts; says when something else is asked for."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = named(
            QLineEdit(self, placeholderText="Search name, lesion, patient or note", clearButtonEnabled=True),
            "dataSearchEdit",
            "Search by name, lesion, patient or note",
        )
        self.aspect = self._combo("dataAspectCombo", "Which pictures are shown")
        self.code = self._combo("dataClassCombo", "Class")
        self.part = self._combo("dataPartCombo", "Part")
        self.site = self._combo("dataSiteCombo", "Site of the body")
        self._names: frozenset[str] = frozenset()
        self._all = make_button("Show all", "dataShowAllButton", self, self.clear)
        self._typing = delay(self, self._tell, _TYPING_MILLISECONDS)
        self.search.textChanged.connect(self._typing.start)
        combos = (self.aspect, self.code, self.part, self.site)
        for combo in combos:
            combo.currentIndexChanged.connect(self._tell)
        row_of((self.search, 3), (self.aspect, 3), *((each, 2) for each in combos[1:]), self._all, on=self, margins=0)

    @property
    def wanted(self) -> EntryFilter:
        """What is asked for now."""
        aspect, part = self.aspect.currentData() or Aspect.ALL, self.part.currentData()  # Qt returns their values
        return EntryFilter(
            Aspect(aspect) if aspect in set(Aspect) else ProblemKind(aspect),
            self.code.currentData() or "",
            Part(part) if part else None,
            self.site.currentData() or "",
            self.search.text(),
            self._names,
        )

    def offer(self, entries: Sequence[PictureEntry], classes: ClassSet) -> None:
        """Offer what these entries have; what was chosen stays where it is still there."""
        codes = Counter(entry.code for entry in entries)
        parts = Counter(entry.part for entry in entries)
        sites = Counter(entry.record.site for entry in entries if entry.record and entry.record.site)
        counts = {Aspect.ALL: 0, **aspect_counts(entries)}
        aspects = [(f"{aspect.value} ({count:,})", aspect) for aspect, count in counts.items()]
        if Aspect.UNUSUAL not in counts:  # found out when it is asked for
            aspects.append((Aspect.UNUSUAL.value, Aspect.UNUSUAL))
        _fill(self.aspect, "", aspects)
        labels = [(f"{classes.name_of(code)} ({codes[code]:,})", code) for code in classes.codes if codes[code]]
        _fill(self.code, "All classes", labels)
        _fill(self.part, "All parts", [(f"{p.word.capitalize()} ({parts[p]:,})", p) for p in Part if parts[p]])
        _fill(self.site, "All sites", [(f"{site} ({count:,})", site) for site, count in sites.most_common()])
        self._show_state()

    def show_names(self, names: frozenset[str]) -> None:
        """Show these images alone."""
        self.clear()
        self._names = names
        self._tell()

    def show_aspect(self, aspect: Aspect) -> None:
        """Show what has an aspect, where anything has."""
        self.aspect.setCurrentIndex(max(0, self.aspect.findData(aspect)))

    @Slot()
    def clear(self) -> None:
        """Show all pictures."""
        self._names = frozenset()
        self.search.clear()
        for combo in (self.aspect, self.code, self.part, self.site):
            combo.setCurrentIndex(0)
        self._tell()

    @Slot()
    def _tell(self) -> None:
        self._typing.stop()
        self._show_state()
        self.changed.emit()

    def _show_state(self) -> None:
        self._all.setEnabled(self.wanted != EntryFilter())

    def _combo(self, name: str, accessible: str) -> QComboBox:
        combo = named(QComboBox(self), name, accessible, accessible)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(8)
        return combo


def _fill(combo: QComboBox, everything: str, options: Sequence[tuple[str, object]]) -> None:
    """Offer other options; without any the box is hidden."""
    chosen = combo.currentData()
    combo.blockSignals(True)  # what is chosen does not change
    combo.clear()
    if everything:
        combo.addItem(everything, None)
    for text, value in options:
        combo.addItem(text, value)
    combo.setCurrentIndex(max(0, combo.findData(chosen)))
    combo.blockSignals(False)
    combo.setVisible(bool(options))
    combo.view().setMinimumWidth(combo.view().sizeHintForColumn(0) + _BESIDE_TEXT)
