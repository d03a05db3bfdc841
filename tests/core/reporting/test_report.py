"""Reports: complete, self-contained, safe to pass on."""

from __future__ import annotations

import csv
import json
import re
import tomllib
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Level, Notice
from core.recipe import parse_recipe
from core.reporting.privacy import name_of, without_paths
from core.reporting.report import Include, collect, report_html, write_report
from core.reporting.style import FigureStyle
from core.runs.annotations import Annotations, write_annotations
from core.runs.folder import RunFolder
from core.runs.recorded import RECIPES
from core.runs.status import RunState
from core.training.legs import Leg, legs_to_values

LABELS = np.array([0] * 12 + [1] * 20 + [2] * 12)
NASTY = '<script>alert("1")</script> & "co" \'x\' =cmd|calc'
SMALL = frozenset({Include.CONFUSION, Include.RECIPES})


@pytest.fixture
def make(write_run) -> Callable[..., Path]:
    def make(name: str, wrong: int = 3, *changes: str, **more) -> Path:
        predicted = LABELS.copy()
        predicted[:wrong] = 1
        return write_run(name, LABELS, predicted, *changes, **more)

    return make


class Page(HTMLParser):
    """What a page refers to, and its tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]
        if tag not in {"meta", "img", "source", "br", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_page_holds_everything_and_fetches_nothing(make, tmp_path):
    page = write_report([make("one"), make("two", 0)], tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    found = Page(text)
    assert found.open == []
    assert {address.partition(":")[0] for address in found.addresses if not address.startswith("#")} == {"data"}
    assert not {"script", "link", "iframe", "object", "embed", "form"} & set(found.tags)
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    outside = re.sub(r"data:image/[a-z+]+;base64,[A-Za-z0-9+/=]+", "", text)
    assert "http" not in outside
    assert "url(" not in outside
    assert "@import" not in outside


def test_names_and_notes_are_text_and_never_markup(make, tmp_path):
    folder = make(NASTY, notes=(NASTY,))
    write_annotations(folder, Annotations(tags=("<b>tag",), notes=NASTY))
    content = collect([folder, make("other")], include=SMALL)
    for for_print in (False, True):
        html = report_html(content, for_print=for_print)
        assert not {"script", "b>tag"} & set(Page(html).tags)
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


def test_tables_of_nasty_names_are_safe_too(make, tmp_path):
    write_report([make("=cmd|calc"), make(r"\input{x}")], tmp_path / "out", include=SMALL)
    with (tmp_path / "out" / "tables" / "scores.csv").open(encoding="utf-8-sig", newline="") as lines:
        names = [row[0] for row in csv.reader(lines)]
    assert names == ["Run", "'=cmd|calc", r"\input{x}"]
    assert r"\textbackslash{}input\{x\}" in (tmp_path / "out" / "tables" / "scores.tex").read_text(encoding="utf-8")


def test_no_place_of_this_computer_is_told(make, tmp_path):
    folder = make(
        "one", 3, "distillation.method=kl", f"teacher.run={tmp_path / 'runs' / 'a teacher'}",
        f"teacher.weights={tmp_path / 'w.safetensors'}",
        notes=(f"The split of {tmp_path / 'data'} is in /home/somebody/x/split.csv.",),
    )  # fmt: skip
    other = make("two", 1, "distillation.method=kl", f"teacher.run={tmp_path / 'runs' / 'another'}")
    write_report([folder, other], tmp_path / "out", include=frozenset({Include.RECIPES, Include.COMPARISON}))
    for file in (tmp_path / "out").rglob("*"):
        if file.suffix in {".html", ".csv", ".tex", ".md", ".toml"}:
            text = file.read_text(encoding="utf-8")
            assert str(tmp_path) not in text, file
            assert "/home/somebody" not in text, file
    assert "a teacher" in (tmp_path / "out" / "tables" / "settings.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("path", "name"),
    [("/home/a b/isic", "isic"), ("C:\\Users\\Jane Doe\\isic 2019\\", "isic 2019"), (r"\\server\share\x", "x"),
     ("isic", "isic"), ("", "")],
)  # fmt: skip
def test_folders_are_named_without_their_place(path, name):
    assert name_of(path) == name


def test_paths_in_sentences_become_names():
    assert without_paths("See /home/x/split.csv, or D:\\a\\b.txt.") == "See split.csv, or b.txt."
    assert without_paths("In /home/Jane Doe/data.", ["/home/Jane Doe/data"]) == "In data."
    plain = "5/6 images at 1e-5, KL/DIST, and/or 70 : 20 : 10"
    assert without_paths(plain) == plain


def test_what_another_group_needs_is_there(make, tmp_path):
    folder = make("one", 3, "distillation.method=kl", "distillation.alpha=0.3")
    (folder / "environment.json").write_text('{"python": "3.11.7", "packages": {"torch": "2.15.0"}, "os": "Linux"}')
    parts = frozenset({Include.RECIPES})
    page = write_report([folder, make("two")], tmp_path / "out", include=parts).read_text(encoding="utf-8")
    import hashlib

    split = hashlib.sha256(RunFolder(folder).split_file.read_bytes()).hexdigest()
    for fact in (split, "torch 2.15.0", "Python 3.11.7", "Recipe hash", "method = &#34;kl&#34;", "Seed of the division",
                 "not known: ask the owner", "95 %", "Research use only"):  # fmt: skip
        assert fact in page, fact
    written = tomllib.loads((tmp_path / "out" / "recipes" / "one.toml").read_text(encoding="utf-8"))
    assert parse_recipe(written).distillation.alpha == 0.3


def test_a_single_run_needs_no_baseline(make, tmp_path):
    content = collect([make("one")])
    keys = [section.key for section in content.sections]
    assert "comparison" not in keys
    assert {"scores", "classes", "confusion", "curves", "subgroups", "calibration", "data", "repeat", "limits"} <= {
        *keys
    }


def test_the_baseline_is_the_plain_student_or_the_chosen_one(make):
    teacher, plain, kl = make("teacher", 0, "task=teacher"), make("plain"), make("kl", 1, "distillation.method=kl")
    include = frozenset({Include.COMPARISON})
    section = next(item for item in collect([teacher, kl, plain], include=include).sections if item.key == "comparison")
    assert section.blocks[0].text.startswith("The baseline is plain.")
    content = collect([kl, plain], baseline=teacher, include=include)
    section = next(item for item in content.sections if item.key == "comparison")
    assert section.blocks[0].text.startswith("The baseline is teacher.")
    assert content.title == "3 runs compared"


def test_an_older_run_that_names_images_without_their_folders_is_compared(make):
    newer, older = make("newer"), make("older", 0)
    for name in ("predictions.csv", "split.csv"):
        text = (newer / name).read_text(encoding="utf-8")
        (newer / name).write_text(re.sub(r"^t(\d+),", r"site/t\1.jpg,", text, flags=re.MULTILINE), encoding="utf-8")
    content = collect([newer, older], baseline=newer, include=frozenset({Include.COMPARISON}))
    section = next(item for item in content.sections if item.key == "comparison")
    (table,) = [block.table for block in section.blocks if getattr(block, "key", "") == "differences"]
    assert [row[1] for row in table.texts] == [str(len(LABELS))]


def test_runs_on_other_images_are_not_compared_and_it_is_said(make):
    html = report_html(
        collect([make("one"), make("two", begin=500)], include=frozenset({Include.COMPARISON})), for_print=True
    )
    assert "two and one can not be compared." in html
    assert "not all tested on the same images" in html
    assert "do not share one division" in html


def test_pictures_of_patients_are_there_on_request_only(make, tmp_path):
    from PIL import Image

    data = tmp_path / "data"
    for folder, name in (("MEL", "m1"), ("NV", "n1")):
        (data / folder).mkdir(parents=True)
        Image.new("RGB", (20, 20), "pink").save(data / folder / f"{name}.png")
    run = make("one", 3, "data.layout=folders", train=[("n1", "")])
    assert "examples" not in [section.key for section in collect([run]).sections]
    asked = collect([run], include=frozenset({Include.EXAMPLES}))
    figure = next(figure for figure in asked.figures() if figure.key == "examples").build(FigureStyle())
    assert [axes.get_xlabel() for axes in figure.axes] == ["NV\nMelanocytic nevus"]
    (data / "NV" / "n1.png").unlink()
    events: list[object] = []
    without = collect([run], include=frozenset({Include.EXAMPLES}), emit=events.append)
    assert "examples" not in [section.key for section in without.sections]
    assert any(isinstance(event, Notice) and "no example images" in event.text for event in events)


def test_left_out_parts_are_not_there(make):
    content = collect([make("one"), make("two")], include=frozenset())
    assert [section.key for section in content.sections] == [
        *("scores", "statement", "data", "model", "failures", "robustness", "external", "repeat", "limits"),
    ]
    assert not content.listings()


def test_synthetic_runs_are_marked_first_thing(make):
    everything = collect([make("one", synthetic=True)], include=frozenset())
    assert "generated pictures" in everything.warnings[1]
    partly = collect([make("one", synthetic=True), make("two")], include=frozenset())
    assert "(one)" in partly.warnings[1]
    assert len(collect([make("three")], include=frozenset()).warnings) == 1


def test_unfinished_runs_are_named_and_left_out(make, tmp_path):
    done, open_ = make("done"), make("open")
    RunFolder(open_).set_status(state=RunState.STOPPED)
    events: list[object] = []
    content = collect([done, open_], include=frozenset(), emit=events.append)
    assert content.title == "done"
    told = [event for event in events if isinstance(event, Notice)]
    assert [(event.level, "open" in event.text) for event in told] == [(Level.WARNING, True)]
    with pytest.raises(SkinKDError, match="None of these runs is finished"):
        collect([open_])


def test_a_damaged_run_costs_the_report_none_of_the_others(make, tmp_path):
    whole, damaged = make("whole"), make("hurt")
    RunFolder(damaged).predictions_file.write_text("image,part\n")
    events: list[object] = []
    content = collect([damaged, whole], include=frozenset(), emit=events.append)
    assert content.title == "whole"
    assert [event.level for event in events if isinstance(event, Notice) and "hurt" in event.text] == [Level.WARNING]
    with pytest.raises(SkinKDError, match=r"predictions\.csv"):
        collect([damaged])


def test_many_runs_are_all_in_the_tables(make, tmp_path):
    content = collect([make(f"run {number}", number) for number in range(10)], include=SMALL)
    scores = next(table for table in content.tables() if table.key == "scores").table
    assert len(scores.rows) == 10
    assert len({listing.file for listing in content.listings()}) == 10
    text = " ".join(block.text for block in content.blocks() if hasattr(block, "text") and hasattr(block, "tone"))
    assert "The figures show 8 of the 10 runs" in text


def test_an_earlier_report_is_replaced_and_nothing_else(make, tmp_path):
    out = tmp_path / "out"
    write_report([make("one"), make("two")], out, include=frozenset({Include.COMPARISON}))
    assert (out / "tables" / "differences.csv").is_file()
    (out / "figures" / "mine.png").write_bytes(b"my own")
    write_report([make("one")], out, include=frozenset())
    assert not (out / "tables" / "differences.csv").exists()
    assert (out / "figures" / "mine.png").read_bytes() == b"my own"


@pytest.mark.parametrize("listed", ["[", '["../../precious.txt", "/etc/passwd", 5]', "{}"])
def test_a_damaged_list_of_files_deletes_nothing_outside(make, tmp_path, listed):
    out = tmp_path / "out"
    out.mkdir()
    precious = tmp_path.parent / "precious.txt"
    precious.write_text("keep")
    (out / ".skinkd-report.json").write_text(listed)
    write_report([make("one")], out, include=frozenset())
    assert precious.read_text() == "keep"


def test_folders_with_other_things_are_refused(make, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "index.html").write_text("my site")
    with pytest.raises(SkinKDError, match="not empty"):
        write_report([make("one")], tmp_path / "full")
    with pytest.raises(SkinKDError, match="is a file"):
        write_report([make("two")], tmp_path / "full" / "index.html")
    assert (tmp_path / "full" / "index.html").read_text() == "my site"


def test_a_cancelled_report_leaves_no_page(make, tmp_path):
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        write_report([make("one")], tmp_path / "out", token=source.token)
    assert not (tmp_path / "out" / "index.html").exists()


def test_print_keeps_to_what_qt_knows(make):
    html = report_html(collect([make("one")], include=SMALL), for_print=True)
    found = Page(html)
    assert not {"svg", "picture", "source", "section", "figure", "dl"} & set(found.tags)
    widths = [int(value or 0) for name, value in found.attributes if name == "width" and (value or "").isdecimal()]
    assert widths
    assert max(widths) <= 640
    assert all(address.startswith("data:image/png;base64,") for address in found.addresses)


def test_every_epochs_recipe_is_told_where_a_run_went_on_under_another(make, tmp_path) -> None:
    folder = RunFolder(make("changed"))
    recipe = folder.recipe()
    at = {"data": recipe.data.model_copy(update={"path": "/home/somebody/elsewhere"})}
    fewer = recipe.model_copy(update={"optimisation": recipe.optimisation.model_copy(update={"epochs": 2}), **at})
    legs = (Leg(1, 0, None), Leg.under(fewer, "", 2, 0), Leg.under(recipe, "", 3, 5))
    environment = {**folder.environment(), RECIPES: legs_to_values(legs)}
    folder.environment_file.write_text(json.dumps(environment))
    text = write_report([folder.path], tmp_path / "report", include=SMALL).read_text()
    assert "epoch 3, batch 6" in text
    assert f"optimisation.epochs: 2 -&gt; {recipe.optimisation.epochs}" in text
    assert "older version of SkinKD trained these epochs" in text
    assert "/home/somebody" not in text
    (earlier,) = (tmp_path / "report").rglob("*-before-2.toml")
    assert parse_recipe(tomllib.loads(earlier.read_text())).optimisation.epochs == 2
    folder.environment_file.write_text(json.dumps({**environment, RECIPES: legs_to_values(legs[2:])}))
    assert "as it began" not in write_report([folder.path], tmp_path / "plain", include=SMALL).read_text()
