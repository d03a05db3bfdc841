"""The layouts that SkinKD reads: in an open registry, where one's own are tried before ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.classes import ClassSet
from core.data.finding import Folder
from core.data.rows import Row
from core.data.tables import Table
from core.documents import some
from core.registry import Registry

_MOST_NAMED = 12


@dataclass(frozen=True)
class Layout:
    """A way to store labels beside images: an entry of `LAYOUTS`.

    `description` says what must be there, for the classes of a run. One's own layout has `detect` and `read`: `detect`
    gets a folder and the beginnings of its tables (or the one table that the user named) and gives those that hold
    labels, none for labels that are in no table, and None when the folder has another layout. `read` gets the folder,
    these tables in full and no others, and gives a row for each labelled image. `terms` are those of the data.
    """

    name: str
    title: str
    help: str
    description: Callable[[ClassSet], str]
    detect: Callable[[Folder, Sequence[Table], ClassSet], Sequence[Table] | None] | None = None
    read: Callable[[Folder, Sequence[Table], Sequence[Table], ClassSet], list[Row]] | None = None
    source: str = ""
    terms: str = ""


@dataclass(frozen=True)
class Automatic:
    """What a recipe says instead of a layout's name."""

    name: str = "auto"
    title: str = "Automatic"
    help: str = "look, and say what was found"
    source: str = ""


AUTO = Automatic()

TABLES = Layout(
    "tables",
    "Tables",
    "labels in tables: a column of diagnoses, or a column of zeros and ones for every class",
    lambda classes: (
        "a table with a column of image names and one of diagnoses (image and label, image_id and dx), or one column "
        f"for every class ({some(classes.codes, _MOST_NAMED)}) of zeros and ones, as ISIC 2019 has it"
    ),
)

FOLDERS = Layout(
    "folders",
    "One folder per class",
    "a folder of images for every class",
    lambda classes: (
        f"a folder of images for every class, named by its code ({classes.codes[0]}) or its name ({classes.names[0]})"
    ),
)

LAYOUTS: Registry[Layout] = Registry("layout", (TABLES, FOLDERS))

_FORMER = {"isic2019": TABLES.name, "ham10000": TABLES.name, "csv": TABLES.name}
"""Names in recipes of earlier versions, which told kinds of tables apart."""


def layout_name(name: str) -> str:
    """The name of a layout now, for one that recipes of earlier versions may hold."""
    return _FORMER.get(name, name)


def own_layouts() -> tuple[Layout, ...]:
    """The layouts that somebody added, which are tried first."""
    return tuple(layout for layout in LAYOUTS.values() if layout not in (TABLES, FOLDERS))
