"""Whatever stands in a run folder, the tab lists it, shows what can be shown, and the runs beside it as ever."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from core.runs.folder import RunFolder
from tests.gui.results.test_panels import select


def _edit(name: str, change: Callable[[str], str]) -> Callable[[Path], object]:
    def damage(folder: Path) -> None:
        file = folder / name
        file.write_text(change(file.read_text()))

    return damage


def _set(file: str, **values: object) -> Callable[[Path], object]:
    return _edit(file, lambda text: json.dumps({**json.loads(text), **values}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "status cut off": _edit("status.json", lambda text: text[:30]),
    "status newer": _set("status.json", version=9),
    "status odd": _set("status.json", name="\ud800\u202e\x1b[31m", message="\ud800"),
    "created long ago": _set("status.json", created="0001-01-01T00:00:00"),
    "metrics deep": _edit("metrics.json", lambda text: "[" * 100_000),
    "metrics of texts": _edit("metrics.json", lambda text: text.replace('"accuracy": 0', '"accuracy": "0"')),
    "metrics of lists": _set("metrics.json", test=[], calibration=[1], notes=3, data="x"),
    "temperature not a number": _set("metrics.json", calibration={"temperature": float("inf")}),
    "temperature true": _set("metrics.json", calibration={"temperature": True}),
    "history not finite": _edit("history.csv", lambda text: text.replace("0.", "nan", 3)),
    "predictions of others": _edit("predictions.csv", lambda text: text.replace("test", "tset")),
    "predictions not finite": _edit("predictions.csv", lambda text: text.replace("0.", "nan", 2)),
    "predictions cut off": _edit("predictions.csv", lambda text: text[:-9]),
    "split without columns": _edit("split.csv", lambda text: "a,b\n1,2\n"),
    "split with odd ages": _edit("split.csv", lambda text: text.replace("female", "\x00")),
    "environment a list": lambda folder: RunFolder(folder).environment_file.write_text("[1]"),
    "environment odd": lambda folder: RunFolder(folder).environment_file.write_text('{"parameters": 1e400}'),
    "recipe newer": _edit("recipe.toml", lambda text: re.sub(r"version = \d+", "version = 9", text)),
    "recipe a folder": lambda folder: [(folder / "recipe.toml").unlink(), (folder / "recipe.toml").mkdir()],
    "annotations odd": lambda folder: (folder / "annotations.json").write_text('{"tags": ["\\ud800"], "notes": 3}'),
}


def test_no_bad_folder_breaks_anything(qtbot, make_tab, make_tested):
    whole, *folders = [make_tested(name) for name in ("whole", *DAMAGES)]
    for folder, damage in zip(folders, DAMAGES.values(), strict=True):
        damage(folder)
    tab = make_tab()
    assert tab.table.model().rowCount() == 1 + len(DAMAGES)
    for place in range(tab.details.count()):
        tab.details.setCurrentIndex(place)
        # Every fault on one page, and each page for some of the faults: all on all takes a minute.
        for folder in folders[place :: tab.details.count()]:
            select(qtbot, tab, folder)
            select(qtbot, tab, whole, folder)
