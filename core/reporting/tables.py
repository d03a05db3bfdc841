"""The tables of scores: of runs, of classes, of groups of people, of calibration. Those of comparisons, studies and
recipes have files of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from core.data.skin_tone import ESTIMATED
from core.data.types import Part, made_parts
from core.evaluation.intervals import OVERALL
from core.evaluation.subgroups import SMALL_SUPPORT, Subgroup
from core.reporting import cells
from core.reporting.parts import PART_TITLES
from core.reporting.scored_runs import ScoredRun, same_test_images
from core.reporting.table import Cell, Column, ResultsTable
from core.reporting.words import SCORE_MEANINGS, kind_of_run, score_name, what_is_drawn

if TYPE_CHECKING:
    from core.classes import ClassSet
    from core.evaluation.calibration import Reliability
    from core.evaluation.scores import ClassScore, Scores
    from core.runs.tables import SplitRow

FEW_IMAGES = 10
"""Classes with fewer test images are marked, as in the figures."""

DIFFERENT_IMAGES = "These runs were not all tested on the same images: their scores do not compare like with like."

KINDS = {
    "age": "Age",
    "sex": "Sex",
    "site": "Site on the body",
    "skin": "Skin type (Fitzpatrick)",
    "tone": "Skin tone (estimated)",
}
"""What groups of people are told apart by."""

_MOST_COLUMNS = 24  # of a matrix
_MOST_CONFUSIONS = 50
_MARKED = f"* fewer than {FEW_IMAGES} test images: one image more or less changes the score a lot."

_Fact = tuple[Column, Callable[[ScoredRun], Cell]]
"""A column of a table of runs, and how a run's cell is made."""


def _overall(name: str) -> _Fact:
    title = score_name(name)

    def cell(run: ScoredRun) -> Cell:
        return cells.nothing(3) if run.scores is None else cells.score(getattr(run.scores, name), run.interval(name))

    return Column(title, SCORE_MEANINGS[name], cells.within(title)), cell


def _melanoma(run: ScoredRun) -> Cell:
    place = None if run.classes is None else run.classes.melanoma
    if place is None or run.scores is None:
        return cells.nothing(3)
    return cells.score(run.scores.per_class[place].recall, run.interval("melanoma_sensitivity"))


def _melanoma_at_90(run: ScoredRun) -> Cell:
    if run.detailed is None or not has_melanoma([run]):
        return cells.nothing()
    return cells.share(run.detailed.melanoma_sensitivity_at_90_specificity)


def _name(run: ScoredRun) -> Cell:
    return cells.words(f"{run.title} (baseline)" if run.baseline else run.title, run.title)


_RUN: _Fact = (Column("Run", words=True), _name)
_KIND: _Fact = (
    Column("Kind", words=True),
    lambda run: cells.nothing() if run.summary is None else cells.words(kind_of_run(run.summary.recipe)),
)
_OVERALL: tuple[_Fact, ...] = tuple(_overall(name) for name in OVERALL)
_AUC: _Fact = (
    Column(
        "Macro AUC",
        "Mean area under the ROC curve of the classes, each against the rest",
        cells.within("Macro AUC"),
    ),
    lambda run: (
        cells.nothing(3) if run.detailed is None else cells.roc_area(run.detailed.macro_auc, run.interval("macro_auc"))
    ),
)
_MELANOMA: tuple[_Fact, ...] = (
    (
        Column(
            "Melanomas found",
            "The share of the test images of melanoma that are given that diagnosis (sensitivity)",
            cells.within("Melanoma sensitivity"),
        ),
        _melanoma,
    ),
    (
        Column(
            "at 90 % specificity",
            "The share of melanomas found where 90 % of the other images are rightly not called melanoma",
            ("Melanoma sensitivity at 90 % specificity",),
        ),
        _melanoma_at_90,
    ),
)
_PARAMETERS: _Fact = (
    Column("Parameters", "The size of the model (M: millions of learned numbers)"),
    lambda run: cells.parameters(None if run.summary is None else run.summary.parameters),
)
_TIME: _Fact = (
    Column("Computing time", fields=("Seconds",)),
    lambda run: cells.seconds(None if run.summary is None else run.summary.status.seconds),
)
_IMAGES: _Fact = (Column("Test images"), lambda run: cells.count(run.images or None))


