from __future__ import annotations

from pathlib import Path

import pytest

from core.training.energy import EnergyMeter, counters


class Shown:
    """A counter that shows what it is told."""

    name = "processor package-0"

    def __init__(self, *values: float, turns_at: float = 0.0) -> None:
        self.values, self.turns_at = list(values), turns_at

    def joules(self) -> float:
        value = self.values.pop(0)
        if value < 0:
            raise OSError("closed")
        return value


def test_what_is_counted_between_two_looks_is_added_up() -> None:
    meter = EnergyMeter([Shown(100, 130, 190)])
    meter.read()
    meter.read()
    assert meter.document["joules"] == {"processor package-0": 90}


def test_a_counter_that_begins_anew_loses_nothing() -> None:
    meter = EnergyMeter([Shown(250, 20, turns_at=262.0)])
    meter.read()
    assert meter.document["joules"] == {"processor package-0": 32}


def test_a_run_that_goes_on_adds_to_what_it_had() -> None:
    meter = EnergyMeter([Shown(0, 5)], {"joules": {"processor package-0": 7.5}, "seconds": 60.0})
    meter.read()
    assert meter.document["joules"] == {"processor package-0": 12.5}
    assert meter.document["seconds"] >= 60


def test_a_counter_that_is_closed_meanwhile_ends_nothing() -> None:
    meter = EnergyMeter([Shown(0, 5, -1)])
    meter.read()
    meter.read()
    assert meter.document["joules"] == {"processor package-0": 5}


def test_without_a_counter_there_is_no_figure() -> None:
    meter = EnergyMeter([])
    meter.read()
    assert meter.document == {}


def test_packages_are_counted_and_their_parts_and_closed_ones_not(tmp_path: Path) -> None:
    for name, label, energy in (
        ("intel-rapl:0", "package-0", "5000000"),
        ("intel-rapl:0:0", "core", "1000000"),
        ("intel-rapl:1", "psys", "9000000"),
        ("intel-rapl:2", "package-1", ""),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "name").write_text(label + "\n")
        (folder / "max_energy_range_uj").write_text("262143328850\n")
        (folder / "energy_uj").write_text(energy)
    found = counters("cpu", powercap=tmp_path)
    if not found:
        pytest.skip("RAPL is Linux's")
    assert [(each.name, each.joules(), each.turns_at) for each in found] == [
        ("processor package-0", 5.0, pytest.approx(262143.33, abs=0.01))
    ]
