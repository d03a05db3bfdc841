"""The losses against values and hand-derived gradients that were computed in float64."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from core.distillation.method import LossTerm
from core.distillation.methods import METHODS
from core.distillation.methods.dist import dist
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs

# golden name -> method, settings, and what the golden value is divided by (its peers differ in the factor T^2)
_LOSSES: dict[str, tuple[str, dict[str, Any], float]] = {
    "ce": ("none", {}, 1),
    "kl_paper": ("kl", {}, 1),
    "kl_hinton_T1": ("kl", {"temperature": 1.0, "direction": "teacher_student"}, 1),
    "kl_hinton_T2": ("kl", {"temperature": 2.0, "direction": "teacher_student"}, 1),
    "kl_hinton_T4": ("kl", {"temperature": 4.0, "direction": "teacher_student"}, 1),
    "kl_hinton_T2_noT2": ("kl", {"temperature": 2.0, "direction": "teacher_student"}, 4),
    "kl_hinton_T4_noT2": ("kl", {"temperature": 4.0, "direction": "teacher_student"}, 16),
    "dist_tau1": ("dist", {}, 1),
    "dist_tau1_inter": ("dist", {"gamma": 0.0}, 1),
    "dist_tau1_intra": ("dist", {"beta": 0.0}, 1),
    "dist_tau4_t2": ("dist", {"temperature": 4.0}, 1),
    "dist_tau4_not2": ("dist", {"temperature": 4.0}, 16),
    "logit_std_kl_T1": ("standardised_kl", {"temperature": 1.0, "kl_weight": 1.0}, 1),
    "logit_std_kl_T2": ("standardised_kl", {"kl_weight": 1.0}, 1),
    "logit_std_kl_T4": ("standardised_kl", {"temperature": 4.0, "kl_weight": 1.0}, 1),
    "dkd_a1_b8_T4": ("dkd", {}, 1),
    "dkd_a1_b1_T1": ("dkd", {"other_weight": 1.0, "temperature": 1.0}, 1),
    "dkd_a1_b0_T4": ("dkd", {"other_weight": 0.0}, 1),
    "dkd_a0_b1_T4": ("dkd", {"target_weight": 0.0, "other_weight": 1.0}, 1),
    "dkd_ls_a9_b72_T2": (
        "dkd",
        {"target_weight": 9.0, "other_weight": 72.0, "temperature": 2.0, "standardise": True},
        1,
    ),
}

_VALUE = 2e-6
_GRADIENT = {"float32": 5e-6, "float16": 2.0**-11, "bfloat16": 2.0**-8}
# Where autograd's float32 gradient of a loss is small, rounding is absolute (golden meta: "or abs L2<=1e-6").
_GRADIENT_ABSOLUTE = 1e-6


def _cases(shared: Path) -> list[dict[str, Any]]:
    path = shared / "golden" / "kd_losses.json"
    if not path.is_file():
        pytest.skip("the golden values of the losses are absent")
    cases: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cases"]
    return cases


def _split(name: str) -> tuple[str, float | None]:
    mixed = re.fullmatch(r"mix_(.*)_alpha([0-9.]+)", name)
    return (mixed[1], float(mixed[2])) if mixed else (name, None)


def _loss(name: str, student: torch.Tensor, teacher: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    base, alpha = _split(name)
    name_of_method, settings, divisor = _LOSSES[base]
    method = METHODS[name_of_method]
    terms = (LossTerm(method, method.Settings(**settings)),) if method.needs else ()
    parts = Objective(terms, alpha or 0.0)(Outputs(student), labels, (Outputs(teacher),))
    found: torch.Tensor = parts.total if alpha is not None or parts.distillation is None else parts.distillation
    return found / divisor


def _check_gradient(gradient: torch.Tensor, expected: dict[str, Any], tolerance: float) -> list[str]:
    """What differs. The file holds the whole gradient for small batches, the first row and norms for the others."""
    found = [("l2", gradient.norm(), torch.tensor(expected["l2"], dtype=torch.float64))]
    found.append(("row0", gradient[0], torch.tensor(expected["row0"], dtype=torch.float64)))
    if "grad" in expected:
        found.append(("grad", gradient, torch.tensor(expected["grad"], dtype=torch.float64)))
    wrong = []
    for part, ours, theirs in found:
        error = (ours - theirs).norm().item()
        if not (error <= tolerance * theirs.norm().item() or error <= _GRADIENT_ABSOLUTE):
            wrong.append(f"{part}: off by {error:.3g} of {theirs.norm().item():.3g}")
    return wrong


def _check(case: dict[str, Any], name: str, expected: dict[str, Any]) -> list[str]:
    dtype = getattr(torch, case["dtype"])
    student = torch.tensor(case["student"]).to(dtype).requires_grad_()
    teacher = torch.tensor(case["teacher"]).to(dtype)
    loss = _loss(name, student, teacher, torch.tensor(case["labels"]))
    if loss.dtype != torch.float32:
        return [f"dtype {loss.dtype}"]
    loss.backward()
    assert student.grad is not None
    # `safe` is how constant vectors are treated by us: value and gradient.
    reference = expected.get("safe", expected["ref"])
    wrong = _check_gradient(student.grad.double(), reference, _GRADIENT[case["dtype"]])
    if abs(loss.item() - reference["value"]) > _VALUE * (1 + abs(reference["value"])):
        wrong.append(f"value {loss.item()!r}, expected {reference['value']!r}")
    return wrong


def test_values_and_gradients_are_the_golden_ones(shared: Path) -> None:
    """All cases and dtypes at the plain tolerance: the wider ones that the file grants its peers are not needed."""
    checked = 0
    wrong: list[str] = []
    for case in _cases(shared):
        for name, expected in case["losses"].items():
            checked += 1
            wrong += [f"{case['name']} {name}: {text}" for text in _check(case, name, expected)]
    assert not wrong, "\n".join(wrong)
    assert checked == 1271


def test_dist_of_confident_models_is_the_golden_one(shared: Path) -> None:
    """Inputs on which float32 probabilities minus their mean cancel."""
    path = shared / "golden" / "kd_more.json"
    if not path.is_file():
        pytest.skip("the golden values of confident models are absent")
    cases = [case for case in json.loads(path.read_text(encoding="utf-8"))["cases"] if case["kind"] == "dist"]
    for case in cases:
        student = torch.tensor(case["student"]).requires_grad_()
        loss = dist(student, torch.tensor(case["teacher"]), temperature=case["temperature"])
        loss.backward()
        assert loss.item() == pytest.approx(case["value"], rel=2e-6, abs=2e-6), case["name"]
        assert student.grad.norm().item() == pytest.approx(case["grad_l2"], rel=1e-4, abs=1e-12), case["name"]
        expected = torch.tensor(case["grad_row0"], dtype=torch.float64)
        error = (student.grad[0].double() - expected).norm().item()
        assert error <= 1e-4 * case["grad_l2"], case["name"]
    assert len(cases) == 11
