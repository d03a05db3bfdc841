"""The DICOM elements that may say whose picture it is; read only where the user ticks them, and only those."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from core.data.dicom import HEAD_BYTES, is_dicom
from core.errors import SkinKDError
from core.inference.patients.facts import PatientFacts, made_facts

ELEMENTS: Mapping[str, tuple[str, ...]] = {
    "patient": ("PatientID",),
    "lesion": ("TrackingID",),
    "date": ("AcquisitionDate", "ContentDate", "StudyDate"),
    "site": ("BodyPartExamined",),
}
"""By the names of `PatientFacts`: the elements, the first that a file has counts. A patient's name is none of them."""

TITLES: Mapping[str, str] = {
    "patient": "Patient ID (0010,0020)",
    "lesion": "Tracking ID of the lesion (0062,0020)",
    "date": "Date of the picture (0008,0022), else of the content or the study",
    "site": "Body part examined (0018,0015)",
}
"""What the user ticks."""


def dicom_facts(paths: Sequence[Path], ticked: Collection[str]) -> dict[Path, PatientFacts]:
    """The `ticked` facts (names of `ELEMENTS`) of those images that are DICOM files and say any of them. What can not
    be read, or is no date, stays unknown. Raises `SkinKDError` where no image is a DICOM file, or none says any of
    them."""
    wanted = {name: ELEMENTS[name] for name in ELEMENTS if name in ticked}
    files = [path for path in paths if _is_dicom(path)]
    if not files:
        raise SkinKDError("There are no DICOM files", f"None of the {len(paths):,} images is one.")
    found = {path: facts for path in files if (facts := _facts(path, wanted))}
    if not found:
        raise SkinKDError(
            "The DICOM files say nothing of it", f"None of the {len(files):,} files has what was ticked: it is empty."
        )
    return found


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_dicom(file.read(HEAD_BYTES))
    except OSError:
        return False


def _facts(path: Path, wanted: Mapping[str, tuple[str, ...]]) -> PatientFacts:
    # Both would print and keep what pydicom says about a file, and that may quote it.
    warnings.filterwarnings("ignore", module=r"pydicom\.")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    from pydicom import dcmread

    tags = [element for elements in wanted.values() for element in elements]
    try:
        header = dcmread(path, stop_before_pixels=True, specific_tags=tags)
        values = {
            name: next((text for element in elements if (text := str(header.get(element) or "").strip())), "")
            for name, elements in wanted.items()
        }
    except Exception:  # whatever a damaged file makes pydicom raise; its words may quote the file
        return PatientFacts()
    try:
        return made_facts(values)
    except SkinKDError:  # a date that is none
        return made_facts({**values, "date": ""})
