"""A value of the results is the same, and worded the same, wherever it is read: window, command line, HTML, CSV, LaTeX,
Markdown, JSON."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from core.cli.main import run
from core.reporting.comparison_tables import differences_table
from core.reporting.family_tables import family_table
from core.reporting.recipe_tables import recipes_table
from core.reporting.report import Include, write_report
from core.reporting.scored_runs import scored_runs
from core.reporting.table import ResultsTable, latex
from core.reporting.tables import class_f1_table, per_class_table, runs_table, scores_table, subgroups_table
from core.runs.evidence import Evidence, compare_as_family, compare_runs, family_key, load_evidence
from skinkd_gui.results.plain_table import PlainTable
from tests.gui.results.conftest import TRUTHS

NAMES = ("plain", "kl", "dist")
SAID = {
    "plain": tuple("NV" if number % 3 == 0 else code for number, code in enumerate(TRUTHS)),
    "kl": tuple("NV" if code == "BCC" else code for code in TRUTHS),
    "dist": ("NV", *TRUTHS[1:]),
}


@pytest.fixture
def folders(make_tested) -> list[Path]:
    """A plain student, and two that learned from a teacher."""
    return [
        make_tested(name, name, SAID[name], created=f"2026-01-0{day}T10:00:00+00:00")
        for day, name in enumerate(NAMES, 1)
    ]


@pytest.fixture
def evidences(folders) -> list[Evidence]:
    return [load_evidence(folder) for folder in folders]


def window(table: PlainTable) -> list[tuple[str, ...]]:
    """What the real model shows."""
    model = table.model()
    rows, columns = range(model.rowCount()), range(model.columnCount())
    return [tuple(str(model.index(row, column).data()) for column in columns) for row in rows]


def texts(table: ResultsTable) -> list[tuple[str, ...]]:
    return [tuple(row) for row in table.texts]


def unmarked(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Without the window's mark at the baseline's name."""
    return [(row[0].removesuffix(" (baseline)"), *row[1:]) for row in rows]


