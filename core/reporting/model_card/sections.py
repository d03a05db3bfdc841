"""A model's card in words: what it is, what it can not do, how good and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.data.types import Part
from core.documents import listed
from core.evaluation.promises import calibrating_images, promise_note
from core.evaluation.subgroups import NOT_KNOWN, SMALL_SUPPORT
from core.inference.from_statistics import sets_of
from core.inference.results import RESEARCH_USE, SYNTHETIC_WARNING
from core.inference.test_time import ABOUT
from core.inference.trust import DEFAULT_LEVEL
from core.quantities import NONE, file_size, fraction
from core.reporting import cells
from core.reporting.decision_tables import NO_DECISIONS, called_table, decision_facts, diagnosis_note
from core.reporting.facts.images import preprocessing_words
from core.reporting.facts.told import fact_pairs, fact_text
from core.reporting.model_card.content import CardContent
from core.reporting.scored_runs import scored_model
from core.reporting.table import Column, ResultsTable
from core.reporting.tables import per_class_table
from core.reporting.words import error_of, interval_of, kind_of_run, what_is_drawn

if TYPE_CHECKING:
    from core.evaluation.detailed import DetailedScores

FEW_TO_LEARN = 100
"""A class with fewer training images is named among the limits."""

_UNKNOWN_PEOPLE = (
    "It is not known of which people and with which cameras its images are. Do not expect the same on other people, "
    "cameras or clinics."
)


@dataclass(frozen=True)
class CardSection:
    """A page of the card: pairs of a name and a value, a table where there is one, notes, and a text as it stands."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    table: ResultsTable | None = None
    text: str = ""


def sections(card: CardContent) -> tuple[CardSection, ...]:
    """The pages in the order in which they are read."""
    return (about(card), limits(card), scores(card), calibration(card), decisions(card), verdicts(card))


def card_text(card: CardContent, extra: tuple[CardSection, ...] = ()) -> str:
    """The whole card as text (Markdown), to copy or to keep beside the model."""
    lines = [f"# Model card: {card.name}", "", RESEARCH_USE]
    for section in (*sections(card), *extra):
        lines += ["", f"## {section.title}", ""]
        lines += [f"- {name}: {' '.join(value.split())}" for name, value in section.facts]
        if section.table is not None and section.table.rows:
            lines += ["", section.table.to_markdown().strip()]
        if section.notes:
            lines += ["", *(f"- {note}" for note in section.notes)]
        lines += [section.text] if section.text else []
    return "\n".join(lines) + "\n"


# --- the model ---


def about(card: CardContent) -> CardSection:
    """What the model is and what it was trained on."""
    info = card.info
    facts = [
        ("Network", f"{info.architecture}{', exported for onnxruntime' if card.exported else ''}"),
        ("Kind", _kind(card)),
        ("Parameters", NONE if card.parameters is None else f"{card.parameters:,}"),
        ("File", f"{card.file.name}, {file_size(card.size)}"),
        ("What it sees", preprocessing_words(info.preprocessing)),
        ("Diagnoses", ", ".join(item.title for item in info.classes.classes)),
        ("Trained on", _trained_on(card)),
    ]  # fmt: skip
    if card.counts:
        facts.append(
            ("Training images", ", ".join(f"{info.classes.name_of(code)} {count:,}" for code, count in card.counts))
        )
    if card.record is not None:
        facts += fact_pairs(card.record, ("learned_from", "weights", "augmentation", "selection", "grouping", "leak"))
    facts.append(("Terms of use", _terms(card)))
    if info.origin:
        facts.append(("Weights", info.origin))
    facts.append(("Made with", f"SkinKD {info.skinkd_version}" if info.skinkd_version else NONE))
    if info.recipe_hash:
        facts.append(("Recipe", f"fingerprint {info.recipe_hash}"))
    warning = (SYNTHETIC_WARNING,) if info.synthetic else ()
    return CardSection("Model", tuple(facts), (*warning, *card.trouble))


def _kind(card: CardContent) -> str:
    if card.recipe is not None:
        return kind_of_run(card.recipe)
    return {"teacher": "Teacher", "student": "Student"}.get(card.info.task, NONE)


def _trained_on(card: CardContent) -> str:
    name = card.data_name or card.info.trained_on
    parts = "" if card.record is None else fact_text(card.record, "parts")
    return ": ".join(filter(None, (name, f"{parts} images" if parts else ""))) or "The file does not say."


def _terms(card: CardContent) -> str:
    if card.record is not None and (known := fact_text(card.record, "terms")):
        return known
    if card.info.synthetic:
        return "Generated pictures; no terms."
    return (
        "Not known: the data set names none, or the file is without its run. The terms of the images bind the model "
        "too; whoever made it must say which they are."
    )


# --- limits ---


