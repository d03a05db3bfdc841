"""Cross-validation: each image outside the test part validates once, validation chooses, and the test part is used once
for the candidate that was chosen."""

from __future__ import annotations

import json
import shutil
import statistics
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from core.cli.main import run as command_line
from core.data.types import Part
from core.errors import SkinKDError
from core.recipe import Recipe, set_values
from core.reporting.cross_validation_tables import chosen_sentence, cross_validation_table, sentence_of_test_part
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.planning import teacher_recipe
from core.study.cross_validation import CrossValidation
from core.study.definition import Configuration, Study, members, recipe_of, teacher_of
from core.study.execute import run_study
from core.study.files import read_study, write_study
from core.study.folder import StudyFolder, create_study
from core.study.folds import TEACHER_AXES, cross_validated, with_folds
from core.study.results import study_results
from core.study.test_part import recorded_use, use_test_part
from tests.core.study.conftest import StandIn

AXES = {"optimisation.learning_rate": [0.003, 0.0001]}
FIRST, SECOND = "learning_rate-0.003", "learning_rate-0.0001"


def small(data: Path) -> Recipe:
    settings = ["task=teacher", f"data.path={data}", "data.image_size=32", "teacher.architecture=test_resnet"]
    settings += ["teacher.weights=none", "optimisation.epochs=1", "hardware.device=cpu", "hardware.threads=1"]
    return set_values(Recipe(), settings)


def measured(folder: StudyFolder) -> CrossValidation:
    result = study_results(folder).cross_validation
    assert result is not None
    return result


