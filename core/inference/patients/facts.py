"""Whose picture an image is: patient, lesion, date and site, as typed or as folders and tables say."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from core.data.finding import Folder
from core.data.headings import DATE, IMAGE, LESION, PATIENT, SITE
from core.data.locating import ImageIndex
from core.data.tables import Table, read_table
from core.documents import listed, one_line, some
from core.errors import SkinKDError

LONGEST = 80
"""Characters of a patient, lesion or site."""

_FIELDS = {"patient": PATIENT, "lesion": LESION, "date": DATE, "site": SITE}
_DATES = (
    re.compile(r"(?P<y>\d{4})-?(?P<m>\d{2})-?(?P<d>\d{2})(?:[T ].*)?"),
    re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})"),
)
_MOST_NAMED = 5


@dataclass(frozen=True)
class PatientFacts:
    """What is known of whose picture an image is; "" and None for what is not."""

    patient: str = ""
    lesion: str = ""
    date: datetime.date | None = None
    site: str = ""

    def __bool__(self) -> bool:
        return bool(self.patient or self.lesion or self.date or self.site)

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """What is known, as (name, value), for people."""
        day = "" if self.date is None else self.date.isoformat()
        pairs = (("Patient", self.patient), ("Lesion", self.lesion), ("Date", day), ("Site", self.site))
        return tuple((name, value) for name, value in pairs if value)


NOTHING_KNOWN = PatientFacts()

FIELDS = tuple(field.name for field in fields(PatientFacts))
"""patient, lesion, date, site."""


def made_facts(values: Mapping[str, str]) -> PatientFacts:
    """The facts from texts by the names in `FIELDS`. Raises `SkinKDError` for a date that is none, or that may be two:
    3/4/2026 is in April or in March."""
    texts = {name: one_line(values.get(name, ""))[:LONGEST] for name in ("patient", "lesion", "site")}
    return PatientFacts(date=parsed_date(values.get("date", "")), **texts)


def parsed_date(text: str) -> datetime.date | None:
    """A date as 2026-03-31, 20260331 or 31.3.2026; None of an empty text. Raises `SkinKDError` for anything else."""
    text = text.strip()
    if not text:
        return None
    for form in _DATES:
        if found := form.fullmatch(text):
            try:
                return datetime.date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                break
    raise SkinKDError(
        "That is no date", f"{one_line(text)[:LONGEST]!r} is none that is clear. Write it as 2026-03-31 or 31.3.2026."
    )


def merged(known: PatientFacts, more: PatientFacts) -> PatientFacts:
    """What is `known`, and of `more` what is not known yet."""
    return replace(known, **{name: getattr(known, name) or getattr(more, name) for name in FIELDS})


def folder_facts(paths: Sequence[Path], levels: Mapping[str, int]) -> dict[Path, PatientFacts]:
    """The facts of images from the names of their folders: `levels` gives for names in `FIELDS` how many folders above
    the image, from 1.

    Raises `SkinKDError` for a folder that is no date, and where a lesion's number stands in several folders while no
    folder is the patient: these would be taken for one lesion.
    """
    found = {path: made_facts({name: _folder_name(path, level) for name, level in levels.items()}) for path in paths}
    if "lesion" in levels and "patient" not in levels:
        _check_owners(found, levels["lesion"])
    return found


def table_facts(paths: Sequence[Path], table: Path) -> dict[Path, PatientFacts]:
    """The facts of images from a CSV or Excel table with a column that names them, and columns named patient, lesion,
    date or site (or as `core.data.headings` knows them); images without a row are missing.

    Raises `SkinKDError` where a column or every image is missing, a row may mean several images, two rows say different
    things of one, or a cell is no date.
    """
    read = read_table(table)
    columns = {name: place for name, titles in _FIELDS.items() if (place := read.find(*titles)) is not None}
    if not columns:
        titles = listed([name[0] for name in _FIELDS.values()])
        raise _no_facts(table, f"It has no column of patients, lesions, dates or sites (such as {titles}).")
    found: dict[Path, PatientFacts] = {}
    for files, cells in _rows(paths, read):
        facts = made_facts({name: cells[place] for name, place in columns.items()})
        if len(files) > 1:
            names = some([path.name for path in files], _MOST_NAMED)
            raise _no_facts(table, f"A row may mean several images: {names}. Name them with their folders.")
        if found.setdefault(files[0], facts) != facts:
            raise _no_facts(table, f"Two rows say different things of {files[0].name}.")
    if not found:
        raise _no_facts(table, f"It names none of the {len(paths):,} images.")
    return found


def _rows(paths: Sequence[Path], table: Table) -> list[tuple[list[Path], tuple[str, ...]]]:
    """The rows that name images, with these."""
    absolute = {path.absolute(): path for path in paths}
    root = Path(os.path.commonpath([path.parent for path in absolute]))
    index = ImageIndex(Folder(root, tuple(absolute), ()))
    column = _image_column(index, table)
    if column is None:
        return []
    strict = index.names_folders([cells[column] for cells in table.rows], "")
    pairs = ((index.find(cells[column], "", strict=strict), cells) for cells in table.rows if cells[column])
    return [([absolute[path] for path in files], cells) for files, cells in pairs if files]


def _image_column(index: ImageIndex, table: Table) -> int | None:
    """The column that names most images; of equals the one with the heading of such a column."""
    counts = [sum(index.has(cells[place]) for cells in table.rows) for place in range(len(table.columns))]
    titled = table.find(*IMAGE)
    best = max(range(len(counts)), key=lambda column: (counts[column], column == titled), default=None)
    return best if best is not None and counts[best] else None


def _folder_name(path: Path, level: int) -> str:
    parents = path.absolute().parents
    return parents[level - 1].name if 0 < level <= len(parents) else ""


def _check_owners(facts_of: Mapping[Path, PatientFacts], level: int) -> None:
    owners: dict[str, set[Path]] = {}
    for path, facts in facts_of.items():
        if facts.lesion:
            owners.setdefault(facts.lesion, set()).add(path.absolute().parents[level - 1])
    for lesion, folders in owners.items():
        if len(folders) > 1:
            names = some(sorted(str(folder.parent.name) for folder in folders), _MOST_NAMED)
            raise SkinKDError(
                "Lesions would be mixed",
                f"Lesion {lesion} stands in several folders ({names}), and no folder is said to be the patient. Say "
                "which one is.",
            )


def _no_facts(table: Path, why: str) -> SkinKDError:
    return SkinKDError("The table does not say whose pictures these are", f"{table.name}: {why}")