def limits(card: CardContent) -> CardSection:
    """What the model can not do."""
    size = card.info.preprocessing.image_size
    names = ", ".join(card.info.classes.names)
    notes = [
        f"It knows {len(card.info.classes)} diagnoses: {names}. Whatever else a picture shows gets one of these names, "
        "or is taken for unlike the known images. It can not say that skin is healthy.",
        f"It sees a picture at {size} × {size} pixels. What is finer than that is lost to it.",
        "It knows the picture alone: not the person, the history, or how the lesion has changed.",
    ]
    notes += _few(card)
    if card.info.synthetic:
        notes.insert(0, SYNTHETIC_WARNING)
    else:
        notes.append(_UNKNOWN_PEOPLE)
    notes += _groups(card)
    if card.exported:
        notes.append("As an exported file it has no heat maps, and similar cases are found with the run itself only.")
    notes.append(RESEARCH_USE)
    return CardSection("What it can't do", (), tuple(notes))


def _few(card: CardContent) -> list[str]:
    notes = []
    name_of = card.info.classes.name_of
    few = [f"{name_of(code)} ({count:,})" for code, count in card.counts if count < FEW_TO_LEARN]
    if few:
        notes.append(f"It learned from few images of {listed(few)}: expect more errors there.")
    detailed, tested = _detailed(card), _measured_on(card)
    if detailed is not None:
        rare = [f"{name_of(row.code)} ({row.support:,})" for row in detailed.per_class if row.support < SMALL_SUPPORT]
        if rare:
            notes.append(
                f"It was checked on few {tested.value} images of {listed(rare)}: scores for these are rough guesses."
            )
    return notes


def _groups(card: CardContent) -> list[str]:
    """Groups of people with few or no test images, and those for whom it does clearly worse."""
    few = [f"{row.name} ({row.images:,})" for row in card.subgroups if row.small and row.name != NOT_KNOWN]
    notes = [f"Few test images are of these groups: {listed(few)}."] if few else []
    whole = card.evidence.detailed.scores.weighted_f1 if card.evidence is not None else None
    if whole is not None:
        worse = [
            f"{row.kind} {row.name} ({interval_of(row.weighted_f1, row.interval)})"
            for row in card.subgroups
            if not row.small and row.interval is not None and row.interval.high < whole
        ]
        if worse:
            notes.append(
                f"It does worse than the {fraction(whole)} weighted F1 of all test images for: {listed(worse)}."
            )
    return notes


# --- scores ---


_TOO_GOOD = {
    Part.VALIDATION: "By these images the best epoch was chosen and the probabilities were calibrated, so the scores "
    "are a little too good.",
    Part.CALIBRATION: "On these images the probabilities were calibrated, so the scores are a little too good.",
}


def _measured_on(card: CardContent) -> Part:
    return Part.TEST if card.evidence is not None else card.calibrated_on


def _detailed(card: CardContent) -> DetailedScores | None:
    return card.evidence.detailed if card.evidence is not None else card.detailed


def scores(card: CardContent) -> CardSection:
    """How good it is, with 95 % intervals where the test images are known."""
    detailed = _detailed(card)
    if detailed is None:
        return CardSection("Scores", (), ("The file does not say how good the model is. Ask whoever made it.",))
    found, intervals = detailed.scores, card.evidence.intervals if card.evidence is not None else None
    images = sum(row.support for row in detailed.per_class)
    facts = [
        ("Measured on", calibrating_images(images, _measured_on(card))),
        ("Weighted F1", interval_of(found.weighted_f1, intervals.weighted_f1 if intervals else None)),
        ("Accuracy", interval_of(found.accuracy, intervals.accuracy if intervals else None)),
        ("Balanced accuracy", interval_of(found.balanced_accuracy, intervals.balanced_accuracy if intervals else None)),
    ]
    classes = card.info.classes
    if classes.melanoma is not None:
        row, within = detailed.per_class[classes.melanoma], intervals.melanoma_sensitivity if intervals else None
        facts.append(("Melanomas found", f"{interval_of(row.sensitivity, within)} of {row.support:,}"))
    if intervals is None:
        notes: tuple[str, ...] = (
            f"{_TOO_GOOD[card.calibrated_on]} A file of its own holds no test scores; the run has them.",
        )
    else:
        resampled = what_is_drawn(by_group=intervals.by_group)
        notes = (f"In brackets: 95 % intervals, by drawing {resampled} anew {intervals.resamples:,} times.",)
    rare = [row.code for row in detailed.per_class if row.support < SMALL_SUPPORT]
    if rare:
        names = listed([classes.name_of(code) for code in rare])
        notes += (f"Rough guesses, from fewer than {SMALL_SUPPORT} images: {names}.",)
    table = per_class_table(scored_model(card.name, classes, detailed, intervals))
    return CardSection("Scores", tuple(facts), notes, table)


# --- how sure ---


