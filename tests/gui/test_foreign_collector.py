"""The window's process survives a collector that others run in their threads (`make stress` does this at length)."""

from __future__ import annotations

import pytest

from tests.stress.__main__ import WAYS, run

TESTS = (
    "tests/gui/workers/test_job.py",
    "tests/gui/classify/test_pictures.py",
    *(
        f"tests/gui/test_exceptions.py::test_a_bug_in_a_job_is_shown_and_the_window_lives[{kind}]"
        for kind in ("figures", "pictures")
    ),
)


@pytest.mark.timeout(900)  # a machine that does much else is no hang
@pytest.mark.parametrize("way", WAYS)
def test_no_crash_no_complaint_and_no_hang(way: str) -> None:
    result = run(way, *TESTS, seconds=800)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
