from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import SkinKDError
from core.inference.patients.facts import PatientFacts
from core.inference.patients.sources import facts_from


def test_one_text_names_folders_or_a_table(tmp_path: Path) -> None:
    image = tmp_path / "P1" / "x" / "3" / "a.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"")
    assert facts_from("folders:patient/-/lesion", [image]) == {image: PatientFacts("P1", "3")}
    (tmp_path / "t.csv").write_text("image,site\na,back\n")
    assert facts_from(str(tmp_path / "t.csv"), [image]) == {image: PatientFacts(site="back")}


@pytest.mark.parametrize("source", ["folders:patient/patient", "folders:", "folders:age", "dicom:name", "dicom:"])
def test_what_is_no_fact_is_refused(source: str) -> None:
    with pytest.raises(SkinKDError, match="may stand once"):
        facts_from(source, [Path("/a/b/c.png")])
