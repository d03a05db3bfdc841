from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.inference.patients.dicom_elements import ELEMENTS, TITLES, dicom_facts
from core.inference.patients.facts import FIELDS, PatientFacts
from tests.core.cli.test_patient_data import dicom, saved


def test_only_what_was_ticked_is_read(tmp_path: Path) -> None:
    file, plain = tmp_path / "a.dcm", tmp_path / "b.png"
    file.write_bytes(saved(dicom(PatientID="P 7", TrackingID="L3", BodyPartExamined="ARM", StudyDate="20260331")))
    plain.write_bytes(b"no DICOM")
    assert dicom_facts([file, plain], {"patient", "date"}) == {file: PatientFacts("P 7", "", date(2026, 3, 31))}
    assert dicom_facts([file], {"lesion", "site"}) == {file: PatientFacts("", "L3", None, "ARM")}
    assert dicom_facts([file], ELEMENTS)[file].lesion == "L3"


def test_the_name_of_a_patient_can_not_be_ticked() -> None:
    assert tuple(ELEMENTS) == tuple(TITLES) == FIELDS
    assert not any("Name" in element or "Birth" in element for elements in ELEMENTS.values() for element in elements)


def test_files_that_say_nothing_are_told(tmp_path: Path) -> None:
    file, plain, damaged = tmp_path / "a.dcm", tmp_path / "b.png", tmp_path / "c.dcm"
    undated = dicom(PatientID="", StudyDate="20260331")
    file.write_bytes(saved(undated).replace(b"20260331", b"unknown "))
    damaged.write_bytes(file.read_bytes()[:140])
    plain.write_bytes(b"")
    with pytest.raises(SkinKDError, match="None of the 1 images is one"):
        dicom_facts([plain], {"patient"})
    with pytest.raises(SkinKDError, match="None of the 2 files has what was ticked"):
        dicom_facts([file, damaged], {"patient"})