def scores_table(runs: Sequence[ScoredRun]) -> ResultsTable:
    """The scores over all classes with their intervals; the best of each is bold where all were tested alike."""
    return _of_runs("Scores on the test images", (_RUN, _KIND, *_OVERALL), runs)


def runs_table(runs: Sequence[ScoredRun]) -> ResultsTable:
    """What else tells runs apart: AUC, melanoma where it is a class, size, images and computing time."""
    melanoma = _MELANOMA if has_melanoma(runs) else ()
    title = "Melanoma, size and time" if melanoma else "Size and time"
    return _of_runs(title, (_RUN, _AUC, *melanoma, _PARAMETERS, _IMAGES, _TIME), runs)


def overview_table(runs: Sequence[ScoredRun]) -> ResultsTable:
    """Both in one, for a window that scrolls."""
    melanoma = _MELANOMA if has_melanoma(runs) else ()
    return _of_runs("Test scores", (_RUN, _KIND, *_OVERALL, *melanoma, _PARAMETERS, _TIME, _IMAGES), runs)


def evaluation_table(model: ScoredRun) -> ResultsTable:
    """The scores of one model over all classes, a row each."""
    facts = (*_OVERALL, *(_MELANOMA if has_melanoma([model]) else ()), *([] if model.detailed is None else [_AUC]))
    rows = tuple((cells.words(column.heading, column.names[0]), _within(cell(model))) for column, cell in facts)
    columns = (Column("Score", words=True), Column("Value", fields=cells.within("Value")))
    return ResultsTable(f"Scores: {model.title}", columns, rows, tuple(_notes([model])))


def melanoma_cells(run: ScoredRun) -> tuple[Cell, Cell]:
    """The share of the melanomas that was found, with its interval, and the share at 90 % specificity."""
    return _melanoma(run), _melanoma_at_90(run)


def has_melanoma(runs: Iterable[ScoredRun]) -> bool:
    """Whether any of the runs has a class for melanoma."""
    return any(run.classes is not None and run.classes.melanoma is not None for run in runs)


def per_class_table(run: ScoredRun) -> ResultsTable:
    """All scores of each class of one run; specificity and AUC where its predictions are read."""
    if run.scores is None:
        return ResultsTable("")
    details = {} if run.detailed is None else {item.code: item for item in run.detailed.per_class}
    rows = []
    for item, interval, of_area in zip(run.scores.per_class, run.class_intervals(), run.area_intervals(), strict=True):
        detail = details.get(item.code)
        rows.append(
            (
                cells.words(run.class_title(item.code), item.code),
                cells.count(item.support, few=item.support < FEW_IMAGES),
                cells.share(item.recall),
                cells.share(item.precision),
                cells.nothing() if detail is None else cells.share(detail.specificity),
                cells.score(item.f1, interval),
                cells.nothing(3) if detail is None else cells.roc_area(detail.auc, of_area),
            )
        )
    notes = (*_notes([run]), *_few(run.scores.per_class))
    return ResultsTable(f"Scores of each class: {run.title}", _CLASS_COLUMNS, tuple(rows), notes)


_CLASS = Column("Class", words=True)
_CLASS_IMAGES = Column("Images", "Test images that truly are of this class")
_CLASS_COLUMNS = (
    _CLASS,
    _CLASS_IMAGES,
    Column("Sensitivity", "Of the images that truly are of this class, the share that was found (recall)"),
    Column("Precision", "Of the images that were given this class, the share that truly is of it"),
    Column("Specificity", "Of the images of other classes, the share that was not given this class"),
    Column("F1", "Joins sensitivity and precision; with its 95 % interval", cells.within("F1")),
    Column(
        "AUC",
        "Area under the ROC curve, this class against all others: 1 is perfect, 0.5 is guessing",
        cells.within("AUC"),
    ),
)


