"""Whatever its source, a teacher's outputs are for the very picture that the student sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from core.classes import CLASS_SETS
from core.data.augmentation.augmentation import ViewRule
from core.data.augmentation.entries import AUGMENTATIONS
from core.errors import SkinKDError
from core.models.factory import create_model
from core.models.files import save_model
from core.models.info import ModelInfo
from core.settings import SettingsSection
from core.teachers.sources import AugmentedBatch, OnlineTeacher, StoredTeacher, TeacherSource, class_means
from core.teachers.stored_outputs import StoredOutputs, stored_outputs

from ..models.images import Images

ISIC2019 = CLASS_SETS["isic2019"]

INDICES = np.array([5, 2, 2, 0])
VIEWS = np.array([3, 0, 2, 1])
RULE = ViewRule(AUGMENTATIONS["light"], SettingsSection())


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("teacher") / "model.safetensors"
    made = create_model("test_resnet", weights="none", image_size=32, seed=0, classes=ISIC2019)
    save_model(path, made.model, ModelInfo("test_resnet", made.preprocessing, classes=ISIC2019))
    return path


def seen(images: Images, views: np.ndarray | None) -> AugmentedBatch:
    """The batch as a student of these images sees it."""
    batch = torch.from_numpy(images.gather(INDICES))
    shown = batch if views is None else RULE.images(batch, INDICES, views)
    return AugmentedBatch(shown, INDICES, torch.from_numpy(INDICES), views)


def stored(teacher: Path, images: Images, features: bool = True) -> StoredTeacher:
    return StoredTeacher(stored_outputs(teacher, images, INDICES, views=4, rule=RULE, features=features, device="cpu"))


@pytest.mark.parametrize("views", [None, VIEWS])
def test_stored_and_online_say_the_same_of_every_view(teacher: Path, views: np.ndarray | None) -> None:
    images = Images(6)
    batch = seen(images, views)
    kept = stored(teacher, images).outputs(batch)
    asked = OnlineTeacher(teacher, None, device="cpu", precision="32", rule=RULE, features=True).outputs(batch)
    torch.testing.assert_close(kept.logits, asked.logits, rtol=1e-4, atol=1e-5)
    assert kept.features is not None
    assert asked.features is not None
    torch.testing.assert_close(kept.features, asked.features, rtol=1e-3, atol=1e-4)
    assert not asked.logits.requires_grad


def test_upright_answers_would_have_been_others(teacher: Path) -> None:
    """The comparison above can fail."""
    images = Images(6)
    source = stored(teacher, images)
    upright, turned = source.outputs(seen(images, None)), source.outputs(seen(images, VIEWS))
    same = torch.isclose(upright.logits, turned.logits, rtol=1e-4, atol=1e-5).all(dim=1)
    assert same.tolist() == [False, True, False, False]  # the second image is shown in view 0


def test_a_teacher_of_another_size_is_asked_at_its_own(teacher: Path) -> None:
    """The student's pictures say nothing to it; it takes the same views of its own."""
    small, own = Images(6, size=16), Images(6)
    online = OnlineTeacher(teacher, own, device="cpu", precision="32", rule=RULE)
    found = online.outputs(seen(small, VIEWS))
    torch.testing.assert_close(found.logits, stored(teacher, own, False).outputs(seen(own, VIEWS)).logits)
    assert found.features is None
    assert online.feature_dim == 0


def test_an_online_teacher_is_asked_in_parts_where_the_memory_is_small(teacher: Path) -> None:
    images = Images(6)
    online = OnlineTeacher(teacher, None, device="cpu", precision="32", rule=RULE, features=True)
    whole = online.outputs(seen(images, None))
    ask, sizes = online._ask, list[int]()

    def small(batch: Tensor) -> object:
        sizes.append(len(batch))
        if len(batch) > 1:
            raise torch.OutOfMemoryError("too much")
        return ask(batch)

    online._ask = small  # type: ignore[method-assign, assignment]
    parts = online.outputs(seen(images, None))
    assert sizes == [4, 2, 1, 1, 1, 1]
    torch.testing.assert_close(parts.logits, whole.logits)
    assert parts.features is not None
    torch.testing.assert_close(parts.features, whole.features)
    online._ask = lambda batch: small(torch.cat([batch, batch]))  # type: ignore[method-assign, assignment, return-value]
    with pytest.raises(SkinKDError, match="too little memory"):
        online.outputs(seen(images, None))


def test_statistics_are_the_class_means_and_the_norms_of_the_very_views(teacher: Path) -> None:
    images, labels = Images(6), np.array([1, 0, 1, 0, 0, 2])
    kept = stored_outputs(teacher, images, np.array([0, 2, 5]), views=4, rule=RULE, features=True, device="cpu")
    means = class_means(kept.features[0], labels, np.array([0, 2, 5]), 4)
    assert means.shape == (4, 96)
    np.testing.assert_allclose(means[1], (kept.features[0][0] + kept.features[0][2]) / 2, rtol=1e-5)
    np.testing.assert_array_equal(means[2], kept.features[0][5])
    assert not means[[0, 3]].any()  # of class 0 there is none in the training part
    norms = np.stack([np.linalg.norm(features, axis=1) for features in kept.features])
    sources: list[TeacherSource] = [
        StoredTeacher(kept, means),
        StoredTeacher(StoredOutputs(kept.logits, (), norms, means)),
        OnlineTeacher(teacher, None, device="cpu", precision="32", rule=RULE, features=True, class_means=means),
    ]
    for source in sources:
        assert source.feature_dim == 96
        outputs = source.outputs(seen(images, VIEWS))
        found = source.statistics(seen(images, VIEWS), outputs)
        assert found.class_means is not None
        np.testing.assert_array_equal(found.class_means.numpy(), means)
        expected = [np.linalg.norm(kept.features[view][row]) for row, view in zip(INDICES, VIEWS, strict=True)]
        np.testing.assert_allclose(found.feature_norms, expected, rtol=1e-4)


def test_without_features_there_are_no_statistics() -> None:
    source = StoredTeacher(StoredOutputs(np.zeros((1, 6, 8), np.float32)))
    upright = seen(Images(6), None)
    found = source.statistics(upright, source.outputs(upright))
    assert (found.class_means, found.feature_norms, source.feature_dim) == (None, None, 0)
