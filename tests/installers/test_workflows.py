"""The workflows of the hosting name scripts, make targets and versions that exist, and ask for few rights."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)


def workflow(file: Path) -> dict[Any, Any]:
    content: dict[Any, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def steps(file: Path) -> list[dict[str, Any]]:
    return [step for job in workflow(file)["jobs"].values() for step in job["steps"]]


def commands(file: Path) -> str:
    return "\n".join(step["run"] for step in steps(file) if "run" in step)


def test_both_workflows_are_here() -> None:
    assert [file.name for file in WORKFLOWS] == ["checks.yml", "installers.yml"]


@every_workflow
def test_scripts_and_make_targets_exist(file: Path) -> None:
    scripts = re.findall(r"installers[/\\][\w/\\.-]+\.(?:sh|ps1|py)", commands(file))
    assert [name for name in scripts if not (ROOT / name.replace("\\", "/")).is_file()] == []
    targets = set(re.findall(r"\bmake ([a-z]+)", commands(file)))
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert targets
    assert targets <= known


@every_workflow
def test_actions_are_pinned_and_few(file: Path) -> None:
    used = [step["uses"] for step in steps(file) if "uses" in step]
    assert [name for name in used if not re.fullmatch(r"(actions|astral-sh)/[\w-]+@(v\d+|[0-9a-f]{40})", name)] == []
    versions: dict[str, set[str]] = {}
    for one in WORKFLOWS:
        for name, version in re.findall(r"uses: ([\w/-]+)@(\S+)", one.read_text(encoding="utf-8")):
            versions.setdefault(name, set()).add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@every_workflow
def test_rights_are_few(file: Path) -> None:
    content = workflow(file)
    assert content["permissions"] == {"contents": "read"}
    writing = {name for name, job in content["jobs"].items() if "permissions" in job}
    assert writing <= {"release"}
    for step in steps(file):
        if str(step.get("uses", "")).startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@every_workflow
def test_no_command_is_put_together_from_what_others_write(file: Path) -> None:
    # A tag or a title with shell signs in it must come as a variable; the matrix is our own.
    assert set(re.findall(r"\$\{\{\s*(\w+)", commands(file))) <= {"matrix"}


def test_python_versions_are_those_that_skinkd_runs_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest, above = re.findall(r"\d+\.(\d+)", project["requires-python"])
    scripts = ("installers/windows/build.ps1", "installers/macos/build.sh")
    texts = [file.read_text(encoding="utf-8") for file in (*WORKFLOWS, *(ROOT / name for name in scripts))]
    named = [int(minor) for text in texts for minor in re.findall(r"\b3\.(\d\d)\b", text)]
    assert named
    assert [minor for minor in named if not int(lowest) <= minor < int(above)] == []
    assert {int(lowest), int(above) - 1} <= set(named)  # the oldest and the newest are tested


def test_what_is_built_is_what_is_kept() -> None:
    text = (ROOT / ".github" / "workflows" / "installers.yml").read_text(encoding="utf-8")
    script = (ROOT / "installers" / "windows" / "skinkd.iss").read_text(encoding="utf-8")
    assert "OutputBaseFilename=skinkd-{#AppVersion}-windows-x64{#Suffix}-setup" in script
    for pattern in ("dist/*-setup*.exe", "dist/*-setup*.bin", "dist/*.dmg", "dist/*.deb", "dist/*.tar.xz"):
        assert pattern in text
    assert "image=dist/skinkd-$version-macos-arm64.dmg" in (ROOT / "installers/macos/build.sh").read_text("utf-8")
