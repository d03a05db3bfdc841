"""The losses against independent values that lie beside this file: inputs by formula, values as facts.

golden.json holds for each input and loss the value and, with respect to the student's logits, the gradient's norm and
first row. They come from plain float64 formulas that share no code with the program.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.distillation.method import LossTerm, TeacherStatistics
from core.distillation.methods import METHODS
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs

CASES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="utf-8"))["cases"]

_VALUE = 2e-6
_GRADIENT = 1e-5
_GRADIENT_ABSOLUTE = 1e-6  # where a loss is at its bottom, rounding is absolute


def _steps(count: int, seed: int) -> NDArray[np.float64]:
    """Numbers in 0..1 without a pattern, shape (count, 8)."""
    row, column = np.arange(count)[:, None], np.arange(8)[None]
    found: NDArray[np.float64] = (
        (7919 * (row + 1) * (column + 3) + 104729 * seed + row * row * 31 + column * column * 17) % 1009
    ) / 1009
    return found


def _labels(count: int) -> NDArray[np.int64]:
    return (5 * np.arange(count) + 2) % 8


def _inputs(kind: str, count: int) -> tuple[Tensor, Tensor]:
    """Logits of student and teacher, (count, 8) float32."""
    even, other = _steps(count, 1) * 6 - 3, _steps(count, 2) * 10 - 5
    right, wrong = np.eye(8)[_labels(count)], np.eye(8)[(_labels(count) + 3) % 8]
    every_third = (np.arange(count) % 3 == 0)[:, None]
    student, teacher = {
        "usual": (even, other + 3 * right),
        "confident": (even + 24 * np.where(every_third, wrong, right), other + 25 * right),
        "sure": (even * 0.5 + 40 * right, other * 0.5 + 38 * right),
        "constant student": (0 * even, other),
        "same rows": (even[:1] + 0 * even, other),
        "small student": (even * 1e-3, other),
        "large": (even * 3000, other * 2000),
    }[kind]
    return torch.from_numpy(student.astype(np.float32)), torch.from_numpy(teacher.astype(np.float32))


def _loss(case: dict[str, Any], student: Tensor, teacher: Tensor) -> Tensor:
    labels = torch.from_numpy(_labels(case["n"]))
    if case["method"] == "kl + 0.5 dist":
        terms = [
            LossTerm(METHODS[name], METHODS[name].Settings(), weight) for name, weight in (("kl", 1), ("dist", 0.5))
        ]
        total: Tensor = Objective(terms, 0.3, label_smoothing=0.1)(Outputs(student), labels, (Outputs(teacher),)).total
        return total
    method = METHODS[case["method"]]
    if not method.needs:
        classification: Tensor = Objective((), 0.0)(Outputs(student), labels).classification
        return classification
    objective = Objective(
        (LossTerm(method, method.Settings(**case["settings"])),), 0.5, student_dim=8, teacher_dims=(8,)
    )
    for weight in objective.parameters():
        torch.nn.init.eye_(weight)  # the projector
    means = torch.from_numpy((_steps(8, 3) * 4 - 2).astype(np.float32))
    statistics = (TeacherStatistics(means, torch.linalg.vector_norm(teacher, dim=1)),)
    outputs = Outputs(student, student), labels, (Outputs(teacher, teacher),)
    found: Tensor | None = objective(*outputs, statistics=statistics).distillation
    assert found is not None
    return found


def test_every_method_has_golden_values() -> None:
    assert {case["method"] for case in CASES} >= set(METHODS)


@pytest.mark.parametrize(
    "case", CASES, ids=lambda case: f"{case['method']} {case['settings']} {case['input']} {case['n']}"
)
@pytest.mark.parametrize("cast", [False, True], ids=["", "autocast"])
def test_value_and_gradient_are_the_golden_ones(case: dict[str, Any], cast: bool) -> None:
    student, teacher = _inputs(case["input"], case["n"])
    student.requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=cast):
        loss = _loss(case, student, teacher)
    loss.backward()  # type: ignore[no-untyped-call]
    assert student.grad is not None
    gradient = student.grad.double()
    assert loss.item() == pytest.approx(case["value"], rel=_VALUE, abs=_VALUE)
    assert gradient.norm().item() == pytest.approx(case["l2"], rel=_GRADIENT, abs=_GRADIENT_ABSOLUTE)
    error = (gradient[0] - torch.tensor(case["row0"], dtype=torch.float64)).norm().item()
    assert error <= max(_GRADIENT * case["l2"], _GRADIENT_ABSOLUTE)
