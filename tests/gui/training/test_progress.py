"""What is known of a run from its events."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.events import Event, Level, Notice, Phase, Progress, RunStarted
from skinkd_gui.training import facts
from skinkd_gui.training.progress import PHASE_HELP, PlanMade, RunProgress
from tests.gui.training.scripted import batch, epoch, epoch_finished

WHOLE_RUN: tuple[Event, ...] = (
    RunStarted(Path("a"), "student"),
    Progress(Phase.LOADING, 0, 1),
    Progress(Phase.READING, 0, 0),
    Progress(Phase.CHECKING, 50, 100),
    Progress(Phase.DECODING, 100, 100),
    Progress(Phase.TEACHER, 30, 60, per_second=12.0),
    batch(1, 3, 1, 10),
    batch(1, 3, 10, 10),
    Progress(Phase.VALIDATING, 5, 10),
    epoch_finished(1, 3),
    Progress(Phase.SAVING, 1, 1),
    batch(2, 3, 5, 10),
    epoch_finished(2, 3, best=False),
    epoch_finished(3, 3),
    Progress(Phase.VALIDATING, 1, 1),
    Progress(Phase.TESTING, 1, 2),
    Progress(Phase.SAVING, 1, 1),
)


def fed(events: tuple[Event, ...]) -> RunProgress:
    progress = RunProgress("student")
    for event in events:
        progress.feed(event)
    return progress


def test_the_bar_of_the_whole_run_never_falls_and_ends_full() -> None:
    progress = RunProgress("student")
    seen = []
    for event in WHOLE_RUN:
        progress.feed(event)
        seen.append(progress.fraction)
    assert seen == sorted(seen)
    assert seen[WHOLE_RUN.index(batch(2, 3, 5, 10))] == pytest.approx(0.15 + 0.82 * 1.45 / 3)
    assert seen[-1] == 1.0


def test_a_checkpoint_in_the_middle_is_not_the_end() -> None:
    assert fed(WHOLE_RUN[:11]).fraction < 0.5


def test_a_teacher_and_its_student_share_the_bar() -> None:
    progress = fed((PlanMade(("teacher", "student")), *WHOLE_RUN))
    assert progress.fraction == pytest.approx(0.5)
    assert facts.plan_text(progress) == "Run 1 of 2, then student"
    progress.feed(RunStarted(Path("b"), "the student"))
    assert progress.fraction == pytest.approx(0.5)
    assert progress.history == []
    assert progress.name == "the student"
    assert facts.plan_text(progress) == "Run 2 of 2"
    progress.feed(RunStarted(Path("b"), "the student"))
    assert progress.index == 1


def test_texts_of_a_training_step() -> None:
    progress = fed((*WHOLE_RUN[:10], batch(2, 3, 5, 1234)))
    assert facts.phase_title(progress) == "Training: epoch 2 of 3, batch 5 of 1,234"
    assert facts.epoch(progress) == "2 of 3"
    assert facts.losses(progress) == ("1.500", "1.000", "6.000")
    assert facts.time_left(progress) == "1 min 5 s"
    assert facts.best(progress) == ("50.0 % (epoch 1)", "45.0 %")
    assert facts.patience(progress) == "3 epochs"
    assert facts.speed(progress) == "123"


def test_a_finished_epoch_counts_more_than_the_last_batch_told_of() -> None:
    progress = fed((RunStarted(Path("a"), "a"), batch(1, 2, 9, 9), epoch_finished(1, 2), epoch_finished(2, 2)))
    assert facts.epoch(progress) == "2 of 2"
    assert facts.losses(progress) == ("1.000", "0.800", "2.800")


def test_texts_before_anything_is_known() -> None:
    progress = RunProgress("x")
    assert facts.phase_title(progress) == "Starting"
    assert facts.epoch(progress) == facts.time_left(progress) == facts.speed(progress) == "–"
    assert progress.phase_fraction is None


def test_phases_without_a_total_show_no_numbers() -> None:
    progress = fed((Progress(Phase.READING, 0, 0),))
    assert facts.phase_title(progress) == "Reading the data set"
    assert progress.phase_fraction is None
    progress.feed(Progress(Phase.CHECKING, 250, 1000, per_second=77.4))
    assert facts.phase_title(progress) == "Checking the images: 250 of 1,000"
    assert facts.speed(progress) == "77"
    assert progress.phase_fraction == 0.25


def test_a_resumed_run_keeps_its_earlier_epochs() -> None:
    progress = fed(WHOLE_RUN[:1])
    progress.recall([epoch(1), epoch(2, best=False)])
    progress.feed(epoch_finished(3, 5, best=False))
    assert [record.epoch for record in progress.history] == [1, 2, 3]
    assert progress.best is not None
    assert progress.best.epoch == 1


def test_every_phase_is_explained_and_notices_stay() -> None:
    progress = RunProgress("x")
    for phase in Phase:
        progress.feed(Progress(phase, 0, 2))
        assert facts.phase_help(progress).endswith(".")
    progress.feed(Notice("careful", Level.WARNING))
    progress.feed(RunStarted(Path("a"), "x"))
    assert progress.notices == [Notice("careful", Level.WARNING)]


def test_every_phase_is_explained() -> None:
    assert set(PHASE_HELP) == set(Phase)
