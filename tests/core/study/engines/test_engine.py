"""Whatever engine makes the runs: teachers come first, one division is everybody's, nothing is made twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Emit, Event, Notice
from core.runs.folder import RunFolder
from core.study.definition import Study
from core.study.engines.engine import EndedRun, EngineOptions, Executor
from core.study.execute import run_study
from core.study.folder import StudyFolder, create_study
from core.study.stopping import ask_to_stop, stop_asked
from tests.core.study.conftest import StandIn


@dataclass
class AllAtOnce:
    """Takes every run that it is offered, and makes the last one first."""

    make: StandIn
    before_wait: Callable[[], None] = lambda: None
    most: int = 0
    begun: list[RunFolder] = field(default_factory=list)
    name: str = "all_at_once"
    title: str = "All at once"
    help: str = "for tests"
    source: str = ""
    takes: frozenset[str] = frozenset()

    @contextmanager
    def opened(self, folder: StudyFolder, options: EngineOptions, emit: Emit, token: CancelToken) -> Iterator[Executor]:
        self.token = token
        yield self

    @property
    def takes_more(self) -> bool:
        return True

    def start(self, run: RunFolder, title: str) -> None:
        self.begun.append(run)
        self.most = max(self.most, len(self.begun))

    def wait(self) -> tuple[EndedRun, ...]:
        self.before_wait()
        self.token.check()
        if not self.begun:
            return ()
        run = self.begun.pop()
        try:
            return (EndedRun(run, self.make(run)),)
        except SkinKDError as error:
            return (EndedRun(run, failure=f"{error.title}: {error.summary}"),)


def test_students_wait_for_their_teacher_and_all_have_one_division(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(small_study, tmp_path)
    engine = AllAtOnce(stand_in)
    outcome = run_study(folder, engine=engine)
    assert (len(outcome.finished), outcome.failed, engine.most) == (7, (), 6)
    assert stand_in.done[0] == "Small: Teacher"
    assert len(set(stand_in.done)) == 7
    splits = {RunFolder(member.folder).split_file.read_bytes() for member in folder.members() if member.folder}
    assert len(splits) == 1
    assert run_study(folder, engine=engine).before == len(stand_in.done) == 7


def test_students_of_a_failed_teacher_do_not_start_and_the_others_do(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    def fail(run: RunFolder) -> None:
        if run.recipe().task == "teacher":
            raise SkinKDError("The GPU is gone", "It was there before.")

    stand_in.before = fail
    events: list[Event] = []
    outcome = run_study(create_study(small_study, tmp_path), events.append, engine=AllAtOnce(stand_in))
    assert {summary.status.name for summary in outcome.finished} == {"Small: Plain, seed 0", "Small: Plain, seed 1"}
    assert {key for key, _, _ in outcome.failed} == {"teacher", "kl", "dist"}
    assert any("The GPU is gone" in event.text for event in events if isinstance(event, Notice))


def test_it_is_stopped_from_elsewhere_and_goes_on(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    ask_to_stop(folder)  # of before: a study that begins is not to stop
    engine = AllAtOnce(stand_in)

    def stop() -> None:
        if len(stand_in.done) == 2:
            ask_to_stop(StudyFolder(folder.path))
            engine.token._cancelled.wait(20)

    engine.before_wait = stop
    with pytest.raises(Cancelled):
        run_study(folder, engine=engine)
    assert (len(stand_in.done), stop_asked(folder), folder.is_locked) == (2, False, False)
    outcome = run_study(folder, engine=AllAtOnce(stand_in))
    assert (outcome.before, len(outcome.finished), len(set(stand_in.done))) == (2, 5, 7)
