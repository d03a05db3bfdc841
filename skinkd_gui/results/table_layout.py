"""How the user has arranged the table of runs: columns, widths, sorting, grouping; remembered in the settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from core.reporting.run_columns import COLUMN_NUMBERS, COLUMNS, STARTED
from skinkd_gui.settings.store import open_store

_KEY = "results/table"
_WIDEST = 2000  # pixels


def _usual() -> tuple[str, ...]:
    return tuple(column.key for column in COLUMNS if column.at_first)


@dataclass(frozen=True)
class TableLayout:
    """`shown` are the columns' keys from left to right; `widths` (pixels) those that the user has set."""

    shown: tuple[str, ...] = field(default_factory=_usual)
    widths: tuple[tuple[str, int], ...] = ()
    sorted_by: str = COLUMNS[STARTED].key
    descending: bool = True
    grouped: bool = False


def load_layout() -> TableLayout:
    """The remembered layout; what is missing or can not be used takes its default. The name is always shown."""
    try:
        values = json.loads(str(open_store().value(_KEY, "") or "{}"))
    except ValueError:
        return TableLayout()
    return _layout(values) if isinstance(values, dict) else TableLayout()


def save_layout(layout: TableLayout) -> None:
    """Remember a layout."""
    open_store().setValue(_KEY, json.dumps(asdict(layout)))


def _layout(values: dict[str, Any]) -> TableLayout:
    usual = TableLayout()
    shown = _known(values.get("shown"))
    if shown and "name" not in shown:
        shown = ("name", *shown)
    pairs = values.get("widths")
    widths = tuple(
        (pair[0], pair[1])
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, list) and len(pair) == 2 and pair[0] in COLUMN_NUMBERS
        if type(pair[1]) is int and 0 < pair[1] <= _WIDEST
    )
    sorted_by = str(values.get("sorted_by"))
    return TableLayout(
        shown or usual.shown,
        widths,
        sorted_by if sorted_by in COLUMN_NUMBERS else usual.sorted_by,
        values.get("descending") is not False,
        values.get("grouped") is True,
    )


def _known(keys: object) -> tuple[str, ...]:
    found: Sequence[object] = keys if isinstance(keys, list) else ()
    return tuple(dict.fromkeys(str(key) for key in found if key in COLUMN_NUMBERS))
