"""The test part of a study that withholds it: used once, for the candidate that was chosen, and when is on record."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from core.documents import Migration, read_json, up_to_date, write_json
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Notice, ignore
from core.quantities import moment
from core.runs.assess import score_test_part
from core.runs.folder import RunFolder, utc_now
from core.study.folder import StudyFolder, StudyMember

FILE_NAME = "test_part.json"
_VERSION = 1
_MIGRATIONS: dict[int, Migration] = {}


@dataclass(frozen=True)
class UseOfTestPart:
    """test_part.json: for which candidate the test images were used, and when that began and ended (ISO 8601, UTC);
    `finished` is empty where it was interrupted."""

    candidate: str
    began: str
    finished: str = ""


def recorded_use(folder: StudyFolder) -> UseOfTestPart | None:
    """What is on record; None while no model of the study was asked about the test images. Raises `SkinKDError` when
    the record is damaged."""
    path = _file(folder)
    if not path.exists():
        return None
    try:
        values = up_to_date(read_json(path), "The study's test_part.json", _VERSION, _MIGRATIONS)
        found = UseOfTestPart(values["candidate"], values["began"], values["finished"])
        if not all(isinstance(value, str) for value in asdict(found).values()):
            raise ValueError("expected texts")
    except (OSError, KeyError, ValueError) as error:
        raise SkinKDError(
            "test_part.json can not be read",
            f"{path} says when the test images were used, and is damaged. Restore a copy of it.",
            f"{type(error).__name__}: {error}",
        ) from error
    return found


def use_test_part(
    folder: StudyFolder, candidate: str, emit: Emit = ignore, token: CancelToken | None = None, device: str = "auto"
) -> UseOfTestPart:
    """Ask the models of the chosen candidate, one for each fold, about the test images that the study withholds.

    That the test part is used is written down before the first model sees it. An interrupted test goes on; another
    candidate than the first is refused: choosing between test scores would make them too good. Raises `SkinKDError` for
    that, for a candidate that there is none of or that is not finished, and as `score_test_part`; `Cancelled`.
    """
    with folder.locked():
        runs = _runs(folder, candidate)
        use = recorded_use(folder)
        if use is not None and use.candidate != candidate:
            raise SkinKDError(
                "The test part was used already",
                f"On {moment(use.began)} it was used for {use.candidate}. Were {candidate} tested too, test scores "
                "would choose between them, and the better one would be too good. Repeat the study with another "
                "division (data.seed) if another candidate is to be tested.",
            )
        if use is None:
            use = UseOfTestPart(candidate, utc_now())
            _write(folder, use)
        for number, run in enumerate(runs, 1):
            emit(Notice(f"Test part, model {number} of {len(runs)}: {run.path.name}"))
            score_test_part(run, emit, token, device)
        if not use.finished:
            use = UseOfTestPart(candidate, use.began, utc_now())
            _write(folder, use)
    return use


def _runs(folder: StudyFolder, candidate: str) -> list[RunFolder]:
    """The finished runs of a candidate."""
    study = folder.study()
    if not study.withholds_test:
        raise SkinKDError("The study does not withhold its test part", f"The runs of {folder.slug} are tested already.")
    mine = {item.key for item in study.configurations if item.chosen_as == candidate}
    if not mine:
        known = ", ".join(dict.fromkeys(item.chosen_as for item in study.configurations))
        raise SkinKDError("The study has no such candidate", f"{candidate!r} is none of {known}.")
    members = [member for member in folder.members() if member.key in mine]
    open_ones = [member for member in members if member.folder is None or not member.finished]
    if open_ones:
        raise SkinKDError(
            "The chosen candidate is not finished",
            f"{_titles(open_ones)} of {candidate} must be finished first: skinkd-cli study {folder.slug}",
        )
    return [RunFolder(member.folder) for member in members if member.folder is not None]


def _titles(members: list[StudyMember]) -> str:
    return "; ".join(member.title for member in members[:5]) + (" ..." if len(members) > 5 else "")


def _file(folder: StudyFolder) -> Path:
    return folder.path / FILE_NAME


def _write(folder: StudyFolder, use: UseOfTestPart) -> None:
    write_json(_file(folder), {"version": _VERSION, **asdict(use)})
