"""Studies whose configurations are trained once for each test fold, so that each image is a test image once (out of
fold): every image counts, where a single test part has too few of a rare class."""

from __future__ import annotations

from dataclasses import replace

from core.study.definition import TEST_FOLD_FIELD, Study, changed
from core.study.tables import problem

_FOLDS_FIELD = "data.test_folds"


def across_test_folds(study: Study, folds: int) -> Study:
    """The study with every configuration, teachers too, once for each of `folds` test folds; the same study for one
    fold.

    A student learns from the teacher of its own fold, which has not seen its test images. Raises `SkinKDError` where
    the study varies the test fold already, and `RecipeError` for a number of folds that the recipe does not allow.
    """
    if folds == 1:
        return study
    base = changed(study.base, ((_FOLDS_FIELD, folds),))
    changes = [name for row in study.configurations for name, _ in row.changes]
    if study.folds > 1 or study.base.data.test_folds > 1 or _FOLDS_FIELD in changes or TEST_FOLD_FIELD in changes:
        raise problem("It has folds already; leave out test_folds.")
    if study.base.teacher.run:
        raise problem(
            "A finished teacher has learned images of some test folds; without teacher.run each fold gets one."
        )
    rows = tuple(row.in_fold(TEST_FOLD_FIELD, fold) for fold in range(1, folds + 1) for row in study.configurations)
    return replace(study, base=base, configurations=rows)
