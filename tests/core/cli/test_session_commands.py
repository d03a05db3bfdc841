from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.classes import CLASS_SETS
from core.cli.main import run
from core.inference.results import Classification
from core.inference.review import Review
from core.inference.triage import MelanomaThreshold
from core.models.factory import create_model
from core.models.files import save_model
from core.models.info import ModelInfo
from core.sessions.files import list_sessions, new_folder, write_session
from core.sessions.saved import SavedImage, SavedModel, SavedSession

ISIC2019 = CLASS_SETS["isic2019"]
Call = Callable[..., tuple[int, Any]]
REVIEW = Review(True, "MEL", "Melanoma", "grew", "2026-01-02T03:04:05+00:00")


@pytest.fixture
def saved(tmp_path: Path) -> SavedSession:
    """A session of two images with a model file that is there; both were classified, one reviewed."""
    loaded = create_model("test_resnet", weights="none", image_size=32, classes=ISIC2019)
    file = tmp_path / "model.safetensors"
    save_model(file, loaded.model, ModelInfo("test_resnet", loaded.preprocessing, classes=ISIC2019))
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    results = tuple(Classification(path, (0.3, 0.7, *[0.0] * 6), "NV", classes=ISIC2019) for path in paths)
    session = SavedSession(
        "Moles",
        (SavedImage(paths[0], "", REVIEW), SavedImage(paths[1])),
        models=(SavedModel(file, "", results),),
        threshold=MelanomaThreshold(0.2, 0.95),
    )
    write_session(new_folder("Moles"), session)
    return session


def test_sessions_are_listed(saved: SavedSession, as_json: Call, capsys: pytest.CaptureFixture[str]) -> None:
    code, document = as_json("sessions", "list")
    (found,) = document["sessions"]
    assert (code, found["name"], found["images"], found["reviewed"]) == (0, "Moles", 2, 1)
    assert run(["sessions", "list"]) == 0
    assert "Moles" in capsys.readouterr().out


def test_a_session_is_exported_with_its_reviews(saved: SavedSession, as_json: Call, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    assert as_json("sessions", "export", "Moles", str(out)) == (0, {"file": str(out), "images": 2, "reviews": 1})
    with out.open(encoding="utf-8-sig", newline="") as lines:
        first, second = csv.DictReader(lines)
    assert (first["review"], first["reader_diagnosis"], first["flagged"]) == ("overruled", "MEL", "yes")
    assert (second["review"], second["reader_note"]) == ("", "")


def test_what_was_not_classified_can_not_be_exported(saved: SavedSession, as_json: Call, tmp_path: Path) -> None:
    write_session(new_folder("Empty"), replace(saved, name="Empty", models=()))
    code, document = as_json("sessions", "export", "Empty", str(tmp_path / "out.csv"))
    assert (code, document["error"]["title"]) == (1, "There is nothing to export")


def test_a_session_is_deleted_when_asked_twice(saved: SavedSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert run(["sessions", "delete", "Moles"]) != 0
    assert len(list_sessions()) == 1
    assert run(["sessions", "delete", "Moles", "--yes"]) == 0
    assert list_sessions() == ()
    assert run(["sessions", "delete", "Moles", "--yes"]) == 1


def test_a_threshold_on_the_command_line_flags_images(saved: SavedSession, as_json: Call, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (40, 40), "brown").save(tmp_path / "a.png")
    model, image = str(saved.models[0].source), str(tmp_path / "a.png")
    code, document = as_json("classify", model, image, "--melanoma-threshold", "0")
    assert (code, document["images"][0]["flagged"]) == (0, True)
    assert as_json("classify", model, image, "--melanoma-threshold", "1")[1]["images"][0]["flagged"] is False
    assert "flagged" not in as_json("classify", model, image)[1]["images"][0]
