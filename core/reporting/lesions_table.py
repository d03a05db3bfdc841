"""The lesions of patients with the one answer of their pictures at each date: in words, and as a table."""

from __future__ import annotations

from collections.abc import Sequence

from core.inference.patients.lesions import LesionOverTime, LesionVisit
from core.quantities import NONE, probability
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable

UNDATED = "Date not known"

_COLUMNS = (
    Column("Patient", words=True),
    Column("Lesion", words=True),
    Column("Date", words=True),
    Column("Site", words=True),
    Column("Pictures", "Of this lesion at this date", ("pictures", "left_out")),
    Column("Decision", "Of all its pictures together", words=True),
    Column("Verdict", "Of all its pictures together", words=True),
    Column("Likeliest", words=True),
    Column("Probability", "", ("probability",)),
)


def said_of(visit: LesionVisit) -> str:
    """The answer of a lesion at a date in a line."""
    if visit.result is None:
        return "no answer"
    first = [visit.result.decision.title] if visit.result.decision is not None else []
    first += [visit.result.assessment.verdict.words] if visit.result.assessment else []
    return "; ".join([*first, f"{visit.result.name}, {probability(visit.result.probability)}"])


def date_of(visit: LesionVisit) -> str:
    """The date of an answer, for people."""
    return UNDATED if visit.facts.date is None else visit.facts.date.isoformat()


def lesions_table(lesions: Sequence[LesionOverTime]) -> ResultsTable:
    """A row for each lesion at each date, in their order."""
    rows = tuple(_row(visit) for lesion in lesions for visit in lesion.visits)
    return ResultsTable("Lesions", _COLUMNS, rows)


def _row(visit: LesionVisit) -> tuple[Cell, ...]:
    facts, found = visit.facts, visit.result
    day = "" if facts.date is None else facts.date.isoformat()
    decision = "" if found is None or found.decision is None else found.decision.title
    verdict = "" if found is None or found.assessment is None else found.assessment.verdict.words
    count, gone = len(visit.pictures), len(visit.left_out)
    return (
        cells.words(facts.patient),
        cells.words(facts.lesion),
        cells.words(day),
        cells.words(facts.site),
        Cell(f"{count:,}, {gone:,} do not count" if gone else f"{count:,}", (count, gone)),
        cells.words(decision or (visit.conflict and "No answer: may be two lesions") or NONE),
        cells.words(verdict),
        cells.words("" if found is None else found.name),
        Cell(
            NONE if found is None else probability(found.probability), (None if found is None else found.probability,)
        ),
    )
