from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from core.events import CancelToken, Event, Notice, ignore
from core.inference.export.exporting import ModelExportOrder
from core.inference.export.history import recorded_exports
from core.reporting.model_card.content import read_card
from core.reporting.model_card.exported import card_file, export_with_card
from core.reporting.model_card.hub import card_readme
from core.runs.folder import RunFolder
from core.runs.statement import StudyStatement, write_statement

FORM = {"licence": "CC BY-NC 4.0", "intended_use": 'Research "only": triage', "not_for": "Mucosa\nNails"}


@pytest.fixture(scope="module")
def run(finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("card") / "run"
    shutil.copytree(finished_run.path, folder)
    write_statement(folder, StudyStatement().with_entries(FORM))
    return RunFolder(folder)


def head(text: str) -> dict[str, object]:
    _, front, _ = text.split("---\n", 2)
    found = yaml.safe_load(front)
    assert isinstance(found, dict)
    return found


def test_the_head_is_yaml_that_hubs_read(run: RunFolder, sample_set: Path) -> None:
    text = card_readme(read_card(run.path, ignore, CancelToken()))
    found = head(text)
    assert found["license"] == "cc-by-nc-4.0"
    assert found["pipeline_tag"] == "image-classification"
    assert {"skinkd", "research-only"} <= set(found["tags"])  # type: ignore[call-overload]
    scores = run.scores()
    assert scores is not None
    (result,) = found["model-index"][0]["results"]  # type: ignore[index]
    values = {each["name"]: each["value"] for each in result["metrics"]}
    assert values["Accuracy"] == round(scores.accuracy, 4)
    assert str(sample_set.parent) not in text
    assert "- Not intended for: Mucosa Nails" in text


def test_hubs_own_reader_takes_it(run: RunFolder) -> None:
    from huggingface_hub import ModelCard

    card = ModelCard(card_readme(read_card(run.path, ignore, CancelToken())))
    assert card.data.license == "cc-by-nc-4.0"
    assert card.data.eval_results is not None
    assert {each.metric_type for each in card.data.eval_results} == {"accuracy", "f1", "balanced_accuracy"}


def test_a_model_of_nobody_has_no_licence(finished_run: RunFolder) -> None:
    assert head(card_readme(read_card(finished_run.path, ignore, CancelToken())))["license"] == "unknown"


@pytest.mark.usefixtures("quick_exports")
def test_an_export_brings_its_card_and_the_run_keeps_the_check(run: RunFolder, tmp_path: Path) -> None:
    events: list[Event] = []
    order = ModelExportOrder(run.path, tmp_path / "out" / "small.onnx", without_test=True)
    report = export_with_card(order, events.append)
    text = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert head(text)["library_name"] == "onnx"
    assert 'InferenceSession("small.onnx")' in text
    recorded = {each.file: each.rows for each in recorded_exports(run.path)}  # of other tests' exports too
    assert recorded[Path("small.onnx")] == report.rows
    assert not [event for event in events if isinstance(event, Notice) and "card" in event.text]


def test_nobodys_readme_is_replaced(tmp_path: Path) -> None:
    assert card_file(tmp_path / "a.onnx") == tmp_path / "README.md"
    (tmp_path / "README.md").write_text("# My project")
    assert card_file(tmp_path / "a.onnx") == tmp_path / "a.README.md"
