from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.reading import read_dataset
from core.data.types import DataSet
from core.errors import SkinKDError
from core.evaluation.calibration import fit_temperature
from core.evaluation.class_groups import group_of_classes
from core.evaluation.prediction_sets import PredictionSets, sets_at
from core.events import Event, Notice
from core.inference.classifier import Classifier
from core.inference.local_calibration import local_file, read_local, remove_local, write_local
from core.inference.local_fitting import calibrate_locally, data_digest
from core.inference.local_measuring import halves
from core.inference.local_pictures import drift_of_files
from core.models.files import load_statistics
from core.runs.archive import export_run
from core.runs.folder import RunFolder
from core.runs.local import calibrate_on_own
from tests.core.inference.clinics import write_clinic


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """112 lesions of other pictures than the run's."""
    return write_clinic(tmp_path_factory.mktemp("clinic") / "Dr Zq7")


@pytest.fixture(scope="module")
def calibrated(finished_run: RunFolder, clinic: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A copy of the run that was calibrated on the clinic's images."""
    from core.events import CancelToken, ignore

    folder = tmp_path_factory.mktemp("calibrated") / "run"
    shutil.copytree(finished_run.path, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(folder.parent / "cache"))
        calibrate_on_own(folder, clinic, ignore, CancelToken(), device="cpu")
    return RunFolder(folder)


def test_an_image_is_measured_with_a_calibration_that_it_had_no_part_in(calibrated: RunFolder) -> None:
    """The sets of each half, made by hand from the other half's images alone; made from all they are others."""
    local = Classifier.load(calibrated.path, "cpu").local
    assert local is not None
    labels = local.statistics.validation_labels[: local.images].astype(np.int64)
    logits = local.statistics.validation_logits[: local.images]
    own = load_statistics(calibrated.model_file)
    assert own is not None
    half, made = _half_of(calibrated, len(labels)), {}
    for name in ("of the other half", "of all"):
        holds = np.zeros(logits.shape, bool)
        for side in (0, 1):
            inside = half == side
            fitting = ~inside if name == "of the other half" else np.ones(len(labels), bool)
            few = np.isin(own.validation_labels, np.flatnonzero(np.bincount(labels[fitting], minlength=8) < 9))
            known = np.concatenate([labels[fitting], own.validation_labels[few]])
            said = np.concatenate([logits[fitting], own.validation_logits[few]])
            groups = group_of_classes(CLASS_SETS["isic2019"])
            sets = PredictionSets(known, said, fit_temperature(labels[fitting], logits[fitting]), groups)
            holds[inside] = sets_at(sets.p_values(logits[inside]), local.after.level)
        made[name] = (int(holds[np.arange(len(labels)), labels].sum()), float(holds.sum(axis=1).mean()))
    assert (local.after.covered.count, local.after.mean_size) == pytest.approx(made["of the other half"])
    assert made["of the other half"] != made["of all"]
    assert local.after.covered.of == local.before.covered.of == len(labels) == local.images


def _half_of(run: RunFolder, images: int) -> np.ndarray:
    """The halves of the clinic's images, as the data on the disk give them."""
    from core.data.checking import check_images
    from core.data.groups import group_numbers

    data = check_images(_dataset(run))
    found = halves(data.labels, group_numbers(data))
    assert len(found) == images
    return found


def _dataset(run: RunFolder) -> DataSet:
    clinic = next(run.path.parent.parent.glob("clinic*/Dr Zq7"))
    return read_dataset(clinic, Classifier.load(run.path, "cpu").info.classes)


def test_classes_without_images_of_the_clinic_keep_the_models_own_and_that_is_said(
    finished_run: RunFolder, clinic: Path, tmp_path: Path
) -> None:
    """The model has nine and more calibration images of NV alone, the clinic none of NV and of DF."""
    for number, path in enumerate(sorted(clinic.rglob("*.png"))):
        code = path.parent.name if path.parent.name not in ("NV", "DF") else "MEL"
        (tmp_path / "few" / code).mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "few" / code / f"{number}.png")
    local = calibrate_locally(finished_run.path, tmp_path / "few", device="cpu")
    own = load_statistics(finished_run.model_file)
    assert own is not None
    counts = np.bincount(local.statistics.validation_labels, minlength=8)
    own_counts = np.bincount(own.validation_labels, minlength=8)
    nevus, fibroma = 1, 5
    assert (counts[nevus], counts[fibroma]) == (own_counts[nevus], own_counts[fibroma])
    assert own_counts[nevus] >= 9 > own_counts[fibroma]
    assert local.counts["NV"] == 0
    assert any("fewer than 9 images of NV (0)" in note and "not promised" in note for note in local.notes)
    assert any(f"images of DF ({own_counts[fibroma]})" in note and "with their group" in note for note in local.notes)


