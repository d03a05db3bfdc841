"""The torture's own judgement: which sentence belongs to which fault, and that nothing untried has passed."""

from __future__ import annotations

import pytest

from tests.torture import places
from tests.torture.changes import CHANGES
from tests.torture.clocks import jumps
from tests.torture.faults import Fault, fault_table, misfit
from tests.torture.tally import Tally

FAULTS = {fault.name: fault for fault in (*fault_table(1.0), *CHANGES)}

SAID = {
    "full disk (a small disk, filled)": "The disk is full: Free some space, then resume the run: it goes on.",
    "files may not grow (a limit of the system)": "A file may not grow so large: The system or the drive allows no "
    "larger files (ulimit -f says which). Raise the limit or choose another drive, then resume the run: it goes on.",
    "runs folder turns read-only": "The run's folder can not be written: /r/status.json: Permission denied. See to "
    "its permissions, then resume the run: it goes on.",
    "runs folder vanishes": "The run's folder is gone: /r was moved, deleted, or its drive was taken away. Bring it "
    "back, then resume the run: it goes on.",
    "data set vanishes": "There is no usable image: In /data no image is left to train on: Unreadable image (96).",
    "a picture is lost": "Some images can not be used: Unreadable image (1): in/SYN_0000007.jpg. Correct them.",
    "a picture changes": "An image changed while the images were being read: /data/SYN_0000007.jpg is no longer the "
    "file that was checked before. It has another content. Leave the images as they are.",
    "going on with another learning rate in the recipe": "The learning rate would change: Since this run's "
    "training began, recipe.toml was changed: optimisation.learning_rate is 0.004 and was 0.003. With it the learning "
    "rate of the epochs to come is another.",
    "going on with another batch size in the recipe": "The recipe has changed: Since this run's training began, "
    "recipe.toml was changed: optimisation.batch_size is 16 and was 32. Going on would mix two experiments.",
    "going on with another teacher's weights": "The teacher is another one: The model of teacher.run is not the one.",
    "going on with another picture under an old name": "The pictures have changed: Since this run began, the content "
    "of image files has changed though their names and labels have not.",
    "going on with other labels of the same pictures": "The images have changed: Since this run began, images of /data "
    "have changed: 10 labelled otherwise. Put the data back as it was, or start a new run.",
}
"""What the program says under a fault."""


@pytest.mark.parametrize("name", SAID)
def test_a_sentence_belongs_to_its_fault_alone(name: str) -> None:
    assert misfit(SAID[name], FAULTS[name]) == ""
    others = [fault for fault in FAULTS.values() if fault.name != name]
    assert [fault.name for fault in others if not misfit(SAID[name], fault)] == []


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.name)
def test_no_common_word_and_no_traceback_is_an_explanation(fault: Fault) -> None:
    for said in (
        "Error: there is no space to write on the disk, permission denied, the cache is missing or has changed",
        "Traceback (most recent call last): OSError: [Errno 28] No space left on device",
    ):
        assert "not this fault's sentence" in misfit(said, fault)


def test_going_on_in_silence_is_no_refusal() -> None:
    assert all("as if nothing" in misfit("", fault) for fault in CHANGES)
    assert all(fault.sentences for fault in CHANGES)


def test_what_was_not_tried_has_not_passed(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr("tests.torture.clocks.library", lambda: None)
    found = jumps(tmp_path, 9, 0)  # type: ignore[arg-type]
    assert [(item.injected, item.survived, item.lost) for item in found] == [(0, 0, 0)] * 2
    assert found[0].row == "| clock jumps ahead | 0 | not tried: libfaketime is not installed (Debian: faketime) | |"
    assert Tally("x", 1200, 1199, 1).row == "| x | 1,200 | 1,199 | 1 |"


def test_a_drive_whose_tools_are_not_there_is_said(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places.shutil, "which", lambda *values, **named: None)
    for name, place in places.PLACES.items():
        lacking = place.lacks(tmp_path)  # type: ignore[arg-type]
        assert ("is not installed" in lacking) is bool(name)
