"""What the overview says of one run, from the facts that reports tell too. Knows no Qt."""

from __future__ import annotations

from core.reporting.facts.record import RunRecord
from core.reporting.facts.told import fact_pairs
from core.reporting.words import STATE_WORDS, kind_of_run
from core.runs.status import RunSummary

UNTESTED = (
    "There are no test scores yet. They are made when a training has finished; where its recipe withholds the test "
    "images, when a model has been chosen in the results of its study."
)

Facts = tuple[tuple[str, str], ...]
"""Pairs of a name and its value, in the order in which they are shown."""

_DATA = ("folder", "parts", "grouping", "leak", "fold", "image_size", "people", "terms")
_TRAINING = ("model", "learned_from", "teacher", "weights", "epochs", "time", "energy", "started")


def data_facts(record: RunRecord) -> Facts:
    """What the run was trained and tested on."""
    if record.summary.recipe is None:
        return ()
    undivided = () if record.rows else (("Images", "Not divided yet"),)
    return (*fact_pairs(record, _DATA), *undivided)


def training_facts(record: RunRecord) -> Facts:
    """What was trained, how and for how long."""
    return fact_pairs(record, _TRAINING)


def headline(summary: RunSummary) -> str:
    """The run in one line: what it is, and whether it is done."""
    model = [] if summary.recipe is None else [summary.recipe.trained.architecture]
    return " · ".join([kind_of_run(summary.recipe), *model, STATE_WORDS[summary.status.state]])
