"""A network is compiled where that pays and works, for the whole run; where not, it is said and nothing changes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.errors import Cancelled
from core.events import Event, Level, Notice
from core.models.factory import create_model
from core.paths import cache_root
from core.training import compiling
from core.training.compiling import (
    AS_ASKED,
    LONG_ON_CPU,
    TOO_SHORT,
    UNRECORDED,
    Compilation,
    changed,
    compile_network,
    plan_compilation,
)
from core.training.loop import Observer

from .small_training import ISIC2019, StopAt, assert_equal_weights, numbers, small_model, small_recipe, train

EXAMPLE = torch.rand(4, 3, 32, 32)
ON_CPU = Compilation(True, "cpu", "")


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
    network, done = compile_network(model, EXAMPLE, ON_CPU, said.append, check_gain=False, compile_with=compiler)
    assert done.compiled == isinstance(compiler, Working)
    assert (network is model) != done.compiled
    assert_equal_weights(dict(model.state_dict()), before)
    assert all(parameter.grad is None for parameter in model.parameters())
    _, notice = said
    assert isinstance(notice, Notice)
    assert ("not compiled" in notice.text) != done.compiled
    assert done.reason in notice.text
    assert "and much more" not in notice.text
    torch.manual_seed(0)
    expected = model(EXAMPLE)
    torch.manual_seed(0)
    assert torch.equal(network(EXAMPLE), expected)


@pytest.mark.parametrize(("gain", "compiled"), [(0.9, False), (1.4, True)])
def test_what_is_no_faster_is_not_used(gain: float, compiled: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "_gain", lambda *_: gain)
    model, said = small_model().train(), list[Event]()
    network, done = compile_network(model, EXAMPLE, ON_CPU, said.append, compile_with=Working())
    assert done.compiled == compiled
    assert (network is model) != compiled
    assert f"{gain:.2f} times as fast" in done.reason


def test_what_is_compiled_lies_in_the_programs_own_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    compile_network(small_model(), EXAMPLE, ON_CPU, lambda _: None, check_gain=False, compile_with=Working())
    assert Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]) == cache_root() / "compiled"
    assert (cache_root() / "compiled").stat().st_mode & 0o077 == 0


@pytest.fixture
def with_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer that has a C++ compiler."""
    monkeypatch.setattr(compiling, "_has_cpp_compiler", lambda: True)


def planned(
    wanted: str, device: str, steps: int, seconds: float = 1.0, known: Compilation | None = None
) -> Compilation:
    return plan_compilation(wanted, device, steps, lambda: seconds, known)  # type: ignore[arg-type]


@pytest.mark.usefixtures("with_compiler")
def test_only_long_trainings_are_compiled_unasked() -> None:
    assert planned("auto", "cuda", 25 * 554).compiled
    assert not planned("auto", "cuda", 100).compiled
    assert not planned("auto", "mps", 10**6).compiled
    assert planned("auto", "cpu", 1000, LONG_ON_CPU / 999).compiled
    assert planned("auto", "cpu", 1000, LONG_ON_CPU / 1001) == Compilation(False, "cpu", TOO_SHORT)
    assert planned("on", "cpu", 1).compiled
    assert planned("off", "cpu", 10**6) == Compilation(False, "cpu", AS_ASKED)


@pytest.mark.usefixtures("with_compiler")
@pytest.mark.parametrize("compiled", [True, False])
def test_a_run_that_goes_on_keeps_its_choice(compiled: bool) -> None:
    known = Compilation(compiled, "cpu", "chosen when it began")
    for steps in (1, 10**6):
        assert planned("auto", "cpu", steps, known=known) == known
    assert planned("auto", "cuda", 10**6, known=known).compiled  # other hardware, other numbers anyway
    assert planned("on", "cpu", 1, known=known).compiled
    assert not planned("off", "cpu", 1, known=known).compiled


def test_without_a_compiler_it_is_said_to_whom_it_concerns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "no-such-compiler" in planned("auto", "cpu", 10**6).reason
    assert "no-such-compiler" in planned("on", "cpu", 1).reason
    assert planned("auto", "cpu", 1).reason == TOO_SHORT
    monkeypatch.setattr(compiling, "is_frozen", lambda: True)
    assert "installed program" in planned("auto", "cpu", 10**6).reason
    assert not planned("on", "cpu", 10**6).compiled


def test_a_change_on_the_way_is_told() -> None:
    off = Compilation(False, "cpu", "Compiling failed: no disk.")
    notice = changed(ON_CPU, off)
    assert notice is not None
    assert notice.level is Level.WARNING
    assert "are not from here on" in notice.text
    assert off.reason in notice.text
    assert changed(None, ON_CPU) is None
    assert changed(ON_CPU, ON_CPU) is None
    assert changed(Compilation(True, "cuda", ""), off) is None


