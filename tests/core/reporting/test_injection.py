"""What strangers may have named stays text: in tables for spreadsheets, in pages, pictures, notes and papers."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.classes import CLASS_SETS
from core.cli.main import run
from core.data.tables import safe_cell
from core.inference.export_table import table_to_csv
from core.inference.results import Classification
from core.models.info import ModelInfo, Preprocessing
from core.reporting.table import latex, of_texts
from core.runs.annotations import Annotations, write_annotations

ISIC2019 = CLASS_SETS["isic2019"]

HOSTILE = (
    '=HYPERLINK("http://x","y")',
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "  =1+1",
    "＝1+1",
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "a | b \\| c `d` [e](javascript:alert(1))",
    "$\\input{/etc/passwd}$ ^^41 % {}",
)


def runs_as_formula(cell: str) -> bool:
    return cell.lstrip(" \x00").startswith(("=", "+", "-", "@", "|", "%", "＝", "＋", "－", "＠", "\t", "\r", "\n"))


def is_number(cell: str) -> bool:
    return re.fullmatch(r"[+-]?\d+([.,]\d+)?( ?%)?", cell) is not None


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_text_becomes_a_formula(text: str) -> None:
    cell = str(safe_cell(text))
    assert is_number(cell) or not runs_as_formula(cell)
    assert cell.removeprefix("'") == text.removeprefix("'")


@pytest.mark.parametrize("number", ["-0.5", "+3", "12", "-4 %", "0,25"])
def test_numbers_stay_numbers(number: str) -> None:
    assert safe_cell(number) == number


def cells_of(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")) for cell in row]


@pytest.mark.parametrize("name", HOSTILE)
def test_tables_of_results_are_safe_in_every_format(name: str) -> None:
    table = of_texts(name, ("run", name), [(name, "0.5")], notes=[name])
    assert not any(runs_as_formula(cell) for cell in cells_of(table.to_csv()))
    markdown = table.to_markdown()
    assert not re.search(r"(?<!\\)[<\[`]", markdown)
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in markdown.splitlines()[2:5]] == [3, 3, 3]
    shown = re.sub(r"\\(text\w+\{\}|[{}%&#$_])", "", latex(name))
    assert not re.search(r"[\\{}%&#$_^~]", shown)


def test_a_name_in_brackets_is_no_argument_of_latex() -> None:
    lines = of_texts("", ("run", "x"), [("[9cm]", "1"), ("*", "2")]).to_latex().splitlines()
    assert {r"{}[9cm] & 1 \\", r"{}* & 2 \\"} <= set(lines)


@pytest.mark.parametrize("name", HOSTILE)
def test_classifications_are_safe_in_a_spreadsheet(name: str) -> None:
    info = ModelInfo(
        "test_resnet", Preprocessing(32, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), trained_on=name, classes=ISIC2019
    )
    row = Classification(Path(f"{name}.jpg"), None, None, error=name, note=name, classes=ISIC2019)
    cells = cells_of(table_to_csv([row], info))
    assert len(cells) > 20
    assert not any(runs_as_formula(cell) for cell in cells)


class _Tags(HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.suspicious: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        for name, value in attrs:
            remote = name in ("src", "href") and not (value or "").startswith(
                ("data:image/", "#", "tables/", "figures/")
            )
            if name.startswith("on") or remote:
                self.suspicious.append(f"{tag} {name}={value}")


def test_a_report_of_hostile_names_runs_and_shows_nothing_of_them(
    write_run: Callable[..., Path], tmp_path: Path
) -> None:
    labels = np.array([0] * 12 + [1] * 20)
    folders = []
    for place, name in enumerate((f"=1+1 {HOSTILE[8]}", f"@{HOSTILE[9]} {HOSTILE[11]}")):
        folder = write_run(name, labels, labels if place % 2 else np.ones_like(labels), notes=[f"Leak: {name}", name])
        facts = json.loads((folder / "status.json").read_text())
        (folder / "status.json").write_text(json.dumps({**facts, "name": name}))
        write_annotations(folder, Annotations((name,), name))
        folders.append(folder)
    out = tmp_path / "out"
    assert run(["report", *map(str, folders), "--out", str(out)]) == 0
    tags = _Tags()
    tags.feed((out / "index.html").read_text(encoding="utf-8"))
    assert tags.suspicious == []
    assert not tags.found & {"script", "iframe", "object", "embed", "form", "base"}
    tables = sorted(out.rglob("*.csv"))
    assert tables
    for table in tables:
        cells = cells_of(table.read_text(encoding="utf-8"))
        assert [cell for cell in cells if runs_as_formula(cell) and not is_number(cell)] == [], table.name
    for picture in out.rglob("*.svg"):
        text = picture.read_text(encoding="utf-8")
        assert "<script" not in text
        assert "onerror=" not in re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
