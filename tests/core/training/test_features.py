"""Methods that learn from features, with modules of their own, on the one step that there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from core.distillation.method import LossTerm, Need, TeacherStatistics
from core.distillation.methods import METHODS
from core.distillation.outputs import Outputs
from core.errors import Cancelled, SkinKDError
from core.events import ignore
from core.training import step
from core.training.checkpoint import CheckpointFolder
from core.training.compiling import Compilation, compile_network
from core.training.step import Learner, StepInput

from .feature_training import TEACHER_WIDTH, WIDTH, Relations, Settings, feature_data, halved_model, use
from .small_training import CPU, PREPROCESSING, Outcome, StopAt, assert_equal_weights, numbers, small_recipe, train
from .test_compiling import Working

KL = LossTerm(METHODS["kl"], METHODS["kl"].Settings(), 0.5)
DISTILLED = ("distillation.method=kl", "distillation.alpha=0.7")


def relations(couples: bool = True) -> LossTerm:
    return LossTerm(Relations(couples_batch=couples), Settings(), 2.0)


def learner(monkeypatch: pytest.MonkeyPatch, *terms: LossTerm) -> Learner:
    use(monkeypatch, *terms)
    recipe = small_recipe(*DISTILLED, "optimisation.label_smoothing=0.1")
    return Learner(
        halved_model().train(), PREPROCESSING, recipe, CPU, ignore, teacher_dims=[TEACHER_WIDTH, TEACHER_WIDTH]
    )


def batch(count: int = 8) -> StepInput:
    generator = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (count, 32, 32, 3), dtype=torch.uint8, generator=generator)
    teachers = [
        Outputs(torch.randn(count, 8, generator=generator), torch.randn(count, TEACHER_WIDTH, generator=generator))
        for _ in range(2)
    ]
    statistics = tuple(TeacherStatistics(torch.zeros(8, TEACHER_WIDTH), torch.arange(count)) for _ in teachers)
    return StepInput(images, torch.arange(count) % 8, tuple(teachers), statistics, 1, 0.01, 7)


def gradients(learner: Learner, parts: tuple[slice, ...]) -> dict[str, Tensor]:
    """Of the model and of the modules, after the backward pass of a batch in these parts."""
    learner._backward(batch(), parts)
    named = [*learner.model.named_parameters(), *learner._objective.named_parameters()]
    return {name: parameter.grad.clone() for name, parameter in named if parameter.grad is not None}


WHOLE, PARTS = (slice(0, 8),), (slice(0, 3), slice(3, 5), slice(5, 8))


@pytest.mark.parametrize(
    "terms", [(relations(),), (KL, relations()), (relations(), KL)], ids=["alone", "as a term", "with a term"]
)
def test_parts_of_a_batch_have_the_gradients_of_the_whole(
    terms: tuple[LossTerm, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With respect to what makes logits and features, and to the projector; under a name that nobody knows."""
    torch.manual_seed(0)
    whole = gradients(learner(monkeypatch, *terms), WHOLE)
    parts = gradients(learner(monkeypatch, *terms), PARTS)
    assert len(whole) == 4 + 4  # convolution, last layer, projector: each with its bias
    assert whole.keys() == parts.keys()
    for name, value in whole.items():
        assert float(value.abs().max()) > 1e-3
        torch.testing.assert_close(parts[name], value, rtol=0.0, atol=4e-6 * float(value.abs().max()))


def test_a_loss_that_mixes_without_saying_so_would_have_other_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison above can fail."""
    whole = gradients(learner(monkeypatch, relations(couples=False)), WHOLE)
    parts = gradients(learner(monkeypatch, relations(couples=False)), PARTS)
    assert any(not torch.allclose(parts[name], value, rtol=0.1) for name, value in whole.items())


def test_both_loss_and_gradient_reach_the_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the features' gradient the convolution would learn from the logits alone."""
    made = learner(monkeypatch, relations())
    outputs = made.outputs(batch().images)
    assert outputs.features is not None
    assert outputs.features.shape == (8, WIDTH)
    assert outputs.features.requires_grad


def go(
    folder: Path, token: StopAt | None = None, most: int | None = None, teachers: int = 1, method: str = "relations"
) -> Outcome:
    model: nn.Module = halved_model(normalised=True)
    return train(small_recipe(*DISTILLED), folder, token=token, model=model, data=feature_data(teachers))


