"""Layouts are entries: one of your own is detected, read, named in recipes and listed in forms, from outside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.classes import CLASS_SETS, ClassSet
from core.data.choices import Choices
from core.data.finding import Folder
from core.data.layouts import AUTO, LAYOUTS, Layout, own_layouts
from core.data.reading import read_dataset
from core.data.rows import Row
from core.data.tables import Table
from core.errors import RecipeError, SkinKDError
from core.recipe import Recipe, field, set_values

ISIC2019 = CLASS_SETS["isic2019"]


def _detect(folder: Folder, tables: Sequence[Table], classes: ClassSet) -> Sequence[Table] | None:
    named = bool(folder.images) and all("__" in path.stem for path in folder.images)
    return () if named else None


def _read(folder: Folder, tables: Sequence[Table], metadata: Sequence[Table], classes: ClassSet) -> list[Row]:
    labels = [(path, classes.index_of(path.stem.partition("__")[0])) for path in folder.images]
    return [Row(path.stem, label, folder.root, path=path) for path, label in labels]


IN_NAMES = Layout(
    "in_names",
    "Labels in the names",
    "the name of each file begins with its class",
    lambda classes: f"files named after a class, such as {classes.codes[0]}__1.jpg",
    _detect,
    _read,
    terms="Ask first.",
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four pictures whose names say what they are; the folder has the name of a class, which another layout reads."""
    folder = tmp_path / "data" / "NV"
    folder.mkdir(parents=True)
    for number, code in enumerate(("MEL", "NV", "MEL", "DF")):
        noise = np.random.default_rng(number).integers(0, 256, (24, 24, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / f"{code}__{number}.png")
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["auto", "in_names"])
def test_a_layout_of_ones_own_is_found_and_read(name: str, pictures: Path) -> None:
    assert set(read_dataset(pictures, ISIC2019).labels) == {ISIC2019.index_of("NV")}
    with LAYOUTS.registered(IN_NAMES):
        dataset = read_dataset(pictures, ISIC2019, Choices(name))
    assert (dataset.layout, dataset.terms, dataset.problems) == ("in_names", "Ask first.", ())
    assert dataset.counts == dict.fromkeys(ISIC2019.codes, 0) | {"MEL": 2, "NV": 1, "DF": 1}


def test_recipes_and_forms_know_it_while_it_is_there() -> None:
    shipped = ("auto", "tables", "folders")
    with LAYOUTS.registered(IN_NAMES):
        assert set_values(Recipe(), ["data.layout=in_names"]).data.layout == "in_names"
        assert field("data.layout").choices == (*shipped, "in_names")
        assert [entry.title for entry in field("data.layout").entries][-1] == "Labels in the names"
        assert own_layouts() == (IN_NAMES,)
    assert field("data.layout").choices == shipped
    with pytest.raises(RecipeError, match="there is no layout 'in_names'"):
        set_values(Recipe(), ["data.layout=in_names"])


def test_what_it_looks_for_is_said_where_nothing_fits(tmp_path: Path) -> None:
    with LAYOUTS.registered(IN_NAMES), pytest.raises(SkinKDError) as caught:
        read_dataset(tmp_path, ISIC2019)
    assert "- files named after a class, such as MEL__1.jpg" in caught.value.details


def test_an_unknown_layout_is_told_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="did you mean folders") as caught:
        read_dataset(tmp_path, ISIC2019, Choices("folder"))
    assert caught.value.summary == "There is no layout 'folder'; did you mean folders?"


@pytest.mark.parametrize("name", ["isic2019", "ham10000", "csv"])
def test_names_of_earlier_versions_are_those_of_tables(name: str, pictures: Path) -> None:
    assert set_values(Recipe(), [f"data.layout={name}"]).data.layout == "tables"
    (pictures / "labels.csv").write_text("image,label\nNV__1,BCC\n")
    assert read_dataset(pictures, ISIC2019, Choices(name)).counts["BCC"] == 1


def test_every_layout_explains_itself() -> None:
    for entry in (AUTO, *LAYOUTS.values()):
        assert entry.title, entry.name
        assert entry.help, entry.name
        assert not entry.help.endswith("."), entry.name
