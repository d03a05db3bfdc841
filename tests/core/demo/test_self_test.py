"""The self-test: the main job in a folder of its own, and what it says when something is broken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.demo.self_test import SelfTest, SelfTestStep, run_steps, teller, temporary_user_folder
from core.errors import SkinKDError
from core.inference.export import exporting
from core.reporting import report as reporting


def test_all_steps_but_the_export_are_right_and_leave_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("the exporter is not in the bundle")

    def page(runs: list[Path], out: Path) -> Path:
        out.mkdir()
        (out / "index.html").write_text(f"<html>{len(runs)} runs")
        return out / "index.html"

    monkeypatch.setattr(exporting, "export_model", broken)
    monkeypatch.setattr(reporting, "write_report", page)  # the real one takes as long as everything else together
    users = [Path(os.environ[name]) for name in ("SKINKD_RUNS", "SKINKD_CACHE", "SKINKD_STATE")]
    lines: list[str] = []
    with temporary_user_folder(None) as folder:
        steps = SelfTest(folder, images=64, epochs=1).steps()
        assert not run_steps(steps, teller(folder, lines.append))
        assert (folder / "self-test.txt").read_text(encoding="utf-8").splitlines() == "\n".join(lines).splitlines()
        assert len(list((folder / "runs").glob("*/model.safetensors"))) == 2
    states = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert states == ["OK", "OK", "OK", "OK", "failed", "OK", "Self-test"], "\n".join(lines)
    assert "the exporter is not in the bundle" in lines[4]
    assert "1 of 6 steps failed" in lines[-1]
    assert not folder.exists()
    assert not any(place.exists() for place in users)


def test_what_needs_a_failed_step_is_left_out_and_the_rest_goes_on() -> None:
    def fail() -> str:
        raise SkinKDError("No room", "The disk is full.")

    steps = (
        SelfTestStep("a", fail),
        SelfTestStep("b", lambda: "never", "a"),
        SelfTestStep("c", lambda: "never", "b"),
        SelfTestStep("d", lambda: "x"),
    )
    lines: list[str] = []
    assert not run_steps(steps, lines.append)
    assert lines[0].startswith("failed   a: No room. The disk is full.")
    assert [line.split()[0] for line in lines[1:]] == ["left", "left", "OK", "Self-test"]
    assert run_steps(steps[3:], lines.append)


def test_a_folder_that_was_asked_for_stays_and_others_files_are_safe(tmp_path: Path) -> None:
    asked = tmp_path / "Ordner mit Ä"
    before = dict(os.environ)
    with temporary_user_folder(asked) as folder:
        assert os.environ["SKINKD_RUNS"] == str(folder / "runs")
        teller(folder, str)("a line")
    assert (asked / "self-test.txt").is_file()
    assert dict(os.environ) == before
    with pytest.raises(SkinKDError, match="new or empty"), temporary_user_folder(asked):
        pass
