from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli import main as program
from core.cli.main import run

Call = Callable[..., tuple[int, Any]]
COMMANDS = (
    "sample-data",
    "inspect",
    "recipe",
    "train",
    "resume",
    "runs",
    "evaluate",
    "classify",
    "demo",
    "study",
    "doctor",
)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    code = (
        "import sys; from core.cli.main import run; code = run(['--help']);"
        "heavy = {'torch', 'timm', 'sklearn', 'matplotlib', 'PySide6'} & set(sys.modules);"
        "sys.exit(code or (f'loaded {heavy}' if heavy else 0))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr
    assert all(command in result.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_json(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert "--json" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["train"], ["runs", "--nonsense"], ["sample-data", "x", "--images", "-1"]]
)
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str], as_json: Call) -> None:
    assert run(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "--help" in said.err
    code, document = as_json(*arguments)
    assert code == 2
    assert document["error"]["title"] == "Wrong usage"


def test_an_error_says_what_to_do_without_a_traceback(capsys: pytest.CaptureFixture[str], as_json: Call) -> None:
    assert run(["inspect", "/nowhere/at/all"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "/nowhere/at/all" in said.err
    assert "Traceback" not in said.err
    code, document = as_json("inspect", "/nowhere/at/all")
    assert code == 1
    assert set(document["error"]) == {"title", "summary", "details"}


def test_recipe_errors_exit_2_and_name_the_keys(as_json: Call) -> None:
    code, document = as_json("train", "quick", "--set", "optimisation.epoch=3", "--set", "data.image_size=7")
    assert code == 2
    problems = {problem["key"]: problem["message"] for problem in document["error"]["problems"]}
    assert set(problems) == {"optimisation.epoch", "data.image_size"}
    assert "epochs" in problems["optimisation.epoch"]


def test_a_bug_is_logged_and_admitted(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(**_: Any) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(program, "app", broken)
    assert run(["runs"]) == 1
    said = capsys.readouterr().err
    assert "of all things" in said
    assert "cli.log" in said
    assert "Traceback" not in said
    assert "Traceback" in caplog.text


def test_version_and_module_start(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "core.cli", "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0
    assert result.stdout.startswith("SkinKD ")
