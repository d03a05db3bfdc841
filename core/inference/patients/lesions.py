"""Several pictures of one lesion as one answer, and the dates of one lesion beside each other.

A lesion is known by its patient and its number together: lesion 1 of two patients are two lesions, and an image without
a lesion's number stands for itself. Pictures of one lesion at one date give one answer: softmax of the mean of their
logits, so that each picture has the same word; pictures of other dates are never mixed in, because lesions change. What
is unlike the images that the model knows, or could not be classified, has no word and is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from core.documents import listed
from core.evaluation.decision_levels import BENIGN_LEVEL
from core.inference.decision_rule import DecisionRule
from core.inference.patients.facts import PatientFacts
from core.inference.results import Classification
from core.inference.trust import Verdict


@dataclass(frozen=True)
class LesionVisit:
    """What the pictures of one lesion at one date say together.

    `facts` are theirs; `pictures` all of them, `left_out` those that do not count, with reasons. `result` is the one
    answer, of the first picture's path: that picture's own where only one counts; None where none does, or where the
    pictures may be of two lesions (`conflict` says why). `how` says for people how it was made.
    """

    facts: PatientFacts
    pictures: tuple[Classification, ...]
    left_out: tuple[tuple[Path, str], ...]
    result: Classification | None
    how: str
    conflict: str = ""

    @property
    def title(self) -> str:
        """The lesion and its date in a line."""
        text = ", ".join(f"{name.lower()} {value}" for name, value in self.facts.words if name != "Site")
        return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class LesionOverTime:
    """One lesion: its answers by date, the oldest first; pictures without a date come last."""

    patient: str
    lesion: str
    visits: tuple[LesionVisit, ...]


def lesions_over_time(
    results: Iterable[Classification], facts: Mapping[Path, PatientFacts], rule: DecisionRule, temperature: float
) -> tuple[LesionOverTime, ...]:
    """The lesions among classified images of one model, of which `rule` and `temperature` are, in the order of patients
    and lesions; images of which no lesion is known are in none."""
    known_lesions: dict[tuple[str, str], list[Classification]] = {}
    for result in results:
        known = facts.get(result.path)
        if known is not None and known.lesion:
            known_lesions.setdefault((known.patient, known.lesion), []).append(result)
    lesions = []
    for (patient, lesion), rows in sorted(known_lesions.items(), key=lambda item: item[0]):
        conflict = _conflict(patient, lesion, rows, facts, known_lesions)
        days: dict[date | None, list[Classification]] = {}
        for row in rows:
            days.setdefault(facts[row.path].date, []).append(row)
        order = sorted(days, key=lambda day: (day is None, day or date.min))
        visits = tuple(lesion_visit(days[day], facts, rule, temperature, conflict) for day in order)
        lesions.append(LesionOverTime(patient, lesion, visits))
    return tuple(lesions)


def lesion_visit(
    rows: Sequence[Classification],
    facts: Mapping[Path, PatientFacts],
    rule: DecisionRule,
    temperature: float,
    conflict: str = "",
) -> LesionVisit:
    """The one answer of pictures of one lesion at one date, one at least."""
    sites = dict.fromkeys(facts[row.path].site for row in rows if facts[row.path].site)
    shared = replace(facts[rows[0].path], site=next(iter(sites), ""))
    left_out = tuple((row.path, why) for row in rows if (why := _why_not(row)))
    gone = {path for path, _ in left_out}
    used = [row for row in rows if row.path not in gone]
    if conflict:
        return LesionVisit(shared, tuple(rows), left_out, None, "", conflict)
    if not used:
        why = "; ".join(dict.fromkeys(reason for _, reason in left_out))
        how = f"None of its pictures counts: {why}." if len(rows) > 1 else f"Its picture does not count: {why}."
        return LesionVisit(shared, tuple(rows), left_out, None, how)
    if len(used) == 1:
        how = "From one picture." if len(rows) == 1 else f"From one picture; {len(left_out)} do not count."
        return LesionVisit(shared, tuple(rows), left_out, used[0], how)
    how = (
        f"From the mean logits of {len(used)} pictures of this lesion at this date"
        + (f"; {len(left_out)} do not count" if left_out else "")
        + ". The promises of decisions and prediction sets were measured on single pictures."
    )
    return LesionVisit(shared, tuple(rows), left_out, _mean(used, rule, temperature), how)


def _mean(used: Sequence[Classification], rule: DecisionRule, temperature: float) -> Classification:
    """softmax(mean of logits / temperature): each logarithm of probabilities is logits / temperature but for a constant
    of its picture, which softmax does not see."""
    from scipy.special import softmax

    shares = np.array([row.probabilities for row in used], np.float64)
    scaled = np.log(np.maximum(shares, np.finfo(np.float64).tiny)).mean(axis=0)
    probabilities = softmax(scaled)
    first = used[0]
    code = first.classes.codes[int(probabilities.argmax())]
    assessments = [row.assessment for row in used if row.assessment is not None]
    assessment = assessments[0] if assessments else None
    if assessment is not None and assessment.p_values:
        distances = [each.distance for each in assessments if each.distance is not None]
        p_values = rule.p_values(np.asarray(scaled * temperature)[None])[0]
        changed = replace(
            assessment,
            p_values=tuple(float(value) for value in p_values),
            distance=max(distances) if len(distances) == len(used) else None,
        )
        benign_level = BENIGN_LEVEL if assessment.decision is None else assessment.decision.benign_level
        assessment = rule.at_level(changed, probabilities.tolist(), assessment.level, benign_level)
    return replace(first, probabilities=tuple(probabilities.tolist()), code=code, assessment=assessment, note="")


def _why_not(row: Classification) -> str:
    if row.probabilities is None:
        return row.error or "it could not be classified"
    if row.assessment is not None and row.assessment.verdict is Verdict.OUT_OF_DISTRIBUTION:
        return "it is unlike the images that the model knows"
    return ""


def _conflict(
    patient: str,
    lesion: str,
    rows: Sequence[Classification],
    facts: Mapping[Path, PatientFacts],
    lesions: Mapping[tuple[str, str], Sequence[Classification]],
) -> str:
    """Why these pictures may be of two lesions, or nothing."""
    sites = {facts[row.path].site.casefold(): facts[row.path].site for row in rows if facts[row.path].site}
    if len(sites) > 1:
        where = listed(sorted(sites.values()))
        return f"Pictures of this lesion name several sites ({where}): they may be of two lesions. Correct the facts."
    others = sorted({owner for owner, number in lesions if number == lesion and owner != patient})
    if not patient and others:
        whose = f"Lesion {lesion} without a patient may be that of patient {listed(others, 5)}."
        return f"{whose} Say whose pictures these are."
    return ""
