"""One picture in large, what is known of it, and how to correct it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QComboBox, QLineEdit, QPlainTextEdit, QWidget

from core.classes import ClassSet
from core.data.corrections import EYE, Correction, CorrectionKind
from core.quantities import whole_percent
from skinkd_gui.classify.picture_view import PictureView
from skinkd_gui.classify.pictures import DecodedPicture, PictureLoader
from skinkd_gui.data.entries import PictureEntry
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button

_LARGEST = QSize(1200, 1200)


class DataFactsPanel(QWidget):
    """Shows the entries that are selected: picture and facts of the first one; corrections are for all."""

    relabelled = Signal(str)  # class code
    exclusion_toggled = Signal(bool)  # whether they are to be left out
    grouping_toggled = Signal(bool)  # whether they are to belong together
    noted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: Sequence[PictureEntry] = ()
        self._classes: ClassSet | None = None
        self.picture = PictureView(self)
        self.picture.setObjectName("dataPicture")
        self.picture.setMinimumHeight(70)
        self._loader = PictureLoader(_LARGEST, most_waiting=1, parent=self)
        self._loader.loaded.connect(self._show_loaded)
        self._name = make_label("", "heading", self, wrap=True, name="dataPictureName")
        self.facts = named(QPlainTextEdit(self, readOnly=True), "dataFacts", "What is known of the picture")
        self.facts.setTabChangesFocus(True)
        self.facts.setMinimumHeight(50)
        self._build_corrections()
        column_of(
            (self.picture, 3),
            self._name,
            (self.facts, 2),
            row_of(make_label("&Class", parent=self, buddy=self.relabel), (self.relabel, 1)),
            row_of((self.exclude, 1), (self.group, 1)),
            self.note,
            on=self,
            margins=0,
        )
        self.show_entries(())

    def _build_corrections(self) -> None:
        self.relabel = named(QComboBox(self), "dataRelabelCombo", "Class of the selected pictures")
        self.relabel.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.relabel.setMinimumContentsLength(10)
        self.relabel.activated.connect(self._on_relabel)
        self.exclude = make_button("Leave out", "dataExcludeButton", self, self._on_exclude)
        tip = "Of one lesion or patient: they stay in one part"
        self.group = make_button("Belong together", "dataGroupButton", self, self._on_group, tip=tip)
        self.note = named(QLineEdit(self, placeholderText="Note"), "dataNoteEdit", "Note on the selected pictures")
        self.note.editingFinished.connect(self._on_note)

    def show_classes(self, classes: ClassSet) -> None:
        """The classes that there are."""
        self._classes = classes
        self.relabel.clear()
        for code in classes.codes:
            self.relabel.addItem(classes.title_of(code), code)

    def show_entries(self, entries: Sequence[PictureEntry]) -> None:
        """Show what is selected."""
        before = self._entries[0].path if self._entries else None
        self._entries = entries
        first = entries[0] if entries else None
        more = f" and {len(entries) - 1:,} more" if len(entries) > 1 else ""
        self._name.setText(breakable(f"{first.name.rpartition('/')[2]}{more}") if first else "No picture is selected")
        self.facts.setPlainText(facts_text(first, self._classes) if first and self._classes else "")
        usable = any(entry.record is not None for entry in entries)
        for widget in (self.relabel, self.exclude, self.group, self.note):
            widget.setEnabled(usable)
        codes = {entry.code for entry in entries}
        self.relabel.setCurrentIndex(self.relabel.findData(codes.pop()) if len(codes) == 1 else -1)
        self.exclude.setText("Use again" if self._all_excluded else "Leave out")
        self.group.setText("Not together" if self._all_grouped else "Belong together")
        self.group.setEnabled(usable and (len(entries) > 1 or self._all_grouped))
        note = first.marks.get(CorrectionKind.NOTE) if first else None
        self.note.setText(note.value if note else "")
        if first is None or first.path is None:
            self.picture.show_picture(QPixmap(), "No picture" if first else "")
        elif first.path != before:
            self.picture.show_picture(QPixmap(), "Loading the picture...")
            self._loader.request(first.path)

    @property
    def _all_excluded(self) -> bool:
        return bool(self._entries) and all(entry.excluded for entry in self._entries)

    @property
    def _all_grouped(self) -> bool:
        groups = {each.value if (each := entry.marks.get(CorrectionKind.GROUP)) else "" for entry in self._entries}
        return len(groups) == 1 and "" not in groups

    @Slot(object)
    def _show_loaded(self, picture: DecodedPicture) -> None:
        if self._entries and picture.path == self._entries[0].path:
            pixmap = QPixmap() if picture.image is None else QPixmap.fromImage(picture.image)
            self.picture.show_picture(pixmap, picture.error)

    @Slot(int)
    def _on_relabel(self, index: int) -> None:
        self.relabelled.emit(self.relabel.itemData(index))

    @Slot()
    def _on_exclude(self) -> None:
        self.exclusion_toggled.emit(not self._all_excluded)

    @Slot()
    def _on_group(self) -> None:
        self.grouping_toggled.emit(not self._all_grouped)

    @Slot()
    def _on_note(self) -> None:
        if self.note.isModified():
            self.note.setModified(False)
            self.noted.emit(self.note.text().strip())


def facts_text(entry: PictureEntry, classes: ClassSet) -> str:
    """What is known of a picture, in lines."""
    record, said = entry.record, entry.suspicion
    lines = [f"Class: {classes.title_of(entry.label)}" if entry.label else "It has no label that can be used."]
    lines += [_correction_text(each, classes) for each in entry.marks.values()]
    if said is not None:
        lines.append(
            f"The run takes it for {classes.title_of(said.suggested)}, more probable than {said.label} by "
            f"{whole_percent(said.margin)}."
        )
    lines += [f"{problem.kind.value}: {problem.reason}" for problem in entry.problems]
    if record is not None:
        age = None if record.age is None else f"{record.age:g} years"
        known = {"Lesion": record.lesion, "Patient": record.patient, "Age": age, "Sex": record.sex, "Site": record.site}
        lines += [f"{title}: {value}" for title, value in known.items() if value]
    lines += [f"Part: {entry.part.word}"] if entry.part else []
    lines += [f"File: {entry.path}"] if entry.path else ["There is no file."]
    return "\n".join(lines)


def _correction_text(each: Correction, classes: ClassSet) -> str:
    did = {
        CorrectionKind.RELABEL: f"Relabelled {classes.title_of(each.value)}, was {each.before}",
        CorrectionKind.EXCLUDE: "Left out",
        CorrectionKind.GROUP: f"Put into the group {each.value}",
        CorrectionKind.NOTE: f"Note: {each.value}",
    }
    why = "" if each.source == EYE else f", because {each.source} disagreed"
    by = f" by {each.author}" if each.author else ""
    return f"{did[each.kind]} ({each.time[:10]}{by}{why})"
