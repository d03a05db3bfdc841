"""No name commands a terminal or feigns a line: through every command, in pipes, in a real terminal, in logs."""

from __future__ import annotations

import ast
import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.main import app, run
from core.cli.progress import _bars
from core.events import Notice, RunStarted
from core.sessions.files import new_folder, write_session
from core.sessions.saved import SavedSession
from core.terminal import LogFormatter
from core.visible_text import shows_itself, visible, writable, writable_values
from tests.core.cli.hostile import EVIL, HOSTILE, IN_UTF_8, OF_ONE_LINE, obeyed

ROOT = Path(__file__).resolve().parents[3]

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file systems refuse such names")

COMMANDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "sample-data": (("{new}/set", "--images", "16", "--size", "32"), (EVIL, "--images", EVIL)),
    "inspect": (
        ("{table}",),
        ("{table}", "--label-column", EVIL),
        ("{data}",),
        ("{data}", "--map"),
        ("{data}", "--map", "--as", f"{EVIL}=MEL"),
        (EVIL,),
    ),
    "recipe": (
        ("--set", f"data.path={IN_UTF_8}"),
        ("--set", f"data.path={EVIL}"),
        ("--set", f"{EVIL}=1"),
        ("--preset", EVIL),
        ("--out", "{file}"),
    ),
    "train": (("quick", "--data", EVIL), (EVIL,), ("quick", "--data", "{data}", "--set", "teacher.run=" + EVIL)),
    "resume": ((EVIL,), ("{run}", "--data", EVIL), ("{run}", "--set", f"optimisation.epochs={EVIL}")),
    "runs": (("--runs", "{runs}"), ("--runs", EVIL)),
    "evaluate": (("{run}", "--data", "{data}"), ("{run}", "--data", EVIL), ("{run}", "--part", EVIL)),
    "classify": (
        ("{run}", "{data}"),
        ("{run}", "{data}", "--out", "{new}/table.csv"),
        ("{run}", "{data}", "--out", EVIL),
        ("{run}", "{data}", "--patients", EVIL),
        ("{run}", "{data}", "--patients", "{table}"),
        ("{run}", "{data}", "--labels"),
        (EVIL, EVIL),
    ),
    "calibrate": ((EVIL,), ("{run}", "--data", "{data}")),
    "demo": (("--data", EVIL), ("--data", "{data}", "--set", f"{EVIL}=1")),
    "study": ((EVIL,), ("--runs", "{runs}"), ("{study}",)),
    "study-file": (("{file}",), ("{new}/study.toml", "--set", f"{EVIL}=1")),
    "cross-validate": ((EVIL,), ("quick", "--data", "{data}", "--vary", EVIL)),
    "compare": (("{run}", EVIL), ("{run}", "{run}"), ("{run}", "{other}")),
    "report": (("{run}", "--out", "{new}/report"), ("{run}", "--out", "{file}"), ("--study", EVIL, "--out", EVIL)),
    "statement": (("{run}", "--set", f"{EVIL}=x"), ("{run}", "--set", f"{EVIL}"), ("{run}", "--from", EVIL)),
    "robustness": ((EVIL,), ("{run}", "--corruption", EVIL)),
    "export": (("{run}", "--format", EVIL, "--out", EVIL), ("{run}", "--out", "{file}/x.onnx")),
    "import-weights": ((EVIL, "--architecture", EVIL, "--out", EVIL),),
    "self-test": (("{data}",),),
    "demonstration": (("--make", "{data}"),),
    "class-sets": ((), (EVIL,), (EVIL, "--save", "{recipe}"), (EVIL, "--save", EVIL)),
    "corrections": (("{data}",), ("{data}", "--relabel", EVIL), ("{data}", "--exclude", EVIL), (EVIL,)),
    "suspects": ((EVIL,), ("{run}",)),
    "drift": (("{data}", "{data}"), (EVIL, "{data}"), ("{data}", "--model", "{run}")),
    "sessions": (("list",), ("delete", EVIL, "--yes"), ("export", EVIL, EVIL), (EVIL,)),
    "record": (("show",), ("export", EVIL), (EVIL,)),
    EVIL: ((), ("--help",)),
}
"""Of each command what brings foreign names into its answers and its errors."""