def class_f1_table(runs: Sequence[ScoredRun]) -> ResultsTable:
    """F1 of each class with its interval, a column per run; the best of each is bold where all were tested alike."""
    found = [_f1_of(run) for run in runs]
    supports = [{item.code: item.support for item in run.scores.per_class} for run in runs if run.scores is not None]
    rows, bold, alike = [], set(), same_test_images(runs)
    for row, code in enumerate(dict.fromkeys(code for each in supports for code in each)):
        numbers = sorted({each[code] for each in supports if code in each})
        number = cells.count(numbers[0], few=numbers[0] < FEW_IMAGES)
        if len(numbers) > 1:
            number = Cell(f"{numbers[0]:,}–{numbers[-1]:,}", (None,))
        title = next(run.class_title(code) for run, each in zip(runs, found, strict=True) if code in each)
        made = [each[code] if code in each else cells.nothing(3) for each in found]
        rows.append((cells.words(title, code), number, *made))
        best = cells.best_of([_first(cell) for cell in made]) if alike else ()
        bold |= {(row, column + 2) for column in best}
    heads = (
        Column(run.title, f"{run.title} (baseline)" if run.baseline else "", cells.within(run.title)) for run in runs
    )
    marked = _few([item for run in runs if run.scores is not None for item in run.scores.per_class])
    return ResultsTable(
        "F1 of each class",
        (_CLASS, _CLASS_IMAGES, *heads),
        tuple(rows),
        (*_notes(runs, alike=alike), *_highest(len(runs), bold), *marked),
        frozenset(bold),
    )


def confusion_table(*runs: ScoredRun, whole: bool = False) -> ResultsTable:
    """Numbers of images: a row per true class, a column per prediction. Of many classes only the largest confusions,
    unless the `whole` matrix is wanted; of several runs those with the classes of the last, below each other."""
    tested = [(run, run.scores) for run in runs if run.scores is not None]
    if not tested:
        return ResultsTable("")
    last = tested[-1][1]
    if len(last.classes) > _MOST_COLUMNS and not whole:
        return _confusions_table(runs[-1].title, last)
    named = len(runs) > 1
    rows = tuple(
        (
            *([cells.words(run.title)] if named else []),
            cells.words(code),
            *map(cells.count, line),
            cells.count(sum(line)),
        )
        for run, scores in tested
        if scores.classes == last.classes
        for code, line in zip(scores.classes, scores.confusion, strict=True)
    )
    columns = (
        *([Column("Run", fields=("run",), words=True)] if named else []),
        Column("Truth", fields=("truth \\ prediction",), words=True),
        *(Column(code) for code in last.classes),
        Column("Images"),
    )
    return ResultsTable(f"Truth (rows) and prediction: {', '.join(run.title for run in runs)}", columns, rows)


def _confusions_table(title: str, scores: Scores) -> ResultsTable:
    found = scores.largest_confusions()
    rows = tuple(
        (cells.words(truth), cells.words(said), cells.count(number)) for truth, said, number in found[:_MOST_CONFUSIONS]
    )
    more = len(found) - len(rows)
    notes = (f"{more:,} further pairs of classes were confused less often.",) if more else ()
    columns = (Column("Truth", words=True), Column("Prediction", words=True), Column("Images"))
    return ResultsTable(f"Most frequent confusions: {title}", columns, rows, notes)


def subgroups_table(subgroups: Sequence[Subgroup], title: str = "") -> ResultsTable:
    """Scores by age band, sex and site of one run."""
    columns = (
        Column("By", words=True),
        Column("Group", words=True),
        Column("Images", "Test images of the group"),
        Column("Weighted F1", "With its 95 % interval", cells.within("Weighted F1")),
        Column("Accuracy"),
        Column("Balanced accuracy", "Over the classes that the group has"),
    )
    rows = tuple(
        (
            cells.words(KINDS[item.kind], item.kind),
            cells.words(item.name),
            cells.count(item.images, few=item.small),
            cells.score(item.weighted_f1, item.interval),
            cells.share(item.accuracy),
            cells.share(item.balanced_accuracy),
        )
        for item in subgroups
    )
    small = any(item.small for item in subgroups)
    notes = (
        *((f"* fewer than {SMALL_SUPPORT} images: the score is a rough guess.",) if small else ()),
        *((ESTIMATED,) if any(item.kind == "tone" for item in subgroups) else ()),
    )
    return ResultsTable(f"Groups of people: {title}" if title else "Groups of people", columns, rows, notes)


