"""Corrections of the data set that is open: made, undone, and written at once beside SkinKD's own files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.data.corrections import (
    EYE,
    Correction,
    CorrectionKind,
    correction,
    read_corrections,
    with_corrections,
    write_corrections,
)
from skinkd_gui.data.entries import PictureEntry
from skinkd_gui.undo import changed

_Key = tuple[str, CorrectionKind]


class CorrectionsEditor(QObject):
    """Every change goes on the undo stack of the window around `parent`. The data are never touched."""

    changed = Signal()  # the corrections of the data set that is open

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._file: Path | None = None
        self.corrections: tuple[Correction, ...] = ()
        self.run_name = ""
        """The run whose suspected labels are shown: the source of what is corrected because of them."""

    def open(self, file: Path, corrections: tuple[Correction, ...]) -> None:
        """Go on with those of another data set."""
        self._file, self.corrections = file, corrections

    def close(self) -> None:
        """No data set is open."""
        self._file, self.corrections = None, ()

    def relabel(self, entries: Sequence[PictureEntry], code: str) -> None:
        """Give images another class; the data's own one takes the correction back."""
        others = [entry for entry in entries if entry.record is not None and entry.code != code]
        kind = CorrectionKind.RELABEL
        made = [
            correction(entry.name, kind, code, source=self._source(entry), before=entry.label)
            for entry in others
            if entry.label != code
        ]
        self._change("class", others, made, kind)

    def exclude(self, entries: Sequence[PictureEntry]) -> None:
        """Leave images out."""
        others = [entry for entry in entries if entry.record is not None and not entry.excluded]
        kind = CorrectionKind.EXCLUDE
        made = [correction(entry.name, kind, source=self._source(entry), before=entry.label) for entry in others]
        self._change("leaving out", others, made, kind)

    def include(self, entries: Sequence[PictureEntry]) -> None:
        """Use images again that were left out."""
        self._change("using again", [entry for entry in entries if entry.excluded], [], CorrectionKind.EXCLUDE)

    def group(self, entries: Sequence[PictureEntry]) -> None:
        """Say that images show one lesion or patient; those that belong to a group already bring it along."""
        usable = [entry for entry in entries if entry.record is not None]
        kind = CorrectionKind.GROUP
        names = [entry.marks[kind].value for entry in usable if kind in entry.marks]
        name = names[0] if names else f"together with {usable[0].name}"
        joined = {each.path for each in self.corrections if each.kind is kind and each.value in names}
        paths = dict.fromkeys((*(entry.name for entry in usable), *sorted(joined)))
        self._change("group", usable, [correction(path, kind, name) for path in paths], kind)

    def ungroup(self, entries: Sequence[PictureEntry]) -> None:
        """Take images out of the groups that somebody put them in."""
        kind = CorrectionKind.GROUP
        self._change("group", [entry for entry in entries if kind in entry.marks], [], kind)

    def note(self, entries: Sequence[PictureEntry], text: str) -> None:
        """Note something; an empty text takes the note away."""
        kind = CorrectionKind.NOTE
        others = [entry for entry in entries if text != (entry.marks[kind].value if kind in entry.marks else "")]
        made = [correction(entry.name, kind, text) for entry in others] if text else []
        self._change("note", others, made, kind)

    def _source(self, entry: PictureEntry) -> str:
        return self.run_name if entry.suspicion is not None else EYE

    def _change(
        self, what: str, entries: Sequence[PictureEntry], made: Sequence[Correction], kind: CorrectionKind
    ) -> None:
        """Put `made` in place of what stood of this kind about the entries and the images of `made`."""
        if self._file is None or not entries:
            return
        paths = {each.path for each in made}
        keys = {(name, kind) for name in (*(entry.name for entry in entries), *paths)}
        former = tuple(each for each in self.corrections if (each.path, each.kind) in keys)
        after = with_corrections([each for each in former if each.path in paths], made)
        count = "1 image" if len(entries) == 1 else f"{len(entries):,} images"
        do, undo = (partial(self._write, self._file, keys, those) for those in (after, former))
        changed(self, f"{what} of {count}", do, undo)

    def _write(self, file: Path, keys: set[_Key], those: Iterable[Correction]) -> None:
        """Replace what stands about the keys; what others wrote since stays. Raises `SkinKDError`."""
        rest = [each for each in read_corrections(file) if (each.path, each.kind) not in keys]
        every = (*rest, *those)
        write_corrections(file, every)
        if file == self._file:
            self.corrections = every
            self.changed.emit()