@pytest.mark.parametrize("check", [2, 9, 14, 20])
def test_stopped_and_gone_on_with_a_projector_ends_the_same(
    check: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, relations(), KL)
    whole = go(tmp_path / "whole")
    with pytest.raises(Cancelled):
        go(tmp_path / "parts", StopAt(check))
    parts = go(tmp_path / "parts")
    assert_equal_weights(parts.weights, whole.weights)
    assert numbers(parts.result.history) == numbers(whole.result.history)
    ends = [CheckpointFolder(tmp_path / name).load() for name in ("parts", "whole")]
    assert_equal_weights(ends[0]["modules"], ends[1]["modules"])
    assert len(ends[0]["optimizer"]["state"]) == 6 + 4  # the network's weights, then the projector's


def test_a_projector_is_trained_and_no_part_of_the_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, relations())
    ends = go(tmp_path)
    folder = CheckpointFolder(tmp_path)
    assert set(ends.weights) == set(halved_model(normalised=True).state_dict())
    assert folder.load_best(ends.result.best_epoch).keys() == ends.weights.keys()
    untrained = learner(monkeypatch, relations()).state()["modules"]
    trained = folder.load()["modules"]
    assert untrained.keys() == trained.keys()
    assert all(not torch.equal(trained[name], value) for name, value in untrained.items())


def test_modules_begin_with_weights_of_the_seed_and_draw_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = learner(monkeypatch, relations()).state()["modules"]
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    assert_equal_weights(first, learner(monkeypatch, relations()).state()["modules"])


def test_a_checkpoint_without_the_projector_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, KL)
    with pytest.raises(Cancelled):
        go(tmp_path, StopAt(9))
    use(monkeypatch, relations())
    with pytest.raises(SkinKDError, match="belongs to another model"):
        go(tmp_path)


def test_the_context_says_where_the_training_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = Relations(needs=frozenset({Need.FEATURES, Need.CLASS_MEANS, Need.FEATURE_NORMS}))
    use(monkeypatch, LossTerm(method, Settings()))
    go(tmp_path, teachers=2)
    data = feature_data(2)
    assert [context.epoch for context in method.contexts] == [1] * 6 + [2] * 6 + [3] * 6
    last = method.contexts[-1]
    counts = np.bincount(data.store.labels[data.train], minlength=8)
    np.testing.assert_array_equal(last.class_counts.numpy(), counts)
    assert len(last.statistics) == 2
    for found in last.statistics:
        assert found.class_means is not None
        assert found.feature_norms is not None
        assert found.class_means.shape == (8, TEACHER_WIDTH)
        assert found.feature_norms.shape == (2,)  # the last batch of 22 images in batches of 4


def test_a_network_without_features_is_refused_where_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, relations())
    with pytest.raises(SkinKDError, match="student gives no features"):
        train(small_recipe(*DISTILLED), tmp_path, data=feature_data())


def test_a_compiled_network_gives_features_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, relations())
    plain = go(tmp_path / "plain")
    compiler = Working()

    def compiled(model: nn.Module, example: Callable[[], Tensor], *others: Any, **named: Any) -> Any:
        plan = Compilation(True, "cpu", "")
        return compile_network(model, example(), plan, ignore, check_gain=False, compile_with=compiler)

    monkeypatch.setattr(step, "prepare_network", compiled)
    fast = go(tmp_path / "fast")
    assert compiler.calls == 2 + 3 * 5
    assert_equal_weights(fast.weights, plain.weights)


def test_too_small_a_memory_changes_nothing_but_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, relations(), KL)
    recipe = small_recipe(*DISTILLED, "optimisation.batch_size=8", "optimisation.epochs=1")

    class Small(type(halved_model())):  # type: ignore[misc]
        """Has room for 3 images while it learns."""

        def forward_features(self, images: Tensor) -> Tensor:
            if self.training and len(images) > 3 and torch.is_grad_enabled():
                raise torch.OutOfMemoryError("too much")
            return super().forward_features(images)  # type: ignore[no-any-return]

    whole = train(recipe, tmp_path / "whole", model=halved_model(), data=feature_data())
    small = Small(normalised=False)
    small.load_state_dict(halved_model().state_dict())
    parts = train(recipe, tmp_path / "parts", model=small, data=feature_data())
    for name, value in whole.weights.items():
        torch.testing.assert_close(parts.weights[name], value, rtol=1e-3, atol=2e-4)
    assert parts.result.history[0].train_loss.total == pytest.approx(whole.result.history[0].train_loss.total, rel=1e-5)
