"""A study with a curriculum has its random control, and nothing is said to help that does not beat it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.recipe import Recipe
from core.reporting.family_tables import study_family_table
from core.study.controls import controls_of, with_controls
from core.study.definition import Configuration, Study, recipe_of
from core.study.families import study_family
from core.study.files import parse_study, read_study, write_study
from core.study.results import study_results
from tests.core.study.conftest import PLAIN, TEACHER, StandIn
from tests.core.study.test_study_families import a_finished_study

PACED = (("distillation.method", "kl"), ("curriculum.order", "easy_first"), ("curriculum.pacing", "linear"))
EASY = Configuration("easy", "Easy first", PACED)
HARD = Configuration("hard", "Hard first", (*PACED[:1], ("curriculum.order", "hard_first"), PACED[2]))
LOSS = Configuration("loss", "By loss", (*PACED, ("curriculum.difficulty", "loss")))
TURNS = Configuration("turns", "In turn", (("curriculum.order", "class_interleaved"),))


def keys(study: Study) -> list[str]:
    return [item.key for item in study.configurations]


def test_every_curriculum_by_difficulty_gets_the_random_order_behind_it(base: Recipe) -> None:
    study = with_controls(Study("s", base, (TEACHER, PLAIN, EASY, TURNS)))
    assert keys(study) == ["teacher", "plain", "easy", "easy-random", "turns", "turns-random"]
    easy, random = (recipe_of(study, study.configuration(key)).curriculum for key in ("easy", "easy-random"))
    assert random.order == "random"
    assert random.model_dump(exclude={"order"}) == easy.model_dump(exclude={"order"})
    assert study.configuration("easy-random").title == "Easy first, in random order"
    assert study.configuration("turns-random").title == "In turn, by random difficulty"
    # Taking turns stays: the difficulties are what is random.
    turns = recipe_of(study, study.configuration("turns-random")).curriculum
    assert (turns.order, turns.difficulty) == ("class_interleaved", "random")
    assert with_controls(study) == study


def test_curricula_that_differ_in_order_or_difficulty_alone_share_a_control(base: Recipe) -> None:
    study = with_controls(Study("s", base, (EASY, HARD, LOSS)))
    assert keys(study) == ["easy", "easy-random", "hard", "loss"]
    assert controls_of(study) == {"easy": "easy-random", "hard": "easy-random", "loss": "easy-random"}
    weights = tuple(
        replace(EASY, key=key, changes=(*PACED, ("distillation.alpha", alpha)))
        for key, alpha in (("a", 0.1), ("b", 0.5))
    )
    assert keys(with_controls(Study("s", base, weights))) == ["a", "a-random", "b", "b-random"]


@pytest.mark.parametrize(
    "changes", [(("curriculum.order", "random"),), (("curriculum.difficulty", "random"),)], ids=["order", "difficulty"]
)
def test_a_control_that_is_there_is_known(base: Recipe, changes: tuple[tuple[str, str], ...]) -> None:
    own = Configuration("own", "Mine", tuple({**dict(PACED), **dict(changes)}.items()))
    study = with_controls(Study("s", base, (EASY, own)))
    assert keys(study) == ["easy", "own"]
    assert controls_of(study) == {"easy": "own"}


def test_other_pacing_is_no_control_and_plain_pacing_needs_none(base: Recipe) -> None:
    whole = Configuration("whole", "Whole epochs", (("distillation.method", "kl"), ("curriculum.order", "random")))
    paced = Configuration("paced", "Paced", (("curriculum.pacing", "root"),))
    assert keys(with_controls(Study("s", base, (EASY, whole, paced)))) == ["easy", "easy-random", "whole", "paced"]


def test_files_of_earlier_versions_stay_as_they_are(base: Recipe, tmp_path: Path) -> None:
    values = {"base": "quick", "configuration": [{"key": "easy", "changes": dict(PACED)}]}
    assert "easy-random" in keys(parse_study({**values, "version": 4}, tmp_path))
    assert "easy-random" in keys(parse_study(values, tmp_path))
    old = parse_study({**values, "version": 3}, tmp_path)
    assert "easy-random" not in keys(old)
    write_study(tmp_path / "old.toml", old)
    assert read_study(tmp_path / "old.toml") == old


@pytest.mark.parametrize(
    ("right", "said", "meant"),
    [
        (110, "its order helps here", "better, also than in random order"),
        (82, "its order is not shown to help", "better, not than in random order"),
        (40, "its order does harm here", "may be chance"),
    ],
)
def test_a_curriculum_helps_only_where_it_beats_its_control(
    right: int, said: str, meant: str, base: Recipe, tmp_path: Path, stand_in: StandIn
) -> None:
    study = with_controls(Study("s", base, (TEACHER, PLAIN, EASY), seeds=(0, 1)))
    rights = {"plain": (40, 60), "easy": (right, 60), "easy-random": (80, 60)}
    results = study_results(a_finished_study(study, tmp_path, rights))
    compared = study_family(results, resamples=400)
    (controlled,) = compared.controlled
    assert (controlled.key, controlled.control) == ("easy", "easy-random")
    assert controlled.helps is (right == 110)
    table = study_family_table(results, compared)
    assert any(said in note for note in table.notes)
    meanings = {row[0]: row[-1] for row in table.texts}
    assert meanings["Easy first"] == meant
    assert meanings["Easy first, in random order"] == "better"


def test_without_a_control_nothing_is_said_to_help(base: Recipe, tmp_path: Path, stand_in: StandIn) -> None:
    study = Study("s", base, (TEACHER, PLAIN, EASY), controls=False)
    results = study_results(a_finished_study(study, tmp_path, {"plain": (40, 60), "easy": (110, 60)}))
    compared = study_family(results, resamples=400)
    (controlled,) = compared.controlled
    assert controlled.control is None
    assert not controlled.helps
    table = study_family_table(results, compared)
    assert any("no run shows the same images in random order" in note for note in table.notes)
    assert table.texts[0][-1] == "better, no random control yet"
