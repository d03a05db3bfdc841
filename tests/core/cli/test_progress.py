from __future__ import annotations

from pathlib import Path

import pytest

from core.cli import progress
from core.cli.progress import PlainLines, _bars, shown_progress
from core.events import (
    BatchFinished,
    EpochFinished,
    EpochRecord,
    Event,
    Level,
    LossParts,
    MemoryReleased,
    Notice,
    Phase,
    Progress,
    RunStarted,
)

LOSS = LossParts(1.5, 1.0, 2.0)
EPOCH = EpochFinished(EpochRecord(2, LOSS, 0.5, 1.4, 0.61, 0.52, 0.4, 1e-3, 60.0, 30.0, True), 5, 3, 180.0)
EVENTS: list[Event] = [
    RunStarted(Path("runs/one"), "one"),
    Notice("on [b]the[/b] CPU", Level.WARNING),
    *(Progress(Phase.DECODING, done, 1000, 50.0, 2.0) for done in range(0, 1001, 10)),
    *(BatchFinished(2, 5, batch, 40, LOSS, 30.0, 90.0) for batch in range(1, 41)),
    EPOCH,
    Progress(Phase.SAVING, 1, 1),
]


def test_plain_lines_begin_and_end_each_phase_and_spare_the_rest() -> None:
    lines: list[str] = []
    show = PlainLines(lines.append)
    for event in EVENTS:
        show(event)
    assert lines[0] == "Run one: runs/one"
    assert lines[1].startswith("Warning:")
    decoding = [line for line in lines if line.startswith("Decoding")]
    assert len(decoding) == 2
    assert "1,000 of 1,000" in decoding[-1]
    assert len([line for line in lines if line.startswith("Training, epoch 2 of 5")]) == 1
    (epoch,) = [line for line in lines if line.startswith("Epoch 2/5")]
    assert "61.0 %" in epoch
    assert "best so far" in epoch
    assert lines[-1] == "Saving"


def test_a_slow_phase_is_heard_of_in_between() -> None:
    lines: list[str] = []
    show = PlainLines(lines.append, seconds=0.0)
    for done in range(5):
        show(Progress(Phase.DECODING, done, 10))
    assert len(lines) == 5


def test_bars_show_lines_and_take_markup_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with _bars() as emit:
        for event in EVENTS:
            emit(event)
    said = capsys.readouterr()
    assert "Epoch 2/5" in said.err
    assert "[b]the[/b]" in said.err
    assert said.out == ""


def test_memory_that_a_run_lets_go_is_collected_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(progress.gc, "collect", lambda: done.append("collected"))
    monkeypatch.setattr(progress, "give_back", lambda: done.append("given back"))
    with shown_progress() as emit:
        emit(MemoryReleased())
    assert done == ["collected", "given back"]
