"""A study at work: which of its runs are begun, and when. Each is an ordinary run that can be resumed by itself; where
it is made is for an engine to decide."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import SkinKDError
from core.events import CancelToken, Emit, Level, Notice, ignore
from core.recipe import Recipe
from core.recipe.schema import DataRecipe
from core.runs.folder import RunFolder
from core.runs.planning import with_teacher
from core.runs.status import RunState, RunSummary
from core.study.definition import recipe_of, teacher_of
from core.study.engines import SERIAL
from core.study.engines.engine import NO_OPTIONS, EndedRun, EngineOptions, Executor, StudyEngine
from core.study.folder import StudyFolder, StudyMember, same_split
from core.study.stopping import forget_stop, heeding


@dataclass(frozen=True)
class StudyOutcome:
    """How a study's execution ended: the runs finished now, how many were before, and (key, seed, message) of those
    that failed or could not start. Nothing failed and nothing is left: the study is complete."""

    finished: tuple[RunSummary, ...]
    failed: tuple[tuple[str, int, str], ...]
    before: int = 0


def member_recipe(folder: StudyFolder, member: StudyMember) -> Recipe:
    """The recipe that a member's run has, ready to execute: a student names the folder of its finished teacher.

    Raises `SkinKDError` when its teacher is not finished.
    """
    study = folder.study()
    configuration = study.configuration(member.key)
    recipe = recipe_of(study, configuration, member.seed)
    teacher = teacher_of(study, configuration)
    if teacher is None:
        return recipe
    state = folder.member(teacher.key)
    if state.folder is None or not state.finished:
        raise SkinKDError(
            "The teacher of the study is not finished",
            f"{member.title} learns from it: {_why_not(state)} Finish it first, or give a finished one (--teacher).",
        )
    return with_teacher(recipe, state.folder)


def run_study(
    folder: StudyFolder,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    *,
    retry: bool = False,
    engine: StudyEngine = SERIAL,
    options: EngineOptions = NO_OPTIONS,
) -> StudyOutcome:
    """Do, or go on with, a study to its end. Finished runs are kept, interrupted ones go on from their checkpoint.

    `engine` decides where a run is made; whichever it is, the results are the same. A run that fails does not end the
    others; students of a teacher that failed can not start, which is said for each. Runs that failed before are tried
    again only with `retry`. Raises `Cancelled` when stopped, by `token` or by `core.study.stopping`, `SkinKDError` when
    someone else works on the study, it can not be read, or the engine can not be had.
    """
    token = token or CancelToken()
    with folder.locked():
        folder.recover()
        forget_stop(folder)
        try:
            with heeding(folder, token):
                return _Work(folder, emit, token, retry).execute(engine, options)
        finally:
            forget_stop(folder)


class _Work:
    """One execution of a study, under its lock."""

    def __init__(self, folder: StudyFolder, emit: Emit, token: CancelToken, retry: bool) -> None:
        self._folder, self._emit, self._token, self._retry = folder, emit, token, retry
        self._finished: list[RunSummary] = []
        self._failed: list[tuple[str, int, str]] = []
        self._study = folder.study()
        self._waiting: list[StudyMember] = []
        self._at_work: dict[Path, StudyMember] = {}
        self._known: dict[tuple[str, int], tuple[str, DataRecipe]] = {}

    def execute(self, engine: StudyEngine, options: EngineOptions) -> StudyOutcome:
        """All members, begun in their order."""
        members = self._folder.members()
        before = sum(member.finished for member in members)
        if before:
            self._emit(Notice(f"Study {self._study.name}: {before} of {len(members)} runs are finished already."))
        self._waiting = list(members)
        if before < len(members):
            with engine.opened(self._folder, options, self._emit, self._token) as executor:
                self._work(executor, {member: number for number, member in enumerate(members, 1)})
        return StudyOutcome(tuple(self._finished), tuple(self._failed), before)

    def _work(self, executor: Executor, numbers: dict[StudyMember, int]) -> None:
        while self._waiting or self._at_work:
            for planned in tuple(self._waiting):
                if not executor.takes_more:
                    break
                if not self._must_wait(planned):
                    self._token.check()
                    self._waiting.remove(planned)
                    self._start(executor, planned, f"Run {numbers[planned]} of {len(numbers)}")
            for ended in executor.wait():
                self._end(ended)

    def _must_wait(self, member: StudyMember) -> bool:
        """Whether its teacher is at work or is still to be begun, or its images are just being divided by another."""
        teacher, data = self._needs(member)
        if any(other.key == teacher for other in (*self._waiting, *self._at_work.values())):
            return True
        return any(
            same_split(self._needs(other)[1], data) and not RunFolder(path).split_file.is_file()
            for path, other in self._at_work.items()
        )

    def _needs(self, member: StudyMember) -> tuple[str, DataRecipe]:
        """The key of its teacher, "" for none, and its data."""
        known = self._known.get((member.key, member.seed))
        if known is None:
            configuration = self._study.configuration(member.key)
            teacher = teacher_of(self._study, configuration)
            data = recipe_of(self._study, configuration, member.seed).data
            known = self._known[member.key, member.seed] = ("" if teacher is None else teacher.key, data)
        return known

    def _start(self, executor: Executor, planned: StudyMember, number: str) -> None:
        # Where it stands now: a window may have finished it meanwhile.
        member = self._folder.member(planned.key, planned.seed)
        if member.finished:
            return
        if member.failed and not self._retry:
            self._note_failure(member, f"failed before and was not tried again (--retry does): {member.message}")
            return
        try:
            run = start_member(self._folder, member)
            executor.start(run, member.title)
        except SkinKDError as error:
            self._note_failure(member, f"{error.title}: {error.summary}")
            return
        self._at_work[run.path] = member
        self._emit(Notice(f"{number} of the study {self._study.name}: {member.title}"))

    def _end(self, ended: EndedRun) -> None:
        member = self._at_work.pop(ended.run.path)
        if ended.summary is None:
            self._note_failure(member, ended.failure)
        else:
            self._finished.append(ended.summary)

    def _note_failure(self, member: StudyMember, message: str) -> None:
        self._failed.append((member.key, member.seed, message))
        rest = " The students that learn from it can not start." if member.teacher else " The other runs go on."
        self._emit(Notice(f"{member.title}: {message.rstrip('.')}.{rest}", Level.WARNING))


def start_member(folder: StudyFolder, member: StudyMember) -> RunFolder:
    """The member's run folder, made if it is not there: with its recipe, the study's split, and noted as a member.

    Call it with the study's lock held. Raises `SkinKDError` when the teacher that it learns from is not finished.
    """
    if member.folder is not None:
        return RunFolder(member.folder)
    study = folder.study()
    recipe = member_recipe(folder, member)
    # All are divided as the first was, also when images were added to the data since: the run then says so instead of
    # training on another division.
    return folder.create_member(member, recipe, f"{study.name}: {member.title}", folder.split_like(recipe.data))


def _why_not(teacher: StudyMember) -> str:
    if teacher.state is None:
        return "it was not trained yet."
    if teacher.state is RunState.FAILED:
        return f"it failed ({teacher.message.rstrip('.')})."
    return f"it is {teacher.state.value}."
