"""Which cell or bar of a figure was clicked: every part that can be clicked carries a name (matplotlib's gid).

The names, and nothing else, are the agreement between figures and windows:

    cell:TRUTH:PREDICTION:PANEL   a cell of a confusion matrix; class codes, and the number of the matrix from 0
    bar:CODE:RUN                  a class's bar; class code, and the number of the run in the figure from 0
    row:KIND:NAME                 a row of a forest plot: a score ("score:f1:MEL") or a subgroup ("sex:female")
    point:KEY:SEED                a run of a study: the configuration's key and the seed

Anything but letters, digits and `_.-` in a part is percent-encoded, so that a colon always divides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class CellPick:
    """A cell of a confusion matrix. `panel` 0 is the first or only matrix of the figure."""

    truth: str
    prediction: str
    panel: int = 0


@dataclass(frozen=True)
class BarPick:
    """The bar of a class; `run` counts the runs of the figure from 0."""

    code: str
    run: int = 0


@dataclass(frozen=True)
class RowPick:
    """A row of a forest plot: `kind` is "score" or a kind of subgroup, `name` the score or the subgroup."""

    kind: str
    name: str


@dataclass(frozen=True)
class PointPick:
    """A run of a study."""

    key: str
    seed: int


Pick = CellPick | BarPick | RowPick | PointPick


def gid_of(pick: Pick) -> str:
    """The name of a part of a figure."""
    if isinstance(pick, CellPick):
        return _join("cell", pick.truth, pick.prediction, str(pick.panel))
    if isinstance(pick, BarPick):
        return _join("bar", pick.code, str(pick.run))
    if isinstance(pick, RowPick):
        return _join("row", pick.kind, pick.name)
    return _join("point", pick.key, str(pick.seed))


def parse_gid(text: str | None) -> Pick | None:
    """What a name stands for; None for names of other making."""
    kind, *parts = (unquote(part) for part in (text or "").split(":"))
    match (kind, *parts):
        case ("cell", truth, prediction, panel) if panel.isdecimal():
            return CellPick(truth, prediction, int(panel))
        case ("bar", code, run) if run.isdecimal():
            return BarPick(code, int(run))
        case ("row", group, name):
            return RowPick(group, name)
        case ("point", key, seed) if seed.isdecimal():
            return PointPick(key, int(seed))
    return None


def pick_at(figure: Figure, event: Any) -> Pick | None:
    """What lies under a matplotlib mouse event, the topmost first; None for nothing that can be clicked."""
    if event.inaxes is None:
        return None
    for artist, found in reversed(list(_named(figure))):
        if artist.axes is event.inaxes and artist.contains(event)[0]:
            return found
    return None


def _named(figure: Figure) -> Iterator[tuple[Artist, Pick]]:
    for axes in figure.axes:
        for artist in axes.get_children():
            found = parse_gid(artist.get_gid())
            if found is not None:
                yield artist, found


def _join(kind: str, *parts: str) -> str:
    return ":".join([kind, *(quote(part, safe="") for part in parts)])
