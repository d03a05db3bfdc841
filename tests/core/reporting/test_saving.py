"""Figures and tables on disk."""

from __future__ import annotations

import csv

import pytest
from PIL import Image

from core.errors import SkinKDError
from core.reporting import cells
from core.reporting.figures import FigureStyle, per_class_f1
from core.reporting.saving import save_figure, save_table
from core.reporting.table import Column, ResultsTable


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_figure_is_written_and_the_same_each_time(tmp_path, make_scores, kind, start):
    for name in ("one", "two"):
        save_figure(per_class_f1([("Ä – β", make_scores())], FigureStyle()), tmp_path / f"{name}.{kind}")
    first = (tmp_path / f"one.{kind}").read_bytes()
    assert first.startswith(start)
    assert first == (tmp_path / f"two.{kind}").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one.{kind}", f"two.{kind}"]


def test_png_has_the_asked_resolution_and_the_style_background(tmp_path, make_scores):
    save_figure(per_class_f1([("A", make_scores())], FigureStyle(dark=True)), tmp_path / "f.png", dots_per_inch=200)
    with Image.open(tmp_path / "f.png") as image:
        assert image.size == (1280, 800)
        assert image.convert("RGB").getpixel((1, 1)) == (0x1F, 0x21, 0x24)


def test_unknown_endings_and_places_are_explained(tmp_path, make_scores):
    figure = per_class_f1([("A", make_scores())], FigureStyle())
    with pytest.raises(SkinKDError, match=r"\.png, \.svg, \.pdf"):
        save_figure(figure, tmp_path / "figure.doc")
    with pytest.raises(SkinKDError, match="could not be written"):
        save_figure(figure, tmp_path / "absent" / "figure.png")


def test_a_table_is_read_back_and_runs_no_formula(tmp_path):
    path = tmp_path / "table.csv"
    rows = [("=cmd()", 0.5), ('naïve, "quoted"', None), ("plain", -0.25)]
    made = tuple((cells.words(name), cells.share(value)) for name, value in rows)
    save_table(ResultsTable("", (Column("Name", words=True), Column("F1")), made), path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [["Name", "F1"], ["'=cmd()", "0.5"], ['naïve, "quoted"', ""], ["plain", "-0.25"]]
