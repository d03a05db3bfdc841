"""What is looked at in the wheel and the sdist, and that each fault is named."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE: dict[str, Any] = runpy.run_path(str(ROOT / "installers" / "wheel_contents.py"))
LICENCE = "skinkd-1.dist-info/licenses/LICENSE"


@pytest.fixture
def wheel() -> dict[str, bytes]:
    files = [path for package in MODULE["PACKAGES"] for path in (ROOT / package).rglob("*") if path.is_file()]
    names = [path.relative_to(ROOT).as_posix() for path in files if "__pycache__" not in path.parts]
    return {name: b"" for name in [*names, LICENCE] if not name.endswith("licences.json")}


def sdist(wheel: dict[str, bytes]) -> set[str]:
    names = {*wheel, "pyproject.toml", "README.md", "LICENSE", "requirements.lock"}
    return {f"skinkd-1/{name}" for name in names}


def test_a_whole_wheel_is_right(wheel: dict[str, bytes]) -> None:
    assert MODULE["problems"](wheel, dict(wheel), sdist(wheel)) == []


@pytest.mark.parametrize(
    ("lost", "added", "told"),
    [
        ("resources/help/first_steps.md", "", "lacks resources/help/first_steps.md"),
        ("core/py.typed", "", "lacks core/py.typed"),
        (LICENCE, "", "no dist-info/licenses/LICENSE"),
        ("", "tests/conftest.py", "holds tests/conftest.py"),
        ("", "core/cli/secret.txt", "holds core/cli/secret.txt"),
    ],
)
def test_what_is_missing_or_too_much_is_named(wheel: dict[str, bytes], lost: str, added: str, told: str) -> None:
    names = sdist(wheel)
    wheel.pop(lost, None)
    wheel |= {added: b""} if added else {}
    assert any(told in problem for problem in MODULE["problems"](wheel, dict(wheel), names))


def test_another_wheel_from_the_sdist_is_named(wheel: dict[str, bytes]) -> None:
    again = dict(wheel) | {"core/__init__.py": b"other"}
    (told,) = MODULE["problems"](wheel, again, sdist(wheel))
    assert "core/__init__.py is not the same" in told
    (told,) = MODULE["problems"](wheel, wheel, {*sdist(wheel), "skinkd-1/.venv/pyvenv.cfg"})
    assert "sdist holds .venv/pyvenv.cfg" in told