SLOW = {"doctor": "looks at torch and the screen; names come from folders alone, which other commands show"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, sample_set: Path) -> Path:
    """Images and labels with hostile names."""
    return _data(tmp_path_factory.mktemp("data") / f"data {EVIL}", sample_set)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, trained: Path, data: Path) -> dict[str, str]:
    """Folders, runs, images and a recipe whose names are hostile."""
    root = tmp_path_factory.mktemp("hostile")
    runs = root / f"runs {IN_UTF_8}"
    for place, folder in (("run", runs / f"run {IN_UTF_8}"), ("other", runs / f"other {IN_UTF_8}")):
        shutil.copytree(trained, folder)
        status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
        named = {"name": f"{place} {visible(EVIL)}{EVIL[:-1]}"[:60], "message": f"It said {writable(EVIL)}"}
        (folder / "status.json").write_text(json.dumps({**status, **named}), encoding="utf-8")
    (root / EVIL).write_text("no model, no recipe, no table", encoding="utf-8")
    recipe = root / f"{EVIL}.toml"
    recipe.write_text('[classes]\nset = "own"\nmapping = { "' + json.dumps(writable(EVIL))[1:-1] + '" = "MEL" }\n')
    study = root / f"study {EVIL}.toml"
    study.write_text(f"name = {json.dumps(writable(EVIL))}\n[[configuration]]\nkey = {json.dumps(writable(EVIL))}\n")
    table = root / f"table {EVIL}.csv"
    cell = f'"{OF_ONE_LINE}"'
    table.write_text(f"image,{cell},dx,patient,{cell}2\nnowhere.jpg,{cell},{cell},{cell},x\n", encoding="utf-8")
    found = {
        "table": table,
        "runs": runs,
        "run": runs / f"run {IN_UTF_8}",
        "other": runs / f"other {IN_UTF_8}",
        "data": data,
    }
    found |= {"file": root / EVIL, "recipe": recipe, "study": study}
    return {name: str(path) for name, path in found.items()}


def _data(folder: Path, sample_set: Path) -> Path:
    """Images in folders of two labels, of one class, with a damaged one."""
    pictures = sorted(sample_set.rglob("*.jpg"))[:24]
    for number, picture in enumerate(pictures):
        label = ("melanoma", "nevus", f"label {EVIL}")[number % 3]
        (folder / label).mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, folder / label / f"{number}{EVIL}.jpg")
    (folder / "nevus" / f"damaged {EVIL}.jpg").write_bytes(b"none")
    return folder


@pytest.fixture
def fill(places: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Puts hostile places into arguments."""
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path / f"state {EVIL}"))
    monkeypatch.setenv("SKINKD_CACHE", str(tmp_path / f"cache {EVIL}"))
    monkeypatch.setenv("SKINKD_RUNS", places["runs"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("core.reporting.report.write_content", _page)  # the real one draws for seconds

    def filled(text: str) -> str:
        for name, value in {**places, "new": str(tmp_path / f"new {EVIL}")}.items():
            text = text.replace("{" + name + "}", value)
        return text

    return filled


def _page(content: object, out: Path, **_: object) -> Path:
    out.mkdir(parents=True)
    (out / f"{EVIL}.html").touch()
    return out / "index.html"


def test_every_command_is_among_them() -> None:
    groups = {group.name for group in app.registered_groups}
    assert {command.name for command in app.registered_commands} | groups == {*COMMANDS, *SLOW} - {EVIL}


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_passes_a_hostile_name_on(
    command: str, fill: Callable[[str], str], capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for arguments in COMMANDS[command]:
        for more in ((), ("--json",)):
            run([command, *map(fill, arguments), *more])
            said = capsys.readouterr()
            assert obeyed(said.out) == [], arguments
            assert obeyed(said.err) == [], arguments
            assert "Unexpected error" not in said.out + said.err, (arguments, caplog.text)


def test_a_saved_sessions_name_is_shown_and_asked_about_as_text(
    fill: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = new_folder("moles")
    write_session(folder, SavedSession("moles"))
    facts = folder / "session.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text(encoding="utf-8")), "name": writable(EVIL)}))
    for arguments in (("list",), ("delete", folder.name)):
        run(["sessions", *arguments])
        said = capsys.readouterr()
        assert "hidden" in said.out + said.err
        assert obeyed(said.out + said.err) == []
    assert folder.is_dir()  # nobody said yes


WRITTEN_BY_OTHERS = """
import sys, threading, warnings
from core.program import prepare
prepare()
evil = sys.argv[1]
print(evil)
print(evil, file=sys.stderr)
sys.stderr.writelines([evil, evil])
warnings.warn(evil)
def broken(): raise ValueError(evil)
thread = threading.Thread(target=broken); thread.start(); thread.join()
raise RuntimeError(evil)
"""
"""What libraries and Python itself write, past the functions of the command line."""


def in_pipes(*command: str, folder: Path) -> str:
    """What a program writes to both streams."""
    result = subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=120)
    return (result.stdout + b"\n" + result.stderr).decode("utf-8", "surrogateescape")


def in_a_terminal(*command: str, folder: Path) -> str:
    """What it writes to a terminal of its own."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "200"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, cwd=folder, env=environment
    ) as process:
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while part := os.read(ours, 65536):
                said += part
        process.wait(120)
    os.close(ours)
    return said.decode("utf-8", "surrogateescape")


