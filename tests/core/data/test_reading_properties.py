"""Of any data folder: every picture is used once or named with a reason, and what is known of it is its own."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.classes import CLASS_SETS
from core.data.reading import read_dataset
from core.errors import SkinKDError

ISIC2019 = CLASS_SETS["isic2019"]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(40)
LABELS = ("MEL", "nevus", "Basaliom", "1. Acne 20", "", "UNK")


@dataclass(frozen=True)
class Site:
    """A folder of pictures with a table of its own: beside them, a folder away, or in the root by the name of it."""

    pictures: tuple[tuple[int, str, bool], ...]
    below: str
    table: str
    with_suffix: bool
    with_folder: bool


PICTURES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(LABELS), st.booleans()),
    min_size=1,
    max_size=6,
    unique_by=lambda p: p[0],
)
SITES = st.builds(
    Site,
    PICTURES.map(tuple),
    st.sampled_from(["", "images/", "images/raw/"]),
    st.sampled_from(["{0}/labels.csv", "{0}/meta/labels.txt", "{0}.csv"]),
    st.booleans(),
    st.booleans(),
)


def _write(root: Path, sites: list[Site]) -> dict[str, tuple[str, float]]:
    """The data, and of every file its site's label and age; a picture with False has no row."""
    truth: dict[str, tuple[str, float]] = {}
    for number, site in enumerate(sites):
        lines = ["image,label,lesion_id,age"]
        for name, label, listed in site.pictures:
            file = f"site{number}/{site.below}IMG_{name}.jpg"
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_bytes(PICTURE)
            truth[file] = (label if listed else "-", 20.0 + number)
            cell = f"{site.below if site.with_folder else ''}IMG_{name}{'.jpg' if site.with_suffix else ''}"
            lines += [f"{cell},{label},{name // 2},{20 + number}"] if listed else []
        table = root / site.table.format(f"site{number}")
        table.parent.mkdir(parents=True, exist_ok=True)
        table.write_text("\n".join(lines) + "\n")
    return truth


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(SITES, min_size=1, max_size=3))
def test_no_picture_is_lost_and_no_fact_is_another_folders(sites: list[Site]) -> None:
    with tempfile.TemporaryDirectory() as place:
        truth = _write(Path(place), sites)
        try:
            dataset = read_dataset(Path(place), ISIC2019)
        except SkinKDError:  # there is no label at all
            assume(any(label not in ("", "-") for label, _ in truth.values()))
            raise
    used = {record.name: record for record in dataset.records}
    named = {name for problem in dataset.problems for name in problem.names}
    assert len(used) == len(dataset.records)
    assert truth.keys() <= used.keys() | named
    for name, record in used.items():
        label, age = truth[name]
        assert record.label == ISIC2019.index_of(label)
        assert record.age == age
    owners: dict[str, set[str]] = {}
    for record in used.values():
        owners.setdefault(record.lesion or "", set()).add(record.name.partition("/")[0])
    assert all(len(found) == 1 for found in owners.values())  # each site counts its own lesions
