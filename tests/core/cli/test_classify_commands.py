from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.classes import CLASS_SETS
from core.cli.classify_commands import keep_record, labels_beside, labels_document, labels_lines
from core.cli.main import run
from core.errors import SkinKDError
from core.inference.classifier import Classifier
from core.inference.collect import expand_paths
from core.inference.labelled import score_labelled
from core.inference.record import RecordBook, RecordEntry, record_file
from core.inference.results import Classification

ISIC2019 = CLASS_SETS["isic2019"]

Call = Callable[..., tuple[int, Any]]
ENTRY = RecordEntry("2026-01-02T03:04:05.678+00:00", "ab" * 32, "cd" * 32, "net", "1.0", 1.5, code="NV")


@pytest.fixture
def book() -> RecordBook:
    return RecordBook(record_file())


def test_the_record_is_shown_newest_last(book: RecordBook, as_json: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json("record", "show") == (0, {"file": str(book.path), "on": True, "entries": 0, "newest": []})
    book.append([ENTRY] * 30)
    code, document = as_json("record", "show", "--last", "2")
    assert (code, document["entries"], len(document["newest"])) == (0, 30, 2)
    assert document["newest"][0]["image"] == "ab" * 32
    assert run(["record", "show"]) == 0
    shown = capsys.readouterr()
    assert shown.out.count("abababababab") == 20
    assert "30 entries" in shown.err


def test_the_record_is_exported(book: RecordBook, as_json: Call, tmp_path: Path) -> None:
    book.append([ENTRY] * 3)
    assert as_json("record", "export", str(tmp_path / "r.csv"))[1]["entries"] == 3
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as lines:
        assert [row["code"] for row in csv.DictReader(lines)] == ["NV"] * 3
    assert run(["record", "export", str(tmp_path / "r.txt")]) == 1


def test_the_record_is_cleared_only_when_asked_twice(book: RecordBook, monkeypatch: pytest.MonkeyPatch) -> None:
    book.append([ENTRY])
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    assert run(["record", "clear"]) != 0
    assert len(list(book.entries())) == 1
    assert run(["record", "clear", "--yes"]) == 0
    assert list(book.entries()) == []


def test_the_record_is_switched(book: RecordBook, as_json: Call) -> None:
    assert as_json("record", "off")[1]["on"] is False
    assert not book.enabled
    assert as_json("record", "on")[1]["on"] is True
    assert book.enabled


def test_what_was_classified_is_recorded(trained: Path, sample_set: Path, book: RecordBook, tmp_path: Path) -> None:
    classifier = Classifier.load(trained, device="cpu")
    images = expand_paths([sample_set / "ISIC_2019_Training_Input"])[:3]
    rows = list(classifier.classify([*images, tmp_path / "absent.jpg"]))
    keep_record(rows, classifier)
    entries = list(book.entries())
    assert [entry.image for entry in entries] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in images]
    assert {entry.model for entry in entries} == {
        hashlib.sha256((trained / "model.safetensors").read_bytes()).hexdigest()
    }
    assert [entry.code for entry in entries] == [row.code for row in rows[:3]]
    book.switch(False)
    keep_record(rows, classifier)
    assert len(list(book.entries())) == 3


def test_a_record_that_fails_ends_nothing(
    trained: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SKINKD_STATE", str(tmp_path / "file"))
    classifier = Classifier.load(trained, device="cpu")
    picture = tmp_path / "x.png"
    picture.write_bytes(b"x")
    keep_record([Classification(picture, (1.0,) + (0.0,) * 7, "MEL", classes=ISIC2019)], classifier)
    assert "record was not written" in capsys.readouterr().err


def test_scores_of_a_labelled_folder(sample_set: Path) -> None:
    files = expand_paths([sample_set])[:40]
    rows = [Classification(path, (0.3, *[0.1] * 7), "MEL", classes=ISIC2019) for path in files[:39]]
    rows.append(Classification(files[39], None, None, "damaged", classes=ISIC2019))
    result = score_labelled(labels_beside([sample_set], ISIC2019), rows)
    document = labels_document(result)
    assert (document["scored"], document["not_classified"], document["without_label"]) == (39, 1, 0)
    assert sum(item["support"] for item in document["per_class"].values()) == 39
    assert set(document["per_class"]) == set(ISIC2019.codes)
    assert "intervals" in document
    text = "\n".join(labels_lines(result))
    assert "39 images" in text
    assert "1 with a label were not classified" in text
    assert "Weighted F1" in text


def test_a_folder_without_labels_says_so(tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="Leave --labels out"):
        labels_beside([tmp_path], ISIC2019)


def test_classify_scores_a_labelled_folder_and_keeps_a_record(
    trained: Path, sample_set: Path, as_json: Call, book: RecordBook, capsys: pytest.CaptureFixture[str]
) -> None:
    images = sample_set / "ISIC_2019_Training_Input"
    code, document = as_json("classify", str(trained), str(images), "--labels")
    assert code == 0
    assert document["scores"]["scored"] == len(document["images"]) == len(list(book.entries())) == 160
    assert "weighted_f1" in document["scores"]
    code, document = as_json("classify", str(trained), str(images))
    assert "scores" not in document
    assert run(["classify", str(trained), str(images), "--labels"]) == 0
    assert "Scores of 160 images with the labels of" in capsys.readouterr().out


def test_missing_labels_are_said_before_the_work(trained: Path, tmp_path: Path, as_json: Call) -> None:
    (tmp_path / "x.png").write_bytes(b"")
    code, document = as_json("classify", str(trained), str(tmp_path), "--labels")
    assert (code, document["error"]["title"]) == (1, "No labels found")