def test_decisions_rest_on_one_half_of_the_lesions_and_are_certified_on_the_other(calibrated: RunFolder) -> None:
    local = Classifier.load(calibrated.path, "cpu").local
    assert local is not None
    statistics = local.statistics
    assert statistics.lesions is not None
    assert statistics.tested_logits is not None
    half = _half_of(calibrated, local.images)
    assert set(half[statistics.lesions].tolist()) == {0}
    known = statistics.validation_logits
    rows = [int(np.flatnonzero((known == row).all(axis=1))[0]) for row in statistics.tested_logits]
    assert set(half[rows].tolist()) == {1}
    assert len(statistics.lesions) + len(rows) == local.lesions == 112
    assert local.after.decisions is not None
    assert local.after.decisions.decided.of == len(rows)
    assert local.before.decisions is not None
    assert local.before.decisions.malignant_called_benign.of == local.after.decisions.malignant_called_benign.of
    for measure in (local.before.decisions, local.after.decisions):
        assert measure.diagnosed is not None
        assert measure.wrong is not None
        assert measure.wrong.of == measure.diagnosed.count <= measure.diagnosed.of == len(rows)
    assert any("test lesions" in note for note in local.notes)


def test_halves_keep_groups_whole_and_classes_even() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(70), rng.integers(1, 5, 70))
    labels = rng.integers(0, 3, 70)[groups]
    half = halves(labels, groups)
    assert all(len(set(half[groups == group].tolist())) == 1 for group in range(70))
    for label in range(3):
        assert abs(float(half[labels == label].mean()) - 0.5) < 0.1
    np.testing.assert_array_equal(half, halves(labels, groups))


def test_lesions_of_one_patient_are_no_two_halves() -> None:
    groups = np.concatenate([np.zeros(95, np.int64), np.arange(1, 11)])
    with pytest.raises(SkinKDError, match="only 10 are not tied"):
        halves(np.arange(105) % 3, groups)


