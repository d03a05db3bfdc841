"""TensorBoard's events: readable by TensorBoard, hidden where a run was interrupted, and given up on a full disk."""

from __future__ import annotations

import logging
import resource
from pathlib import Path

import pytest
from tensorboardX.proto.event_pb2 import Event, SessionLog

from core.events import EpochRecord, LossParts
from core.runs.tracking import EventWriter


def record(epoch: int) -> EpochRecord:
    return EpochRecord(epoch, LossParts(0.5, 0.4, None), 0.6, 0.7, 0.8, 0.75, 0.7, 0.001, 2.0, 50.0, best=True)


def read_events(folder: Path) -> list[Event]:
    """The records of all files: length (8 bytes), its checksum (4), the event, its checksum (4)."""
    found = []
    for path in sorted(folder.glob("events.out.tfevents.*")):
        content = path.read_bytes()
        while content:
            length = int.from_bytes(content[:8], "little")
            found.append(Event.FromString(content[12 : 12 + length]))
            content = content[16 + length :]
    return found


def test_epochs_are_points_with_their_steps(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, 1)
    writer.epoch(record(1))
    writer.epoch(record(2))
    writer.close()
    first, *events = read_events(tmp_path)
    assert first.file_version == "brain.Event:2"
    points = {(event.step, event.summary.value[0].tag): event.summary.value[0].simple_value for event in events}
    assert points[1, "loss/total"] == 0.5
    assert points[2, "weighted_f1/validation"] == 0.75
    assert not any(tag == "loss/distillation" for _, tag in points)


def test_going_on_hides_what_a_lost_part_wrote(tmp_path: Path) -> None:
    writer = EventWriter(tmp_path, 3)
    writer.epoch(record(3))
    writer.close()
    assert [
        (event.step, event.session_log.status) for event in read_events(tmp_path) if event.HasField("session_log")
    ] == [(3, SessionLog.START)]


@pytest.mark.timeout(30)
def test_a_full_disk_costs_the_points_and_not_the_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = EventWriter(tmp_path, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with caplog.at_level(logging.WARNING):
            for epoch in range(1, 6):
                writer.epoch(record(epoch))
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len([line for line in caplog.messages if "events can not be written" in line]) == 1
