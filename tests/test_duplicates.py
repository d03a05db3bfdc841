"""A thing is built once: no two places share more than twelve lines of code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MOST = 12
"""Lines that may stand twice; blank lines, comments and imports do not count."""


def code_of(file: Path) -> list[tuple[int, str]]:
    """The lines that count, with their numbers."""
    lines = ((number, line.strip()) for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1))
    return [(number, line) for number, line in lines if line and not line.startswith(("#", "import ", "from "))]


def runs_of(file: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every run of one line more than may stand twice, with the number of its first line."""
    code = code_of(file)
    for begin in range(len(code) - MOST):
        yield code[begin][0], tuple(line for _, line in code[begin : begin + MOST + 1])


def repeated(files: list[Path]) -> list[str]:
    """Where a run stands that another place has too."""
    places: dict[tuple[str, ...], list[str]] = {}
    for file in files:
        for number, run in runs_of(file):
            places.setdefault(run, []).append(f"{file.name}:{number}")
    return [" and ".join(found) for found in places.values() if len(found) > 1]


def test_no_two_places_share_many_lines() -> None:
    files = [file for top in ("core", "skinkd_gui", "resources", "tests") for file in (ROOT / top).rglob("*.py")]
    assert len(files) > 400
    assert repeated(files) == []


def test_what_stands_twice_is_found(tmp_path: Path) -> None:
    lines = [f"value_{number} = {number}" for number in range(MOST + 1)]
    for name in ("one.py", "two.py"):
        (tmp_path / name).write_text("\n\n".join([f"# {name}", *lines]), encoding="utf-8")
    assert repeated(sorted(tmp_path.iterdir())) == ["one.py:3 and two.py:3"]
    (tmp_path / "two.py").write_text("\n".join(lines[:-1]), encoding="utf-8")
    assert repeated(sorted(tmp_path.iterdir())) == []
