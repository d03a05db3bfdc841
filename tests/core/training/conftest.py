"""What several tests of the training watch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from core.training.step import Learner, StepInput


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[StepInput]:
    """Every step that is made."""
    seen: list[StepInput] = []
    make: Callable[[Learner, StepInput], None] = Learner.step

    def watched(learner: Learner, batch: StepInput) -> None:
        seen.append(batch)
        make(learner, batch)

    monkeypatch.setattr(Learner, "step", watched)
    return seen
