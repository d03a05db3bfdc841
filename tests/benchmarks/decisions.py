"""What decisions and diagnoses are worth, from the stored predictions of finished runs.

    python -m tests.benchmarks.decisions RUN [RUN ...] [--divisions 20]

The calibration and test images of a run, which neither trained its model nor chose its epoch, are divided anew by
lesion into as large a calibration and test part, again and again. Each time temperature and thresholds are from the
calibration lesions and everything counted is of the test lesions, one picture each. The rows are means over the
divisions, with 95 % intervals of these means over divisions (Student's t): the divisions share their images, so
another data set varies more. "Before" is the verdict of a prediction set that holds one class.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from core.classes import ClassSet
from core.data.types import Part
from core.evaluation.calibration import fit_temperature
from core.evaluation.class_groups import BENIGN, MALIGNANT, group_of_classes
from core.evaluation.decisions import Decision, GroupDecisions, LesionOutputs, one_for_each_lesion
from core.evaluation.intervals import Interval
from core.evaluation.prediction_sets import PredictionSets, probabilities_of, sets_at
from core.evaluation.selective import GivenDiagnoses
from core.inference.trust import DEFAULT_LEVEL
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable
from core.runs.folder import RunFolder

DIVISIONS = 20


@dataclass(frozen=True, eq=False)
class Pool:
    """Pictures outside the training: labels (n,), logits (n, classes), numbers of their lesions (n,), and the share of
    them that calibrates."""

    classes: ClassSet
    labels: NDArray[np.int64]
    logits: NDArray[np.float32]
    lesions: NDArray[np.int64]
    calibrates: float


def main() -> None:
    """Divide again and again, print a table for all runs."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--divisions", type=int, default=DIVISIONS)
    asked = parser.parse_args()
    pools = {path.name: pool(RunFolder(path)) for path in asked.runs}
    measured = {name: [division(found, seed) for seed in range(asked.divisions)] for name, found in pools.items()}
    columns = (Column("Of the test lesions", words=True), *(Column(n, fields=cells.within(n)) for n in pools))
    rows = [
        (cells.words(row), *(_mean([each[row] for each in found]) for found in measured.values()))
        for row in next(iter(measured.values()))[0]
    ]
    for name, found in pools.items():
        lesions = len(np.unique(found.lesions))
        sys.stdout.write(f"{name}: {lesions:,} lesions, {len(found.labels):,} pictures\n")
    sys.stdout.write(ResultsTable("Decisions", columns, tuple(rows)).to_markdown())


def pool(run: RunFolder) -> Pool:
    """The calibration and test images of a run, with test-time augmentation where its model is calibrated for it."""
    predictions = run.averaged_predictions() or run.predictions()
    lesion_of = {row.image: row.lesion or row.image for row in run.split_rows}
    calibrating, tested = predictions.calibrating, predictions.of(Part.TEST)
    names = [lesion_of[name] for name in (*calibrating.names, *tested.names)]
    return Pool(
        run.recipe().class_set,
        np.concatenate([calibrating.labels, tested.labels]),
        np.concatenate([calibrating.logits, tested.logits]),
        np.unique(names, return_inverse=True)[1],
        len(calibrating.names) / len(names),
    )


def division(found: Pool, seed: int) -> dict[str, float]:
    """What is measured of one division, by the words of its row; NaN where nothing was counted."""
    count = found.lesions.max() + 1
    calibrates = (np.random.default_rng(seed).permutation(count) < found.calibrates * count)[found.lesions]
    temperature = fit_temperature(found.labels[calibrates], found.logits[calibrates])
    calibration, tested = (_lesions(found, rows, temperature, seed) for rows in (calibrates, ~calibrates))
    groups = group_of_classes(found.classes)
    sets = PredictionSets(found.labels[calibrates], found.logits[calibrates], temperature)
    holds = sets_at(sets.p_values(np.log(np.maximum(tested.probabilities, 1e-300)) * temperature), DEFAULT_LEVEL)
    right = tested.probabilities.argmax(axis=1) == tested.labels
    single = (holds.sum(axis=1) == 1) & holds[np.arange(len(right)), tested.probabilities.argmax(axis=1)]
    decisions = GroupDecisions(found.classes, calibration, tested)
    diagnoses = GivenDiagnoses(found.classes, calibration, tested, DEFAULT_LEVEL, decisions)
    given = diagnoses.gives(tested.probabilities)
    return {
        **_of_decisions(decisions, groups[tested.labels]),
        "confident before: decisive": single.mean(),
        "confident before: wrong among them": _share(~right[single]),
        "diagnosis given now": given.mean(),
        "diagnosis given now: wrong among them": _share(~right[given]),
        **{
            f"diagnosis given now, of {name} lesions": _share(given[groups[tested.labels] == group])
            for name, group in (("malignant", MALIGNANT), ("benign", BENIGN))
        },
    }


def _of_decisions(made: GroupDecisions, truth: NDArray[np.int64]) -> dict[str, float]:
    decided = np.array([item is not Decision.UNCLEAR for item in made.tested])
    benign, malignant = made.certificates[Decision.BENIGN], made.certificates[Decision.MALIGNANT]
    made_so = (benign.tally, malignant.tally)
    return {
        "malignant kept (not called benign)": 1 - (benign.share or 0),
        "malignant called benign, upper 95 % bound": benign.bound,
        "benign kept (not called malignant)": 1 - (malignant.share or 0),
        "decisive": decided.mean(),
        "decisive, of malignant lesions": decided[truth == MALIGNANT].mean(),
        "decisive, of benign lesions": decided[truth == BENIGN].mean(),
        "wrong among decisions": 1 - sum(item.right for item in made_so) / max(sum(i.given for i in made_so), 1),
        "wrong among those called benign": 1 - benign.tally.right / max(benign.tally.given, 1),
        "wrong among those called malignant": 1 - malignant.tally.right / max(malignant.tally.given, 1),
        "divisions whose benign is withheld": float(benign.withheld is not None),
        "divisions whose malignant is withheld": float(malignant.withheld is not None),
    }


def _lesions(found: Pool, rows: NDArray[np.bool_], temperature: float, seed: int) -> LesionOutputs:
    """One picture of each lesion of these pictures."""
    places = np.flatnonzero(rows)
    chosen = places[one_for_each_lesion(found.lesions[places], found.labels[places], seed)]
    return LesionOutputs(found.labels[chosen], probabilities_of(found.logits[chosen], temperature))


def _share(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _mean(values: Sequence[float]) -> Cell:
    known = np.array([value for value in values if not np.isnan(value)])
    if len(known) < 2:
        return cells.nothing(3)
    half = float(stdtrit(len(known) - 1, 0.975) * known.std(ddof=1) / len(known) ** 0.5)
    mean = float(known.mean())
    return cells.score(mean, Interval(max(mean - half, 0.0), min(mean + half, 1.0)))


if __name__ == "__main__":
    main()
