from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.documents import NewerVersionError
from core.errors import SkinKDError
from core.evaluation.decisions import Certificate, Decision, RightOf, Withheld
from core.inference.decisions import ImageDecision
from core.inference.results import Classification
from core.inference.review import Review
from core.inference.triage import MelanomaThreshold
from core.inference.trust import Assessment, Verdict
from core.sessions.files import (
    delete_session,
    find_session,
    list_sessions,
    new_folder,
    read_session,
    sessions_root,
    write_session,
)
from core.sessions.saved import SavedImage, SavedModel, SavedSession

ISIC2019 = CLASS_SETS["isic2019"]
ASSESSED = Assessment(Verdict.UNCERTAIN, "Two remain.", ("MEL", "NV"), 0.95, 1.5, 2.0, (0.3,) * 8, ("DF",))
GOOD = Classification(Path("/data/a.jpg"), (0.3, 0.7, 0, 0, 0, 0, 0, 0), "NV", "", ASSESSED, classes=ISIC2019)
BAD = Classification(Path("/data/b\udcff.jpg"), None, None, "cut off", note="one page", classes=ISIC2019)
MOLES = SavedSession(
    "Moles on Monday",
    (
        SavedImage(GOOD.path, "ab12", Review(True, "MEL", "Melanoma", "grew\nlately", "2026-01-02T03:04:05+00:00")),
        SavedImage(BAD.path),
    ),
    (Path("/data"),),
    (SavedModel(Path("/runs/one"), "cd34", (GOOD, BAD)), SavedModel(Path("/runs/two.onnx"), "", (BAD,))),
    averaged=True,
    level=0.95,
    threshold=MelanomaThreshold(0.12, 0.95),
    created="2026-01-01T00:00:00+00:00",
)


@pytest.fixture
def folder() -> Path:
    made = new_folder(MOLES.name)
    write_session(made, MOLES)
    return made


def test_a_session_comes_back_as_it_was(folder: Path) -> None:
    assert read_session(folder) == MOLES
    write_session(folder, replace(MOLES, images=MOLES.images[:1], models=()))
    assert read_session(folder).images == MOLES.images[:1]
    assert read_session(folder).models == ()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a profile's folders by itself")
def test_a_session_is_its_owners_alone_whatever_the_umask() -> None:
    before = os.umask(0)
    try:
        folder = new_folder("Mine")
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "pictures", sessions_root())}
    assert modes == {0o700}


def test_sessions_of_one_second_and_of_odd_names_are_apart() -> None:
    folders = [new_folder(name) for name in ("../../a", "../../a", "", "x" * 300)]
    assert len(set(folders)) == 4
    assert {folder.parent for folder in folders} == {sessions_root()}


def test_the_sessions_are_listed_and_deleted_with_all_that_is_theirs(folder: Path) -> None:
    (folder / "pictures" / "pasted-1.png").write_bytes(b"x")
    empty = new_folder("Nothing was written here")
    (found,) = list_sessions()
    assert (found.folder, found.name, found.images, found.reviewed) == (folder, MOLES.name, 2, 1)
    assert find_session(MOLES.name) == found == find_session(folder.name)
    delete_session(folder)
    assert not folder.exists()
    assert list_sessions() == ()
    with pytest.raises(SkinKDError, match="no saved session"):
        delete_session(sessions_root())
    assert empty.exists()
    with pytest.raises(SkinKDError, match="not among those saved"):
        find_session(MOLES.name)


def test_damaged_results_are_left_out_and_reviews_stay(folder: Path) -> None:
    results = folder / "results-1.jsonl"
    results.write_text(results.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    session = read_session(folder)
    assert session.models[0].results == ()
    assert session.models[1].results == (BAD,)
    assert session.images == MOLES.images


@pytest.mark.parametrize("file", ["session.json", "images.jsonl"])
def test_damaged_facts_and_reviews_are_said(folder: Path, file: str) -> None:
    (folder / file).write_text('{"path": 3', encoding="utf-8")
    with pytest.raises(SkinKDError, match="does not hold a session"):
        read_session(folder)


def test_a_session_of_a_newer_skinkd_is_refused(folder: Path) -> None:
    facts = json.loads((folder / "session.json").read_text(encoding="utf-8"))
    (folder / "session.json").write_text(json.dumps({**facts, "version": 99}), encoding="utf-8")
    with pytest.raises(NewerVersionError):
        read_session(folder)
    assert list_sessions() == ()


def test_decisions_come_back_with_their_certificates() -> None:
    certificate = Certificate(Decision.BENIGN, 0.95, 40, 2, 140, RightOf(16, 21))
    decided = ImageDecision(Decision.BENIGN, "16 of 21.", 0.95, 0.1, 0.9, None, certificate)
    withheld = ImageDecision(None, "Too few.", withheld=Withheld.FEW_TESTED)
    rows = tuple(replace(GOOD, assessment=replace(ASSESSED, decision=made)) for made in (decided, withheld, None))
    folder = new_folder("Decided")
    write_session(folder, replace(MOLES, models=(replace(MOLES.models[0], results=rows),)))
    assert read_session(folder).models[0].results == rows
