from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.types import Part
from core.evaluation.intervals import Interval
from core.reporting.facts.people import people_table
from core.reporting.facts.record import RunRecord, read_record, whole_record
from core.reporting.measured_tables import (
    MOST_ERRORS,
    brier_table,
    errors_table,
    operating_table,
    robustness_table,
    surest_errors,
)
from core.runs.evidence import load_evidence
from core.runs.folder import RunFolder
from core.runs.robustness import CorruptedScore, Robustness
from core.runs.tables import Predictions, SplitRow, write_predictions

ISIC2019 = CLASS_SETS["isic2019"]
MEL, NV = 0, 1


def whole(folder: Path) -> RunRecord:
    evidence = load_evidence(folder)
    return whole_record(read_record(evidence.summary), evidence)


def logits(melanoma: list[float]) -> np.ndarray:
    """Logits whose softmax gives melanoma these probabilities, and naevus the rest."""
    found = np.full((len(melanoma), 8), -50.0, np.float32)
    found[:, MEL] = np.log(melanoma)
    found[:, NV] = np.log1p(-np.array(melanoma))
    return found


@pytest.fixture
def run(write_run: Callable[..., Path]) -> RunRecord:
    """Melanoma probabilities 0.9, 0.6, 0.3 and 0.2 in validation, others below 0.5; known ones in the test."""
    labels = np.array([MEL, MEL, NV, NV, NV])
    folder = RunFolder(write_run("run", labels, labels))
    validation = ([MEL, MEL, MEL, MEL, NV, NV], [0.9, 0.6, 0.3, 0.2, 0.4, 0.1])
    test = (labels.tolist(), [0.8, 0.1, 0.7, 0.25, 0.05])
    parts = (Part.VALIDATION,) * 6 + (Part.TEST,) * 5
    names = tuple([f"v{row}" for row in range(6)] + [f"t{row}" for row in range(5)])
    truth = np.array([*validation[0], *test[0]])
    every = Predictions(names, parts, truth, logits([*validation[1], *test[1]]))
    write_predictions(folder.predictions_file, every, ISIC2019)
    return whole(folder.path)


def test_thresholds_are_chosen_on_calibrating_images_and_measured_on_the_test(run: RunRecord) -> None:
    table = operating_table(run)
    assert table is not None
    rows = [[cell.values[0] for cell in row] for row in table.rows]
    # 80 % of four melanomas are all four: 0.2; on the test one of two melanomas and two of three others are above it.
    assert [row[0] for row in rows] == [0.8, 0.9, 0.95]
    assert rows[0][1] == pytest.approx(0.2, abs=1e-6)
    assert rows[0][2:] == [0.5, pytest.approx(1 / 3)]
    assert "6 validation images (4 melanomas)" in table.notes[0]


def test_errors_are_listed_from_the_surest(run: RunRecord) -> None:
    found = surest_errors(run)
    assert [(image, truth, said) for image, truth, said, _ in found] == [("t1", "MEL", "NV"), ("t2", "NV", "MEL")]
    assert [sure for *_, sure in found] == pytest.approx([0.9, 0.7], abs=1e-5)
    assert len(errors_table(run).rows) == 2 <= MOST_ERRORS


def test_brier_scores_are_those_of_the_probabilities(run: RunRecord) -> None:
    (row,) = brier_table([("run", run)]).rows  # not calibrated: as trained alone
    # 2 (1 - p)^2 for two classes: melanomas 0.8 and 0.1, others 0.7, 0.25 and 0.05 of melanoma.
    expected = 2 * (0.2**2 + 0.9**2 + 0.7**2 + 0.25**2 + 0.05**2) / 5
    assert row[4].values[0] == pytest.approx(expected, abs=1e-5)


def test_robustness_is_a_row_a_corruption_with_intervals_for_programs() -> None:
    scores = [CorruptedScore("hair", at, at * 4, 0.8 - at / 10, None, Interval(0.1, 0.9)) for at in (2, 1)]
    table = robustness_table(Robustness(40, 0.8, tuple(scores), "2026-01-01T00:00:00+00:00"))
    assert table.texts == (("Hair", "80.0 %", "70.0 %", "60.0 %"),)
    assert table.values[0][2:5] == (pytest.approx(0.7), 0.1, 0.9)


def test_people_are_counted_by_part_with_what_is_not_known() -> None:
    rows = [
        SplitRow("a", "NV", "L1", Part.TRAIN, 40.0, "Female", "back", "P1", skin_type=2),
        SplitRow("b", "NV", "L1", Part.TRAIN, 60.0, "female", None, "P1"),
        SplitRow("c", "NV", "", Part.TEST, None, None, "face"),
        SplitRow("d", "NV", "", None),
    ]
    table = people_table(rows)
    assert [column.heading for column in table.columns] == ["", "Training", "Validation", "Test", "All"]
    cells = {row[0]: row[1:] for row in table.texts}
    assert cells["Images"] == ("2", "0", "1", "3")
    assert cells["Patients"] == ("1", "–", "–", "1")
    assert cells["Patient not known"] == ("0", "0", "1", "1")
    assert cells["Lesions"] == ("1", "–", "–", "1")
    assert cells["Age in years, median (quartiles)"] == ("50 (45 to 55)", "–", "–", "50 (45 to 55)")
    assert cells["Age not known"] == ("0", "0", "1", "1")
    assert cells["Sex: female"] == ("2", "0", "0", "2")
    assert cells["Sex not known"] == ("0", "0", "1", "1")
    assert cells["Site not known"] == ("1", "0", "0", "1")
    assert cells["Skin type: 2"] == ("1", "0", "0", "1")
