"""Test-time augmentation: the same mean wherever it is asked for, verdicts only where they were calibrated for it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.classes import CLASS_SETS
from core.data.augmentation.turns import in_position, turned
from core.data.types import Part
from core.evaluation.promises import upright_temperature
from core.inference.classifier import Classifier
from core.inference.network import TorchNetwork
from core.inference.test_time import AveragedNetwork
from core.inference.trust import Verdict
from core.models.factory import create_model
from core.models.files import load_model, load_statistics, read_model_info, save_model
from core.models.forward import forward_outputs
from core.runs.assess import assess_run
from core.runs.folder import RunFolder

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def network() -> TorchNetwork:
    made = create_model("test_resnet", weights="none", image_size=32, seed=0, classes=CLASS_SETS["isic2019"])
    return TorchNetwork(made.model.eval(), made.preprocessing, "cpu")


def test_the_mean_is_over_the_eight_positions_of_each_image(network: TorchNetwork) -> None:
    views = [in_position(torch.from_numpy(IMAGES), position).numpy() for position in range(8)]
    assert len({view.tobytes() for view in views}) == 8
    single = [network.infer(view) for view in views]
    logits, features = AveragedNetwork(network).infer(IMAGES)
    np.testing.assert_allclose(logits, np.mean([found[0] for found in single], axis=0), rtol=1e-5, atol=1e-6)
    assert features is not None
    np.testing.assert_allclose(features, np.mean([found[1] for found in single], axis=0), rtol=1e-5, atol=1e-6)
    assert np.abs(logits - single[0][0]).max() > 1e-3


def test_training_code_and_classifying_average_alike(network: TorchNetwork) -> None:
    logits, features = AveragedNetwork(network).infer(IMAGES)
    again = forward_outputs(
        network.module,
        network.preprocessing,
        lambda rows: IMAGES[rows],
        np.arange(5),
        device="cpu",
        positions=8,
        batch_size=2,
    )
    np.testing.assert_allclose(again[0], logits, rtol=1e-4, atol=1e-5)
    assert again[1] is not None
    assert features is not None
    np.testing.assert_allclose(again[1], features, rtol=1e-4, atol=1e-5)


def test_a_position_is_the_same_for_one_and_for_many() -> None:
    images = torch.from_numpy(IMAGES)
    for position in range(8):
        assert torch.equal(in_position(images, position), turned(images, np.full(5, position)))


@pytest.fixture(scope="module")
def averaged_run(finished_run: RunFolder, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The finished run, calibrated with test-time augmentation."""
    folder = RunFolder(Path(shutil.copytree(finished_run.path, tmp_path_factory.mktemp("averaged") / "run")))
    assess_run(folder, device="cpu", positions=8)
    return folder


def test_what_was_not_calibrated_for_it_gets_no_verdict(finished_run: RunFolder, pictures: list[Path]) -> None:
    plain = Classifier.load(finished_run.path, "cpu")
    averaged = Classifier.load(finished_run.path, "cpu", averaged=True)
    assert (plain.averaged, averaged.averaged) == (False, True)
    for single, mean in zip(plain.classify(pictures), averaged.classify(pictures), strict=True):
        assert single.assessment is not None
        assert mean.assessment is not None
        assert single.assessment.verdict is not Verdict.UNKNOWN
        assert mean.assessment.verdict is Verdict.UNKNOWN
        assert "calibrate RUN --tta" in mean.assessment.sentence
        assert mean.probabilities != single.probabilities


def test_a_model_that_was_calibrated_for_it_has_it_and_its_verdicts(
    averaged_run: RunFolder, finished_run: RunFolder, pictures: list[Path]
) -> None:
    info, before = read_model_info(averaged_run.model_file), read_model_info(finished_run.model_file)
    assert (info.positions, before.positions) == (8, 1)
    own, others = (load_statistics(run.model_file) for run in (averaged_run, finished_run))
    assert own is not None
    assert others is not None
    assert np.abs(own.validation_logits - others.validation_logits).max() > 1e-4
    document = json.loads(averaged_run.metrics_file.read_text())
    assert document["calibration"]["positions"] == 8
    assert document["test"] == json.loads(finished_run.metrics_file.read_text())["test"]  # scores stay as they are
    averaged, upright = averaged_run.averaged_predictions(), averaged_run.predictions()
    assert averaged is not None
    assert averaged.of(Part.TEST).names == upright.of(Part.TEST).names
    np.testing.assert_allclose(averaged.calibrating.logits, own.validation_logits, atol=1e-5)
    one = json.loads(finished_run.metrics_file.read_text())["calibration"]["temperature"]
    assert upright_temperature(document["calibration"]) == pytest.approx(one, rel=1e-6)
    assert document["calibration"]["temperature"] == info.temperature
    found = Classifier.load(averaged_run.path, "cpu")
    again = Classifier.load(averaged_run.path, "cpu", averaged=True)
    network = AveragedNetwork(found.network)
    for row, same in zip(found.classify(pictures), again.classify(pictures), strict=True):
        assert row == same
        assert row.assessment is not None
        assert row.assessment.verdict is not Verdict.UNKNOWN
    assert found.averaged
    np.testing.assert_allclose(
        found.logits(np.zeros((1, 32, 32, 3), np.uint8) + 90),
        network.infer(np.zeros((1, 32, 32, 3), np.uint8) + 90)[0],
        rtol=1e-5,
    )
    assess_run(averaged_run, device="cpu")  # and back
    assert read_model_info(averaged_run.model_file) == before


def test_a_file_that_promises_another_mean_is_refused(finished_run: RunFolder, tmp_path: Path) -> None:
    model, info = load_model(finished_run.model_file)
    with pytest.raises(ValueError, match="positions"):
        save_model(tmp_path / "odd.safetensors", model, replace(info, positions=3))


@pytest.fixture(scope="module")
def pictures(sample_set: Path) -> list[Path]:
    return sorted((sample_set / "ISIC_2019_Training_Input").iterdir())[:6]