@pytest.mark.parametrize("tried", [in_pipes, in_a_terminal])
def test_what_others_write_is_cleaned_too(tried: Callable[..., str], tmp_path: Path) -> None:
    said = tried(sys.executable, "-c", WRITTEN_BY_OTHERS, EVIL, folder=ROOT)
    assert "hidden" in said
    # Lines of their own can not be told from those of a name; commands can.
    assert [sign for sign in obeyed(said) if not sign.startswith("FEIGNED")] == []


@pytest.mark.parametrize("tried", [in_pipes, in_a_terminal])
def test_a_real_program_passes_no_hostile_name_on(tried: Callable[..., str], data: Path) -> None:
    program = (sys.executable, "-m", "core.cli")
    for arguments in (("inspect", str(data)), ("train", EVIL), (EVIL,)):
        said = tried(*program, *arguments, folder=ROOT)
        assert "hidden" in said
        for name in HOSTILE.values():
            assert name not in said
        assert not [line for line in said.splitlines() if line.startswith("FEIGNED")]
        if tried is in_pipes:
            assert obeyed(said) == []


def test_help_keeps_its_colours_on_a_terminal() -> None:
    said = in_a_terminal(sys.executable, "-m", "core.cli", "--help", folder=ROOT)
    assert "\x1b[" in said, said


def test_bars_show_hostile_names_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with _bars() as emit:
        emit(Notice(f"the folder {EVIL} is closed"))
        emit(RunStarted(Path(EVIL), EVIL))
        sys.stderr.write(f"a library says {EVIL.replace(HOSTILE['line'], '')}\n")
    said = capsys.readouterr().err
    assert "hidden" in said
    assert not [name for name in HOSTILE.values() if name in said]


def test_logs_have_a_line_for_a_record_and_its_story_set_in(tmp_path: Path) -> None:
    log = logging.getLogger("tests.hostile")
    log.propagate = False
    handler = logging.FileHandler(tmp_path / "log", encoding="utf-8")
    handler.setFormatter(LogFormatter("%(levelname)s %(message)s"))
    log.addHandler(handler)
    try:
        raise ValueError(f"no file {EVIL}")
    except ValueError:
        log.exception("it failed with %s", EVIL, stack_info=True)
    log.removeHandler(handler)
    handler.close()
    text = (tmp_path / "log").read_text(encoding="utf-8")
    assert obeyed(text) == []
    first, *story = text.rstrip("\n").split("\n")
    assert first.startswith("ERROR it failed with")
    assert all(line.startswith("    ") for line in story)


WAYS_OUT = frozenset(
    [
        *("print", "sys.stdout.write", "sys.stderr.write", "logging.Formatter"),
        *("typer.echo", "typer.secho", "typer.confirm", "typer.prompt", "click.echo"),
    ]
)


def test_nothing_else_writes_to_streams_or_formats_logs() -> None:
    """Whatever is shown passes through `core.cli.console`, `core.program` or `core.terminal`."""
    found = {
        file.relative_to(ROOT).as_posix()
        for folder in ("core", "skinkd_gui")
        for file in (ROOT / folder).rglob("*.py")
        if any(way in (text := file.read_text(encoding="utf-8")) for way in WAYS_OUT)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in WAYS_OUT
    }
    assert found == {
        "core/cli/console.py",
        "core/program.py",
        "core/system_libraries.py",  # started by itself, before anything is installed: names of packages, its own
        "core/terminal.py",
        "skinkd_gui/app.py",  # no window can open: sentences of our own
    }


@given(st.text(st.characters()))
def test_what_is_visible_is_seen_and_can_be_written(text: str) -> None:
    shown = visible(text)
    assert all(map(shows_itself, shown))
    assert visible(shown) == shown
    writable(text).encode("utf-8")


@pytest.mark.parametrize("text", ["Größe 5\u00a0mm", "می\u200cخواهم", "👩\u200d⚕️", "画\u3000像", "é", "C:\\bilder"])
def test_names_of_people_stay_as_they_are(text: str) -> None:
    assert visible(text) == writable(text) == text


def test_bytes_of_names_are_read_as_utf_8_where_they_are() -> None:
    assert visible("læsion".encode().decode("ascii", "surrogateescape")) == "læsion"
    assert visible("caf\udce9") == writable("caf\udce9") == "caf\\xe9"
    assert visible("\ud83d") == "\\ud83d"
    assert writable_values({"a\udcff": ["b\udcff", 1, None]}) == {"a\\xff": ["b\\xff", 1, None]}
