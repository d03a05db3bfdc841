"""A network is compiled where that works; where it does not, everything goes on as before and it is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.events import Event, Notice
from core.training import engine, step
from core.training.engine import compiled, worth_compiling

from .small_training import assert_equal_weights, numbers, small_model, small_recipe, train

EXAMPLE = torch.rand(4, 3, 32, 32)


class Working:
    """A compiler that gives the network back, counting its use."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, model: nn.Module, **_: object) -> Callable[[Tensor], Tensor]:
        def network(images: Tensor) -> Tensor:
            self.calls += 1
            return model(images)  # type: ignore[no-any-return]

        return network


def at_once(model: nn.Module, **_: object) -> Any:
    raise RuntimeError("Cannot find a working triton installation\nand much more")


def when_called(model: nn.Module, **_: object) -> Any:
    def network(images: Tensor) -> Tensor:
        model(images)
        raise torch.OutOfMemoryError("graphs take memory")

    return network


class _NoGradient(torch.autograd.Function):
    @staticmethod
    def forward(context: Any, value: Tensor) -> Tensor:
        return value.clone()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        raise NotImplementedError


def when_learning(model: nn.Module, **_: object) -> Any:
    return lambda images: _NoGradient.apply(model(images))


@pytest.mark.parametrize("compiler", [at_once, when_called, when_learning, Working()])
def test_trying_it_changes_nothing(compiler: Callable[..., Any]) -> None:
    model = small_model().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    said: list[Event] = []
    network = compiled(model, EXAMPLE, said.append, compiler)
    assert (network is model) == (not isinstance(compiler, Working))
    assert_equal_weights(dict(model.state_dict()), before)
    assert all(parameter.grad is None for parameter in model.parameters())
    (notice,) = said
    assert isinstance(notice, Notice)
    assert ("not compiled" in notice.text) == (network is model)
    assert "and much more" not in notice.text
    torch.manual_seed(0)
    expected = model(EXAMPLE)
    torch.manual_seed(0)
    assert torch.equal(network(EXAMPLE), expected)


def test_only_long_trainings_on_a_gpu_are_compiled() -> None:
    assert worth_compiling("cuda", 25 * 554)
    assert not worth_compiling("cuda", 100)
    assert not worth_compiling("cpu", 10**6)
    assert not worth_compiling("mps", 10**6)


def test_a_training_with_a_compiled_network_has_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = train(small_recipe(), tmp_path / "plain")
    compiler = Working()
    monkeypatch.setattr(step, "worth_compiling", lambda device, steps: True)
    monkeypatch.setattr(step, "compiled", lambda model, example, emit: engine.compiled(model, example, emit, compiler))
    fast = train(small_recipe(), tmp_path / "fast")
    assert compiler.calls == 2 + 3 * 5  # the trial, and the full batches; the last short one goes the usual way
    assert_equal_weights(fast.weights, plain.weights)
    assert numbers(fast.result.history) == numbers(plain.result.history)
