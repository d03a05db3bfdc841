"""A probe: the network stays as it is, its features are computed once, and its last layer learns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, EpochFinished, Event, Notice, Phase, Progress
from core.models.catalog import SUGGESTED_TEACHERS, describe_model
from core.models.files import load_model, read_weights
from core.models.freezing import train_mode
from core.models.outputs import Head, PooledFeatures
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.training.cost import estimate_cost


def recipe_for(data: Path, *changes: str) -> Recipe:
    """A small transformer, from weights of its own, probed on the sample set."""
    own = (f"data.path={data}", "data.image_size=32", "task=teacher", "teacher.architecture=test_vit")
    own += ("teacher.weights=none", "teacher.probe=true", "hardware.threads=1", "hardware.device=cpu")
    own += ("optimisation.learning_rate=0.01", "optimisation.epochs=3", "optimisation.batch_size=16")
    return set_values(Recipe(), [*own, *changes])


def done(recipe: Recipe, runs: Path) -> tuple[RunFolder, list[Event]]:
    said: list[Event] = []
    run = create_run(recipe, runs=runs)
    execute(run, said.append)
    return run, said


def inferences(events: list[Event]) -> int:
    """How many images features were computed of."""
    return max(
        (event.done for event in events if isinstance(event, Progress) and event.phase is Phase.FEATURES), default=0
    )


def test_the_last_layer_alone_learns_and_the_next_probe_asks_no_more(sample_set: Path, tmp_path: Path) -> None:
    run, said = done(recipe_for(sample_set, "optimisation.augmentation=light"), tmp_path / "runs")
    assert inferences(said) > 100
    assert "no augmentation" in " ".join(run.notes())
    history = run.history()
    assert len(history) == 3
    assert history[-1].train_loss.total < history[0].train_loss.total
    assert run.environment()["trainable_parameters"] < 1000
    first = read_weights(run.model_file)
    again, said = done(recipe_for(sample_set, "optimisation.learning_rate=0.1"), tmp_path / "runs")
    steps = [event for event in said if isinstance(event, Progress) and event.phase is Phase.FEATURES]
    assert all(event.per_second == 0 for event in steps)
    second = read_weights(again.model_file)
    changed = {name for name, value in first.items() if not torch.equal(value, second[name])}
    assert changed == {"head.weight", "head.bias"}


def test_its_model_answers_as_the_head_did_on_the_features(sample_set: Path, tmp_path: Path) -> None:
    run, _ = done(recipe_for(sample_set), tmp_path / "runs")
    model, info = load_model(run.model_file)
    images = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        features = PooledFeatures(model, 32)(images)
        assert torch.equal(Head(model, 32)(features), model(images))
    best = max(run.history(), key=lambda record: record.validation_accuracy)
    scores = run.scores("validation")
    assert scores is not None
    assert scores.accuracy == pytest.approx(best.validation_accuracy)
    assert info.architecture == "test_vit"


def test_stopped_and_gone_on_it_ends_with_the_same_numbers(sample_set: Path, tmp_path: Path) -> None:
    whole, _ = done(recipe_for(sample_set), tmp_path / "whole")
    source = CancelSource()

    def stop(event: Event) -> None:
        if isinstance(event, EpochFinished) and event.record.epoch == 1:
            source.cancel()

    parts = create_run(recipe_for(sample_set), runs=tmp_path / "parts")
    with pytest.raises(Cancelled):
        execute(parts, stop, source.token)
    execute(parts)
    expected, found = read_weights(whole.model_file), read_weights(parts.model_file)
    assert all(torch.equal(value, found[name]) for name, value in expected.items())


def test_the_last_blocks_go_on_from_a_probe(sample_set: Path, tmp_path: Path) -> None:
    probe, _ = done(recipe_for(sample_set), tmp_path / "runs")
    changes = ("teacher.probe=false", "teacher.freeze=0.8", f"teacher.weights={probe.model_file}")
    run, said = done(recipe_for(sample_set, *changes, "optimisation.epochs=1"), tmp_path / "runs")
    notices = [event.text for event in said if isinstance(event, Notice)]
    assert any("with their head for 8 classes" in text for text in notices)
    before, after = read_weights(probe.model_file), read_weights(run.model_file)
    learned = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert "patch_embed.proj.weight" not in learned
    assert {"head.weight", "blocks.5.mlp.fc2.weight"} <= learned


def test_its_cost_is_that_of_computing_the_features(sample_set: Path) -> None:
    cost = estimate_cost(recipe_for(sample_set), 160, 100)
    assert cost.seconds_per_epoch == 0
    assert cost.teacher_seconds > 0
    assert any("probe" in note for note in cost.notes)


def test_a_network_without_features_is_refused(sample_set: Path, tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="can not be probed"):
        done(recipe_for(sample_set, "teacher.architecture=deit_tiny_distilled_patch16_224"), tmp_path / "runs")


@pytest.mark.parametrize("name", [name for name, _ in SUGGESTED_TEACHERS if name.startswith(("vit_", "beit"))])
def test_suggested_foundation_models_can_be_built_for_the_usual_size(name: str) -> None:
    assert describe_model(name, 224, 8).has_pretrained


def test_training_mode_leaves_a_head_without_its_network_alone() -> None:
    import timm

    model = timm.create_model("test_vit", img_size=32, num_classes=3)
    head = train_mode(Head(model, 32))
    assert [name for name, _ in head.named_parameters()] == ["last.weight", "last.bias"]
    assert np.prod(head(torch.rand(2, 64)).shape) == 6
