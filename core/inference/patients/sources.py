"""Where facts of patients may come from, as one text names it: a table, folders, or DICOM elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import SkinKDError
from core.inference.patients.dicom_elements import ELEMENTS, dicom_facts
from core.inference.patients.facts import FIELDS, PatientFacts, folder_facts, table_facts

FOLDERS, DICOM = "folders:", "dicom:"
_NO_FACT = "-"
USAGE = (
    "A table (whose.csv) with columns such as image, patient, lesion, date and site; 'folders:patient/lesion/date', "
    "the names of the folders above an image, '-' for one that says nothing; or 'dicom:patient,date', elements to read."
)


def facts_from(source: str, paths: Sequence[Path]) -> dict[Path, PatientFacts]:
    """The facts of images from a source as `USAGE` says. Raises `SkinKDError` for one that is none, or can not be
    used."""
    if source.startswith(FOLDERS):
        return folder_facts(paths, folder_levels(source.removeprefix(FOLDERS).split("/")))
    if source.startswith(DICOM):
        return dicom_facts(paths, _known(source.removeprefix(DICOM).split(","), ELEMENTS))
    return table_facts(paths, Path(source))


def folder_levels(names: Sequence[str]) -> dict[str, int]:
    """How many folders above an image each fact stands, from their names, the nearest folder last. Raises `SkinKDError`
    for a name that is no fact, or stands twice."""
    meant = [name.strip() for name in names]
    _known([name for name in meant if name != _NO_FACT], dict.fromkeys(FIELDS))
    return {name: len(meant) - place for place, name in enumerate(meant) if name != _NO_FACT}


def _known(names: Sequence[str], fields: Mapping[str, object]) -> list[str]:
    wanted = [name.strip() for name in names]
    if not wanted or len(set(wanted)) < len(wanted) or not set(wanted) <= set(fields):
        raise SkinKDError(
            "Nobody knows whose pictures these are",
            f"{', '.join(wanted) or 'Nothing'} was named; each of {', '.join(fields)} may stand once.",
        )
    return wanted
