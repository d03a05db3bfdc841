"""Losses and metrics on every kind of number: finite values and gradients, or what is documented as undefined."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import numpy as np
import torch
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from core.classes import CLASS_SETS
from core.distillation.method import LossTerm, Method, TeacherStatistics
from core.distillation.methods import METHODS
from core.distillation.objective import Objective
from core.distillation.outputs import Outputs
from core.errors import SkinKDError
from core.evaluation.calibration import fit_temperature
from core.evaluation.detailed import detailed_scores
from core.evaluation.metrics import score, scores_from_json, scores_to_json
from core.settings import SettingsSection
from tests.torture.fuzzing import explore, shares, total
from tests.torture.tally import Tally

ISIC2019 = CLASS_SETS["isic2019"]

_CLASSES = len(ISIC2019.codes)
_LOGITS = st.one_of(
    st.floats(-30, 30, width=32),
    st.sampled_from([0.0, -0.0, 1e-30, 1e4, -1e4, 6e4, 1e30, -1e30, 3.4e38, -3.4e38]),
)
_ANY = _LOGITS | st.sampled_from([float("nan"), float("inf"), float("-inf")])

Case = tuple[list[float], list[float], list[int], float, str]
Answers = tuple[list[float], list[int]]


def cases(count: int, seed: int) -> Tally:
    """`count` batches of logits."""
    losses, scores = shares(count, 2)
    return total(
        "logits of every size",
        [
            explore("loss", _batches(), _losses, losses, seed),
            explore("score", _answers(), _scores, scores, seed),
        ],
    )


@st.composite
def _batches(draw: st.DrawFn) -> Case:
    size = draw(st.integers(1, 5)) * _CLASSES
    student, teacher = (draw(st.lists(_LOGITS, min_size=size, max_size=size)) for _ in range(2))
    labels = draw(st.lists(st.integers(0, _CLASSES - 1), min_size=size // _CLASSES, max_size=size // _CLASSES))
    temperature = draw(st.sampled_from([0.1, 0.5, 1.0, 4.0, 20.0]))
    return student, teacher, labels, temperature, draw(st.sampled_from(["float32", "float16", "bfloat16"]))


@st.composite
def _answers(draw: st.DrawFn) -> Answers:
    count = draw(st.integers(0, 6))
    logits = draw(st.lists(_ANY, min_size=count * _CLASSES, max_size=count * _CLASSES))
    return logits, draw(st.lists(st.integers(0, _CLASSES - 1), min_size=count, max_size=count))


def _losses(case: Case) -> None:
    first, second, labels, temperature, kind = case
    dtype: torch.dtype = getattr(torch, kind)
    most = torch.finfo(dtype).max
    teacher = torch.tensor(second).view(-1, _CLASSES).clamp(-most, most).to(dtype)

    statistics = TeacherStatistics(torch.eye(_CLASSES) - 0.1, torch.linalg.vector_norm(teacher.double(), dim=1))

    def finite(loss: Any) -> None:
        student = torch.tensor(first).view(-1, _CLASSES).clamp(-most, most).to(dtype).requires_grad_()
        value: Tensor = loss(student)
        value.backward()  # type: ignore[no-untyped-call]
        assert value.dtype == torch.float32
        assert math.isfinite(value.item()), value
        assert student.grad is not None
        assert student.grad.isfinite().all(), student.grad

    for method in METHODS.values():
        for settings in _settings(method, temperature) if method.needs else ():
            objective = Objective(
                (LossTerm(method, settings),),
                0.5,
                label_smoothing=0.1,
                student_dim=_CLASSES,
                teacher_dims=(_CLASSES,),
            )
            for weight in objective.parameters():
                torch.nn.init.eye_(weight)  # losses of features take the logits as features
            parts = ("distillation",) if max(map(abs, first)) >= 1e30 else ("distillation", "total")
            for part in parts:  # cross entropy itself is infinite where a difference of logits is
                finite(
                    lambda student, objective=objective, part=part: getattr(
                        objective(
                            Outputs(student, student),
                            torch.tensor(labels),
                            (Outputs(teacher, teacher),),
                            statistics=(statistics,),
                        ),
                        part,
                    )
                )


def _settings(method: Method, temperature: float) -> Iterator[SettingsSection]:
    """The method's settings, once for each value of its choices; with the temperature where it has one."""
    fields = method.Settings.model_fields
    choices = {
        name: get_args(info.annotation) for name, info in fields.items() if get_origin(info.annotation) is Literal
    }
    given = {"temperature": temperature} if "temperature" in fields else {}
    for values in itertools.product(*choices.values()):
        yield method.Settings(**given, **dict(zip(choices, values, strict=True)))


def _scores(case: Answers) -> None:
    logits: NDArray[np.float64] = np.array(case[0]).reshape(-1, _CLASSES)
    labels = np.array(case[1], np.int64)
    try:
        found = score(labels, logits, ISIC2019)
    except SkinKDError:
        assert not len(labels) or not np.isfinite(logits).all()
        raise
    assert scores_from_json(scores_to_json(found)) == found
    for row in detailed_scores(labels, logits.astype(np.float32), ISIC2019).scores.per_class:
        assert all(value is None or 0 <= value <= 1 for value in (row.precision, row.recall, row.f1))
    assert fit_temperature(labels, logits.astype(np.float32)) > 0
