"""The mutation run's own judgement: what is changed, in which order, and when a mutant counts as dead."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.mutants.__main__ import Found, table
from tests.torture.mutants.places import mutants_of
from tests.torture.mutants.strata import ROOT, planned, subjects
from tests.torture.mutants.survivors import Survivor, survivors
from tests.torture.mutants.trial import DIED, LATE, LIVED

SOURCE = b'''"""A text with 7 and a < b."""
LIMIT = 3
def most(values: tuple[int, ...] = ()) -> int:
    found = 0
    for value in values:
        if value < LIMIT and value > found:
            found = value
    save(found, kind="stable")
    return found - 1
'''

TEST = """
import time
from core.evaluation import proportions
def test_it():
    assert getattr(proportions, "ANSWER", 42) == 42
    time.sleep(getattr(proportions, "WAIT", 0))
"""


def test_every_mutant_is_one_small_change_of_what_is_run() -> None:
    found = mutants_of("m", SOURCE)
    changes = {item.name.split(": ", 1)[1].removesuffix(" #1") for item in found}
    assert {
        "3 -> (4)",
        "value < LIMIT -> (value <= LIMIT)",
        "value < LIMIT and value > found -> (value < LIMIT or value > found)",
        "save(found, kind='stable') -> pass",
        "save(found, kind='stable') -> (save(found))",
        "found - 1 -> (found + 1)",
    } <= changes
    assert len({item.applied(SOURCE) for item in found}) == len(found)
    assert len({item.name for item in found}) == len(found)
    for item in found:
        compile(item.applied(SOURCE), "m", "exec")
        assert item.applied(SOURCE).startswith(b'"""A text with 7 and a < b."""')
        assert b"tuple[int, ...]" in item.applied(SOURCE)


def test_a_name_stays_when_the_file_grows_elsewhere() -> None:
    later = b"OTHER = ()\n" + SOURCE
    assert [item.name for item in mutants_of("m", later)] == [item.name for item in mutants_of("m", SOURCE)]


def test_any_beginning_of_the_order_is_a_sample_of_all_strata() -> None:
    found = subjects()
    plan = planned(found, seed=0)
    strata = {subject.stratum for subject in found}
    assert {item.subject.stratum for item in plan[: len(strata)]} == strata
    counts = [sum(item.subject.stratum == name for item in plan[:110]) for name in strata]
    assert set(counts) == {110 // len(strata)}
    assert [item.mutant.name for item in plan] == [item.mutant.name for item in planned(found, seed=0)]
    assert plan != planned(found, seed=1)
    for subject in found:
        assert all((ROOT / test).exists() for test in subject.tests), subject.file


TRIALS = """
import sys
import core
from tests.torture.mutants.strata import ROOT
from tests.torture.mutants.trial import tried
source = (ROOT / "core/evaluation/proportions.py").read_bytes()
for change, limit in (("", 100), ("ANSWER = 41", 100), ("raise KeyError", 100), ("WAIT = 200", 1)):
    content = source + f"\\n{change}\\n".encode()
    print(tried("core.evaluation.proportions", content, (sys.argv[1],), limit).fate)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="trials are forked processes")
def test_a_mutant_dies_lives_or_takes_too_long(tmp_path: Path) -> None:
    """Trials of a module that exists, with tests written here: they see the changed source and no other."""
    (tmp_path / "test_it.py").write_text(TEST)
    before = (ROOT / "core/evaluation/proportions.py").read_bytes()
    command = [sys.executable, "-c", TRIALS, str(tmp_path / "test_it.py")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.split() == [LIVED, DIED, DIED, LATE], ended.stderr
    assert (ROOT / "core/evaluation/proportions.py").read_bytes() == before


def test_a_share_counts_neither_the_equivalent_nor_hides_the_unexplained() -> None:
    found = [Found(str(number), "locks", "", fate, 0.0) for number, fate in enumerate([DIED] * 8 + [LIVED, LIVED])]
    same = Survivor("8", True, "the default")
    *_, last = table(found, {"8": same}).splitlines()
    assert last == "| all | 10 | 8 | 0 | 2 | 1 | 88.9% |"


def test_every_survivor_has_a_reason_and_is_a_mutant_of_today() -> None:
    explained = survivors()
    files = {item.name.split(":")[0].replace(".", "/") + ".py" for item in explained.values()}
    today = {
        mutant.name
        for file in files
        for mutant in mutants_of(file.removesuffix(".py").replace("/", "."), (ROOT / file).read_bytes())
    }
    assert [item.name for item in explained.values() if len(item.reason) < 20] == []
    assert sorted(set(explained) - today) == []