def calibration_table(runs: Sequence[tuple[str, Reliability, Reliability | None, float]]) -> ResultsTable:
    """How far runs are as often right as they are sure: (title, as trained, with temperature, temperature) each."""
    columns = (
        Column("Run", words=True),
        Column("Error as trained", "Expected calibration error: 0 is best", cells.within("Error as trained")),
        Column("With temperature", "The same after the probabilities were corrected", cells.within("With temperature")),
        Column("Temperature", "Fitted on images that it did not learn from; above 1 the model was too sure"),
        Column("Test images"),
    )
    rows = tuple(
        (
            cells.words(title),
            cells.calibration_error(before),
            cells.calibration_error(after),
            cells.number(temperature, ".2f"),
            cells.count(before.images),
        )
        for title, before, after, temperature in runs
    )
    note = (
        "In brackets: 95 % intervals. Chance makes the error of few images too large, which the interval allows for: "
        "it may lie below the error, and begins at 0 where a perfectly calibrated model would show as much."
    )
    return ResultsTable("Calibration", columns, rows, (note,) if rows else ())


def counts_table(rows: Sequence[SplitRow], classes: ClassSet) -> ResultsTable:
    """Images per class and part of a split."""
    counts = Counter((row.label, row.part) for row in rows)
    left = any(row.part is None for row in rows)
    parts: list[Part | None] = [*made_parts(row.part for row in rows), *([None] if left else [])]
    body = [[counts[code, part] for part in parts] for code in classes.codes]
    body.append([sum(column) for column in zip(*body, strict=True)])
    lines = tuple(
        (cells.words(code), *map(cells.count, line), cells.count(sum(line)))
        for code, line in zip((*classes.codes, "All"), body, strict=True)
    )
    titles = ["not used" if part is None else PART_TITLES[part] for part in parts]
    return ResultsTable("Images per class", (_CLASS, *(Column(title) for title in (*titles, "All"))), lines)


def _of_runs(title: str, facts: Sequence[_Fact], runs: Sequence[ScoredRun]) -> ResultsTable:
    rows = tuple(tuple(cell(run) for _, cell in facts) for run in runs)
    alike = same_test_images(runs)
    bold = {
        (row, place)
        for place, fact in enumerate(facts)
        if alike and fact in _OVERALL
        for row in cells.best_of([_first(cells_[place]) for cells_ in rows])
    }
    notes = (*_notes(runs, alike=alike), *_highest(len(runs), bold))
    return ResultsTable(title, tuple(column for column, _ in facts), rows, notes, frozenset(bold))


def _notes(runs: Sequence[ScoredRun], *, alike: bool = True) -> list[str]:
    """What must be read with scores of runs, tested `alike` or not, and their intervals."""
    known = [run.intervals for run in runs if run.intervals is not None]
    notes = []
    if known:
        drawn = what_is_drawn(by_group=any(item.by_group for item in known))
        resamples = min(item.resamples for item in known)
        notes.append(
            f"In brackets: 95 % bootstrap intervals over the test images ({resamples:,} resamples of {drawn})."
        )
    if not alike:
        notes.append(DIFFERENT_IMAGES)
    return notes


def _highest(runs: int, bold: Collection[tuple[int, int]]) -> list[str]:
    """What bold numbers of several runs mean, and what not."""
    if not bold:
        return []
    return [
        f"Bold: the highest of {runs} runs, by whatever difference. Of equally good runs chance decides which it is on "
        "these test images; choose a run by its validation score."
    ]


def _few(scores: Iterable[ClassScore]) -> list[str]:
    return [_MARKED] if any(item.support < FEW_IMAGES for item in scores) else []


def _f1_of(run: ScoredRun) -> dict[str, Cell]:
    if run.scores is None:
        return {}
    pairs = zip(run.scores.per_class, run.class_intervals(), strict=True)
    return {item.code: cells.score(item.f1, interval) for item, interval in pairs}


def _first(cell: Cell) -> float | None:
    """A cell's value, where it is a number."""
    value = cell.values[0]
    return value if isinstance(value, float | int) else None


def _within(cell: Cell) -> Cell:
    """The cell with room for an interval."""
    return Cell(cell.text, (*cell.values, None, None)[:3])