def test_fewer_than_a_hundred_lesions_are_refused_with_their_number(finished_run: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(finished_run.path, tmp_path / "run")
    few = write_clinic(tmp_path / "few", images=99)
    before = sorted(path.name for path in (tmp_path / "run").iterdir())
    with pytest.raises(SkinKDError, match=r"100 lesions with a label; .* has 99 \(99 images\)"):
        calibrate_locally(tmp_path / "run", few, device="cpu")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == before


def test_the_model_file_and_its_scores_stay_and_the_calibration_counts(
    calibrated: RunFolder, finished_run: RunFolder, sample_set: Path, tmp_path: Path
) -> None:
    assert calibrated.model_file.read_bytes() == finished_run.model_file.read_bytes()
    assert calibrated.metrics_file.read_bytes() == finished_run.metrics_file.read_bytes()
    image = min((sample_set / "ISIC_2019_Training_Input").iterdir())
    shutil.copytree(calibrated.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    local = read_local(run.model_file, Classifier.load(run.path, "cpu").info.classes)
    assert local is not None
    write_local(run.model_file, replace(local, temperature=2.5))
    own, shipped = (Classifier.load(run.path, "cpu", local=counts) for counts in (True, False))
    assert own.info.temperature == 2.5
    assert shipped.info.temperature == local.own_temperature != 2.5
    (first,), (second,) = list(own.classify([image])), list(shipped.classify([image]))
    assert first.code == second.code
    assert first.probabilities != second.probabilities
    assert first.assessment is not None
    assert second.assessment is not None
    assert first.assessment.threshold == local.statistics.threshold != second.assessment.threshold
    assert len(set(first.assessment.p_values)) > 1


def test_it_is_its_owners_and_names_nobody(calibrated: RunFolder, clinic: Path, tmp_path: Path) -> None:
    file = local_file(calibrated.model_file)
    text = file.read_text("utf-8")
    assert file.stat().st_mode & 0o077 == 0
    assert "Zq7" not in text
    assert not any(path.stem in text for path in clinic.rglob("*.png"))
    packed = export_run(calibrated.path, tmp_path / "run.zip")
    assert file.name.encode() not in packed.read_bytes()
    assert b"model.safetensors" in packed.read_bytes()


def test_the_same_images_have_the_same_hash_under_other_names_and_not_with_another_label(clinic: Path) -> None:
    data = read_dataset(clinic, CLASS_SETS["isic2019"])
    named = replace(data, records=tuple(replace(record, name=f"x{record.name}") for record in data.records[::-1]))
    relabelled = (replace(data.records[0], label=(data.records[0].label + 1) % 8), *data.records[1:])
    assert data_digest(data) == data_digest(named) != data_digest(replace(data, records=relabelled))


def test_of_another_content_of_the_model_file_it_is_not_used_and_that_is_said(
    calibrated: RunFolder, tmp_path: Path
) -> None:
    from core.models.files import load_model, save_model

    shutil.copytree(calibrated.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    model, info = load_model(run.model_file)
    save_model(run.model_file, model, replace(info, temperature=3.0))
    said: list[Event] = []
    classifier = Classifier.load(run.path, "cpu", said.append)
    assert classifier.local is None
    assert classifier.info.temperature == 3.0
    assert any(isinstance(event, Notice) and "has changed since" in event.text for event in said)


def test_what_is_written_is_read_again_and_damage_is_named(calibrated: RunFolder, tmp_path: Path) -> None:
    shutil.copytree(calibrated.path, tmp_path / "run")
    run = RunFolder(tmp_path / "run")
    classes = Classifier.load(run.path, "cpu").info.classes
    local = read_local(run.model_file, classes)
    assert local is not None
    write_local(run.model_file, local)
    again = read_local(run.model_file, classes)
    assert again is not None
    assert (again.before, again.after, again.counts, again.notes) == (
        local.before,
        local.after,
        local.counts,
        local.notes,
    )
    assert sum(again.counts.values()) == again.images
    file = local_file(run.model_file)
    for damage in ("{", '{"version": 1}', file.read_text().replace('"temperature": ', '"temperature": 1e9')):
        file.write_text(damage)
        with pytest.raises(SkinKDError, match="Calibrate again"):
            read_local(run.model_file, classes)
    assert remove_local(run.model_file)
    assert not remove_local(run.model_file)
    assert read_local(run.model_file, classes) is None


def test_a_model_without_verdicts_is_refused(finished_run: RunFolder, clinic: Path, tmp_path: Path) -> None:
    from core.models.files import load_model, save_model

    model, info = load_model(finished_run.model_file)
    save_model(tmp_path / "bare.safetensors", model, info)
    with pytest.raises(SkinKDError, match="does not hold"):
        calibrate_locally(tmp_path / "bare.safetensors", clinic, device="cpu")


def test_later_folders_drift_from_what_it_was_calibrated_on(
    calibrated: RunFolder, clinic: Path, tmp_path: Path
) -> None:
    from PIL import Image

    from core.events import CancelToken, ignore

    classifier = Classifier.load(calibrated.path, "cpu")
    assert classifier.local is not None
    same = sorted(clinic.rglob("*.png"))[:60]
    dark = []
    for number, path in enumerate(same):
        dark.append(tmp_path / f"{number}.png")
        with Image.open(path) as image:
            image.point(lambda value: value // 3).save(dark[-1])
    size = classifier.info.preprocessing.image_size
    found = [drift_of_files(classifier.local, files, size, ignore, CancelToken()) for files in (same, dark)]
    assert found[0].out_of_distribution <= 0.1
    assert found[1].out_of_distribution > 0.9
    assert "calibration pictures" in found[1].sentence
    assert "brightness" in found[1].sentence
    with pytest.raises(SkinKDError, match="None of them can be opened"):
        drift_of_files(classifier.local, [tmp_path / "none.png"], size, ignore, CancelToken())
