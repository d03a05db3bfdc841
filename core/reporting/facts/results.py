"""Facts of what was measured: scores, calibration, errors, robustness, tests elsewhere, and what they do not show."""

from __future__ import annotations

from core.evaluation.calibration import brier_score, reliability
from core.evaluation.intervals import OVERALL
from core.evaluation.promises import calibrating_images
from core.evaluation.subgroups import Person
from core.quantities import fraction
from core.reporting.facts.fact import RunFact
from core.reporting.facts.record import RunRecord
from core.reporting.words import area_of, error_of, interval_of, kind_of_run, score_name, what_is_drawn
from core.runs.evaluating import FITTED_TO_THEM

_FEW = 10


def _performance(record: RunRecord) -> str:
    evidence = record.evidence
    if evidence is None:
        return ""
    scores, intervals = evidence.detailed.scores, evidence.intervals
    told = [f"{score_name(name)} {interval_of(getattr(scores, name), getattr(intervals, name))}" for name in OVERALL]
    if evidence.detailed.macro_auc is not None:
        told.append(f"macro AUC {area_of(evidence.detailed.macro_auc, evidence.intervals.macro_auc)}")
    return f"On {len(evidence.predictions.labels):,} test images: {', '.join(told)}."


def _per_class(record: RunRecord) -> str:
    evidence = record.evidence
    if evidence is None:
        return ""
    told = [
        f"{item.code} {interval_of(item.f1, interval)}"
        for item, interval in zip(evidence.detailed.per_class, evidence.intervals.per_class_f1, strict=True)
        if item.support
    ]
    return f"F1 with 95 % intervals: {'; '.join(told)}. Sensitivity, specificity, precision and AUC are in the tables."


def _summary(record: RunRecord) -> str:
    if record.evidence is None or not record.rows:
        return ""
    parts = {row.part for row in record.rows if row.part is not None}
    return (
        f"{kind_of_run(record.recipe)} {record.recipe.trained.architecture}, {len(record.recipe.class_set)} diagnoses, "
        f"{len(record.rows):,} images in {len(parts)} parts. {_performance(record)}"
    )


def _metrics(record: RunRecord) -> str:
    if record.evidence is None:
        return ""
    return (
        "Weighted and macro F1, accuracy, balanced accuracy; of each class sensitivity, specificity, precision, F1 and "
        "area under the ROC curve; expected calibration error and Brier score; coverage of prediction sets."
    )


def _uncertainty(record: RunRecord) -> str:
    if record.evidence is None:
        return ""
    unit = what_is_drawn(by_group=record.evidence.intervals.by_group)
    return (
        "95 % intervals (Wilson, with bootstrap standard errors): "
        f"{record.evidence.intervals.resamples:,} times {unit} are drawn anew, class "
        "by class. Two runs are compared image by image, with intervals of the difference and McNemar's exact test."
    )


def _calibration(record: RunRecord) -> str:
    evidence, temperature = record.evidence, record.temperature
    if evidence is None:
        return ""
    rows = evidence.predictions
    told = [("as trained", 1.0)] if temperature is None else [("as trained", 1.0), ("with temperature", temperature)]
    found = [
        f"{name}: expected calibration error "
        f"{error_of(reliability(rows.labels, rows.logits, at, groups=evidence.groups))}, Brier "
        f"score {brier_score(rows.labels, rows.logits, at):.3f}"
        for name, at in told
    ]
    fitted = (
        ""
        if temperature is None
        else f" The temperature {temperature:.3g} is from {record.calibrated_on.value} images."
    )
    return f"{'; '.join(found)}.{fitted}"


def _updating(record: RunRecord) -> str:
    if record.evidence is None or record.temperature is None:
        return ""
    images = calibrating_images(int(record.calibration.get("fitted_on") or 0), record.calibrated_on)
    return f"The model is the one that was tested: its temperature is from {images}, not from test images."


def _failures(record: RunRecord) -> str:
    evidence = record.evidence
    if evidence is None:
        return ""
    scores = evidence.detailed.scores
    wrong = sum(map(sum, scores.confusion)) - sum(row[place] for place, row in enumerate(scores.confusion))
    pairs = ", ".join(f"{truth} as {said} {count:,}" for truth, said, count in scores.largest_confusions()[:3])
    return f"{wrong:,} test images are wrong{f'; most often {pairs}' if pairs else ''}. The surest errors are listed."


def _internal_test(record: RunRecord) -> str:
    if record.evidence is None or record.summary.scores is None:
        return ""
    best = [each for each in record.history if each.best]
    chosen = (
        f" On the validation images, which chose the epoch, it was {fraction(best[-1].validation_weighted_f1)}."
        if best
        else ""
    )
    found = interval_of(record.evidence.detailed.scores.weighted_f1, record.evidence.intervals.weighted_f1)
    return f"The test images are of the same source and chose nothing: weighted F1 {found}.{chosen}"


def _external_test(record: RunRecord) -> str:
    told = [
        f"{test.name} ({test.images:,} images): weighted F1 "
        f"{interval_of(test.detailed.scores.weighted_f1, test.intervals.weighted_f1)}, balanced accuracy "
        f"{interval_of(test.detailed.scores.balanced_accuracy, test.intervals.balanced_accuracy)}"
        for test in record.external
    ]
    flattered = [f"{test.name}: {note}" for test in record.external for note in test.notes if FITTED_TO_THEM in note]
    return " ".join([f"{'; '.join(told)}.", *flattered]) if told else ""


