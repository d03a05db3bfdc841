"""Runs in and out as zip files and folders; what a stranger sends must not get beside, over or half into the runs."""

from __future__ import annotations

import json
import os
import stat
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.errors import Cancelled, SkinKDError
from core.evaluation.metrics import score, scores_to_json
from core.events import CancelSource, CancelToken
from core.recipe import Recipe, recipe_to_toml
from core.runs import archive
from core.runs.annotations import Annotations, write_annotations
from core.runs.archive import export_run, import_run
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs, summarise
from core.runs.status import RunState
from core.twin_names import one_name

ISIC2019 = CLASS_SETS["isic2019"]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A finished run with everything that a run folder may hold."""
    folder = create_run(Recipe(), runs=tmp_path / "mine", name="Gut: 100 %")
    scores = score(np.array([0, 1]), np.eye(8, dtype=np.float32)[[0, 0]], ISIC2019)
    folder.metrics_file.write_text(json.dumps({"test": scores_to_json(scores)}))
    folder.model_file.write_bytes(os.urandom(300_000))
    folder.predictions_file.write_text("image,part\n" * 1000)
    folder.checkpoint_folder.mkdir()
    (folder.checkpoint_folder / "state.pt").write_bytes(os.urandom(5000))
    (folder.path / ".lock").touch()
    (folder.path / ".metrics.json.77.tmp").write_text("{")
    write_annotations(folder.path, Annotations(("good",), "notes"))
    folder.set_status(state=RunState.FINISHED)
    return folder


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """The folder of runs that something is imported into, with one run that must stay as it is."""
    root = tmp_path / "theirs"
    create_run(Recipe(), runs=root, name="precious")
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def everything(root: Path) -> dict[str, bytes]:
    """All files around a folder of runs, to see that an import left nothing anywhere."""
    return contents(root.parent)


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def members(run: RunFolder) -> dict[str, bytes]:
    return {f"run/{name}": content for name, content in contents(run.path).items() if not name.startswith(".")}


@pytest.mark.parametrize("checkpoint", [False, True])
def test_an_exported_run_comes_back_as_it_was(tmp_path: Path, run: RunFolder, theirs: Path, checkpoint: bool) -> None:
    file = export_run(run.path, tmp_path / "run.zip", checkpoint=checkpoint)
    folder = import_run(file, theirs)
    expected = {
        name: content
        for name, content in contents(run.path).items()
        if not name.startswith(".") and (checkpoint or not name.startswith("checkpoint"))
    }
    assert contents(folder) == expected
    assert ("checkpoint/state.pt" in expected) is checkpoint
    one, other = summarise(run), summarise(RunFolder(folder))
    assert (one.status, one.scores, one.recipe, one.annotations) == (
        other.status,
        other.scores,
        other.recipe,
        other.annotations,
    )
    assert len(list_runs(theirs)) == 2


def test_a_folder_is_imported_and_so_is_a_folder_around_it(run: RunFolder, theirs: Path) -> None:
    folder = import_run(run.path, theirs)
    assert folder.parent == theirs
    assert folder.name == run.path.name
    assert not (folder / ".lock").exists()
    with pytest.raises(SkinKDError, match="already here"):
        import_run(run.path.parent, theirs)


def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    other = create_run(Recipe(), runs=theirs, name="another")
    other.path.rename(theirs / run.path.name)
    before = contents(theirs / run.path.name)
    folder = import_run(export_run(run.path, tmp_path / "run.zip"), theirs)
    assert folder.name == f"{run.path.name}-2"
    assert contents(theirs / run.path.name) == before


def test_the_same_run_does_not_come_twice(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    file = export_run(run.path, tmp_path / "run.zip")
    import_run(file, theirs)
    before = everything(theirs)
    with pytest.raises(SkinKDError, match="already here"):
        import_run(file, theirs)
    assert everything(theirs) == before
    with pytest.raises(SkinKDError, match="already here"):
        import_run(run.path, run.path.parent)


def test_a_run_that_was_copied_while_at_work_comes_as_stopped(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    run.set_status(state=RunState.RUNNING)
    folder = import_run(run.path, theirs)
    assert RunFolder(folder).status().state is RunState.STOPPED


def test_a_run_at_work_is_not_exported(tmp_path: Path, run: RunFolder) -> None:
    with run.locked(), pytest.raises(SkinKDError, match="being worked on"):
        export_run(run.path, tmp_path / "run.zip")
    with pytest.raises(SkinKDError, match="can not be here"):
        export_run(run.path, run.path / "run.zip")
    assert not list(tmp_path.rglob("*.zip"))


def link(info: zipfile.ZipInfo) -> None:
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16


@pytest.mark.parametrize(
    "name",
    [
        "../evil.txt",
        "run/../../evil.txt",
        "/tmp/evil.txt",
        "C:/evil.txt",
        "run/..\\..\\evil.txt",
        "run//evil.txt",
        "run/./evil.txt",
        "run/nul.txt",
        "run/com\u00b9.txt",
        "run/conout$",
        "run/evil.txt.",
        "run/a:b",
        "run/\x07bell",
        "run/1/2/3/4/5/6/deep.txt",
        "RUN/metrics.json/../x",
    ],
)
def test_members_in_other_places_are_refused(tmp_path: Path, run: RunFolder, theirs: Path, name: str) -> None:
    file = zipped(tmp_path / "evil.zip", {**members(run), name: b"evil"})
    before = everything(theirs)
    with pytest.raises(SkinKDError, match=r"not a plain place|lies too deep"):
        import_run(file, theirs)
    assert everything(theirs) == before


def test_a_name_that_ends_where_it_says_it_does_not_is_refused(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    file = zipped(tmp_path / "evil.zip", {**members(run), "run/notes.txt_.exe": b"evil"})
    file.write_bytes(file.read_bytes().replace(b"notes.txt_.exe", b"notes.txt\0.exe"))
    with pytest.raises(SkinKDError, match="not a plain place"):
        import_run(file, theirs)


def test_links_are_refused(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    file = zipped(tmp_path / "evil.zip", members(run))
    info = zipfile.ZipInfo("run/link")
    link(info)
    with zipfile.ZipFile(file, "a") as archive_file:
        archive_file.writestr(info, "/etc/passwd")
    with pytest.raises(SkinKDError, match="a link or a device"):
        import_run(file, theirs)
    (run.path / "link").symlink_to("/etc/passwd")
    with pytest.raises(SkinKDError, match="a link or a device"):
        import_run(run.path, theirs)
    with pytest.raises(SkinKDError, match="a link or a device"):
        export_run(run.path, tmp_path / "out.zip")
    assert len(list_runs(theirs)) == 1


def swollen(run: RunFolder) -> dict[str, bytes]:
    return {**members(run), "run/zeros.csv": bytes(archive._SQUEEZE_FROM + 80_000_000)}


def crowded(run: RunFolder) -> dict[str, bytes]:
    return {**members(run), **{f"run/{number}.txt": b"" for number in range(archive.MAX_FILES)}}


@pytest.mark.parametrize(("make", "words"), [(swollen, "would swell"), (crowded, "2,00. files")])
def test_bombs_and_crowds_are_refused(
    tmp_path: Path, run: RunFolder, theirs: Path, make: Callable[[RunFolder], dict[str, bytes]], words: str
) -> None:
    file = zipped(tmp_path / "evil.zip", make(run))
    before = everything(theirs)
    with pytest.raises(SkinKDError, match=words):
        import_run(file, theirs)
    assert everything(theirs) == before


TWINS = [
    ("metrics.json", "Metrics.json"),
    ("Übersicht.txt", unicodedata.normalize("NFD", "Übersicht.txt")),
    ("status.json", "status\u200b.json"),
    ("checkpoint/state.pt", "Checkpoint/best-0001.pt"),
    ("checkpoint", "checkpoint/state.pt"),
    ("recipe.toml", "RECIPE.TOML"),
    (".DS_Store", ".ds_store"),
]


@pytest.mark.parametrize(("one", "other"), [*TWINS, ("metrics.json", "metrics.json"), ("recipe.toml", "recipe.toml")])
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_twin_names_are_refused_with_both(tmp_path: Path, run: RunFolder, theirs: Path, one: str, other: str) -> None:
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as file:
        for name, content in members(run).items():
            if one_name(name) != one_name(f"run/{one}") and not name.startswith("run/checkpoint"):
                file.writestr(name, content)
        first = (run.path / one).read_bytes() if (run.path / one).is_file() else b"1"
        file.writestr(f"run/{one}", first)
        file.writestr(f"run/{other}", b"2")
    before = everything(theirs)
    with pytest.raises(SkinKDError, match="two files of one name") as caught:
        import_run(tmp_path / "evil.zip", theirs)
    shorter = len(min(one, other, key=len).split("/")[0])
    assert repr(f"run/{one}")[: shorter + 5] in caught.value.summary
    assert repr(f"run/{other}")[: shorter + 5] in caught.value.summary
    assert everything(theirs) == before


@pytest.mark.parametrize(("one", "other"), [pair for pair in TWINS if not pair[0].startswith((".", "checkpoint"))])
def test_a_folder_with_twins_neither_goes_out_nor_comes_in(
    tmp_path: Path, run: RunFolder, theirs: Path, one: str, other: str
) -> None:
    if not (run.path / one).is_file():
        (run.path / one).write_text("1")
    if (run.path / other).exists():
        pytest.skip("this disk takes both names for one")
    (run.path / other).write_text("2")
    for attempt in (
        lambda: import_run(run.path, theirs),
        lambda: export_run(run.path, tmp_path / "out.zip", checkpoint=True),
    ):
        with pytest.raises(SkinKDError, match="two files of one name"):
            attempt()
    assert not (tmp_path / "out.zip").exists()
    assert len(list_runs(theirs)) == 1


def test_what_is_larger_than_the_bound_is_refused(
    tmp_path: Path, run: RunFolder, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 100_000)
    for source in (run.path, zipped(tmp_path / "large.zip", members(run))):
        with pytest.raises(SkinKDError, match="at most 100,000"):
            import_run(source, theirs)


def test_what_is_no_run_is_refused(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    both = {**members(run), **{name.replace("run/", "other/"): content for name, content in members(run).items()}}
    (tmp_path / "text.zip").write_text("no zip at all")
    recipe = {"run/recipe.toml": recipe_to_toml(Recipe()).encode()}
    cases = {
        zipped(tmp_path / "pictures.zip", {"a/b.jpg": b"x"}): "no recipe.toml",
        zipped(tmp_path / "both.zip", both): "2 runs",
        tmp_path / "text.zip": "not a zip file",
        zipped(tmp_path / "recipe.zip", recipe): "status.json",
        zipped(tmp_path / "strange.zip", {**members(run), "run/recipe.toml": b"x = ["}): "recipe",
        zipped(tmp_path / "unknown.zip", {**members(run), "run/recipe.toml": b"[data]\npaht = 1"}): "paht",
        zipped(tmp_path / "metrics.zip", {**members(run), "run/metrics.json": b'{"test": 4}'}): "metrics.json",
        zipped(tmp_path / "status.zip", {**members(run), "run/status.json": b'{"state": "finished"}'}): "status.json",
        tmp_path / "absent.zip": "could not be copied",
    }
    for source, words in cases.items():
        before = everything(theirs)
        with pytest.raises(SkinKDError) as caught:
            import_run(source, theirs)
        assert words in f"{caught.value} {caught.value.details}", source.name
        assert everything(theirs) == before, source.name


def test_a_finished_run_without_scores_is_refused(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    run.metrics_file.unlink()
    with pytest.raises(SkinKDError, match=r"no metrics\.json"):
        import_run(run.path, theirs)
    assert [path.name for path in theirs.iterdir()] == [list_runs(theirs)[0].folder.name]


def test_damaged_bytes_are_noticed_and_leave_nothing(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    file = export_run(run.path, tmp_path / "run.zip")
    content = bytearray(file.read_bytes())
    place = content.find(run.model_file.read_bytes()[:64])
    content[place + 1000] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(SkinKDError, match="damaged"):
        import_run(file, theirs)
    assert len(list(theirs.iterdir())) == 1


def test_a_file_that_grows_while_it_is_copied_is_refused(run: RunFolder, theirs: Path) -> None:
    """Its size was counted before: what comes after that was never checked against room and bounds."""
    before = everything(theirs)

    class Growing(CancelToken):
        def check(self) -> None:
            if run.predictions_file.stat().st_size < 20_000:  # more than it had
                with run.predictions_file.open("a") as file:
                    file.write("one image more\n")

    with pytest.raises(SkinKDError, match=r"predictions\.csv: it is longer than the archive says"):
        import_run(run.path, theirs, token=Growing())
    after = everything(theirs)
    assert {name: after[name] for name in before if name.startswith("theirs")} == {
        name: content for name, content in before.items() if name.startswith("theirs")
    }
    assert [name for name in after if name not in before] == []


def test_a_cancelled_import_or_export_leaves_nothing(tmp_path: Path, run: RunFolder, theirs: Path) -> None:
    source = CancelSource()
    source.cancel()
    before = everything(theirs)
    with pytest.raises(Cancelled):
        import_run(run.path, theirs, token=source.token)
    with pytest.raises(Cancelled):
        export_run(run.path, tmp_path / "run.zip", token=source.token)
    assert everything(theirs) == before


def test_a_half_import_is_no_run_and_goes_after_a_day(run: RunFolder, theirs: Path) -> None:
    left = theirs / ".work-1.4711-00000000.tmp"  # of another computer, as `core.atomic` calls them
    left.mkdir()
    (left / "recipe.toml").write_text(recipe_to_toml(Recipe()))
    assert len(list_runs(theirs)) == 1
    import_run(run.path, theirs)
    assert left.exists()
    os.utime(left, (0, 0))
    with pytest.raises(SkinKDError):
        import_run(run.path, theirs)
    assert not left.exists()


@pytest.mark.parametrize("name", ["con", "Übung", "run with spaces", "."])
def test_strange_folder_names_are_replaced(tmp_path: Path, run: RunFolder, theirs: Path, name: str) -> None:
    found = archive._Source(name, tuple(archive._files_below(run.path)))
    folder = archive._import(found, theirs, CancelSource().token, origin=tmp_path / "x.zip")
    assert folder.name.endswith("-gut-100")


def test_a_zip_file_with_a_nameless_member_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "run.zip", "w") as archive:
        archive.writestr("run/recipe.toml", "version = 1")
        archive.writestr(zipfile.ZipInfo("x"), "")
    content = (tmp_path / "run.zip").read_bytes()
    place = content.rindex(b"PK\x01\x02")  # the entry of x in the directory
    nameless = content[: place + 28] + b"\0\0\1\0" + content[place + 32 :]  # its name is read as extra bytes
    (tmp_path / "run.zip").write_bytes(nameless)
    with pytest.raises(SkinKDError, match="not a plain place"):
        import_run(tmp_path / "run.zip", tmp_path / "runs")
