"""Means, deviations and differences are right; what can not be compared is said."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path

import pytest

from core.runs.folder import RunFolder
from core.runs.status import RunState
from core.study.definition import Study
from core.study.execute import run_study, start_member
from core.study.folder import StudyFolder, create_study
from core.study.results import StudyRow, study_results
from tests.core.study.conftest import DIST, KL, PLAIN, TEACHER, StandIn


def rows_of(study: Study, root: Path) -> dict[str, StudyRow]:
    folder = create_study(study, root)
    run_study(folder)
    return {row.key: row for row in study_results(folder).rows}


def test_mean_and_deviation_over_seeds(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    rows = rows_of(replace(small_study, seeds=(0, 1, 3)), tmp_path)
    row = rows["kl"]
    accuracies = [accuracy for _, _, accuracy in row.points]
    assert [seed for seed, _, _ in row.points] == [0, 1, 3]
    assert row.mean_accuracy == pytest.approx(sum(accuracies) / 3)
    assert row.sd_accuracy == pytest.approx(statistics.stdev(accuracies))
    assert (row.method, row.alpha, row.curriculum, row.planned) == ("kl", 0.3, False, 3)
    assert row.published_f1 is row.f1_difference is None
    teacher = rows["teacher"]
    assert (len(teacher.points), teacher.sd_f1, teacher.planned, teacher.method) == (1, None, 1, "teacher")
    assert len(row.folders) == 3


def test_nothing_measured_is_undefined_not_zero(small_study: Study, tmp_path: Path) -> None:
    folder = create_study(replace(small_study, paper=True), tmp_path)
    results = study_results(folder)
    assert len(results.missing) == 7
    assert results.test_images is None
    assert results.baseline_f1 is results.teacher_f1 is None
    assert {row.mean_f1 for row in results.rows} == {None}
    assert {row.f1_difference for row in results.rows} == {None}
    assert "Images" not in {item.what for item in results.departures}
    assert results.headline.startswith("NOT a reproduction")


def test_the_papers_numbers_stand_beside(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    rows = rows_of(replace(small_study, configurations=(TEACHER, PLAIN, KL, DIST), paper=True), tmp_path)
    plain = rows["plain"]
    assert plain.mean_f1 is not None
    assert (plain.published_f1, plain.published_accuracy) == (pytest.approx(0.72659), pytest.approx(0.7184))
    assert plain.f1_difference == pytest.approx(plain.mean_f1 - 0.72659)
    assert rows["kl"].published_f1 is None  # no such row in the paper


def test_the_number_of_images_comes_from_the_runs(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(replace(small_study, paper=True), tmp_path)
    (member, *_) = folder.members()
    stand_in(start_member(folder, member))
    assert study_results(folder).test_images == 10
    found = {item.what: item.here for item in study_results(folder).departures}
    assert found["Images"] == "3"


def test_different_test_images_are_said(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    run = folder.member("dist", 1).folder
    assert run is not None
    split = run / "split.csv"
    split.write_text(split.read_text().replace("a,MEL,,train", "a,MEL,,test"))
    (warning,) = study_results(folder).warnings
    assert "same images" in warning


def test_another_teacher_is_said(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    teacher, student = folder.members()[0].folder, folder.member("kl", 0).folder
    assert teacher is not None
    assert student is not None
    recipe = student / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(str(teacher), str(tmp_path / "another")))
    assert any("another teacher" in warning for warning in study_results(folder).warnings)


def test_a_study_that_was_moved_has_the_same_teacher(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path / "here")
    run_study(folder)
    moved = (tmp_path / "here").rename(tmp_path / "there")
    results = study_results(StudyFolder(moved / "studies" / folder.slug))
    assert all(row.points for row in results.rows)
    assert not any("another teacher" in warning for warning in results.warnings)


def test_a_failed_run_is_missing_though_it_has_scores(small_study: Study, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(small_study, tmp_path)
    run_study(folder)
    failed = folder.member("kl", 0).folder
    assert failed is not None
    RunFolder(failed).set_status(state=RunState.FAILED, message="The disk was full.")
    results = study_results(folder)
    assert [(item.key, item.seed, item.message) for item in results.missing] == [("kl", 0, "The disk was full.")]
    row = next(row for row in results.rows if row.key == "kl")
    assert (len(row.points), row.planned) == (1, 2)
