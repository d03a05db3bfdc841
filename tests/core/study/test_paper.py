"""The paper's study is the paper's table."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.allocation import PAPERS_SPLIT
from core.models.catalog import check_architecture
from core.recipe import Preset, Recipe, preset, set_values
from core.study.controls import controls_of
from core.study.definition import check_study, members, recipe_of, teacher_of
from core.study.folds import TEACHER_AXES, cross_validated, teacher_candidates
from core.study.paper import CANDIDATES, FINE_ALPHAS, paper_finding, paper_study
from core.study.published import fine_sweep_table, published_facts, published_table


def paper(*changes: str) -> Recipe:
    return set_values(preset(Preset.PAPER), ["data.path=/images", *changes])


def test_the_runs_are_the_22_of_table_2_and_two_controls() -> None:
    study = check_study(paper_study(paper()))
    keys = [item.key for item in study.configurations]
    assert len(keys) == len(members(study)) == 24
    assert set(keys[:22]) == set(published_table().rows)
    assert keys[22:] == ["kl-0.1-random", "dist-0.1-random"]
    assert controls_of(study)["kl-0.1-cl"] == "kl-0.1-random"
    assert controls_of(study)["kl-0.3-cl"] is None
    assert keys[:4] == ["teacher", "plain", "kl-0.1", "kl-0.3"]
    recipes = {item.key: recipe_of(study, item, 0) for item in study.configurations}
    assert recipes["teacher"].task == "teacher"
    assert recipes["plain"].distillation.method == "none"
    assert not recipes["plain"].needs_teacher
    student = recipes["dist-0.7-cl"]
    assert (student.distillation.method, student.distillation.alpha) == ("dist", 0.7)
    assert student.curriculum.order == "easy_first"
    assert recipes["kl-0.9"].curriculum.order == "none"
    assert {teacher_of(study, item) for item in study.configurations[2:]} == {study.configurations[0]}


def test_a_base_with_a_curriculum_does_not_reach_the_plain_student() -> None:
    study = paper_study(paper("curriculum.order=easy_first", "task=teacher"))
    plain = recipe_of(study, study.configuration("plain"), 0)
    assert (plain.task, plain.needs_teacher) == ("student", False)


def test_table_2_as_printed(shared: Path) -> None:
    (text,) = (shared / "paper").glob("*.txt")
    rows = [line.split("\t") for line in text.read_text(encoding="utf-8").splitlines() if line.count("\t") == 2][1:]
    printed = [(float(f1), float(accuracy)) for _, f1, accuracy in rows]
    known = [(100 * row.weighted_f1, 100 * row.accuracy) for row in published_table().rows.values()]
    assert len(printed) == 22
    assert known == [pytest.approx(pair, abs=1e-9) for pair in printed]
    assert published_table().rows["dist-0.7-cl"].weighted_f1 == pytest.approx(0.69266)


def test_several_seeds_repeat_the_students_and_train_one_teacher() -> None:
    study = paper_study(paper("optimisation.seed=5"), seeds=(0, 1, 2))
    planned = members(study)
    assert len(planned) == 1 + 23 * 3
    assert [seed for item, seed in planned if item.teacher] == [5]
    assert {recipe_of(study, item, seed).optimisation.seed for item, seed in planned if item.key == "plain"} == {
        0,
        1,
        2,
    }
    assert {recipe_of(study, item, seed).data for item, seed in planned} == {study.base.data}


def test_the_finer_sweep() -> None:
    study = check_study(paper_study(paper(), fine_sweep=True, seeds=(0, 1)))
    assert [item.key for item in study.configurations][24:] == [f"kl-{alpha:g}" for alpha in FINE_ALPHAS]


def test_the_candidates_are_networks_with_rates_of_their_own() -> None:
    base = paper("teacher.architecture=mobilenetv2_100", "teacher.weights=/some.safetensors")
    study = cross_validated(teacher_candidates(base), vary=TEACHER_AXES)
    recipes = {item.chosen_as: recipe_of(study, item) for item in study.configurations}
    assert len(recipes) == len(CANDIDATES) * 3
    networks = {recipe.teacher.architecture: recipe.teacher for recipe in recipes.values() if not recipe.teacher.freeze}
    assert (networks["resnetv2_101"].drop_rate, networks["resnetv2_101"].drop_path_rate) == ("own", "own")
    assert networks["tf_efficientnet_b7.aa_in1k"] == preset(Preset.PAPER).teacher
    assert {recipe.data.test for recipe in recipes.values()} == {"withheld"}
    for name in CANDIDATES:
        check_architecture(name)


def test_the_teacher_may_have_settings_of_its_own() -> None:
    study = paper_study(paper(), teacher_changes=(("optimisation.learning_rate", 3e-4), ("teacher.weights", "none")))
    recipes = {item.key: recipe_of(study, item, 0) for item in study.configurations}
    assert recipes["teacher"].optimisation.learning_rate == 3e-4
    assert recipes["kl-0.1"].optimisation.learning_rate == 1e-5
    assert teacher_of(study, study.configuration("kl-0.1")) is study.configurations[0]


def test_the_curriculum_is_drawn_once_or_anew_or_both() -> None:
    def redraws(*readings: str) -> dict[str, str]:
        study = check_study(paper_study(paper(), redraws=readings))
        rows = [item for item in study.configurations if "-cl" in item.key]
        return {item.key: recipe_of(study, item, 0).curriculum.redraw for item in rows}

    assert set(redraws("once").values()) == {"once"}
    assert set(redraws("each_epoch").values()) == {"each_epoch"}
    both = redraws("once", "each_epoch")
    assert len(both) == 20
    assert (both["kl-0.1-cl"], both["kl-0.1-cl-each_epoch"]) == ("once", "each_epoch")
    study = paper_study(paper("curriculum.redraw=once"))
    assert recipe_of(study, study.configuration("kl-0.1"), 0).curriculum.redraw == "each_epoch"


def test_the_numbers_of_the_text_are_right() -> None:
    facts = published_facts()
    counts = (facts["train"], facts["validation"], facts["test"])
    assert sum(counts) == facts["images"] == 25331
    assert ((0.7, 0.2, 0.1), counts) == PAPERS_SPLIT


def test_no_number_of_table_3_is_made_up() -> None:
    assert fine_sweep_table().rows == {}
    assert "not known" in fine_sweep_table().note
    assert not {f"kl-{alpha:g}" for alpha in FINE_ALPHAS} & set(published_table().rows)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["distillation.alpha=0.1"], "KL with alpha 0.1 reached a weighted F1 of"),
        (["distillation.alpha=0.1"], "0.85 points above"),
        (["curriculum.order=easy_first"], "made every student of the paper worse. As we read it, the paper draws"),
        (["curriculum.order=easy_first", "curriculum.redraw=once"], "made every student of the paper worse."),
        (["distillation.method=dist", "distillation.alpha=0.33"], "DIST with alpha 0.3 "),
        (["distillation.method=none", "curriculum.order=easy_first"], "did not try the teacher's order without"),
        (["curriculum.order=random"], "did not try this curriculum"),
        (["distillation.term=[{method='dist'}]"], "did not try this loss"),
        (["distillation.method=none"], ""),
    ],
)
def test_what_the_paper_measured_nearest(changes: list[str], said: str) -> None:
    found = paper_finding(paper(*changes))
    assert said in found if said else found == ""
