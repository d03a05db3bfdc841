from __future__ import annotations

from pathlib import Path

import pytest

from core.classes import CLASS_SETS
from core.digests import fingerprint
from core.errors import Cancelled
from core.events import CancelSource
from core.inference.results import Classification
from core.inference.review import NO_REVIEW, Review
from core.sessions.moved import find_moved, with_moved
from core.sessions.saved import SavedImage, SavedModel, SavedSession, check_pictures, file_mark, without_changed

ISIC2019 = CLASS_SETS["isic2019"]
MELANOMA = Review(True, "MEL", "Melanoma", "", "2026-01-02T03:04:05+00:00")


@pytest.fixture
def session(tmp_path: Path) -> SavedSession:
    """Three pictures, a.png and two of one name, all reviewed and classified."""
    paths = [tmp_path / "old" / name for name in ("a.png", "left/b.png", "right/b.png")]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * 200_000)
    images = tuple(SavedImage(path, file_mark(path), MELANOMA) for path in paths)
    results = tuple(Classification(path, (0.125,) * 8, "MEL", classes=ISIC2019) for path in paths)
    return SavedSession("s", images, (), (SavedModel(tmp_path, "", results),))


def test_a_fingerprint_tells_a_change_at_either_end_and_of_the_length(tmp_path: Path) -> None:
    file, whole = tmp_path / "f", bytes(range(256)) * 1000
    marks = set()
    for content in (whole, b"x" + whole[1:], whole[:-1] + b"x", whole + b"\0", whole[:100], b""):
        file.write_bytes(content)
        marks.add(fingerprint(file))
    assert len(marks) == 6


def test_what_is_as_it_was_is_neither_gone_nor_changed(session: SavedSession) -> None:
    check = check_pictures(session)
    assert (check.gone, check.changed) == ((), ())
    assert without_changed(session, check) == session


def test_a_picture_that_changed_loses_its_results_and_has_to_be_reviewed_again(session: SavedSession) -> None:
    changed, *others = [image.path for image in session.images]
    changed.write_bytes(b"another picture")
    check = check_pictures(session)
    assert (check.gone, check.changed) == ((), (changed,))
    after = without_changed(session, check)
    assert after.images[0].review == Review(note="Reviewed as Melanoma before the picture changed.")
    assert [image.review for image in after.images[1:]] == [MELANOMA] * 2
    assert [result.path for result in after.models[0].results] == others


def test_moved_pictures_are_found_by_name_and_content(session: SavedSession, tmp_path: Path) -> None:
    (tmp_path / "old").rename(tmp_path / "new")
    impostor = tmp_path / "new" / "copies" / "a.png"
    impostor.parent.mkdir()
    impostor.write_bytes(b"of the same name, another picture")
    (tmp_path / "new" / "right" / "b.png").unlink()
    gone = check_pictures(session).gone
    assert len(gone) == 3
    moved = find_moved(session, gone, tmp_path / "new", CancelSource().token)
    new = tmp_path / "new"
    assert moved.paths == {gone[0]: new / "a.png", gone[1]: new / "left" / "b.png"}
    assert moved.missing == (gone[2],)
    after = with_moved(session, moved)
    assert [image.path for image in after.images] == [new / "a.png", new / "left" / "b.png", gone[2]]
    assert [result.path for result in after.models[0].results] == [image.path for image in after.images]
    assert [image.review for image in after.images] == [MELANOMA] * 3


def test_a_picture_that_could_not_be_read_is_never_taken_for_another(tmp_path: Path) -> None:
    session = SavedSession("s", (SavedImage(tmp_path / "old" / "a.png", "", NO_REVIEW),))
    (tmp_path / "a.png").write_bytes(b"x")
    moved = find_moved(session, check_pictures(session).gone, tmp_path, CancelSource().token)
    assert (moved.paths, moved.missing) == ({}, (tmp_path / "old" / "a.png",))


def test_the_search_can_be_cancelled(session: SavedSession, tmp_path: Path) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        find_moved(session, [session.images[0].path], tmp_path, source.token)
