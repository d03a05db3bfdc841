"""On a GPU the weights lie elsewhere than where they were made: nothing goes on with what was taken of them before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric import Fabric
from torch import nn

from core.training import step
from core.training.checkpoint import CheckpointFolder
from core.training.compiling import Compilation, compile_network, time_step

from .small_training import assert_equal_weights, numbers, small_model, small_recipe, train


class _Moving(Fabric):
    """Moves a network as `to` does to a GPU: the same parameters with other memory, and other buffers."""

    def setup(self, module: nn.Module, *optimizers: Any, **_: Any) -> Any:
        for parameter in module.parameters():
            parameter.data = parameter.data.clone()
        for owner in module.modules():
            for name, buffer in owner._buffers.items():
                owner._buffers[name] = None if buffer is None else buffer.clone()
        return super().setup(module, *optimizers)


def test_a_training_whose_weights_move_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = small_recipe("optimisation.ema=0.5", "distillation.method=kl")
    stayed = train(recipe, tmp_path / "stayed")
    monkeypatch.setattr(step, "create_fabric", lambda hardware: _Moving(accelerator="cpu", devices=1))
    moved = train(recipe, tmp_path / "moved")
    assert_equal_weights(moved.weights, stayed.weights)
    assert numbers(moved.result.history) == numbers(stayed.result.history)
    averages = [CheckpointFolder(tmp_path / name).load()["average"]["values"] for name in ("moved", "stayed")]
    assert_equal_weights(*averages)


def test_each_trial_of_a_network_begins_without_gradients() -> None:
    """A GPU's graph writes its gradients over those of the run before, to which they can then not be added."""
    model, begun = small_model(), list[bool]()

    def compiler(model: nn.Module, **_: object) -> Any:
        def network(images: torch.Tensor) -> torch.Tensor:
            begun.append(all(weight.grad is None for weight in model.parameters()))
            return model(images)  # type: ignore[no-any-return]

        return network

    example = torch.rand(4, 3, 32, 32)
    compile_network(model, example, Compilation(True, "cpu", ""), lambda event: None, compile_with=compiler)
    assert len(begun) == 5
    assert all(begun)
    assert time_step(model, example) > 0
    assert all(weight.grad is None for weight in model.parameters())
