from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from core.distillation.classification import CLASSIFICATION_LOSSES
from core.reporting.checklists import Filled, checklist_document, checklist_table, checklists, fill
from core.reporting.facts.record import RunRecord, read_record, whole_record
from core.reporting.facts.told import FACTS, fact_text
from core.runs.evidence import load_evidence
from core.runs.folder import RunFolder
from core.runs.listing import summarise
from core.runs.statement import StudyStatement, write_statement

SIZES = {"claim-2024": 44, "tripod-ai": 52, "clear-derm": 25}


def whole(folder: Path) -> RunRecord:
    return whole_record(read_record(summarise(RunFolder(folder))), load_evidence(folder))


@pytest.fixture(scope="module")
def record(finished_run: RunFolder) -> RunRecord:
    return whole(finished_run.path)


def test_the_lists_are_complete_and_claim_comes_first() -> None:
    found = checklists()
    assert list(found) == list(SIZES)
    for key, checklist in found.items():
        numbers = [item.number for item in checklist.items]
        assert len(numbers) == len(set(numbers)) == SIZES[key]
        assert all(item.facts or item.entries for item in checklist.items)
    assert [item.number for item in found["claim-2024"].items] == [str(number) for number in range(1, 45)]


def test_a_normal_run_fills_at_least_25_of_claims_44_items(record: RunRecord) -> None:
    filled = fill(checklists()["claim-2024"], record)
    assert filled.count(Filled.PROGRAM) >= 25
    assert filled.count(Filled.AUTHORS) == 0
    by_program = {each.item.number for each in filled.items if each.filled is Filled.PROGRAM}
    assert by_program >= {"9", "19", "20", "22", "23", "24", "25", "26", "28", "29", "35", "37", "38", "39", "40"}
    assert not by_program & {"3", "4", "5", "11", "13", "14", "15", "16", "18", "30", "33", "34", "41", "43", "44"}


def test_no_item_is_filled_with_nothing(record: RunRecord) -> None:
    for checklist in checklists().values():
        for each in fill(checklist, record).items:
            assert bool(each.text) is (each.filled is not Filled.NOT_STATED), each


def test_what_the_authors_write_fills_the_rest(finished_run: RunFolder, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished_run.path, folder)
    write_statement(folder, StudyStatement().with_entries({"labels": "Histology of all melanomas", "funding": "None"}))
    filled = {each.item.number: each for each in fill(checklists()["claim-2024"], whole(folder)).items}
    assert filled["14"].filled is Filled.AUTHORS
    assert filled["14"].text == "Histology of all melanomas."
    assert filled["44"].filled is Filled.AUTHORS
    assert filled["16"].filled is Filled.NOT_STATED


def test_a_run_without_results_fills_less(finished_run: RunFolder) -> None:
    begun = read_record(summarise(finished_run))
    filled = fill(checklists()["claim-2024"], begun)
    numbers = {each.item.number for each in filled.items if each.filled is Filled.PROGRAM}
    assert not numbers & {"2", "21", "28", "29", "32", "37", "38", "39", "40"}
    assert "22" in numbers


def test_no_path_of_this_computer_is_told(record: RunRecord, sample_set: Path) -> None:
    texts = [each.text for checklist in checklists().values() for each in fill(checklist, record).items]
    assert not [text for text in texts if str(sample_set.parent) in text]
    assert any(sample_set.name in text for text in texts)


def test_table_and_document_hold_every_item(record: RunRecord) -> None:
    filled = fill(checklists()["clear-derm"], record)
    table, document = checklist_table(filled), checklist_document(filled)
    assert len(table.rows) == len(document["items"]) == 25
    assert sum(document["counts"].values()) == 25
    assert str(document["counts"]["program"]) in table.notes[0]


def test_facts_know_the_losses_for_rare_classes_and_the_weighting_of_teachers(write_run: Callable[..., Path]) -> None:
    labels = np.array([0] * 12 + [1] * 20)
    changes = ("optimisation.sampler=shuffle", "optimisation.classification_loss=focal", "distillation.method=kl")
    teachers = ("teacher.run=a", 'teacher.also=["b"]', "teacher.weighting=by_label")
    told = whole(write_run("rare", labels, labels, *changes, *teachers))
    assert "focal loss with the labels" in fact_text(told, "objective_function")
    assert fact_text(told, "ensemble").endswith("2 teachers counted by the label.")
    assert ("focal" in fact_text(told, "imbalance")) is CLASSIFICATION_LOSSES["focal"].for_rare_classes
    balanced = whole(
        write_run("balanced", labels, labels, changes[0], "optimisation.classification_loss=class_balanced")
    )
    assert fact_text(balanced, "imbalance") == "The class-balanced loss makes up for rare classes."
    plain = whole(write_run("plain", labels, labels, changes[0]))
    assert fact_text(plain, "imbalance").startswith("Nothing is done")


def test_every_fact_is_worded_for_old_runs_too(write_run: Callable[..., Path]) -> None:
    labels = np.array([0] * 12 + [1] * 20)
    old = whole(write_run("old", labels, labels, "data.image_size=64"))
    assert all(isinstance(fact_text(old, name), str) for name in FACTS)
    assert fact_text(old, "energy") == ""
    assert fact_text(old, "software") == ""
    assert fact_text(old, "skin_tone") == ""
