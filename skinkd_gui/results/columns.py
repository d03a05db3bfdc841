"""The columns of the table of runs: what each shows, sorts by and explains. Knows no Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from core.distillation.methods import METHODS
from core.quantities import NONE, duration, fraction, million, moment
from core.recipe import Recipe
from core.reporting.words import STATE_WORDS, kind_of_run, losses_title
from core.runs.status import RunSummary

SortValue = str | float | None

CURRICULUM_KIND = "With curriculum"
CURRICULUM_ENDING = " + curriculum"  # of `kind_of_run`


@dataclass(frozen=True)
class RunColumn:
    """`key` names the column in the settings; `text` is shown, `value` sorted by and exported (None: no value, sorted
    last); the column is as wide as `sample` or its title. `numeric` ones stand on the right; those `at_first` are
    shown before the user chooses."""

    key: str
    title: str
    tip: str
    text: Callable[[RunSummary], str]
    value: Callable[[RunSummary], SortValue]
    sample: str
    numeric: bool = False
    at_first: bool = True


def data_name(summary: RunSummary) -> str:
    """The last part of the data's path, marked when the images are generated."""
    if summary.recipe is None:
        return NONE
    name = _last_part(summary.recipe.data.path)
    return f"Synthetic: {name}" if summary.status.synthetic else name


@lru_cache(maxsize=1000)
def _last_part(path: str) -> str:
    return Path(path).name or path or NONE


def kinds(recipe: Recipe | None) -> tuple[str, ...]:
    """The kinds that a run can be filtered by: what `kind_of_run` says, its curriculum apart."""
    words = kind_of_run(recipe)
    plain = words.removesuffix(CURRICULUM_ENDING)
    return (plain, CURRICULUM_KIND) if plain != words else (plain,)


def _words(
    key: str, title: str, tip: str, text: Callable[[RunSummary], str], sample: str, *, at_first: bool = True
) -> RunColumn:
    def value(summary: RunSummary) -> str | None:
        found = text(summary)
        return None if found in ("", NONE) else found.casefold()

    return RunColumn(key, title, tip, text, value, sample, at_first=at_first)


def _number(
    key: str,
    title: str,
    tip: str,
    value: Callable[[RunSummary], float | None],
    shown: Callable[[float], str],
    sample: str,
    *,
    at_first: bool = True,
) -> RunColumn:
    def text(summary: RunSummary) -> str:
        found = value(summary)
        return NONE if found is None else shown(found)

    return RunColumn(key, title, tip, text, value, sample, numeric=True, at_first=at_first)


def _score(key: str, title: str, tip: str, *, at_first: bool = True) -> RunColumn:
    def value(summary: RunSummary) -> float | None:
        return None if summary.scores is None else float(getattr(summary.scores, key))

    return _number(key, title, tip, value, fraction, "100.0 %", at_first=at_first)


def _melanoma_sensitivity(summary: RunSummary) -> float | None:
    if summary.scores is None or summary.recipe is None or (place := summary.recipe.class_set.melanoma) is None:
        return None
    code = summary.recipe.class_set.codes[place]
    return next((row.recall for row in summary.scores.per_class if row.code == code), None)


def _of_recipe(read: Callable[[Recipe], float | None]) -> Callable[[RunSummary], float | None]:
    return lambda summary: None if summary.recipe is None else read(summary.recipe)


def _temperature(recipe: Recipe) -> float | None:
    value = getattr(recipe.distillation, "temperature", None) if recipe.loss_terms else None
    return value if isinstance(value, float) else None


def _method(summary: RunSummary) -> str:
    return NONE if summary.recipe is None else losses_title(summary.recipe) or NONE


def _curriculum(summary: RunSummary) -> str:
    recipe = summary.recipe
    if recipe is None or recipe.task == "teacher":
        return NONE
    return ", ".join(entry.title for entry in recipe.curriculum.unusual) or "No"


def _architecture(summary: RunSummary) -> str:
    return NONE if summary.recipe is None else summary.recipe.trained.architecture


def _epochs(summary: RunSummary) -> str:
    status = summary.status
    return f"{status.epoch}/{status.epochs}" if status.epochs else NONE


def _created(summary: RunSummary) -> float | None:
    try:
        return datetime.fromisoformat(summary.status.created).timestamp()
    except ValueError:
        return None


