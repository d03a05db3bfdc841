"""The tables and sentences of a study that withholds its test part: candidates by their mean validation scores."""

from __future__ import annotations

from core.evaluation.families import PRIMARY_SCORES
from core.quantities import fraction, moment
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import score_name
from core.study.cross_validation import CrossValidation, MeanScore, ValidatedCandidate

_SCORES = (*PRIMARY_SCORES, "accuracy")


def cross_validation_table(validated: CrossValidation) -> ResultsTable:
    """A row for each candidate: its size, and its validation scores over the folds; test scores once one was chosen.
    The highest mean of the score that chooses is bold."""
    tested = validated.tested is not None
    columns = [
        Column("Candidate", words=True),
        Column("Network", words=True),
        Column("Frozen", "The share of the network's depth, from the input, that keeps its starting weights"),
        Column("Parameters", "The size of the model (M: millions of learned numbers)"),
        Column("Folds", "How many of its trainings are finished", ("Folds", "Folds planned")),
    ]
    columns += [_scored(name, "validation") for name in _SCORES]
    columns += [_scored(name, "test") for name in _SCORES] if tested else []
    rows = tuple(_row(item, tested=tested) for item in validated.candidates)
    best = () if validated.best is None else (validated.candidates.index(validated.best),)
    place = 5 + _SCORES.index(validated.score)
    title = (
        f"Cross-validation over {validated.folds} folds"
        if validated.folds > 1
        else "Candidates by their validation scores"
    )
    bold = frozenset((row, place) for row in best)
    return ResultsTable(title, tuple(columns), rows, _notes(validated), bold)


def sentence_of_test_part(validated: CrossValidation) -> str:
    """Whether and when the test part was used, and for which candidate."""
    images = "The test part" if validated.test_images is None else f"The test part ({validated.test_images:,} images)"
    use = validated.use
    if use is None:
        return f"{images} is untouched: no model of this study was asked about it."
    title = use.candidate if validated.tested is None else validated.tested.title
    end = "" if use.finished else " That was interrupted and can be gone on with."
    return f"{images} was used on {moment(use.began)} for {title}, and for no other candidate.{end}"


def chosen_sentence(validated: CrossValidation) -> str:
    """Which candidate validation chooses; which was chosen and its test score, once it was tested."""
    name = score_name(validated.score)
    tested, best = validated.tested, validated.best
    if tested is not None and (score := tested.test(validated.score)) is not None:
        return f"Chosen: {tested.title}, {name} of the test images {_spread(score)}, once, after the choice."
    if best is None or (score := best.validation(validated.score)) is None:
        return "No candidate has finished all of its trainings yet."
    waiting = sum(not item.complete for item in validated.candidates if not item.teacher)
    rest = f" {waiting} of the candidates are not finished." if waiting else ""
    return f"Highest mean validation {name}: {best.title}, {_spread(score)}.{rest}"


def _scored(name: str, part: str) -> Column:
    title = f"{score_name(name)}, {part}"
    return Column(title, f"Mean and standard deviation over the trainings, {part} images", (title, f"{title} sd"))


def _row(item: ValidatedCandidate, *, tested: bool) -> tuple[Cell, ...]:
    done = len(item.runs)
    count = str(done) if item.complete else f"{done} of {item.planned}"
    found = [
        cells.words(f"{item.title} (teacher)" if item.teacher else item.title, item.key),
        cells.words(item.architecture),
        cells.share(item.frozen),
        cells.parameters(item.parameters),
        Cell(count, (done, item.planned)),
    ]
    found += [_mean(item.validation(name)) for name in _SCORES]
    found += [_mean(item.test(name)) for name in _SCORES] if tested else []
    return tuple(found)


def _mean(score: MeanScore | None) -> Cell:
    return cells.nothing(2) if score is None else cells.spread(score.mean, score.deviation)


def _spread(score: MeanScore) -> str:
    return fraction(score.mean) + ("" if score.deviation is None else f" ± {100 * score.deviation:.1f}")


def _notes(validated: CrossValidation) -> tuple[str, ...]:
    notes = [sentence_of_test_part(validated), chosen_sentence(validated)]
    if validated.folds > 1:
        notes.append(
            "Each image outside the test part validates once. The standard deviation is that of trainings on "
            "overlapping images: it is no interval."
        )
    notes.append(
        "The validation images also chose each training's best epoch, so these means are a little too high, for all "
        "candidates alike; the highest of several means is flattered once more."
    )
    if validated.known_teacher:
        notes.append(
            "The students learn from a finished teacher, which knows images that validate here: the means are too "
            "high. Without a named teacher, each fold trains one of its own."
        )
    return tuple(notes)
