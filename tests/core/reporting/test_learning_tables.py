"""The parts of the loss, the classes under a curriculum, and the paper's tables 1 to 3."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.events import LossParts
from core.models.catalog import describe_model
from core.recipe import Preset, preset
from core.reporting.curriculum_tables import curriculum_table, first_batches_table
from core.reporting.loss_tables import loss_parts_table, loss_ratio, loss_scales_table, teacher_share
from core.reporting.paper_tables import UNPRINTED, study_tables
from core.runs.first_epoch import FirstEpoch
from core.study.paper import paper_study
from core.study.published import counted_parameters
from core.study.results import StudyResults, StudyRow


def row(key: str, method: str, alpha: float | None, curriculum: bool = False, variance: float = 0.01) -> StudyRow:
    return StudyRow(
        *(key, key, method, alpha, curriculum, ((0, 0.7, 0.7),), 0.7, None, 0.7, None, None, None, (Path("run"),)),
        architecture="tf_efficientnet_b7" if method == "teacher" else "mobilenetv2_100",
        parameters=63807448 if method == "teacher" else 2234120,
        f1_variances=(variance, 3 * variance),
    )


@pytest.fixture
def results() -> StudyResults:
    rows = (
        row("teacher", "teacher", None),
        row("plain", "none", None),
        row("kl-0.1", "kl", 0.1, variance=0.01),
        row("kl-0.1-cl", "kl", 0.1, curriculum=True, variance=0.02),
        row("kl-0.05", "kl", 0.05),
    )
    return StudyResults(paper_study(preset(Preset.PAPER)), rows, (), None, None, ())


def test_alpha_weighs_both_parts_of_the_loss() -> None:
    loss = LossParts(total=1.0, classification=2.0, distillation=0.5)
    assert loss_ratio(loss) == 0.25
    assert teacher_share(loss, 0.1) == pytest.approx(0.05 / (0.05 + 1.8))
    assert teacher_share(loss, 1.0) == 1.0
    alone = LossParts(1.0, 1.0, None)
    assert (loss_ratio(alone), teacher_share(alone, 0.5)) == (None, None)
    assert loss_ratio(LossParts(1.0, 0.0, 1.0)) is None


def test_both_parts_stand_in_the_table_and_its_csv(make_history) -> None:
    history = make_history(3, best=2)
    table = loss_parts_table("KL", 0.1, history)
    assert table.names[1:4] == ("L_CLS", "L_KD", "L_KD / L_CLS")
    for record, values in zip(history, table.values, strict=True):
        assert values[:3] == (record.epoch, record.train_loss.classification, record.train_loss.distillation)
    assert table.to_csv().splitlines()[0] == "Epoch,L_CLS,L_KD,L_KD / L_CLS,Teacher's share"
    scales = loss_scales_table([("low", 0.1, history), ("high", 0.9, history)])
    assert [line[:3] for line in scales.texts] == [
        *(("low", "0.1", "first"), ("low", "0.1", "best (2)")),
        *(("high", "0.9", "first"), ("high", "0.9", "best (2)")),
    ]
    assert "From alpha 0.1 to 0.9" in scales.notes[1]


def test_first_batches_beside_the_whole_epoch() -> None:
    sorted_run = FirstEpoch(("A", "B"), tuple((4, 0) for _ in range(5)) + tuple((0, 4) for _ in range(5)))
    table = first_batches_table([("ordered", sorted_run)])
    assert table.values[0] == ("ordered", "first tenth", 1.0, 0.0, 1.0)
    assert table.values[1] == ("ordered", "whole epoch", 0.5, 0.5, 0.5)


def test_the_variance_of_class_wise_f1_with_and_without_curriculum(results: StudyResults) -> None:
    table = curriculum_table(results)
    (values,) = table.values
    assert values[0] == "kl-0.1-cl"
    assert values[4:] == pytest.approx((0.02, 0.04, 0.02))
    assert table.texts[0][4:] == ("200", "400", "+200")
    assert "in 1 of 1 pairs" in table.notes[1]
    none = replace(results, rows=tuple(item for item in results.rows if not item.curriculum))
    assert curriculum_table(none).rows == ()


def test_the_papers_tables_are_tables_of_their_own(results: StudyResults) -> None:
    tables = dict(study_tables(results))
    assert list(tables) == ["study", "table-1", "table-3", "curriculum"]
    assert [line[0] for line in tables["study"].texts] == ["teacher", "plain", "kl-0.1", "kl-0.1-cl"]
    assert [line[0] for line in tables["table-3"].texts] == ["kl-0.05", "kl-0.1"]
    assert any("not known" in note for note in tables["table-3"].notes)
    sizes = {line[0]: line for line in tables["table-1"].texts}
    assert sizes["EfficientNet-B7"][1:] == ("yes", "63,807,448", "63,807,448")
    assert sizes["ResNet50V2"] == ("ResNet50V2", "no", "23,516,744", UNPRINTED)
    other = replace(results, study=replace(results.study, paper=False))
    assert list(dict(study_tables(other))) == ["study", "curriculum"]


def test_the_teacher_of_each_test_fold_is_in_table_2(results: StudyResults) -> None:
    folded = tuple(
        replace(item, key=f"{item.key}-test-fold-{fold}", candidate=item.key, fold=fold)
        for fold in (1, 2)
        for item in results.rows
    )
    table = dict(study_tables(replace(results, rows=folded)))["study"]
    assert [line[0] for line in table.texts] == ["teacher", "plain", "kl-0.1", "kl-0.1-cl"] * 2


@pytest.mark.parametrize("name", ["resnetv2_50", "mobilenetv2_100"])
def test_the_networks_of_table_1_are_counted_as_they_are(name: str) -> None:
    assert counted_parameters()[name] == describe_model(name, 224, 8).parameters