def read_csv(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")))


def numbers(table: ResultsTable) -> list[list[str]]:
    return [["" if value is None else str(value) for value in row] for row in table.values]


def html_rows(page: str) -> Iterator[tuple[str, ...]]:
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        cells = re.findall(r"<t[hd].*?</t[hd]>", row, re.DOTALL)
        yield tuple(html.unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in cells)


def terminal_rows(text: str) -> set[tuple[str, ...]]:
    return {tuple(re.split(r" {2,}", line.strip())) for line in text.splitlines()}


@pytest.fixture
def tables(evidences) -> dict[str, ResultsTable]:
    return made_of(evidences)


def made_of(evidences: list[Evidence]) -> dict[str, ResultsTable]:
    """Each table of the three runs, by the name of its files in a report."""
    runs, of = scored_runs(evidences), {item.name: item for item in evidences}
    comparison = compare_runs(of["plain"], of["kl"])
    recipes = [(item.name, item.summary.recipe) for item in evidences]
    family = compare_as_family(evidences[0], evidences[1:])
    assert family is not None
    return {
        "scores": scores_table(runs),
        "runs": runs_table(runs),
        "f1-by-class": class_f1_table(runs),
        "classes-kl": per_class_table(scored_runs([of["kl"]])[0]),
        "difference-kl": differences_table(comparison, "plain", "kl"),
        "family": family_table(family, {family_key(item.summary): item.name for item in evidences}),
        "settings": recipes_table(recipes),
    }


def test_the_window_shows_the_tables(qtbot, make_tab, folders, evidences):
    tables = made_of([evidences[0], evidences[2], evidences[1]])  # the baseline, then the newest first
    tab = make_tab()
    assert tab.table.select(tuple(folders))
    qtbot.waitUntil(lambda: tab.details_ready, timeout=20_000)
    details = tab.details
    shown = unmarked(window(details.compare.table))
    heads = [column.heading for column in details.compare.panel.shown.columns]
    for name in ("scores", "runs"):
        kept = [place for place, column in enumerate(tables[name].columns) if column.heading in heads]
        wanted = [tuple(row[place] for place in kept) for row in texts(tables[name])]
        places = [heads.index(tables[name].columns[place].heading) for place in kept]
        assert [tuple(row[place] for place in places) for row in shown] == wanted
    assert window(details.f1.table) == texts(tables["f1-by-class"])
    assert window(details.recipe.many.table) == texts(tables["settings"])
    details.differences.run_chosen.emit(folders[1])
    assert window(details.differences.table_panel.table) == texts(tables["difference-kl"])
    details.differences.table_panel.copy_csv()
    assert read_csv(QApplication.clipboard().text())[1:] == numbers(tables["difference-kl"])
    assert tab.table.select((folders[1],))
    qtbot.waitUntil(lambda: tab.details_ready, timeout=20_000)
    assert window(details.overview.classes.table) == window(details.f1.table) == texts(tables["classes-kl"])


def test_page_and_files_hold_the_tables(folders, tables, tmp_path):
    parts = frozenset({Include.CLASSES, Include.COMPARISON})
    page = write_report(folders, tmp_path / "out", baseline=folders[0], include=parts)
    rows = list(html_rows(page.read_text(encoding="utf-8")))
    for name, table in tables.items():
        assert set(texts(table)) <= set(rows), name
        files = {kind: tmp_path / "out" / "tables" / f"{name}.{kind}" for kind in ("csv", "tex", "md")}
        written = read_csv(files["csv"].read_text(encoding="utf-8"))
        assert written == [list(table.names), *numbers(table)], name
        paper, notes = files["tex"].read_text(encoding="utf-8"), files["md"].read_text(encoding="utf-8")
        plain = re.sub(r"\\textbf\{(.*?)\}( &| \\\\)", r"\1\2", paper)
        for row in texts(table):
            assert " & ".join(latex(cell) for cell in row) in plain, name
            assert all(cell in notes.replace("\\", "") for cell in row), name


def test_the_command_line_prints_the_tables(folders, tables, capsys):
    assert run(["compare", *map(str, folders)]) == 0
    said = terminal_rows(capsys.readouterr().out)
    for name in ("scores", "runs", "f1-by-class", "family", "difference-kl", "settings"):
        assert set(texts(tables[name])) <= said, name
    assert run(["compare", *map(str, folders), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    for found, name in zip(document["tables"], ("scores", "runs", "f1-by-class", "family", "settings"), strict=True):
        assert found == json.loads(json.dumps(tables[name].to_document())), name
    meanings = [item["meaning"] for item in document["comparisons"][0]["differences"]]
    assert meanings == [row[-1] for row in texts(tables["difference-kl"])]
    assert {"may be chance", "undefined"} <= set(meanings)


def test_one_run_reads_the_same_in_lists_and_after_its_training(folders, tables, evidences, capsys):
    from core.cli.documents import evaluation_lines

    said = terminal_rows("\n".join(evaluation_lines(scored_runs(evidences)[1])))
    assert said >= set(texts(tables["classes-kl"]))
    assert run(["runs", "--runs", str(folders[0].parent)]) == 0
    listed = next(line for line in capsys.readouterr().out.splitlines() if folders[1].name in line)
    score = texts(tables["scores"])[1][2]
    assert score.partition(" (")[0] in listed


def test_subgroups_read_the_same_in_window_and_report(qtbot, make_tab, folders, tmp_path):
    tab = make_tab()
    assert tab.table.select((folders[2],))
    qtbot.waitUntil(lambda: tab.details_ready, timeout=20_000)
    groups = tab.details.subgroups._groups
    assert window(tab.details.subgroups.table_panel.table) == texts(subgroups_table(groups))
    write_report([folders[2]], tmp_path / "out", include=frozenset({Include.SUBGROUPS}))
    written = read_csv((tmp_path / "out" / "tables" / "subgroups-dist.csv").read_text(encoding="utf-8"))
    assert written[1:] == numbers(subgroups_table(groups))
