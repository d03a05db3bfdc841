"""The demonstration that comes along: small, whole, marked wherever its answers go, never taken for a real model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.cli.main import run
from core.demo.demonstration import demonstration, make_demonstration
from core.errors import SkinKDError
from core.events import CancelToken, ignore
from core.inference.classifier import Classifier
from core.inference.export_table import table_to_csv
from core.inference.results import SYNTHETIC_WARNING
from core.inference.trust import Verdict
from core.reporting.model_card.content import read_card
from core.reporting.model_card.sections import card_text


def test_it_is_small_and_gives_a_verdict_on_each_of_six_pictures() -> None:
    found = demonstration()
    assert found.model.stat().st_size < 1_500_000
    assert len(found.pictures) == 6
    assert all("drawn" in path.name for path in found.pictures)
    verdicts = [
        row.assessment.verdict for row in Classifier.load(found.model).classify(found.pictures) if row.assessment
    ]
    assert len(verdicts) == 6
    assert Verdict.UNKNOWN not in verdicts
    assert verdicts[5] is Verdict.OUT_OF_DISTRIBUTION  # the chart
    assert Verdict.OUT_OF_DISTRIBUTION not in verdicts[:5]


def test_what_it_says_is_marked_wherever_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = demonstration()
    assert "drawn-pictures-only" in found.model.name
    classifier = Classifier.load(found.model)
    assert classifier.info.synthetic
    assert "synthetic" in table_to_csv(list(classifier.classify(found.pictures[:1])), classifier.info)
    assert "synthetic" in card_text(read_card(found.model, ignore, CancelToken())).lower()
    assert run(["demonstration", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["warnings"] == [SYNTHETIC_WARNING]
    assert len(document["images"]) == 6
    assert run(["demonstration"]) == 0
    said = capsys.readouterr()
    assert "drawn chart" in said.out
    assert SYNTHETIC_WARNING in said.err


def test_it_is_made_in_an_empty_folder_only(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(SkinKDError, match="not empty"):
        make_demonstration(tmp_path, ignore, CancelToken())
    with pytest.raises(SkinKDError, match="not there"):
        demonstration(tmp_path)
