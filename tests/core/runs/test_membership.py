from __future__ import annotations

from pathlib import Path

import pytest

from core.data.types import Part
from core.errors import SkinKDError
from core.recipe import Recipe
from core.runs.folder import RunFolder, create_run
from core.runs.pictures import parts_of_files

ROWS = """image,label,lesion_id,part
ISIC_1,NV,,train
MEL/ISIC_2,MEL,,validation
ISIC_3_downsampled,NV,,test
a/same,NV,,train
b/same,NV,,test
ISIC_4,NV,,
"""


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = create_run(Recipe(), runs=tmp_path / "runs", name="one")
    folder.split_file.write_text(ROWS)
    return folder


def test_files_are_known_by_their_names_alone(run: RunFolder) -> None:
    files = [Path(name) for name in ("x/isic_1.JPG", "ISIC_2.png", "y/ISIC_3.jpg", "ISIC_9.jpg", "ISIC_4.jpg")]
    assert parts_of_files(run.path, files) == {
        files[0]: Part.TRAIN,
        files[1]: Part.VALIDATION,
        files[2]: Part.TEST,
    }


def test_a_name_in_two_parts_tells_nothing(run: RunFolder) -> None:
    assert parts_of_files(run.path, [Path("same.jpg")]) == {}


def test_without_a_split_nothing_is_known_and_a_damaged_one_is_an_error(run: RunFolder) -> None:
    run.split_file.write_text("nonsense\n1\n")
    with pytest.raises(SkinKDError):
        parts_of_files(run.path, [Path("ISIC_1.jpg")])
    run.split_file.unlink()
    assert parts_of_files(run.path, [Path("ISIC_1.jpg")]) == {}
