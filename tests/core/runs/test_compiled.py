"""Whether a run's steps are compiled is chosen once, stands in its folder, and is kept by whoever goes on with it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from core.errors import Cancelled
from core.events import BatchFinished, CancelSource, Event
from core.recipe import Preset, preset, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.training import compiling
from core.training.compiling import Compilation


@dataclass
class Chosen:
    """Stands for the attempt to compile: what it was asked, and what it says."""

    says: Compilation
    known: list[Compilation | None] = field(default_factory=list)


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> Chosen:
    """A computer on which everything is compiled, to the network itself."""
    chosen = Chosen(Compilation(True, "cpu", "made up"))

    def plan(wanted: str, device: str, steps: int, seconds: object, known: Compilation | None = None) -> Compilation:
        chosen.known.append(known)
        return known or chosen.says

    monkeypatch.setattr("core.training.step.plan_compilation", plan)
    monkeypatch.setattr(compiling, "compile_network", lambda model, example, plan, emit, check_gain: (model, plan))
    return chosen


@pytest.fixture
def run(sample_set: Path, tmp_path: Path) -> RunFolder:
    """A short student without a teacher."""
    changes = (f"data.path={sample_set}", "data.image_size=32", "student.architecture=test_efficientnet")
    changes += ("student.weights=none", "optimisation.epochs=2", "hardware.threads=1", "hardware.device=cpu")
    changes += ("distillation.method=none", "curriculum.order=none")
    return create_run(set_values(preset(Preset.QUICK), changes), runs=tmp_path / "runs")


def test_a_choice_is_recorded_before_the_first_step_and_kept(run: RunFolder, chosen: Chosen) -> None:
    source, recorded = CancelSource(), []

    def stop(event: Event) -> None:
        if isinstance(event, BatchFinished):
            recorded.append(run.environment()["compilation"])
            source.cancel()

    with pytest.raises(Cancelled):
        execute(run, stop, source.token)
    assert recorded[0] == chosen.says.to_values()
    first, chosen.says = chosen.says, replace(chosen.says, compiled=False)
    execute(run)
    assert chosen.known == [None, first]
    assert run.environment()["compilation"] == first.to_values()