def calibration(card: CardContent) -> CardSection:
    """Whether it is right as often as it is sure."""
    temperature, found = card.info.temperature, card.sureness
    if temperature == 1.0:
        facts = [("Temperature", "none: the probabilities are not calibrated")]
    else:
        towards = (
            "above 1: as trained it was too sure" if temperature > 1 else "below 1: as trained it was not sure enough"
        )
        facts = [("Temperature", f"{temperature:.3g} ({towards})")]
    if found is None:
        return CardSection("Calibration", tuple(facts), ("Nothing is known of how sure and how often right it is.",))
    facts.append(("Measured on", calibrating_images(found.images, found.part)))
    facts.append(("Error as trained", error_of(found.before)))
    if found.after is not None:
        facts.append(("Error calibrated", error_of(found.after)))
    notes = [
        "The error (expected calibration error) is how far, on average, the probability of the diagnosis is from the "
        "share that is right."
    ]
    if found.after is not None:
        notes.append("The temperature changes how sure the model is, never its diagnosis.")
    if found.part is not Part.TEST and found.after is not None:
        notes.append("The temperature was fitted on these very images: on others the error is a little larger.")
    if found.images < 200:
        notes.append(f"With {found.images:,} images the errors themselves are rough guesses.")
    return CardSection("Calibration", tuple(facts), tuple(notes))


def decisions(card: CardContent) -> CardSection:
    """Malignant, benign or unclear: what is promised, and what the test lesions say of it."""
    tested = card.decided
    if tested is None:
        return CardSection("Decisions", (), (NO_DECISIONS,))
    return CardSection("Decisions", decision_facts(tested), (diagnosis_note(tested),), called_table(tested))


def verdicts(card: CardContent) -> CardSection:
    """What the verdicts rest on and how they do."""
    statistics = card.statistics
    if statistics is None or not statistics.images:
        text = "The file does not hold what verdicts rest on. If you have the run, 'skinkd-cli calibrate' adds it."
        return CardSection("Verdicts", (), (text,))
    level = f"{100 * DEFAULT_LEVEL:.0f} %"
    facts = [("Calibrated on", calibrating_images(statistics.images, card.calibrated_on))]
    if card.info.positions > 1:
        facts.append(("Test-time augmentation", f"always, as it was calibrated. {ABOUT}"))
    found = card.coverage
    if found is not None:
        facts += [
            (f"Truth among those kept, at {level}", f"{fraction(found.coverage)} of {found.images:,} test images"),
            ("Diagnoses kept", f"{found.mean_size or 0:.1f} of {len(card.info.classes)} on average"),
            ("Only one kept", fraction(found.single)),
        ]  # fmt: skip
    facts += _out_of_distribution_facts(card)
    return CardSection("Verdicts", tuple(facts), _verdict_notes(card, level), _coverage_table(card))


def _out_of_distribution_facts(card: CardContent) -> list[tuple[str, str]]:
    statistics = card.statistics
    assert statistics is not None
    if statistics.threshold == float("inf"):
        return [("Taken for unlike", "can not be told: too few images")]
    expected = (statistics.validation_scores > statistics.threshold).mean() if statistics.images else 0.0
    facts = [
        (
            "Taken for unlike",
            f"from a distance of {statistics.threshold:.2f}; nearly all {card.calibrated_on.value} images are below 1",
        ),
        (
            "False alarms to expect",
            f"about {100 * max(0.01, float(expected)):.0f} % of lesion images like those it knows",
        ),
    ]
    if card.share_out_of_distribution is not None and card.evidence is not None:
        tested = len(card.evidence.predictions.labels)
        facts.append(("False alarms on the test images", f"{fraction(card.share_out_of_distribution)} of {tested:,}"))
    return facts


def _verdict_notes(card: CardContent, level: str) -> tuple[str, ...]:
    notes = [
        f"At {level} the true diagnosis is to stay among those kept for at least {level} of the images of every "
        "diagnosis, as far as new images are like those it was calibrated on.",
        promise_note(card.calibrated_on),
    ]
    if card.coverage is None:
        notes.append("How often that holds on other images was not measured: a file of its own holds no test images.")
    never = [card.info.classes.names[place] for place in _never_excluded(card)]
    if never:
        notes.append(f"{listed(never)} can never be excluded: there were too few images to calibrate on.")
    return tuple(notes)


def _never_excluded(card: CardContent) -> tuple[int, ...]:
    assert card.statistics is not None
    return sets_of(card.statistics, card.info.temperature, card.info.classes).never_excluded(DEFAULT_LEVEL)


def _coverage_table(card: CardContent) -> ResultsTable:
    assert card.statistics is not None
    calibrated = Column("Calibrated on", "Images of this diagnosis that it was calibrated on", ("Calibrated on",))
    if card.coverage is None:
        rows = [
            (cells.words(name), cells.count(int((card.statistics.validation_labels == place).sum())))
            for place, name in enumerate(card.info.classes.names)
        ]
        return ResultsTable("Images behind the verdicts", (Column("Diagnosis", words=True), calibrated), tuple(rows))
    columns = (
        Column("Diagnosis", words=True),
        Column("Truth kept", "The share of test images of this diagnosis that keep it among the possible ones"),
        Column("Test images"),
        calibrated,
    )
    found = [
        (
            cells.words(card.info.classes.name_of(row.code)),
            cells.share(row.coverage),
            cells.count(row.images),
            cells.count(row.calibrated_on),
        )
        for row in card.coverage.per_class
    ]
    return ResultsTable("How often the truth is kept", columns, tuple(found))