def test_the_record_is_read_back_and_others_are_not() -> None:
    assert Compilation.from_values(ON_CPU.to_values()) == ON_CPU
    for values in (None, {}, "yes", {"compiled": 1, "device": "cpu", "reason": ""}, {**ON_CPU.to_values(), "more": 1}):
        assert Compilation.from_values(values) is None


class Noted(Observer):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[Compilation] = []

    def prepared(self, compilation: Compilation) -> None:
        self.said.append(compilation)


def test_a_training_with_a_compiled_network_has_the_same_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_compiler: None
) -> None:
    plain = train(small_recipe(), tmp_path / "plain")
    compiler, observer = Working(), Noted()
    monkeypatch.setattr(compiling, "compile_network", partial(compile_network, compile_with=compiler))
    fast = train(small_recipe("hardware.compile=on"), tmp_path / "fast", observer=observer)
    assert compiler.calls == 2 + 3 * 5  # the trial, and the full batches; the last short one goes the usual way
    assert [choice.compiled for choice in observer.said] == [True]
    assert_equal_weights(fast.weights, plain.weights)
    assert numbers(fast.result.history) == numbers(plain.result.history)


@pytest.mark.parametrize(("head_epochs", "compiled_steps"), [(1, 2 * 5), (3, 3 * 5)])
def test_what_is_compiled_learns_as_a_whole(
    head_epochs: int, compiled_steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_compiler: None
) -> None:
    """While the head alone learns, steps go the usual way, unless that is the whole training."""

    def network() -> nn.Module:
        return create_model("test_efficientnet", weights="none", image_size=32, classes=ISIC2019).model

    learning: list[set[bool]] = []

    def compiler(model: nn.Module, **_: object) -> Callable[[Tensor], Tensor]:
        def compute(images: Tensor) -> Tensor:
            learning.append({parameter.requires_grad for parameter in model.parameters()})
            return model(images)  # type: ignore[no-any-return]

        return compute

    monkeypatch.setattr(compiling, "compile_network", partial(compile_network, compile_with=compiler))
    settings, observer = f"optimisation.head_epochs={head_epochs}", Noted()
    plain = train(small_recipe(settings), tmp_path / "plain", model=network())
    fast = train(small_recipe(settings, "hardware.compile=on"), tmp_path / "fast", model=network(), observer=observer)
    assert learning == [{True} if head_epochs < 3 else {True, False}] * (2 + compiled_steps)
    assert [choice.compiled for choice in observer.said] == [True]
    assert_equal_weights(fast.weights, plain.weights)
    learning.clear()
    with pytest.raises(Cancelled):
        train(small_recipe(settings), tmp_path / "parts", model=network(), token=StopAt(3))
    monkeypatch.setattr(compiling, "_is_long", lambda *_: True)
    train(small_recipe(settings), tmp_path / "parts", model=network(), observer=observer)
    # With nothing recorded: stopped before anything was to be compiled, it is chosen as in a new run.
    assert (observer.said[1] == UNRECORDED) == (head_epochs == 3)
    assert bool(learning) == (head_epochs == 1)


def test_going_on_the_training_does_what_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_compiler: None
) -> None:
    """Too little is left to compile for, and it is compiled all the same; a run of an older version is not."""
    compiler = Working()
    monkeypatch.setattr(compiling, "compile_network", partial(compile_network, compile_with=compiler))
    for folder in ("new", "old"):
        with pytest.raises(Cancelled):
            train(small_recipe(), tmp_path / folder, token=StopAt(9))
    assert compiler.calls == 0
    train(small_recipe(), tmp_path / "new", compilation=ON_CPU)
    assert compiler.calls == 2 + 4 + 5  # the trial, what was left of the second epoch's full batches, the third's
    monkeypatch.setattr(compiling, "_is_long", lambda *_: True)
    observer = Noted()
    train(small_recipe(), tmp_path / "old", observer=observer)
    assert compiler.calls == 2 + 4 + 5
    assert observer.said == [UNRECORDED]


@pytest.mark.long
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_really_compiled_a_resume_is_equal_to_the_bit(tmp_path: Path) -> None:
    recipe, observer = small_recipe("hardware.compile=on", "distillation.method=kl"), Noted()
    whole = train(recipe, tmp_path / "whole", observer=observer)
    assert [choice.compiled for choice in observer.said] == [True], observer.said
    assert list((cache_root() / "compiled").iterdir())
    with pytest.raises(Cancelled):
        train(recipe, tmp_path / "parts", token=StopAt(9))
    parts = train(recipe, tmp_path / "parts", compilation=observer.said[0])
    assert_equal_weights(parts.weights, whole.weights)
    assert numbers(parts.result.history) == numbers(whole.result.history)
