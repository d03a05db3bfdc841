"""Studies whose configurations are trained once for each test fold, so that each image is a test image once (out of
fold): every image counts, where a single test part has too few of a rare class."""

from __future__ import annotations

from dataclasses import replace

from core.study.definition import Configuration, Study, changed, key_ending, title_ending
from core.study.tables import problem

FOLDS_FIELD, FOLD_FIELD = "data.test_folds", "data.test_fold"


def across_test_folds(study: Study, folds: int) -> Study:
    """The study with every configuration, teachers too, once for each of `folds` test folds, keys ending in .fold1,
    .fold2 ...; the same study for one fold.

    A student learns from the teacher of its own fold, which has not seen its test images. Raises `SkinKDError` where
    the study varies the test fold already, and `RecipeError` for a number of folds that the recipe does not allow.
    """
    if folds == 1:
        return study
    base = changed(study.base, ((FOLDS_FIELD, folds),))
    changes = [name for row in study.configurations for name, _ in row.changes]
    if study.base.data.test_folds > 1 or FOLDS_FIELD in changes or FOLD_FIELD in changes:
        raise problem("It divides the images into test folds already; leave out test_folds.")
    if study.base.teacher.run:
        raise problem(
            "A finished teacher has learned images of some test folds; without teacher.run each fold gets one."
        )
    rows = tuple(_in_fold(row, fold) for fold in range(1, folds + 1) for row in study.configurations)
    return replace(study, base=base, configurations=rows)


def _in_fold(row: Configuration, fold: int) -> Configuration:
    key, title = row.key + key_ending(fold), row.title + title_ending(fold)
    return replace(row, key=key, title=title, changes=(*row.changes, (FOLD_FIELD, fold)))
