"""A study at work: its runs one after the other, each an ordinary run that can be resumed by itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from core.errors import Cancelled, SkinKDError
from core.events import CancelToken, Emit, Level, Notice, ignore
from core.recipe import Recipe
from core.runs.folder import RunFolder
from core.runs.planning import with_teacher
from core.runs.status import RunState, RunSummary
from core.study.definition import recipe_of, teacher_of
from core.study.folder import StudyFolder, StudyMember

_log = logging.getLogger(__name__)


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
    folder: StudyFolder, emit: Emit = ignore, token: CancelToken | None = None, *, retry: bool = False
) -> StudyOutcome:
    """Do, or go on with, a study to its end. Finished runs are kept, interrupted ones go on from their checkpoint.

    A run that fails does not end the others; students of a teacher that failed can not start, which is said for each.
    Runs that failed before are tried again only with `retry`. Raises `Cancelled` when stopped, `SkinKDError` when
    someone else works on the study or it can not be read.
    """
    with folder.locked():
        folder.recover()
        return _Work(folder, emit, token or CancelToken(), retry).execute()


class _Work:
    """One execution of a study, under its lock."""

    def __init__(self, folder: StudyFolder, emit: Emit, token: CancelToken, retry: bool) -> None:
        self._folder, self._emit, self._token, self._retry = folder, emit, token, retry
        self._finished: list[RunSummary] = []
        self._failed: list[tuple[str, int, str]] = []
        self._study = folder.study()

    def execute(self) -> StudyOutcome:
        """All members in order."""
        members = self._folder.members()
        before = sum(member.finished for member in members)
        if before:
            self._emit(Notice(f"Study {self._study.name}: {before} of {len(members)} runs are finished already."))
        for number, planned in enumerate(members, 1):
            self._token.check()
            # Where it stands now: a window may have finished it meanwhile.
            member = self._folder.member(planned.key, planned.seed)
            if not member.finished:
                self._do(member, f"Run {number} of {len(members)} of the study {self._study.name}: {member.title}")
        return StudyOutcome(tuple(self._finished), tuple(self._failed), before)

    def _do(self, member: StudyMember, title: str) -> None:
        if member.failed and not self._retry:
            self._note_failure(member, f"failed before and was not tried again (--retry does): {member.message}")
            return
        from core.runs.execute import execute

        try:
            run = start_member(self._folder, member)
            self._emit(Notice(title))
            self._finished.append(execute(run, self._emit, self._token))
        except Cancelled:
            raise
        except SkinKDError as error:
            self._note_failure(member, f"{error.title}: {error.summary}")
        except Exception as error:  # a fault in one run: its log has the story, the other runs go on
            _log.exception("a run of the study %s failed", self._study.name)
            self._note_failure(member, f"{type(error).__name__}: {error}")

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