@pytest.fixture(scope="module")
def finished(sample_set: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyFolder:
    """Two candidates over two folds, really trained (read it only)."""
    root = tmp_path_factory.mktemp("folds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        folder = create_study(cross_validated(small(sample_set), folds=2, vary=AXES, name="Two"), root / "runs")
        assert run_study(folder).failed == ()
    return folder


@pytest.fixture
def copied(finished: StudyFolder, tmp_path: Path) -> StudyFolder:
    shutil.copytree(finished.runs_root, tmp_path / "runs")
    return StudyFolder(tmp_path / "runs" / "studies" / finished.slug)


def test_a_file_with_folds_trains_every_configuration_once_for_each(base: Recipe, tmp_path: Path) -> None:
    rows = (Configuration("a", "A", (("optimisation.epochs", 2),)), Configuration("b", "B"))
    study = with_folds(Study("S", replace_task(base), rows, seeds=(0, 1), folds=3))
    assert [item.key for item in study.configurations] == [f"{key}-fold-{n}" for key in "ab" for n in (1, 2, 3)]
    assert len(members(study)) == 12
    for item in study.configurations:
        data = recipe_of(study, item).data
        assert (data.folds, data.fold, data.calibration, data.test) == (3, int(item.key[-1]), 0.0, "withheld")
    write_study(tmp_path / "s.toml", study)
    assert read_study(tmp_path / "s.toml") == study
    (tmp_path / "short.toml").write_text(
        f'name = "S"\nfolds = 4\nbase = "quick"\n[set]\n"data.path" = "{base.data.path}"\n"task" = "teacher"\n'
        '[axes]\n"teacher.freeze" = [0.0, 0.5]\n'
    )
    read = read_study(tmp_path / "short.toml")
    assert [item.key for item in read.configurations][:4] == [f"freeze-0-fold-{n}" for n in (1, 2, 3, 4)]
    assert read.withholds_test


def replace_task(recipe: Recipe) -> Recipe:
    return recipe.model_copy(update={"task": "teacher"})


@pytest.mark.parametrize("folds", [0, 21])
def test_no_number_of_folds(folds: int, base: Recipe) -> None:
    with pytest.raises(SkinKDError, match="folds"):
        with_folds(Study("S", base, (Configuration("a", "A"),), folds=folds))


def test_a_student_has_a_teacher_of_its_fold(base: Recipe) -> None:
    student = set_values(base, ["distillation.method=kl"])
    study = cross_validated(student, folds=3)
    taught = [item for item in study.configurations if not item.teacher]
    assert len(taught) == sum(item.teacher for item in study.configurations) == 3
    for item in taught:
        teacher = teacher_of(study, item)
        assert teacher is not None
        assert recipe_of(study, teacher).data == recipe_of(study, item).data


def test_the_papers_choice_of_a_teacher(base: Recipe) -> None:
    study = cross_validated(teacher_recipe(base), vary=TEACHER_AXES)
    tried = Counter((recipe.teacher.architecture, recipe.teacher.freeze)
                    for recipe in (recipe_of(study, item) for item in study.configurations))  # fmt: skip
    assert set(tried) == {
        (name, depth)
        for name in ("resnetv2_50", "resnetv2_101", "tf_efficientnet_b7.aa_in1k")
        for depth in (0.0, 0.5, 1.0)
    }  # fmt: skip
    assert set(tried.values()) == {5}


def test_each_image_outside_the_test_part_validates_once(finished: StudyFolder) -> None:
    validated: Counter[str] = Counter()
    tests = []
    everything: set[str] = set()
    for run in measured(finished).candidates[0].runs:
        rows = RunFolder(run.folder).split_rows
        validated.update(row.image for row in rows if row.part is Part.VALIDATION)
        tests.append({row.image for row in rows if row.part is Part.TEST})
        everything |= {row.image for row in rows}
        assert run.test is None
    assert tests[0] == tests[1]
    assert set(validated) == everything - tests[0]
    assert set(validated.values()) == {1}


def test_validation_chooses_and_no_model_sees_the_test_part(finished: StudyFolder) -> None:
    found = measured(finished)
    assert [item.key for item in found.candidates] == [FIRST, SECOND]
    tested = {row.image for row in RunFolder(found.candidates[0].runs[0].folder).split_rows if row.part is Part.TEST}
    assert found.test_images == len(tested) > 0
    for summary in list_runs(finished.runs_root):
        assert summary.scores is None
        assert not tested & set(RunFolder(summary.folder).predictions().names)
    for item in found.candidates:
        scores = [run.validation.weighted_f1 for run in item.runs]
        mean = item.validation("weighted_f1")
        assert mean is not None
        assert (mean.mean, mean.deviation) == (statistics.fmean(scores), statistics.stdev(scores))
        assert item.test("weighted_f1") is None
    assert found.best is max(found.candidates, key=lambda item: statistics.fmean(
        [run.validation.weighted_f1 for run in item.runs]))  # fmt: skip
    assert found.use is None
    assert "untouched" in sentence_of_test_part(found)
    table = cross_validation_table(found)
    assert not any(name.endswith("test") for name in table.names)
    assert "untouched" in " ".join(table.notes)
    results = study_results(finished)
    assert results.missing == ()
    assert results.warnings == ()


def test_the_chosen_one_is_tested_once_and_it_is_on_record(copied: StudyFolder) -> None:
    use = use_test_part(copied, SECOND, device="cpu")
    found = measured(copied)
    assert found.use == use == recorded_use(copied)
    assert use.began <= use.finished
    other, tested = found.candidates
    assert found.tested is tested
    assert other.test("weighted_f1") is None
    assert all(RunFolder(run.folder).withholds_test for run in other.runs)
    scores = [RunFolder(run.folder).scores() for run in tested.runs]
    mean = tested.test("accuracy")
    assert mean is not None
    assert mean.mean == statistics.fmean([item.accuracy for item in scores if item is not None])
    assert tested.title in sentence_of_test_part(found)
    assert tested.title in chosen_sentence(found)
    assert use_test_part(copied, SECOND, device="cpu") == use
    with pytest.raises(SkinKDError, match="test scores would choose"):
        use_test_part(copied, FIRST, device="cpu")
    assert measured(copied).use == use


def test_it_is_on_record_before_the_first_model_sees_the_test_part(
    copied: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.study.test_part as test_part

    seen = []

    def fail(run: RunFolder, *rest: object) -> None:
        seen.append(recorded_use(copied))
        raise SkinKDError("Broken", "on purpose")

    with monkeypatch.context() as patch:
        patch.setattr(test_part, "score_test_part", fail)
        with pytest.raises(SkinKDError, match="on purpose"):
            use_test_part(copied, FIRST, device="cpu")
    assert seen[0] is not None
    assert (seen[0].candidate, seen[0].finished) == (FIRST, "")
    assert "interrupted" in sentence_of_test_part(measured(copied))
    with pytest.raises(SkinKDError, match="used already"):
        use_test_part(copied, SECOND, device="cpu")
    use = use_test_part(copied, FIRST, device="cpu")
    assert use.began == seen[0].began
    assert use.finished


def test_a_damaged_record_is_no_untouched_test_part(copied: StudyFolder) -> None:
    (copied.path / "test_part.json").write_text('{"version": 1, "candidate": 3}')
    with pytest.raises(SkinKDError, match="Restore a copy"):
        study_results(copied)


def test_what_is_not_finished_is_no_choice(base: Recipe, tmp_path: Path, stand_in: StandIn) -> None:
    folder = create_study(cross_validated(replace_task(base), folds=2, vary=AXES, name="Open"), tmp_path)
    first = folder.members()[0]

    def fail(run: RunFolder) -> None:
        if run.status().name == f"Open: {first.title}":
            raise SkinKDError("Broken", "on purpose")

    stand_in.before = fail
    run_study(folder)
    found = measured(folder)
    assert [item.complete for item in found.candidates] == [False, True]
    assert found.best is found.candidates[1]
    assert "1 of the candidates are not finished" in chosen_sentence(found)
    with pytest.raises(SkinKDError, match="must be finished first"):
        use_test_part(folder, FIRST)
    with pytest.raises(SkinKDError, match=f"none of {FIRST}, {SECOND}"):
        use_test_part(folder, "fold-1")
    assert recorded_use(folder) is None


def test_folds_with_test_scores_are_warned_of(base: Recipe, tmp_path: Path, stand_in: StandIn) -> None:
    rows = tuple(Configuration(f"f{n}", f"F{n}", (("data.folds", 2), ("data.fold", n))) for n in (1, 2))
    folder = create_study(Study("Old", replace_task(base), rows), tmp_path)
    run_study(folder)
    results = study_results(folder)
    assert results.cross_validation is None
    assert any("choosing on the test images" in text for text in results.warnings)
    with pytest.raises(SkinKDError, match="does not withhold"):
        use_test_part(folder, "f1")


def test_one_command_cross_validates_and_another_tests(
    sample_set: Path, copied: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = ["--runs", str(copied.runs_root)]
    write_recipe = copied.path / "base.toml"
    from core.recipe import recipe_to_toml

    write_recipe.write_text(recipe_to_toml(small(sample_set)))
    asked = ["cross-validate", str(write_recipe), "--folds", "2", "--vary", "optimisation.learning_rate=0.003,0.0001"]
    assert command_line([*asked, "--name", "Two", "--dry-run", "--json", *runs]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["runs"], plan["finished"]) == (4, 4)
    assert command_line([*asked, "--name", "Two", "--json", *runs]) == 0
    document = json.loads(capsys.readouterr().out)["cross_validation"]
    assert document["test_part"] is None
    assert document["best"] in (FIRST, SECOND)
    assert command_line(["study", "two", "--show", *runs]) == 0
    text = capsys.readouterr().out
    assert "is untouched" in text
    assert f"skinkd-cli study two --test {document['best']}" in text
    assert command_line(["study", "two", "--test", SECOND, "--json", *runs]) == 0
    document = json.loads(capsys.readouterr().out)["cross_validation"]
    assert document["test_part"]["candidate"] == SECOND
    rows = {row["Candidate"]: row for row in document["rows"]}
    assert rows[FIRST]["Weighted F1, test"] is None
    assert 0 <= rows[SECOND]["Weighted F1, test"] <= 1
    assert command_line(["study", "two", "--test", FIRST, *runs]) == 1
    assert "used already" in capsys.readouterr().err


def test_the_score_that_chooses_is_the_studys(finished: StudyFolder, tmp_path: Path) -> None:
    found = measured(finished)
    balanced = replace(found, score="balanced_accuracy")
    assert "balanced accuracy" in chosen_sentence(balanced).lower()
