"""Whether the diagnosis is given, and which remain, in the words of every view: each with its own promise.

The *set* of diagnoses that remain holds the truth for a share of each class's images; of the diagnoses *given* at most
a share is wrong. A set that happens to hold one class promises nothing of that class.
"""

from __future__ import annotations

from core.classes import ClassSet
from core.documents import listed
from core.evaluation.prediction_sets import images_needed
from core.evaluation.selective import MOST_WRONG
from core.inference.trust import Assessment, Verdict
from core.quantities import percent

_MOST_NAMED = 12


def diagnosis_sentence(assessment: Assessment) -> str:
    """Whether the likeliest diagnosis is given, and what is promised of those that are."""
    certain = f"({percent(assessment.level)} certain)"
    if assessment.verdict is not Verdict.CONFIDENT:
        return f"Not sure enough: diagnoses are given where at most {percent(MOST_WRONG)} of them are wrong {certain}."
    tally = assessment.tally
    right = f"; on test lesions {tally.right:,} of {tally.given:,} were right" if tally and tally.given else ""
    return (
        f"Sure enough: of diagnoses given so, at most {percent(MOST_WRONG)} are wrong {certain}{right}. "
        "It can still be wrong."
    )


def set_sentence(assessment: Assessment, classes: ClassSet) -> str:
    """Which diagnoses remain at the level, and what is promised of such a set."""
    text = f"{remaining(assessment, classes)} (for each class, {percent(assessment.level)} of its images keep it)."
    if assessment.never_excluded:
        names = listed([classes.name_of(code) for code in assessment.never_excluded], _MOST_NAMED)
        text += f" {names} can never be excluded: fewer than {images_needed(assessment.level)} such images were there."
    return text


def remaining(assessment: Assessment, classes: ClassSet) -> str:
    """The diagnoses that remain at the level, "Possible: Melanoma and Melanocytic nevus"; rare ones as a group."""
    codes, total = assessment.prediction_set, len(assessment.p_values)
    if not codes:
        return f"Possible: none of the {total} diagnoses"
    if len(codes) == total:
        return f"Possible: any of the {total} diagnoses"
    names = [classes.name_of(code) for code in codes if code not in assessment.rare]
    groups = dict.fromkeys(classes.group_of(code).value for code in codes if code in assessment.rare)
    return f"Possible: {listed([*names, *(f'a rare {group} diagnosis' for group in groups)], _MOST_NAMED)}"
