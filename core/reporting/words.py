"""Runs and numbers in plain words, the same in the window, the command line and reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.quantities import UNDEFINED, area, fraction, points, signed
from core.runs.status import RunState

if TYPE_CHECKING:
    from core.evaluation.calibration import Reliability
    from core.evaluation.intervals import Interval
    from core.recipe import Recipe
    from core.recipe.schema import DataRecipe

STATE_WORDS = {
    RunState.QUEUED: "Waiting",
    RunState.RUNNING: "Running",
    RunState.PAUSED: "Paused",
    RunState.FINISHED: "Finished",
    RunState.STOPPED: "Stopped",
    RunState.FAILED: "Failed",
}
"""Each state of a run as people read it."""

_SET_TITLES = {"isic2019": "ISIC 2019", "benign-malignant": "Benign and malignant"}


def class_set_title(name: str) -> str:
    """What people read for a class set."""
    return _SET_TITLES.get(name, name)


def kind_of_run(recipe: Recipe | None) -> str:
    """What was trained: 'Teacher', 'Plain student', 'KL student', with a further loss 'KL + DIST student', and
    '+ curriculum' where it had one."""
    if recipe is None:
        return "Unknown"
    if recipe.task == "teacher":
        return "Teacher"
    kind = f"{losses_title(recipe)} student" if recipe.loss_terms else "Plain student"
    return f"{kind} + curriculum" if recipe.applied_curriculum.unusual else kind


def fold_words(data: DataRecipe) -> str:
    """Which folds validate and test, as "1 of 5 validates, 2 of 3 tests"; empty for one split."""
    folds = (("validates", data.fold, data.folds), ("tests", data.test_fold, data.test_folds))
    return ", ".join(f"{fold} of {count} {word}" for word, fold, count in folds if count > 1)


def losses_title(recipe: Recipe) -> str:
    """The titles of the losses by which the teacher teaches: 'KL', 'KL + DIST'; empty without any."""
    return " + ".join(term.method.title for term in recipe.loss_terms)


def losses_words(recipe: Recipe) -> str:
    """The losses with what they do and their settings: "KL (match the teacher's probabilities), alpha 0.1, temperature
    1". When a loss pays, and settings that are folded away in forms, are left out; empty without any loss."""
    if not recipe.loss_terms:
        return ""
    from core.recipe.fields import fields_of  # the window's first paint waits for no recipes

    first, *further = recipe.loss_terms
    specs = fields_of(recipe, "distillation")
    numbers = [spec for spec in specs if spec.kind in ("number", "integer") and not spec.expert]
    values = [(spec.title.lower(), getattr(recipe.distillation, spec.key.partition(".")[2])) for spec in numbers]
    parts = [
        f"{first.method.title} ({first.method.help.partition(';')[0]})",
        *(f"{title} {value:g}" for title, value in values),
    ]
    parts += [f"plus {term.weight:g} times {term.method.title}" for term in further]
    return ", ".join(parts)


def curriculum_words(recipe: Recipe) -> str:
    """The curriculum in the titles of its entries: 'easiest first (teacher's confidence), a growing share'. Empty
    without one."""
    section = recipe.applied_curriculum
    unusual, order = section.unusual, section.entries.order
    parts = [_small(entry.title) for entry in unusual if entry not in (order, section.entries.difficulty)]
    if order.needs_difficulty:
        parts.insert(0, f"{_small(order.title)} ({_small(section.entries.difficulty.title)})")
    elif order in unusual:
        parts.insert(0, _small(order.title))
    return ", ".join(parts)


def interval_of(value: float | None, interval: Interval | None) -> str:
    """A score with its 95 % interval, '83.1 % (79.8 to 86.2)'; without the part that is not known."""
    return fraction(value) + ("" if value is None or interval is None else f" ({_bounds(interval)})")


def area_of(value: float | None, interval: Interval | None) -> str:
    """An area under a ROC curve with its 95 % interval: '0.843 (0.801 to 0.879)'."""
    return area(value) + ("" if interval is None else f" ({area(interval.low)} to {area(interval.high)})")


def error_of(measured: Reliability) -> str:
    """An expected calibration error with its 95 % interval: '5.3 points (2.1 to 9.0)'."""
    within = "" if measured.interval is None else f" ({_bounds(measured.interval)})"
    return points(measured.expected_error) + within


def what_is_drawn(*, by_group: bool) -> str:
    """What resamples draw: images, or groups of those that belong together."""
    return "whole patients, lesions and near-copies" if by_group else "images"


def difference_of(difference: float | None, interval: Interval | None = None) -> str:
    """A difference of scores in percentage points with its 95 % interval: '+2.1 (−0.4 to +4.5)'."""
    if difference is None:
        return UNDEFINED
    return signed(difference) + ("" if interval is None else f" ({bounds_of(interval)})")


def bounds_of(interval: Interval) -> str:
    """The bounds of a difference in percentage points: '−0.4 to +4.5'. One that only rounds to 0, of an interval that
    does not hold 0, says so: '> 0.0 to +8.1'."""
    low, high = signed(interval.low), signed(interval.high)
    if low == "0.0" and interval.low > 0:
        low = "> 0.0"
    if high == "0.0" and interval.high < 0:
        high = "< 0.0"
    return f"{low} to {high}"


def _small(title: str) -> str:
    return title[:1].lower() + title[1:]


_SCORE_NAMES = {
    "weighted_f1": "Weighted F1",
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "calibration_error": "Calibration error",
}

SCORE_MEANINGS = {
    "weighted_f1": "Mean F1 of the classes, each weighed by its number of test images",
    "accuracy": "Share of the test images classified rightly",
    "balanced_accuracy": "Mean share found of each class; rare classes count fully",
    "macro_f1": "Mean F1 of the classes; rare classes count fully",
}
"""What each score over all classes is."""


def score_name(score: str) -> str:
    """A score's name as people read it: 'Weighted F1', 'F1 of MEL' for 'f1:MEL'; an unknown one stays as it is."""
    return f"F1 of {score[3:]}" if score.startswith("f1:") else _SCORE_NAMES.get(score, score)


def unique_titles(titles: Sequence[str]) -> tuple[str, ...]:
    """The titles, where the second of the same name becomes 'name (2)' and so on."""
    seen: Counter[str] = Counter()
    found = []
    for title in titles:
        seen[title] += 1
        found.append(title if seen[title] == 1 else f"{title} ({seen[title]})")
    return tuple(found)


def _bounds(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"
