"""A run that waits says so in every phase, and its clock stands."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from core.events import BatchFinished, CancelSource, Event, Phase, Progress, TellingToken
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.status import RunState

PHASES = (Phase.DECODING, Phase.TEACHER, Phase.TRAINING, Phase.VALIDATING, Phase.TESTING)


class Pauser:
    """Pauses a run once in every phase, and lets it go on when its status tells that it waits."""

    def __init__(self, folder: RunFolder, source: CancelSource) -> None:
        self.folder, self.source = folder, source
        self.waited: list[Phase] = []
        self._thread: threading.Thread | None = None

    def hear(self, event: Event) -> None:
        """A report of the run."""
        phase = Phase.TRAINING if isinstance(event, BatchFinished) else getattr(event, "phase", None)
        first = isinstance(event, BatchFinished) or (isinstance(event, Progress) and event.done < event.total)
        if first and phase in PHASES and phase not in self.waited and not self.source.token.paused:
            self.source.pause()
            self._thread = threading.Thread(target=self._resume_when_paused, args=(phase,))
            self._thread.start()

    def _resume_when_paused(self, phase: Phase) -> None:
        deadline = time.monotonic() + 20
        while self.folder.status().state is not RunState.PAUSED and time.monotonic() < deadline:
            time.sleep(0.005)
        if self.folder.status().state is RunState.PAUSED:
            self.waited.append(phase)
        self.source.resume()


@pytest.mark.timeout(90)
def test_a_run_that_waits_says_so_in_every_phase(sample_set: Path, tmp_path: Path) -> None:
    values = ["data.image_size=32", "teacher.architecture=test_resnet", "teacher.weights=none", "task=teacher"]
    values += [
        "student.architecture=test_resnet",
        "student.weights=none",
        "optimisation.epochs=1",
        f"data.path={sample_set}",
    ]
    values += ["hardware.device=cpu", "hardware.threads=1"]
    recipe = set_values(Recipe(), values)
    teacher = execute(create_run(recipe, runs=tmp_path, name="teacher"))
    # Another size for the student, so that its images are decoded too.
    student = set_values(
        recipe, ["task=student", "distillation.method=kl", "data.image_size=40", f"teacher.run={teacher.folder.name}"]
    )
    folder, source = create_run(student, runs=tmp_path, name="student"), CancelSource()
    pauser = Pauser(folder, source)
    assert execute(folder, pauser.hear, source.token).status.state is RunState.FINISHED
    assert set(pauser.waited) == set(PHASES)
    assert not list(tmp_path.rglob("*.tmp"))


def test_only_the_first_of_several_threads_tells_that_a_job_waits() -> None:
    source = CancelSource()
    told: list[bool] = []
    token = TellingToken(source.token, told.append)
    source.pause()
    threads = [threading.Thread(target=token.check) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    source.resume()
    for thread in threads:
        thread.join(10)
    assert told == [True, False]
    token.check()
    assert told == [True, False]
