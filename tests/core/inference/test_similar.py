from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.classes import CLASS_SETS
from core.data.store import ImageStore
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, CancelToken, Event, Notice, Phase, Progress
from core.inference.classifier import Classifier
from core.inference.similar import FeatureIndex, KnownCase, build_index, similar_cases
from core.models.info import ModelInfo, Preprocessing

ISIC2019 = CLASS_SETS["isic2019"]

SIZE, COUNT = 32, 80


class MeanColours:
    """Features are the mean colours less their middle; counts the images it was asked about."""

    def __init__(self, *, known: bool = True) -> None:
        self.known = known
        self.asked = 0

    def infer(
        self, images: NDArray[np.uint8], token: CancelToken | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        self.asked += len(images)
        features = images.mean(axis=(1, 2), dtype=np.float64).astype(np.float32) - 127.5
        return np.zeros((len(images), 8), np.float32), features if self.known else None


def classifier_of(network: MeanColours) -> Classifier:
    info = ModelInfo("colours", Preprocessing(SIZE, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)), classes=ISIC2019)
    return Classifier(network, info, "cpu", Path())


def colours() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (COUNT, 3), np.uint8)


def pictures() -> NDArray[np.uint8]:
    return np.broadcast_to(colours()[:, None, None, :], (COUNT, SIZE, SIZE, 3)).copy()


@pytest.fixture
def store() -> ImageStore:
    return ImageStore(pictures(), np.zeros(COUNT, np.int64), {}, "key", SIZE)


ROWS = np.arange(COUNT - 1, 9, -1)
CASES = tuple(KnownCase(f"image{row}", Path(f"image{row}.png"), "NV", f"lesion{row // 2}") for row in ROWS)

Build = Callable[..., FeatureIndex]


@pytest.fixture
def build(store: ImageStore, tmp_path: Path) -> Build:
    def make(network: MeanColours, digest: str = "model", **others: object) -> FeatureIndex:
        return build_index(classifier_of(network), store, ROWS, CASES, digest, cache=tmp_path, **others)  # type: ignore[arg-type]

    return make


def test_the_nearest_come_first_with_their_cosines(build: Build) -> None:
    network = MeanColours()
    asked = np.full((SIZE, SIZE, 3), (220, 30, 60), np.uint8)
    found = similar_cases(build(network), classifier_of(network), asked, count=4)
    vectors = colours()[ROWS].astype(float) - 127.5
    question = np.array((220, 30, 60)) - 127.5
    cosines = vectors @ question / np.linalg.norm(vectors, axis=1) / np.linalg.norm(question)
    best = np.argsort(-cosines)[:4]
    assert [case.name for case in found] == [CASES[place].name for place in best]
    np.testing.assert_allclose([case.similarity for case in found], cosines[best], atol=2e-3)
    assert [case.path for case in found] == [CASES[place].path for place in best]
    assert not any(case.same_picture or case.same_lesion for case in found)


def test_the_picture_itself_and_its_lesion_are_marked(build: Build) -> None:
    network = MeanColours()
    noise = np.random.default_rng(1).integers(-2, 3, (SIZE, SIZE, 3))
    asked = np.clip(pictures()[20] + noise, 0, 255).astype(np.uint8)  # as saving it again as JPEG would
    found = similar_cases(build(network), classifier_of(network), asked, count=len(CASES))
    assert found[0].name == "image20"
    assert found[0].similarity > 0.999
    assert [case.name for case in found if case.same_picture] == ["image20"]
    assert [case.name for case in found if case.same_lesion] == ["image21"]
    assert all(case.similarity <= 1 for case in found)


def test_a_lesion_named_by_the_caller_is_marked(build: Build) -> None:
    network = MeanColours()
    asked = np.full((SIZE, SIZE, 3), 200, np.uint8)
    found = similar_cases(build(network), classifier_of(network), asked, count=len(CASES), lesion="lesion10")
    assert sorted(case.name for case in found if case.same_lesion) == ["image20", "image21"]
    unknown = similar_cases(build(network), classifier_of(network), asked, count=len(CASES))
    assert not any(case.same_lesion for case in unknown)


def test_a_second_look_asks_the_network_nothing(build: Build) -> None:
    first, second, third = MeanColours(), MeanColours(), MeanColours()
    index = build(first)
    again = build(second)
    assert (first.asked, second.asked) == (len(CASES), 0)
    assert isinstance(again.features, np.memmap)
    assert np.array_equal(index.features, again.features)
    build(third, "another model")
    assert third.asked == len(CASES)


@pytest.mark.parametrize("kept", [-3, 40])
def test_a_damaged_cache_is_made_again(build: Build, tmp_path: Path, kept: int) -> None:
    expected = np.array(build(MeanColours()).features)
    (file,) = (tmp_path / "similar").glob("*.npy")
    file.write_bytes(file.read_bytes()[:kept])
    network = MeanColours()
    assert np.array_equal(build(network).features, expected)
    assert network.asked == len(CASES)


def test_a_changed_byte_in_the_cache_is_told_and_it_is_made_again(build: Build, tmp_path: Path) -> None:
    expected = np.array(build(MeanColours()).features)
    (file,) = (tmp_path / "similar").glob("*.npy")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 4
    file.write_bytes(content)
    network, told = MeanColours(), list[Event]()
    assert np.array_equal(build(network, emit=told.append).features, expected)
    assert network.asked == len(CASES)
    assert any("checksum does not fit" in event.text for event in told if isinstance(event, Notice))
    again, told = MeanColours(), []
    build(again, emit=told.append)
    assert (again.asked, told) == (0, [])


def test_progress_and_cancel(build: Build, tmp_path: Path) -> None:
    source, events = CancelSource(), list[Event]()

    def emit(event: Event) -> None:
        events.append(event)
        source.cancel()

    with pytest.raises(Cancelled):
        build(MeanColours(), emit=emit, token=source.token)
    assert list((tmp_path / "similar").glob("*.npy")) == []
    assert list((tmp_path / "similar").glob(".*")) == []
    events.clear()
    build(MeanColours(), emit=events.append)
    counts = [(event.done, event.total) for event in events if isinstance(event, Progress)]
    assert counts[0] == (0, len(CASES))
    assert counts[-1] == (len(CASES), len(CASES))
    assert all(event.phase is Phase.COMPARING for event in events if isinstance(event, Progress))


def test_features_without_numbers_are_like_nothing(build: Build) -> None:
    network = MeanColours()
    index = build(network)
    middle = np.full((SIZE, SIZE, 3), 127, np.uint8)
    middle[::2] = 128  # the features are zero
    assert all(abs(case.similarity) < 1e-6 for case in similar_cases(index, classifier_of(network), middle))


def test_networks_without_features_say_so(build: Build) -> None:
    with pytest.raises(SkinKDError, match="does not show the features"):
        build(MeanColours(known=False))


def test_old_indexes_are_forgotten(build: Build, tmp_path: Path) -> None:
    for number in range(15):
        build(MeanColours(), f"model {number}")
    assert len(list((tmp_path / "similar").glob("*.npy"))) == 12
    network = MeanColours()
    build(network, "model 14")
    assert network.asked == 0
