"""Documents that people edit: read in bounds, brought up to date, the nearest name said."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from core.documents import (
    NewerVersionError,
    listed,
    nearest,
    read_at_most,
    read_json,
    read_text,
    shown,
    some,
    up_to_date,
)


def renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {("rate" if name == "speed" else name): value for name, value in values.items()}


def doubled(values: dict[str, Any]) -> dict[str, Any]:
    return {**values, "rate": 2 * values["rate"]}


MIGRATIONS = {1: renamed, 2: doubled}


def test_older_values_take_every_step_to_the_present() -> None:
    assert up_to_date({"version": 1, "speed": 3}, "It", 3, MIGRATIONS) == {"version": 3, "rate": 6}
    assert up_to_date({"version": 2, "rate": 3}, "It", 3, MIGRATIONS) == {"version": 3, "rate": 6}
    assert up_to_date({"speed": 3}, "It", 3, MIGRATIONS) == {"version": 3, "rate": 6}
    assert up_to_date({"rate": 3}, "It", 3, MIGRATIONS, absent=3) == {"rate": 3}


def test_newer_values_are_refused() -> None:
    with pytest.raises(NewerVersionError, match=r"It is from a newer SkinKD: .* version 4; .* up to 3"):
        up_to_date({"version": 4}, "It", 3, MIGRATIONS)


def test_names_stand_as_in_a_sentence_and_of_many_the_first() -> None:
    assert [listed(["a", "b", "c"][:count]) for count in (1, 2, 3)] == ["a", "a and b", "a, b and c"]
    assert listed(["a", "b", "c"], 3) == "a, b and c"
    assert listed(["a", "b", "c", "d"], 3) == some(["a", "b", "c", "d"], 3) == "a, b, c and 1 more"
    assert some(["a", "b", "c"], 3) == "a, b, c"


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None, [1]])
def test_what_is_no_version_is_named(version: object) -> None:
    with pytest.raises(ValueError, match=r"^version: "):
        up_to_date({"version": version}, "It", 3, MIGRATIONS)


def test_a_bound_reserves_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    tracemalloc.start()
    with path.open("rb") as file:
        assert read_at_most(file, 10**9) == b"x" * 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**6
    with path.open("rb") as file:
        assert read_at_most(file, 3) == b"xxx"


def test_documents_are_read_in_bounds(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read_json(path) == {"a": 1}
    with pytest.raises(ValueError, match="longer than 5 bytes"):
        read_text(path, most=5)
    path.write_text("[" * 100_000)
    with pytest.raises(ValueError, match="nested too deep"):
        read_json(path)
    path.write_text("[1]")
    with pytest.raises(ValueError, match="not a JSON object"):
        read_json(path)
    with pytest.raises(ValueError, match="not a file"):
        read_text(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="not a file"):
        read_text(tmp_path / "pipe")


def test_names_and_values_for_messages() -> None:
    assert nearest("Learning_rte", ["learning_rate", "seed"]) == "did you mean learning_rate?"
    assert nearest("x" * 1_000_000, ["seed"]) == "known are seed"
    assert shown("x" * 1000) == "'" + "x" * 59 + "..."
    assert shown(10**5000) == "too large to be shown"
