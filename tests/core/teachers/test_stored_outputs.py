from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from core.classes import CLASS_SETS
from core.data.augmentation.augmentation import ViewRule
from core.data.augmentation.entries import AUGMENTATIONS
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Event, Level, Notice, Phase, Progress
from core.models.factory import create_model
from core.models.files import save_model
from core.models.forward import forward_logits
from core.models.info import ModelInfo
from core.models.outputs import forward_both
from core.models.preprocessing import normalise
from core.settings import SettingsSection
from core.teachers import stored_outputs as module
from core.teachers.sources import class_means
from core.teachers.stored_outputs import StoredOutputs, stored_outputs

from ..models.images import Images

ISIC2019 = CLASS_SETS["isic2019"]
LIGHT = ViewRule(AUGMENTATIONS["light"], SettingsSection())


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_teacher(tmp_path_factory.mktemp("teacher") / "model.safetensors", seed=0)


def save_teacher(path: Path, seed: int) -> Path:
    made = create_model("test_resnet", weights="none", image_size=32, seed=seed, classes=ISIC2019)
    save_model(path, made.model, ModelInfo("test_resnet", made.preprocessing, classes=ISIC2019))
    return path


def outputs(teacher: Path, images: Images, indices: list[int], **options: object) -> StoredOutputs:
    return stored_outputs(teacher, images, np.array(indices, np.int64), device="cpu", **options)  # type: ignore[arg-type]


def ask(teacher: Path, images: Images, indices: list[int], **options: object) -> np.ndarray:
    """The logits for upright images."""
    return outputs(teacher, images, indices, **options).logits[0]


def tables() -> list[Path]:
    from core.paths import cache_root

    return sorted((cache_root() / "knowledge").glob("*.npz"))


def stored_table() -> np.ndarray:
    with np.load(tables()[0]) as file:
        return np.asarray(file["logits"])


def test_answers_are_the_teachers_and_the_rest_is_nan(teacher: Path) -> None:
    images = Images(10)
    logits = ask(teacher, images, [7, 2, 2, 5])
    made = create_model("test_resnet", weights="none", image_size=32, seed=0, classes=ISIC2019)
    expected = forward_logits(made.model, made.preprocessing, images, np.array([2, 5, 7]), device="cpu")
    assert logits.shape == (10, 8)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits[[2, 5, 7]], expected, rtol=1e-4, atol=1e-5)
    assert np.isnan(np.delete(logits, [2, 5, 7], axis=0)).all()


def test_only_what_is_missing_is_computed(teacher: Path) -> None:
    images = Images(10)
    first = ask(teacher, images, [1, 2, 3])
    images.reads.clear()
    second = ask(teacher, images, [3, 4, 1])
    assert images.reads == [4]
    np.testing.assert_array_equal(first[[1, 2, 3]], second[[1, 2, 3]])
    images.reads.clear()
    third = ask(teacher, images, [1, 2, 3, 4])
    assert images.reads == []
    np.testing.assert_array_equal(second, third)
    assert len(tables()) == 1


def test_another_teacher_other_images_or_precision_are_kept_apart(teacher: Path, tmp_path: Path) -> None:
    images = Images(4)
    first = ask(teacher, images, [0])
    other = ask(save_teacher(tmp_path / "other.safetensors", seed=1), images, [0])
    assert not np.array_equal(first[0], other[0])
    ask(teacher, Images(4, seed=1), [0])
    ask(teacher, images, [0], precision="bf16")
    assert len(tables()) == 4
    moved = tmp_path / "moved.safetensors"
    moved.write_bytes(teacher.read_bytes())
    images.reads.clear()
    ask(moved, images, [0])
    assert images.reads == []


def test_cancelled_work_is_kept_and_gone_on_with(teacher: Path) -> None:
    images = Images(10)
    source = CancelSource()

    class Stopping(Images):
        def gather(self, indices: np.ndarray) -> np.ndarray:
            if 4 in indices:
                source.cancel()
            return super().gather(indices)

    stopping = Stopping(10)
    with pytest.raises(Cancelled):
        ask(teacher, stopping, list(range(10)), token=source.token, batch_size=2)
    assert stopping.reads == [0, 1, 2, 3, 4, 5]
    resumed = ask(teacher, images, list(range(10)), batch_size=2)
    assert images.reads == [6, 7, 8, 9]
    assert np.isfinite(resumed).all()


