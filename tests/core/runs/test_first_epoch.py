"""What the batches of a first epoch held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.runs.first_epoch import FILE_NAME, FirstEpoch, first_epoch_of, keep_first_epoch
from core.runs.folder import RunFolder

ISIC2019 = CLASS_SETS["isic2019"]


def test_batches_are_counted_in_their_order(tmp_path: Path) -> None:
    labels = np.array([0, 0, 1, 1, 1, 2, 2])
    keep_first_epoch(tmp_path, labels, 3, ISIC2019)
    found = first_epoch_of(tmp_path)
    assert found is not None
    assert found.codes == ISIC2019.codes
    assert [row[:3] for row in found.batches] == [(2, 1, 0), (0, 2, 1), (0, 0, 1)]
    assert found.fractions()[:3] == pytest.approx((2 / 7, 3 / 7, 2 / 7))
    assert found.fractions(0.0, 0.1)[:3] == pytest.approx((2 / 3, 1 / 3, 0))
    assert found.fractions(0.9, 1.0)[:3] == pytest.approx((0, 0, 1))


@pytest.mark.parametrize("text", ["", "batch\n", "batch,A\n1,x\n", "batch,A\n1,2,3\n", "batch,A\n1,-2\n"])
def test_a_damaged_file_says_nothing(text: str, tmp_path: Path) -> None:
    assert first_epoch_of(tmp_path) is None
    (tmp_path / FILE_NAME).write_text(text)
    assert first_epoch_of(tmp_path) is None


def test_a_run_records_it(finished_run: RunFolder) -> None:
    found = first_epoch_of(finished_run.path)
    assert isinstance(found, FirstEpoch)
    trained = [row for row in finished_run.split_rows if row.part is not None and row.part.value == "train"]
    assert sum(map(sum, found.batches)) == len(trained)