def _robustness(record: RunRecord) -> str:
    found = record.robustness
    if found is None:
        return ""
    from core.data.corruptions import CORRUPTIONS

    told = []
    for name in found.corruptions:
        title = CORRUPTIONS[name].title if name in CORRUPTIONS else name
        told.append(f"{title.lower()} {fraction(found.of(name)[-1].weighted_f1)}")
    return (
        f"Weighted F1 of {found.images:,} test images, {fraction(found.clean)} unharmed, at the severest of five "
        f"steps: {', '.join(told)}."
    )


def _subgroups(record: RunRecord) -> str:
    people = () if record.evidence is None else record.evidence.people
    kinds = {"age": "age", "sex": "sex", "site": "site", "skin_type": "skin type", "tone": "estimated skin tone"}
    known = [title for name, title in kinds.items() if any(getattr(person, name) is not None for person in people)]
    if not known or all(person == Person() for person in people):
        return ""
    return f"Scores by {', '.join(known)}, with the number of images and intervals, are in the tables."


def _operating(record: RunRecord) -> str:
    detailed = None if record.evidence is None else record.evidence.detailed
    if detailed is None or detailed.melanoma_sensitivity_at_90_specificity is None:
        return ""
    return (
        "Where 90 % of the other test images are rightly not called melanoma, "
        f"{fraction(detailed.melanoma_sensitivity_at_90_specificity)} of the melanomas are found."
    )


def _out_of_distribution(record: RunRecord) -> str:
    known = record.calibration
    share, sets = known.get("unlike"), known.get("prediction_sets")
    if not isinstance(share, int | float):
        return ""
    told = (
        "A picture unlike the training images, in colours or in the network's features, gets a warning in place of a "
        f"diagnosis; of the {known.get('part', 'test')} images {fraction(float(share))} do, which are false alarms."
    )
    if isinstance(sets, dict) and isinstance(sets.get("coverage"), int | float):
        level, covered = fraction(float(sets["level"])), fraction(float(sets["coverage"]))
        told += f" Prediction sets at {level} hold the truth for {covered}."
    return told


def _explainability(record: RunRecord) -> str:
    if record.evidence is None:
        return ""
    return (
        "None takes part in these results. The program draws Grad-CAM heat maps of single pictures on request; whether "
        "they show what the diagnosis rests on was not examined."
    )


def _baseline(record: RunRecord) -> str:
    return "Compared with the other runs of the same division in this report." if record.tried > 1 else ""


def limit_points(record: RunRecord) -> tuple[str, ...]:
    """What the scores of a finished run do not show, a sentence or two each."""
    evidence = record.evidence
    assert evidence is not None
    elsewhere = (
        "How well the model does on images of another clinic, camera or population is measured on the external test "
        "sets of this report, and not known for others."
        if record.external
        else "The test images come from the same source as the training images. How well a model does on images of "
        "another clinic, camera or population is not measured here."
    )
    leak = evidence.leakage
    tone = any(person.skin_type is not None for person in evidence.people)
    camera = "Camera and clinic are" if tone else "Skin type, camera and clinic are"
    return (
        elsewhere,
        "The intervals say how much another draw of test images could have changed a score; they say nothing of what "
        "another training of the same recipe (another seed) or another division would have given.",
        "The best epoch is chosen by the validation images, so scores on those are too high; all scores here are of "
        "the test images.",
        *([leak.sentence] if leak.total.leaking else [leak.unknown] if leak.unknown else []),
        *_thin(record),
        f"{camera} not noted in the data, so whether the model serves all alike is not known.",
    )


def _thin(record: RunRecord) -> list[str]:
    assert record.evidence is not None
    classes = record.evidence.detailed.per_class
    absent = [item.code for item in classes if not item.support]
    few = [f"{item.code} ({item.support})" for item in classes if 0 < item.support < _FEW]
    items = []
    if absent:
        items.append(f"No test image of {', '.join(absent)}: their scores are undefined and in no mean.")
    if few:
        items.append(f"Few test images, so rough guesses: {', '.join(few)}.")
    return items


def _limitations(record: RunRecord) -> str:
    if record.evidence is None:
        return ""
    return f"{len(limit_points(record))} limits that follow from data and method are listed under Limits."


FACTS = (
    RunFact("summary", "In short", _summary),
    RunFact("performance", "Scores", _performance),
    RunFact("per_class", "Scores of each class", _per_class),
    RunFact("metrics", "Measures", _metrics),
    RunFact("uncertainty", "Intervals and tests", _uncertainty),
    RunFact("calibration", "Calibration", _calibration),
    RunFact("updating", "Updating", _updating),
    RunFact("failures", "Errors", _failures),
    RunFact("internal_test", "Internal test", _internal_test),
    RunFact("external_test", "External test", _external_test),
    RunFact("robustness", "Robustness", _robustness),
    RunFact("subgroups", "Groups of people", _subgroups),
    RunFact("operating", "Operating point", _operating),
    RunFact("unlike", "Unlike pictures", _out_of_distribution),
    RunFact("explainability", "Heat maps", _explainability),
    RunFact("baseline", "Comparison", _baseline),
    RunFact("limitations", "Limits", _limitations),
)
"""Facts of the results."""
