"""The losses for the labels."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor

from core.distillation.classification import CLASSIFICATION_LOSSES, LabelTerm, class_weights, log_frequencies
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs

COUNTS = torch.tensor([90, 10, 0])
LOGITS = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, -1.0]])
LABELS = torch.tensor([1, 0])


def loss(name: str, logits: Tensor, labels: Tensor, counts: Tensor, smoothing: float = 0.0, **values: float) -> Tensor:
    entry = CLASSIFICATION_LOSSES[name]
    term = LabelTerm(entry, entry.Settings(**values))
    objective = Objective((), 0.0, label_smoothing=smoothing, class_counts=counts, label_term=term)
    total: Tensor = objective(Outputs(logits), labels).total
    return total


def _probability(row: list[float], label: int) -> float:
    return math.exp(row[label]) / sum(map(math.exp, row))


def test_they_are_what_their_papers_say() -> None:
    plain = [-math.log(_probability(row, label)) for row, label in zip(LOGITS.tolist(), (1, 0), strict=True)]
    assert loss("cross_entropy", LOGITS, LABELS, COUNTS).item() == pytest.approx(sum(plain) / 2)
    # shares 0.9, 0.1, and 0.01 as if the third class had one image
    moved = [
        [value + 2 * math.log(share) for value, share in zip(row, (0.9, 0.1, 0.01), strict=True)] for row in LOGITS
    ]
    expected = [-math.log(_probability(row, label)) for row, label in zip(moved, (1, 0), strict=True)]
    assert loss("logit_adjusted", LOGITS, LABELS, COUNTS, tau=2.0).item() == pytest.approx(sum(expected) / 2)
    first, second = ((1 - 0.9) / (1 - 0.9**count) for count in (90, 10))
    scale = 2 / (first + second)
    expected = [plain[0] * second * scale, plain[1] * first * scale]
    found = loss("class_balanced", LOGITS, LABELS, COUNTS, effective_beta=0.9)
    assert found.item() == pytest.approx(sum(expected) / 2)
    expected = [value * (1 - math.exp(-value)) ** 2 for value in plain]
    assert loss("focal", LOGITS, LABELS, COUNTS).item() == pytest.approx(sum(expected) / 2)


@pytest.mark.parametrize(
    ("name", "values"),
    [("logit_adjusted", {"tau": 0.0}), ("class_balanced", {"effective_beta": 0.0}), ("focal", {"focusing": 0.0})],
)
def test_each_has_a_setting_that_makes_it_the_cross_entropy(name: str, values: dict[str, float]) -> None:
    plain = loss("cross_entropy", LOGITS, LABELS, COUNTS, smoothing=0.1).item()
    assert loss(name, LOGITS, LABELS, COUNTS, smoothing=0.1, **values).item() == pytest.approx(plain)


def test_shares_and_weights_know_classes_without_images() -> None:
    assert log_frequencies(COUNTS).exp().tolist() == pytest.approx([0.9, 0.1, 0.01])
    weights = class_weights(COUNTS, 0.99)
    assert weights[2].item() == 0.0
    assert weights.sum().item() == pytest.approx(2.0)
    assert weights[1] > weights[0]


@pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
def test_a_loss_says_what_it_is_and_is_a_mean_over_images(name: str) -> None:
    entry = CLASSIFICATION_LOSSES[name]
    assert entry.title
    assert entry.help[0].islower()
    assert not entry.help.endswith(".")
    logits, labels = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
    parts = (2 * loss(name, logits[:2], labels[:2], COUNTS) + 4 * loss(name, logits[2:], labels[2:], COUNTS)) / 6
    assert parts.item() == pytest.approx(loss(name, logits, labels, COUNTS).item())


@pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
@settings(max_examples=60, deadline=None)
@given(
    values=hnp.arrays(
        np.float32, (3, 4), elements=st.one_of(st.floats(-1e4, 1e4, width=32), st.sampled_from([-1e30, 0.0, 1e30]))
    )
)
def test_value_and_gradient_are_finite_on_every_finite_input(name: str, values: np.ndarray) -> None:
    logits = torch.from_numpy(values.copy()).requires_grad_()
    found = loss(name, logits, torch.tensor([0, 1, 3]), torch.tensor([5, 1, 7, 0]), smoothing=0.1)
    found.backward()  # type: ignore[no-untyped-call]
    assert found.dtype == torch.float32
    assert math.isfinite(found.item())
    assert found.item() >= 0
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_the_logit_adjusted_one_is_the_golden_one(shared: Path) -> None:
    path = shared / "golden" / "kd_more.json"
    if not path.is_file():
        pytest.skip("the golden values of the logit-adjusted loss are absent")
    golden = json.loads(path.read_text(encoding="utf-8"))["cases"]
    cases = [case for case in golden if case["kind"] == "logit_adjusted_ce"]
    for case in cases:
        logits = torch.tensor(case["logits"]).requires_grad_()
        counts, labels = torch.tensor(case["counts"]), torch.tensor(case["labels"])
        found = loss("logit_adjusted", logits, labels, counts, tau=case["tau"])
        found.backward()  # type: ignore[no-untyped-call]
        assert found.item() == pytest.approx(case["value"], rel=2e-6, abs=2e-6)
        assert logits.grad is not None
        assert logits.grad.norm().item() == pytest.approx(case["grad_l2"], rel=1e-5)
        expected = torch.tensor(case["grad_row0"], dtype=torch.float64)
        assert (logits.grad[0].double() - expected).norm().item() <= 1e-5 * case["grad_l2"]
    assert len(cases) == 2
