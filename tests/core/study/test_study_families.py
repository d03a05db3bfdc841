"""A study's configurations are compared as one family; validation chooses, the test part is only read."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.types import Part
from core.errors import SkinKDError
from core.evaluation.metrics import score, scores_to_json
from core.reporting.family_tables import arms_table
from core.runs.annotations import read_annotations
from core.runs.folder import RunFolder
from core.runs.tables import Predictions, write_predictions
from core.study.definition import Study, check_study
from core.study.execute import run_study
from core.study.families import ARM_SCORES, study_family
from core.study.files import read_study, write_study
from core.study.folder import StudyFolder, create_study
from core.study.out_of_fold import across_test_folds
from core.study.results import study_results
from tests.core.study.conftest import KL, PLAIN, TEACHER, StandIn

IMAGES = 120


def predictions_of(folder: RunFolder, *, right: int, on_validation: int) -> None:
    """predictions.csv of a run that is right on that many of the test and validation images, and its scores."""
    labels = np.arange(IMAGES, dtype=np.int64) % 4
    rows = []
    for part, good in ((Part.VALIDATION, on_validation), (Part.TEST, right)):
        said = np.where(np.arange(IMAGES) < good, labels, (labels + 1) % 4)
        rows.append((part, np.eye(8, dtype=np.float32)[said]))
    write_predictions(
        folder.predictions_file,
        Predictions(
            tuple(f"{part}-{number}" for part, _ in rows for number in range(IMAGES)),
            tuple(part for part, _ in rows for _ in range(IMAGES)),
            np.concatenate([labels, labels]),
            np.concatenate([logits for _, logits in rows]),
        ),
        folder.recipe().class_set,
    )
    classes = folder.recipe().class_set
    scores = {part.value: scores_to_json(score(labels, logits, classes)) for part, logits in rows}
    folder.metrics_file.write_text(json.dumps((folder.metrics() or {}) | scores))


def a_finished_study(study: Study, root: Path, rights: dict[str, tuple[int, int]]) -> StudyFolder:
    folder = create_study(study, root)
    run_study(folder)
    for member in folder.members():
        if member.folder is not None and member.key in rights:
            right, on_validation = rights[member.key]
            predictions_of(RunFolder(member.folder), right=right + member.seed, on_validation=on_validation)
    return folder


def test_each_configuration_is_compared_with_the_plain_student(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    rights = {"teacher": (119, 119), "plain": (60, 70), "kl": (61, 90), "dist": (110, 80)}
    results = study_results(a_finished_study(small_study, tmp_path, rights))
    found = study_family(results, resamples=400)
    assert found.why_not == ""
    assert found.family is not None
    assert [(member.key, member.seeds) for member in found.family.members] == [("kl", 2), ("dist", 2)]
    assert [member.within_noise for member in found.family.members] == [True, False]
    assert (found.family.baseline, found.family.comparisons, found.family.images) == ("plain", 2, IMAGES)
    assert found.family.descriptive
    assert found.chosen is not None
    # KL is best on validation, though DIST is on the test part: what chose is not what is reported.
    assert (found.chosen.key, found.chosen.title) == ("kl", "KL")
    assert found.chosen.test < 0.6 < 0.7 < found.chosen.validation


def test_without_a_plain_student_there_is_no_family_and_it_is_said(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    study = replace(small_study, configurations=(TEACHER, KL))
    found = study_family(study_results(a_finished_study(study, tmp_path, {"kl": (70, 70)})))
    assert found.family is None
    assert "no finished plain student" in found.why_not
    assert found.chosen is not None


def test_runs_without_predictions_are_left_out(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    results = study_results(a_finished_study(small_study, tmp_path, {"plain": (60, 60), "kl": (70, 70)}))
    family = study_family(results).family
    assert family is not None
    assert [member.key for member in family.members] == ["kl"]


def test_the_primary_score_is_declared_in_the_study(small_study: Study, tmp_path: Path) -> None:
    write_study(tmp_path / "study.toml", replace(small_study, primary_score="balanced_accuracy"))
    assert read_study(tmp_path / "study.toml").primary_score == "balanced_accuracy"
    with pytest.raises(SkinKDError, match="primary_score"):
        check_study(replace(small_study, primary_score="accuracy"))


def fold_predictions(folder: RunFolder, *, right: float, file: Path | None = None) -> None:
    """predictions.csv (or `file`) of a run whose test images are those of its test fold; `right` is the share that it
    knows."""
    fold = folder.recipe().data.test_fold
    labels = np.arange(IMAGES, dtype=np.int64) % 4
    names = tuple(f"fold{fold}-{number}" for number in range(IMAGES))
    said = np.where(np.arange(IMAGES) < right * IMAGES, labels, (labels + 1) % 4)
    parts = (Part.TEST,) * IMAGES
    write_predictions(
        file or folder.predictions_file,
        Predictions(names, parts, labels, np.eye(8, dtype=np.float32)[said]),
        folder.recipe().class_set,
    )


def test_test_folds_are_compared_as_one_test_part(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    study = across_test_folds(replace(small_study, configurations=(TEACHER, PLAIN, KL)), 3)
    folder = create_study(study, tmp_path)
    run_study(folder)
    for member in folder.members():
        right = {"teacher": 1.0, "plain": 0.5, "kl": 0.75}[member.key.partition("-")[0]]
        assert member.folder is not None
        fold_predictions(RunFolder(member.folder), right=right)
        # A student learns from the teacher of its own fold alone.
        taught = RunFolder(member.folder).recipe().teacher.run
        if member.key.startswith("kl"):
            assert read_annotations(Path(taught)).configuration == member.key.replace("kl", "teacher")
    results = study_results(folder)
    assert results.warnings == ()
    assert results.test_images == 3 * 10
    found = study_family(results, resamples=200)
    assert [(arm.key, arm.trainings, arm.images) for arm in found.scores] == [
        ("teacher", 1, 3 * IMAGES),
        ("plain", 2, 3 * IMAGES),
        ("kl", 2, 3 * IMAGES),
    ]
    accuracies = {arm.title: arm.means[ARM_SCORES.index("accuracy")] for arm in found.scores}
    assert accuracies == {"Teacher": 1.0, "Plain": 0.5, "KL": 0.75}
    assert found.family is not None
    assert (found.family.images, found.family.baseline) == (3 * IMAGES, "plain")
    assert [(member.key, member.within_noise) for member in found.family.members] == [("kl", False)]
    text = "\n".join(arms_table(results, found).notes)
    assert "one of 3 test folds" in text
    assert "test-time augmentation" not in text


def test_a_teacher_with_test_time_augmentation_is_shown_beside_itself_where_all_folds_know_it(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = create_study(across_test_folds(replace(small_study, configurations=(TEACHER, PLAIN, KL)), 2), tmp_path)
    run_study(folder)
    runs = [RunFolder(member.folder) for member in folder.members() if member.folder is not None]
    teachers = [run for run in runs if run.recipe().task == "teacher"]
    for run in runs:
        fold_predictions(run, right=0.75)
    fold_predictions(teachers[0], right=1.0, file=teachers[0].averaged_file)
    assert not any(arm.averaged for arm in study_family(study_results(folder), resamples=200).scores)
    fold_predictions(teachers[1], right=1.0, file=teachers[1].averaged_file)
    results = study_results(folder)
    found = study_family(results, resamples=200)
    accuracy = ARM_SCORES.index("accuracy")
    shown = [(arm.key, arm.averaged, arm.images, arm.means[accuracy]) for arm in found.scores]
    assert shown[:2] == [("teacher", False, 2 * IMAGES, 0.75), ("teacher", True, 2 * IMAGES, 1.0)]
    assert not any(arm.averaged for arm in found.scores[2:])
    table = arms_table(results, found)
    assert [row[0].text for row in table.rows[:2]] == ["Teacher", "Teacher, mean over flips and turns"]
    assert any("test-time augmentation" in note for note in table.notes)


def test_a_study_that_has_test_folds_gets_no_others(small_study: Study) -> None:
    study = across_test_folds(small_study, 2)
    assert across_test_folds(study, 1) is study
    with pytest.raises(SkinKDError, match="folds already"):
        across_test_folds(study, 3)
    taught = small_study.base.model_copy(
        update={"teacher": small_study.base.teacher.model_copy(update={"run": "elsewhere"})}
    )
    with pytest.raises(SkinKDError, match="learned images of some test folds"):
        across_test_folds(replace(small_study, base=taught), 2)


def test_test_folds_stand_in_a_study_file(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        'version = 3\nname = "Folds"\ntest_folds = 2\n[[configuration]]\nkey = "plain"\ntitle = "Plain"\n'
        'changes = { "distillation.method" = "none" }\n'
    )
    study = read_study(tmp_path / "study.toml")
    assert [row.key for row in study.configurations] == ["plain-test-fold-1", "plain-test-fold-2"]
    assert study.configurations[1].title == "Plain, test fold 2"
    write_study(tmp_path / "again.toml", study)
    assert read_study(tmp_path / "again.toml") == study


def test_runs_of_older_versions_are_found_again_under_their_shorter_names(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = a_finished_study(small_study, tmp_path, {"plain": (60, 70), "kl": (70, 70)})
    older = next(RunFolder(member.folder) for member in folder.members() if member.key == "kl" and member.folder)
    newer = [RunFolder(member.folder) for member in folder.members() if member.folder and member.folder != older.path]
    for run in newer:
        if run.predictions_file.exists():
            text = run.predictions_file.read_text()
            run.predictions_file.write_text(text.replace("\ntest-", "\npictures/test-").replace(",test,", ".jpg,test,"))
    family = study_family(study_results(folder), resamples=100).family
    assert family is not None
    assert family.images == IMAGES
    assert [member.seeds for member in family.members] == [2]


def test_what_was_compared_is_not_compared_again_until_a_file_changes(
    small_study: Study, tmp_path: Path, stand_in: StandIn
) -> None:
    folder = a_finished_study(small_study, tmp_path, {"plain": (60, 70), "kl": (70, 70)})
    first = study_family(study_results(folder), resamples=100)
    assert study_family(study_results(folder), resamples=100) is first
    member = next(member for member in folder.members() if member.key == "kl")
    assert member.folder is not None
    predictions_of(RunFolder(member.folder), right=115, on_validation=70)
    again = study_family(study_results(folder), resamples=100)
    assert again.family is not None
    assert first.family is not None
    assert again.family.members[0].difference > first.family.members[0].difference