COLUMNS: tuple[RunColumn, ...] = (
    _words("name", "Name", "The name of the run", lambda summary: summary.status.name, ""),
    _words(
        "kind",
        "Kind",
        "Teacher: the large model. Plain student: learned from the labels alone. Other students learned from a teacher "
        "as well, by the method named. Curriculum: saw the images in an order or share of its own",
        lambda summary: kind_of_run(summary.recipe),
        max((f"{method.title} student + curriculum" for method in METHODS.values()), key=len),
    ),
    _words("data", "Data", "The data set that it was trained and tested on", data_name, "Synthetic: sample..."),
    _words("state", "State", "Whether the run is done", lambda summary: STATE_WORDS[summary.status.state], "Finished"),
    _score("weighted_f1", "Weighted F1", "Test images: mean F1 of the classes, weighed by their number of images"),
    _score("accuracy", "Accuracy", "Test images: the share that was classified rightly"),
    _score(
        "balanced_accuracy",
        "Balanced",
        "Balanced accuracy on the test images: the mean share found of each class, rare classes counting as much as "
        "common ones",
    ),
    RunColumn(
        "parameters",
        "Parameters",
        "The size of the model: how many numbers it has learned (M: millions)",
        lambda summary: million(summary.parameters),
        lambda summary: summary.parameters,
        "63.81 M",
        numeric=True,
    ),
    RunColumn(
        "epochs",
        "Epochs",
        "Passes over the training images, of the most that were allowed",
        _epochs,
        lambda summary: summary.status.epoch if summary.status.epochs else None,
        "25/25",
        numeric=True,
    ),
    RunColumn(
        "time",
        "Time",
        "Computing time",
        lambda summary: duration(summary.status.seconds) if summary.status.seconds else NONE,
        lambda summary: summary.status.seconds or None,
        "59 min 59 s",
        numeric=True,
    ),
    RunColumn(
        "started",
        "Started",
        "When the run was made",
        lambda summary: moment(summary.status.created),
        _created,
        "2026-03-31 14:05",
        numeric=True,
    ),
    _words(
        "tags",
        "Tags",
        "Words that you gave to the run",
        lambda summary: ", ".join(summary.annotations.tags) or NONE,
        "to check, poster",
        at_first=False,
    ),
    _words(
        "study",
        "Study",
        "The study that the run is a part of",
        lambda summary: summary.annotations.study or NONE,
        "paper-isic2019",
        at_first=False,
    ),
    _score("macro_f1", "Macro F1", "Test images: plain mean F1 of the classes that have images", at_first=False),
    _number(
        "melanoma",
        "Melanoma sensitivity",
        "Test images: the share of the melanomas that was called melanoma",
        _melanoma_sensitivity,
        fraction,
        "100.0 %",
        at_first=False,
    ),
    _words(
        "method",
        "Method",
        "How it learned from the teacher",
        _method,
        max((method.title for method in METHODS.values()), key=len),
        at_first=False,
    ),
    _number(
        "alpha",
        "Alpha",
        "Weight of the distillation loss; the labels get the rest",
        _of_recipe(lambda recipe: recipe.alpha),
        lambda value: f"{value:g}",
        "0.05",
        at_first=False,
    ),
    _number(
        "temperature",
        "Temperature",
        "Above 1 softens the probabilities before they are compared",
        _of_recipe(_temperature),
        lambda value: f"{value:g}",
        "1.5",
        at_first=False,
    ),
    _words(
        "curriculum",
        "Curriculum",
        "In which order it saw the images of an epoch, and how many of them",
        _curriculum,
        "Easiest first, A growing",
        at_first=False,
    ),
    _words(
        "architecture", "Model", "The network that was trained", _architecture, "tf_efficientnet_b7", at_first=False
    ),
    _number(
        "image_size",
        "Image size",
        "Width and height of the images that the model sees, in pixels",
        _of_recipe(lambda recipe: recipe.data.image_size),
        lambda value: f"{value:.0f}",
        "1024",
        at_first=False,
    ),
    _number(
        "seed",
        "Seed",
        "The same seed on the same machine's CPU gives the same numbers",
        _of_recipe(lambda recipe: recipe.optimisation.seed),
        lambda value: f"{value:.0f}",
        "12345",
        at_first=False,
    ),
    _words(
        "device",
        "Device",
        "What it was computed on",
        lambda summary: summary.status.device or NONE,
        "CPU, 16 threads",
        at_first=False,
    ),
)
"""All there are, in the order that they are first shown in."""

COLUMN_NUMBERS: Mapping[str, int] = {column.key: number for number, column in enumerate(COLUMNS)}

STARTED = COLUMN_NUMBERS["started"]
"""The column that the table is first sorted by, newest first."""


def search_text(summary: RunSummary, texts: Sequence[str]) -> str:
    """What the search box looks in, in lower case; `texts` are those of all columns."""
    shown = [text for column, text in zip(COLUMNS, texts, strict=True) if not column.numeric or column.key == "started"]
    path = "" if summary.recipe is None else summary.recipe.data.path
    return "\n".join([*shown, path, summary.annotations.notes, summary.folder.name]).casefold()
