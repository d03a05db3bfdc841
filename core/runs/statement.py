"""What only people know of a run, and a journal asks: where the images come from, who set the labels, what the model is
for. Kept beside the results in statement.toml, as their authors wrote it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import tomlkit

from core import atomic
from core.documents import nearest, printable, read_text, up_to_date
from core.errors import SkinKDError
from core.runs.annotations import unwritable

FILE_NAME = "statement.toml"
LONGEST_ENTRY = 5_000
STATEMENT_VERSION = 1


@dataclass(frozen=True)
class FormEntry:
    """One entry of the form: its key in statement.toml, the group that it stands in, what it is called, and what is
    asked."""

    key: str
    group: str
    title: str
    help: str


QUESTIONS = (
    FormEntry("background", "Study", "Background", "The clinical problem, current practice, and earlier work."),
    FormEntry("objective", "Study", "Objective", "The aim and the hypotheses."),
    FormEntry("design", "Study", "Design", "Prospective or retrospective; single or several centres."),
    FormEntry("dates", "Study", "Dates", "When the images were taken."),
    FormEntry("registration", "Study", "Registration and protocol", "Register and number, or that there is none."),
    FormEntry("ethics", "Study", "Ethics and consent", "The committee that approved it, consent or its waiver."),
    FormEntry("involvement", "Study", "Patients and public", "How patients took part in the study, or that none did."),
    FormEntry("funding", "Study", "Funding and conflicts", "Who paid, their role, and interests of the authors."),
    FormEntry("availability", "Study", "Availability", "Where data, code and model can be had, and on which terms."),
    FormEntry("sources", "Images", "Sources", "Clinics, countries and care settings; links of public data sets."),
    FormEntry("eligibility", "Images", "Eligibility", "Whose images and which lesions were taken in, and which not."),
    FormEntry("acquisition", "Images", "Acquisition", "Cameras, dermatoscopes, light, who took the pictures."),
    FormEntry("artefacts", "Images", "Artefacts", "Pen marks, rulers, hair, gel: what is on the pictures."),
    FormEntry("privacy", "Images", "De-identification", "How names and faces were removed."),
    FormEntry("representative", "Images", "Representativeness", "How the people differ from those it is meant for."),
    FormEntry("labels", "Labels", "How labels were established", "Histology, follow-up, consensus: for which classes."),
    FormEntry("labels_why", "Labels", "Why this reference standard", "Why so, and what else there would have been."),
    FormEntry("annotators", "Labels", "Annotators", "Who labelled, with which training and tools, what they saw."),
    FormEntry("agreement", "Labels", "Agreement", "Agreement between and within annotators; how they settled."),
    FormEntry("intended_use", "Use", "Intended use", "What the model is for, at which point of care."),
    FormEntry("users", "Use", "Intended users", "Who uses it, and what they must know."),
    FormEntry("not_for", "Use", "Not intended for", "Where it must not be used."),
    FormEntry("limits", "Use", "Limits and biases", "What the authors know of its limits, risks and biases."),
    FormEntry("impact", "Use", "Impact", "What it would change for patients and staff."),
    FormEntry("weights_licence", "Use", "Licence of starting weights", "Where they are of your own or unknown here."),
    FormEntry("licence", "Use", "Licence of the model", "On which terms others may use it."),
    FormEntry("comparison", "Results", "Comparison", "How it does against published models and clinicians."),
    FormEntry("external_why", "Results", "Why no external test", "Where there is none: why."),
    FormEntry("interpretation", "Results", "Interpretation", "What the results mean, and what comes next."),
)
"""All entries, in the order of the form."""

_KEYS = {question.key for question in QUESTIONS}


@dataclass(frozen=True)
class StudyStatement:
    """The entries that were made, by the keys of `QUESTIONS`; no entry is empty."""

    entries: Mapping[str, str] = field(default_factory=dict)

    def entry(self, key: str) -> str:
        """What was written; "" where nothing was."""
        return self.entries.get(key, "")

    def with_entries(self, changes: Mapping[str, str]) -> StudyStatement:
        """The same with other entries; an empty text takes one away. Raises `SkinKDError` for a key that is none, or a
        text that is too long."""
        for key, text in changes.items():
            if key not in _KEYS:
                raise SkinKDError("There is no such entry", f"{key[:60]} is none; {nearest(key, sorted(_KEYS))}")
            if len(text) > LONGEST_ENTRY:
                raise SkinKDError("The text is too long", f"{key}: at most {LONGEST_ENTRY:,} characters.")
        found = {**self.entries, **{key: printable(text, keep="\n").strip() for key, text in changes.items()}}
        return StudyStatement({each.key: found[each.key] for each in QUESTIONS if found.get(each.key)})


def read_statement(folder: Path) -> StudyStatement:
    """A run's statement; without entries where there is none. Raises `SkinKDError` when the file is damaged,
    `NewerVersionError` when a newer SkinKD wrote it."""
    path = folder / FILE_NAME
    return read_entries(path) if path.is_file() else StudyStatement()


def read_entries(path: Path) -> StudyStatement:
    """The entries in a TOML file as `statement_text` makes it. Raises `SkinKDError` when it can not be read or has
    others."""
    try:
        values = up_to_date(tomllib.loads(read_text(path)), "The statement", STATEMENT_VERSION, {})
        values.pop("version", None)
        wrong = [key for key, text in values.items() if not isinstance(text, str)]
        if wrong:
            raise ValueError(f"{wrong[0][:60]}: expected a text")
    except (OSError, ValueError, RecursionError) as error:
        raise SkinKDError(
            "The statement can not be read",
            f"{path} is missing, damaged, or no statement: {str(error)[:300]}. Correct it, or fill the form again.",
            f"{type(error).__name__}: {error}",
        ) from error
    return StudyStatement().with_entries(values)


def write_statement(folder: Path, statement: StudyStatement) -> None:
    """Replace a run's statement. Raises `SkinKDError` when the folder can not be written, or holds a newer one."""
    path = folder / FILE_NAME
    if path.is_file():
        read_statement(folder)  # what can not be read is not replaced
    try:
        atomic.write_text(path, statement_text(statement, blanks=False))
    except OSError as error:
        raise unwritable(folder, error) from error


def statement_text(statement: StudyStatement, *, blanks: bool = True) -> str:
    """The statement as TOML; with `blanks` all entries stand in it, each below what it asks, to be filled in."""
    document = tomlkit.document()
    document["version"] = STATEMENT_VERSION
    for question in QUESTIONS:
        text = statement.entry(question.key)
        if not (text or blanks):
            continue
        document.add(tomlkit.nl())
        document.add(tomlkit.comment(f"{question.group}: {question.title}. {question.help}"))
        document[question.key] = tomlkit.string(text, multiline="\n" in text)
    return tomlkit.dumps(document)


def groups_of(questions: Iterable[FormEntry] = QUESTIONS) -> dict[str, tuple[FormEntry, ...]]:
    """The questions by their groups, in order."""
    found: dict[str, list[FormEntry]] = {}
    for question in questions:
        found.setdefault(question.group, []).append(question)
    return {group: tuple(items) for group, items in found.items()}
