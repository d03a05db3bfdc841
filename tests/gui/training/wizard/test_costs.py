"""What the wizard makes of measured costs."""

from __future__ import annotations

from pathlib import Path

from core.training.cost import Cost
from skinkd_gui.training.wizard import costs
from skinkd_gui.training.wizard.costs import FreeSpace, RunCost

_PLENTY = FreeSpace(disk=10**13, memory=10**13)


def _run(seconds: float = 60.0, disk: int = 10**9, memory: int = 10**9, device: str = "cpu") -> RunCost:
    cost = Cost(10.0, seconds, 5.0, 0.0, disk, memory, device, ("A note.",))
    return RunCost("run", cost, shared_bytes=4 * 10**8)


def test_what_runs_share_counts_once() -> None:
    both = (_run(100.0), _run(50.0))
    assert costs.total_seconds(both) == 145.0
    assert costs.disk_needed(both) == 16 * 10**8
    assert "both runs" in costs.headline(both)


def test_a_short_run_with_room_needs_no_warning() -> None:
    assert costs.warnings((_run(),), _PLENTY) == ()


def test_more_than_a_day_is_said_aloud() -> None:
    (warning,) = costs.warnings((_run(3 * 86_400),), _PLENTY)
    assert "3 d 0 h" in warning


def test_a_short_disk_is_said_with_both_amounts() -> None:
    (warning,) = costs.warnings((_run(disk=9 * 10**9),), FreeSpace(disk=2 * 10**9, memory=10**12))
    assert "9.0 GB" in warning
    assert "2.0 GB" in warning
    (nearly,) = costs.warnings((_run(disk=9 * 10**9),), FreeSpace(disk=10 * 10**9, memory=10**12))
    assert "nearly full" in nearly


def test_main_memory_matters_only_on_the_processor() -> None:
    little = FreeSpace(disk=10**12, memory=10**8)
    assert "Memory is short" in costs.warnings((_run(),), little)[0]
    assert costs.warnings((_run(device="cuda"),), little) == ()


def test_notes_name_their_run() -> None:
    assert "run: A note." in costs.how_measured((_run(),))


def test_room_is_found_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    left = costs.free_space(tmp_path / "not" / "yet")
    assert left.disk > 0
    assert left.memory > 0


def test_the_students_of_a_study_count_each_but_ask_the_teacher_once() -> None:
    teacher = _run(100.0)
    student = RunCost("student", Cost(10.0, 60.0, 5.0, 20.0, 10**9, 10**9, "cpu", ()), 4 * 10**8, count=21)
    assert costs.total_seconds((teacher, student)) == 95.0 + 21 * 35.0 + 5.0 + 20.0
    assert costs.disk_needed((teacher, student)) == 22 * 6 * 10**8 + 4 * 10**8
    assert "all 22 runs" in costs.headline((teacher, student))
