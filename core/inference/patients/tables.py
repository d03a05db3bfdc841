"""What is known of patients, and the answers of lesions, for the tables of `core.inference.export_table`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.inference.patients.facts import NOTHING_KNOWN, PatientFacts
from core.inference.patients.lesions import LesionOverTime, LesionVisit
from core.inference.results import Classification

_LESION_HEAD = ("lesion_pictures", "lesion_verdict", "lesion_diagnosis", "lesion_probability", "lesion_note")

PATIENT_HEAD = ("patient", "lesion", "date", "site", *_LESION_HEAD)
"""The columns of a CSV table: the facts of an image, and what all pictures of its lesion at its date say."""


@dataclass(frozen=True, eq=False)
class PatientColumns:
    """The facts of images, and the lesions that they show; nothing where neither is known."""

    facts: Mapping[Path, PatientFacts] = field(default_factory=dict)
    lesions: Sequence[LesionOverTime] = ()

    def __bool__(self) -> bool:
        return bool(self.facts)

    def visit_of(self, path: Path) -> LesionVisit | None:
        """The answer of the lesion, at its date, that an image shows."""
        return self._visits.get(path)

    @cached_property
    def _visits(self) -> dict[Path, LesionVisit]:
        visits = (visit for lesion in self.lesions for visit in lesion.visits)
        return {row.path: visit for visit in visits for row in visit.pictures}

    def cells(self, path: Path) -> list[str]:
        """Under `PATIENT_HEAD`, as plain texts."""
        facts, visit = self.facts.get(path, NOTHING_KNOWN), self.visit_of(path)
        day = "" if facts.date is None else facts.date.isoformat()
        own = [facts.patient, facts.lesion, day, facts.site]
        if visit is None:
            return [*own, *("" for _ in _LESION_HEAD)]
        found = visit.result
        probability = "" if found is None or found.probability is None else f"{found.probability:.6f}"
        said = [str(len(visit.pictures)), _verdict(found), (found.code or "") if found else "", probability]
        return [*own, *said, visit.conflict or visit.how]

    def document(self, path: Path) -> dict[str, Any]:
        """The facts of an image as plain values."""
        return facts_to_json(self.facts.get(path, NOTHING_KNOWN))

    def lesions_document(self, row: Callable[[Classification], dict[str, Any]]) -> list[dict[str, Any]]:
        """The lesions with their answers by date; `row` makes plain values of a classification."""
        return [
            {
                "patient": lesion.patient or None,
                "lesion": lesion.lesion,
                "visits": [
                    {
                        **facts_to_json(visit.facts),
                        "images": [str(picture.path) for picture in visit.pictures],
                        "left_out": [{"image": str(path), "reason": why} for path, why in visit.left_out],
                        "how": visit.how or None,
                        "conflict": visit.conflict or None,
                        "result": None
                        if visit.result is None
                        else {key: value for key, value in row(visit.result).items() if key != "image"},
                    }
                    for visit in lesion.visits
                ],
            }
            for lesion in self.lesions
        ]


NO_PATIENTS = PatientColumns()


def facts_to_json(facts: PatientFacts) -> dict[str, Any]:
    """The facts as plain values; None for what is not known."""
    day = None if facts.date is None else facts.date.isoformat()
    return {"patient": facts.patient or None, "lesion": facts.lesion or None, "date": day, "site": facts.site or None}


def _verdict(result: Classification | None) -> str:
    return "" if result is None or result.assessment is None else result.assessment.verdict.value