def test_work_is_stored_on_the_way(teacher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS_BETWEEN_SAVES", 0.0)
    monkeypatch.setattr(module, "_MOST_TIME_SAVING", 1e9)
    stored: list[int] = []

    class Watching(Images):
        def gather(self, indices: np.ndarray) -> np.ndarray:
            stored.append(int(np.isfinite(stored_table()[:, 0]).sum()) if tables() else 0)
            return super().gather(indices)

    ask(teacher, Watching(6), list(range(6)), batch_size=2)
    assert stored == [0, 2, 4]


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY broken", b"PK\x03\x04 broken", b"plain text"])
def test_a_damaged_table_is_made_again_and_said(teacher: Path, content: bytes) -> None:
    images, events = Images(4), []
    expected = ask(teacher, images, [0, 1])
    tables()[0].write_bytes(content)
    again = ask(teacher, images, [0, 1], emit=events.append)
    np.testing.assert_array_equal(again, expected)
    assert any(isinstance(event, Notice) and event.level is Level.WARNING for event in events)


def test_a_flipped_bit_anywhere_changes_no_answer(teacher: Path) -> None:
    images = Images(4)
    expected = ask(teacher, images, [0, 1])
    whole = tables()[0].read_bytes()
    for place in range(0, len(whole), 17):
        tables()[0].write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        np.testing.assert_array_equal(ask(teacher, images, [0, 1]), expected)


def test_a_table_of_another_shape_or_with_objects_is_not_believed(teacher: Path) -> None:
    images = Images(4)
    expected = ask(teacher, images, [0, 1])
    for wrong in (np.zeros((4, 9), np.float32), np.zeros((4, 8)), np.array([{}], object)):
        np.savez(tables()[0], logits=wrong)
        np.testing.assert_array_equal(ask(teacher, images, [0, 1]), expected)


def test_answers_that_are_no_numbers_are_an_error(teacher: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return torch.full((len(images), 8), float("inf"))

    real = module.load_model
    monkeypatch.setattr(module, "load_model", lambda path, device: (Broken(), real(path)[1]))
    with pytest.raises(SkinKDError, match="precision to 32"):
        ask(teacher, Images(4), [0])


def test_progress_counts_what_was_stored_before(teacher: Path) -> None:
    images: Images = Images(6)
    events: list[Event] = []
    ask(teacher, images, [0, 1])
    ask(teacher, images, list(range(6)), emit=events.append)
    progress = [event for event in events if isinstance(event, Progress)]
    assert {event.phase for event in progress} == {Phase.TEACHER}
    assert (progress[0].done, progress[0].total) == (2, 6)
    assert (progress[-1].done, progress[-1].total) == (6, 6)


def test_a_second_process_waits_and_can_be_cancelled(teacher: Path) -> None:
    images = Images(4)
    ask(teacher, images, [0])
    source, events = CancelSource(), []

    def hear(event: Event) -> None:
        events.append(event)
        source.cancel()

    with FileLock(tables()[0].with_suffix(".lock"), is_singleton=False):
        outcome: list[BaseException] = []

        def wait() -> None:
            try:
                ask(teacher, images, [1], emit=hear, token=source.token)
            except Cancelled as error:
                outcome.append(error)

        waiting = threading.Thread(target=wait)
        waiting.start()
        waiting.join(30)
    assert len(outcome) == 1
    assert "waiting" in events[0].text
    assert images.reads == [0]


def test_images_of_another_size_and_missing_teachers_are_errors(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(SkinKDError, match="wrong size"):
        ask(teacher, Images(4, size=64), [0])
    with pytest.raises(SkinKDError, match="teacher's model is missing"):
        ask(tmp_path / "nothing.safetensors", Images(4), [0])


def test_indices_outside_the_store_are_refused(teacher: Path) -> None:
    for wrong in ([4], [-1]):
        with pytest.raises(IndexError):
            ask(teacher, Images(4), wrong)
    assert np.isnan(ask(teacher, Images(4), [], token=CancelToken())).all()


def networks_own(images: Images, view: int, indices: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """The teacher's logits and features of a view, computed by hand."""
    made = create_model("test_resnet", weights="none", image_size=32, seed=0, classes=ISIC2019)
    rows = np.array(indices)
    turned = LIGHT.images(torch.from_numpy(images.pixels[rows]), rows, np.full(len(rows), view))
    with torch.no_grad():
        logits, features = forward_both(made.model.eval(), normalise(turned, made.preprocessing))
    assert features is not None
    return logits.numpy(), features.numpy()


def test_views_and_features_are_those_of_the_network(teacher: Path) -> None:
    images = Images(6)
    found = outputs(teacher, images, [1, 4, 5], views=3, rule=LIGHT, features=True)
    assert found.logits.shape == (3, 6, 8)
    assert [features.shape for features in found.features] == [(6, 96)] * 3
    for view in range(3):
        logits, features = networks_own(images, view, [1, 4, 5])
        np.testing.assert_allclose(found.logits[view, [1, 4, 5]], logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(found.features[view][[1, 4, 5]], features, rtol=1e-3, atol=1e-4)
        assert np.isnan(found.features[view][[0, 2, 3]]).all()
    assert np.abs(found.logits[0, 1] - found.logits[1, 1]).max() > 1e-4


def test_what_a_run_with_fewer_views_and_no_features_has_left_is_used(teacher: Path) -> None:
    """View 0 lies where it always lay: tables of the first version are read, and get features only when asked for."""
    images = Images(6)
    first = ask(teacher, images, [0, 1, 2])
    with np.load(tables()[0]) as file:
        assert file.files == ["logits"]
    images.reads.clear()
    second = outputs(teacher, images, [0, 1, 2], views=2, rule=LIGHT)
    assert images.reads == [0, 1, 2]  # of view 1 alone
    np.testing.assert_array_equal(second.logits[0], first)
    images.reads.clear()
    third = outputs(teacher, images, [0, 1, 2], views=2, rule=LIGHT, features=True)
    assert images.reads == [0, 1, 2] * 2
    np.testing.assert_array_equal(third.logits, second.logits)  # to the bit: a run goes on with what it began with
    images.reads.clear()
    outputs(teacher, images, [2, 0], views=2, rule=LIGHT, features=True)
    ask(teacher, images, [1])
    assert images.reads == []
    assert len(tables()) == 2


def test_features_of_another_width_are_not_believed(teacher: Path) -> None:
    images = Images(4)
    expected = outputs(teacher, images, [0, 1], features=True)
    logits = stored_table()
    for wrong in (np.zeros((3, 96), np.float32), np.zeros(4, np.float32), np.full((4, 96), np.inf, np.float32)):
        np.savez(tables()[0], logits=logits, features=wrong)
        again = outputs(teacher, images, [0, 1], features=True)
        np.testing.assert_array_equal(again.features[0], expected.features[0])


def test_a_teacher_without_features_is_an_error_where_they_are_needed(
    teacher: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "feature_dim", lambda network, size: None)
    ask(teacher, Images(4), [0])
    with pytest.raises(SkinKDError, match="gives no features"):
        outputs(teacher, Images(4), [0], features=True)


def rule(name: str, **settings: object) -> ViewRule:
    return ViewRule(AUGMENTATIONS[name], AUGMENTATIONS[name].Settings(**settings))


def test_flips_and_turns_are_shared_and_drawn_views_are_of_their_settings(teacher: Path) -> None:
    """What a view looks like is part of what its outputs are stored under."""
    images = Images(4)
    turns = outputs(teacher, images, [0, 1], views=8, rule=rule("turns"))
    assert len(tables()) == 8
    images.reads.clear()
    strong = outputs(teacher, images, [0, 1], views=9, rule=rule("strong"))
    assert images.reads == [0, 1]  # of the ninth view alone
    np.testing.assert_array_equal(strong.logits[:8], turns.logits)
    others = [{"hair": 1.0}, {"view_seed": 1}, {"smallest_crop": 0.1, "colour": 0.0}]
    ninth = [outputs(teacher, images, [0, 1], views=9, rule=rule("strong", **found)).logits[8] for found in others]
    assert len({found[:2].tobytes() for found in (strong.logits[8], *ninth)}) == 4
    assert len(tables()) == 12
    light = outputs(teacher, images, [0, 1], views=2, rule=LIGHT)
    assert not np.array_equal(light.logits[1, :2], turns.logits[1, :2])


def test_the_mean_over_flips_and_turns_is_the_teacher_with_test_time_augmentation(teacher: Path) -> None:
    images = Images(3)
    found = outputs(teacher, images, [0, 2], views=9, rule=rule("strong"))
    mean = np.mean([found.logits[view] for view in range(8)], axis=0)
    np.testing.assert_allclose(found.mean_logits(8)[[0, 2]], mean[[0, 2]], rtol=1e-5)
    assert np.isnan(found.mean_logits(8)[1]).all()
    np.testing.assert_array_equal(found.mean_logits(1), found.logits[0])


def test_several_views_need_to_be_told_apart(teacher: Path) -> None:
    with pytest.raises(ValueError, match="which views"):
        outputs(teacher, Images(4), [0], views=2)


LABELS = np.arange(10) % 3


def stored_names() -> list[set[str]]:
    found = []
    for path in tables():
        with np.load(path) as file:
            found.append(set(file.files))
    return found


def test_of_features_that_nobody_learns_from_only_norms_and_class_means_are_stored(teacher: Path) -> None:
    images, indices = Images(10), [0, 1, 2, 3, 4, 6]
    found = outputs(teacher, images, indices, views=2, rule=LIGHT, labels=LABELS)
    assert sorted(map(sorted, stored_names())) == [["logits", "norms"], ["logits", "norms"], ["means"]]
    whole = outputs(teacher, images, indices, views=2, rule=LIGHT, features=True)
    assert found.features == ()
    assert found.norms is not None
    assert found.class_means is not None
    for view in (0, 1):
        norms = np.linalg.norm(whole.features[view][indices], axis=1)
        np.testing.assert_allclose(found.norms[view, indices], norms, rtol=1e-5)
    assert np.isnan(found.norms[:, [5, 7, 8, 9]]).all()
    expected = class_means(whole.features[0], LABELS, np.array(indices), 8)
    np.testing.assert_allclose(found.class_means, expected, rtol=1e-5, atol=1e-6)
    assert not found.class_means[3:].any()


def test_norms_and_means_are_computed_once_and_means_for_other_labels_from_the_upright_view(teacher: Path) -> None:
    images, indices = Images(10), list(range(10))
    first = outputs(teacher, images, indices, views=2, rule=LIGHT, labels=LABELS)
    images.reads.clear()
    again = outputs(teacher, images, indices, views=2, rule=LIGHT, labels=LABELS)
    assert images.reads == []
    assert first.class_means is not None
    assert first.class_means.tolist() == again.class_means.tolist()
    other = outputs(teacher, images, indices, views=2, rule=LIGHT, labels=LABELS[::-1].copy())
    assert sorted(images.reads) == indices
    assert other.class_means is not None
    assert not np.array_equal(other.class_means, first.class_means)
    np.testing.assert_array_equal(other.logits, first.logits)


def test_norms_of_stored_features_are_not_asked_for(teacher: Path) -> None:
    images, indices = Images(10), [1, 2, 3, 4]
    whole = outputs(teacher, images, indices, views=2, rule=LIGHT, features=True)
    images.reads.clear()
    found = outputs(teacher, images, indices, views=2, rule=LIGHT, labels=LABELS)
    assert sorted(images.reads) == indices  # for the class means
    assert found.norms is not None
    np.testing.assert_allclose(found.norms[1, indices], np.linalg.norm(whole.features[1][indices], axis=1), rtol=1e-5)


def test_damaged_means_are_computed_again(teacher: Path) -> None:
    images, indices = Images(10), [1, 2, 3, 4]
    first = outputs(teacher, images, indices, labels=LABELS)
    (means,) = (path for path in tables() if "means" in path.name)
    means.write_bytes(b"nothing")
    again = outputs(teacher, images, indices, labels=LABELS)
    assert first.class_means is not None
    assert again.class_means is not None
    assert again.class_means.tolist() == first.class_means.tolist()
