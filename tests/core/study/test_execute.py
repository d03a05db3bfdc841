"""A study goes on wherever it was interrupted, and a run that fails ends no other."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import core.teachers.stored_outputs as stored_outputs
from core.errors import Cancelled, SkinKDError
from core.events import Event, Notice
from core.recipe import Recipe, set_values
from core.runs.annotations import read_annotations
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.listing import list_runs
from core.runs.planning import teacher_recipe
from core.runs.status import RunState
from core.study.definition import Study
from core.study.execute import member_recipe, run_study, start_member
from core.study.folder import StudyFolder, create_study
from core.study.results import study_results
from tests.core.study.conftest import DIST, KL, PLAIN, TEACHER, StandIn

RUNS = 7


class Killed(BaseException):
    """What kill -9 is to the code: nothing after it runs but what the interpreter unwinds."""


def made(root: Path) -> list[Path]:
    return [summary.folder for summary in list_runs(root)]


def test_all_members_are_made_once_in_order(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    outcome = run_study(folder)
    assert stand_in.done[0] == "Small: Teacher"
    assert stand_in.done[1:4] == ["Small: Plain, seed 0", "Small: KL, seed 0", "Small: DIST, seed 0"]
    assert len(outcome.finished) == len(made(tmp_path)) == RUNS
    assert (outcome.failed, outcome.before) == ((), 0)
    teacher = folder.members()[0].folder
    for member in folder.members():
        assert member.finished
        assert member.folder is not None
        annotations = read_annotations(member.folder)
        assert (annotations.study, annotations.configuration) == ("small", member.key)
        recipe = RunFolder(member.folder).recipe()
        if not member.teacher:
            assert recipe.optimisation.seed == member.seed
            assert recipe.teacher.run == (str(teacher) if member.key in {"kl", "dist"} else "")
    assert run_study(folder).before == RUNS
    assert len(stand_in.done) == RUNS


@pytest.mark.parametrize("place", range(RUNS))
def test_interrupted_at_any_member_it_goes_on(
    place: int, small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(small_study, tmp_path)

    def interrupt(run: RunFolder) -> None:
        if len(stand_in.done) == place:
            run.set_status(state=RunState.RUNNING)
            raise Killed

    stand_in.before = interrupt
    with pytest.raises(Killed):
        run_study(folder)
    interrupted = folder.members()[place]
    assert (interrupted.state, len(made(tmp_path))) == (RunState.STOPPED, place + 1)
    stand_in.before = lambda run: None
    outcome = run_study(StudyFolder(folder.path))
    assert (len(outcome.finished), outcome.before, outcome.failed) == (RUNS - place, place, ())
    assert folder.members()[place].folder == interrupted.folder
    assert len(stand_in.done) == len(set(stand_in.done)) == len(made(tmp_path)) == RUNS


@pytest.mark.parametrize("point", ["folder", "annotation", "split", "rename", "note"])
def test_killed_while_a_run_is_made_it_is_made_once(
    point: str, small_study: Study, tmp_path: Path, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = create_study(small_study, tmp_path)
    start_member(folder, folder.members()[0])
    stand_in(RunFolder(made(tmp_path)[0]))

    def kill(*arguments: object, **named: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if point == "folder":
            patch.setattr("core.runs.folder.write_json", kill)
        elif point == "annotation":
            patch.setattr("core.study.folder.write_annotations", kill)
        elif point == "split":
            patch.setattr("core.atomic.write_bytes", kill)
        elif point == "rename":
            patch.setattr("core.study.folder._move", kill)
        else:
            patch.setattr(StudyFolder, "note", kill)
        with pytest.raises(Killed):
            run_study(folder)
    assert len(made(tmp_path)) == (2 if point == "note" else 1)
    run_study(folder)
    assert len(made(tmp_path)) == RUNS
    assert all(member.finished for member in folder.members())
    assert list(folder.path.glob(".new/*")) == []


def test_lost_members_are_found_again_by_their_annotations(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    before = folder.members()
    folder.members_file.write_text("{broken")
    with pytest.raises(SkinKDError, match="Delete it"):
        folder.members()
    folder.members_file.unlink()
    assert run_study(folder).before == RUNS
    assert folder.members() == before


def test_runs_of_an_older_study_of_this_name_are_left_alone(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    shutil.rmtree(folder.path)
    other = replace(small_study, base=set_values(small_study.base, ["optimisation.epochs=2"]))
    assert run_study(create_study(other, tmp_path)).before == 0
    assert len(made(tmp_path)) == 2 * RUNS


def test_a_failed_run_ends_no_other(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    stand_in.before = lambda run: fail_if(run, "KL, seed 0")
    events: list[Event] = []
    outcome = run_study(folder, events.append)
    assert [(key, seed) for key, seed, _ in outcome.failed] == [("kl", 0)]
    assert len(outcome.finished) == RUNS - 1
    assert any("The other runs go on" in event.text for event in events if isinstance(event, Notice))
    stand_in.before = lambda run: None
    again = run_study(folder)
    assert again.finished == ()
    assert "--retry" in again.failed[0][2]
    assert [summary.folder for summary in run_study(folder, retry=True).finished] == [folder.member("kl", 0).folder]


def test_a_failed_teacher_ends_its_students_and_not_the_plain_one(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(small_study, tmp_path)
    stand_in.before = lambda run: fail_if(run, "Teacher")
    outcome = run_study(folder)
    assert stand_in.done == ["Small: Plain, seed 0", "Small: Plain, seed 1"]
    assert len(outcome.failed) == 5
    assert all("it failed (Broken: no luck" in message for _, _, message in outcome.failed[1:])
    assert len(made(tmp_path)) == 3  # no folder for runs that can not start
    stand_in.before = lambda run: None
    assert len(run_study(folder, retry=True).finished) == 5


def test_a_fault_in_one_run_ends_no_other(
    small_study: Study, tmp_path: Path, stand_in: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    def fault(run: RunFolder) -> None:
        if run.status().name.endswith("Plain, seed 0"):
            raise ZeroDivisionError("a slip")

    stand_in.before = fault
    outcome = run_study(create_study(small_study, tmp_path))
    assert [(key, seed, message) for key, seed, message in outcome.failed] == [
        ("plain", 0, "ZeroDivisionError: a slip")
    ]
    assert "ZeroDivisionError" in caplog.text


def test_a_stop_is_passed_on(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    def stop(run: RunFolder) -> None:
        raise Cancelled

    stand_in.before = stop
    with pytest.raises(Cancelled):
        run_study(create_study(small_study, tmp_path))


def test_a_study_that_is_worked_on_is_left_alone(small_study: Study, tmp_path: Path) -> None:
    folder = create_study(small_study, tmp_path)
    with folder.locked(), pytest.raises(SkinKDError, match="already running"):
        run_study(folder)


def test_every_member_gets_the_first_ones_split(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    wanted = "image,label,lesion_id,part\na,MEL,,test\nb,NV,,validation\nc,BCC,,train\n"

    def divide(run: RunFolder) -> None:
        if not run.split_file.exists():
            assert not stand_in.done  # only the very first run divides the data
            run.split_file.write_text(wanted)

    stand_in.before = divide
    run_study(folder)
    assert {(run / "split.csv").read_text() for run in made(tmp_path)} == {wanted}
    assert study_results(folder).warnings == ()


def test_a_finished_teacher_is_used_and_its_split_with_it(
    base: Recipe, small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    teacher = create_run(teacher_recipe(base), runs=tmp_path, name="given")
    stand_in(teacher)
    given = base.model_copy(update={"teacher": base.teacher.model_copy(update={"run": str(teacher.path)})})
    folder = create_study(replace(small_study, base=given), tmp_path)
    run_study(folder)
    assert len(made(tmp_path)) == RUNS
    assert folder.members()[0].folder == teacher.path
    assert {member_recipe(folder, member).teacher.run for member in folder.members() if member.key == "kl"} == {
        str(teacher.path)
    }
    (row,) = [row for row in study_results(folder).rows if row.key == "teacher"]
    assert row.folders == (teacher.path,)
    assert read_annotations(teacher.path).study == ""  # it is not the study's own


def test_a_run_made_elsewhere_can_be_noted(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    (member, *_) = folder.members()
    run = create_run(member_recipe(folder, member), runs=tmp_path)
    folder.note(member.key, member.seed, run.path)
    assert folder.members()[0].folder == run.path
    assert read_annotations(run.path).configuration == "teacher"
    run_study(folder)
    assert len(made(tmp_path)) == RUNS


def test_a_deleted_run_is_made_again(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    lost = folder.member("dist", 1).folder
    assert lost is not None
    shutil.rmtree(lost)
    run_study(folder)
    assert stand_in.done[-1] == "Small: DIST, seed 1"
    assert len(stand_in.done) == RUNS + 1


def test_the_real_thing_asks_the_teacher_once(base: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    iterate = stored_outputs.iterate_outputs

    def counting(*arguments: object, **named: object) -> object:
        asked.append(len(arguments[3]))  # type: ignore[arg-type]
        return iterate(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(stored_outputs, "iterate_outputs", counting)
    curriculum = replace(DIST, key="dist-cl", changes=(*DIST.changes, ("curriculum.order", "easy_first")))
    folder = create_study(Study("Real", base, (TEACHER, PLAIN, KL, curriculum)), tmp_path)
    outcome = run_study(folder)
    assert outcome.failed == ()
    assert len(asked) == 1  # the second student reads the stored answers
    results = study_results(folder)
    assert len({(run / "split.csv").read_bytes() for run in made(tmp_path)}) == 1
    assert [row.method for row in results.rows] == ["teacher", "none", "kl", "dist", "dist"]
    assert results.rows[-1].key == "dist-cl-random"  # the curriculum's control
    assert results.missing == results.warnings == ()
    model = folder.member("kl", 0).folder
    assert model is not None
    assert execute(RunFolder(model)).status.state is RunState.FINISHED
    assert json.loads(folder.members_file.read_text())["version"] == 1


def fail_if(run: RunFolder, ending: str) -> None:
    if run.status().name.endswith(ending):
        raise SkinKDError("Broken", "no luck")
