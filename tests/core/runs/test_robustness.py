from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event, Progress
from core.runs.folder import RunFolder
from core.runs.robustness import FILE_NAME, measure_robustness, read_robustness
from core.runs.skin_angles import FILE_NAME as ANGLES
from core.runs.skin_angles import read_skin_angles
from core.runs.status import RunState


@pytest.fixture
def run(finished_run: RunFolder, tmp_path: Path) -> RunFolder:
    shutil.copytree(finished_run.path, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def test_unharmed_images_score_as_the_runs_own_test_and_harm_is_kept(run: RunFolder) -> None:
    events: list[Event] = []
    found = measure_robustness(run, ["blur"], emit=events.append)
    own = run.scores()
    assert own is not None
    assert found.clean == pytest.approx(own.weighted_f1, abs=1e-9)
    assert found.images == sum(item.support for item in own.per_class)
    assert [row.severity for row in found.of("blur")] == [1, 2, 3, 4, 5]
    assert read_robustness(run.path) == found
    told = [event.done for event in events if isinstance(event, Progress) and event.total == 6 * found.images]
    assert told == sorted(told)
    assert told[-1] == 6 * found.images


def test_a_later_measure_leaves_the_other_corruptions(run: RunFolder) -> None:
    first = measure_robustness(run, ["jpeg"])
    both = measure_robustness(run, ["noise"])
    assert both.corruptions == ("noise", "jpeg")
    assert both.of("jpeg") == first.of("jpeg")


def test_what_can_not_be_measured_is_said(run: RunFolder) -> None:
    with pytest.raises(SkinKDError, match="did you mean blur"):
        measure_robustness(run, ["blurr"])
    run.set_status(state=RunState.STOPPED)
    with pytest.raises(SkinKDError, match="Resume it first"):
        measure_robustness(run, ["blur"])


def test_cancelling_keeps_nothing(run: RunFolder) -> None:
    source = CancelSource()
    source.cancel()
    with pytest.raises(Cancelled):
        measure_robustness(run, ["blur"], token=source.token)
    assert read_robustness(run.path) is None


@pytest.mark.parametrize("content", ["{", "{}", '{"rows": [{"corruption": "blur"}], "images": 1, "clean": 2}'])
def test_a_damaged_file_is_named(run: RunFolder, content: str) -> None:
    (run.path / FILE_NAME).write_text(content)
    with pytest.raises(SkinKDError, match=r"robustness\.json"):
        read_robustness(run.path)


def test_a_run_measures_the_skin_of_its_test_images(run: RunFolder) -> None:
    angles = read_skin_angles(run.path)
    assert set(angles) == {row.image for row in run.split_rows if row.part is not None and row.part.value == "test"}
    (run.path / ANGLES).write_text("image,ita\nx,nan\n")
    with pytest.raises(SkinKDError, match=r"skin_tone\.csv"):
        read_skin_angles(run.path)
