"""No lesion, no doubled picture and no test image reaches training, whatever the layout and the split.

Data sets are written to disk as people have them and go the way that a run sends them, to the arrays that the training
is given. What is compared are the decoded pixels, not the names that the program gave them.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.classes import CLASS_SETS
from core.data.splitting import parts_of
from core.data.types import Part
from core.demo.sample_set import write_sample_set
from core.errors import SkinKDError
from core.events import CancelToken, Event, Notice, ignore
from core.recipe import Recipe, set_values
from core.runs.execute import execute
from core.runs.folder import RunFolder, create_run
from core.runs.preparing import PreparedData, prepare_data

ISIC2019 = CLASS_SETS["isic2019"]

_SIDE = 32


@dataclass(frozen=True)
class Photo:
    """An image file of a generated data set: which picture it shows, what is said of it, and where it lies."""

    name: str
    picture: int
    label: int
    lesion: int | None
    folder: str = ""


@st.composite
def photos(draw: st.DrawFn) -> list[Photo]:
    """Images of a few classes and lesions; some show a picture once more, under another lesion, name or label."""
    count = draw(st.integers(16, 30))
    classes = draw(st.sampled_from([2, 3, 8]))
    lesion = st.none() | st.integers(0, draw(st.integers(6, 20)))
    found = [Photo(f"p{number}", number, number % classes, draw(lesion)) for number in range(count)]
    for number in range(draw(st.integers(0, 6))):
        original = found[draw(st.integers(0, count - 1))]
        label = draw(st.sampled_from([original.label] * 4 + [(original.label + 1) % classes]))
        other = draw(st.sampled_from([original.lesion, draw(lesion)]))
        name = f"{original.name}_downsampled" if draw(st.booleans()) else f"q{number}"
        if name not in {photo.name for photo in found}:
            found.append(Photo(name, original.picture, label, other))
    return found


@st.composite
def changes(draw: st.DrawFn) -> list[str]:
    """The recipe's ways to divide."""
    folds = draw(st.sampled_from([1, 1, 2, 4]))
    return [
        f"data.split={draw(st.sampled_from(['[0.7, 0.2, 0.1]', '[0.5, 0.25, 0.25]', '[6, 4, 3]']))}",
        f"data.group_by={draw(st.sampled_from(['patient', 'lesion', 'image']))}",
        f"data.folds={folds}",
        f"data.fold={draw(st.integers(1, folds))}",
        f"data.seed={draw(st.integers(0, 3))}",
    ]


def _png(picture: int) -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(picture).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)
    Image.fromarray(noise).save(out, "PNG")
    return out.getvalue()


_PICTURES = [_png(number) for number in range(40)]


def write(root: Path, layout: str, images: list[Photo]) -> None:
    """The images with their labels and lesions in one of the layouts."""
    for photo in images:
        folder = root / ISIC2019.codes[photo.label] if layout == "folders" else root / "images"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{photo.name}.png").write_bytes(_PICTURES[photo.picture])
    lesions = {photo.name: "" if photo.lesion is None else f"L{photo.lesion}" for photo in images}
    codes = {photo.name: ISIC2019.codes[photo.label] for photo in images}
    known = ["image,lesion_id", *(f"{name},{lesion}" for name, lesion in lesions.items())]
    tables = {
        "isic2019": {
            "truth.csv": [
                f"image,{','.join(ISIC2019.codes)}",
                *(
                    f"{name},{','.join(str(float(code == own)) for code in ISIC2019.codes)}"
                    for name, own in codes.items()
                ),
            ],
            "metadata.csv": known,
        },
        "ham10000": {
            "HAM10000_metadata.csv": [
                "lesion_id,image_id,dx",
                *(f"{lesions[name]},{name},{code}" for name, code in codes.items()),
            ]
        },
        "csv": {
            "labels.csv": [
                "file;diagnosis;lesion",
                *(f"images/{name}.png;{code};{lesions[name]}" for name, code in codes.items()),
            ]
        },
        "folders": {"metadata.csv": known},
    }
    for name, lines in tables[layout].items():
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def one_lesion(images: Iterable[Photo]) -> dict[int, int]:
    """Picture -> number of its lesion, where lesions that share a picture are one."""
    groups: list[tuple[set[int], set[int]]] = []
    for photo in images:
        pictures, lesions = {photo.picture}, set() if photo.lesion is None else {photo.lesion}
        for group in [group for group in groups if group[0] & pictures or group[1] & lesions]:
            groups.remove(group)
            pictures |= group[0]
            lesions |= group[1]
        groups.append((pictures, lesions))
    return {picture: number for number, group in enumerate(groups) for picture in group[0]}


@pytest.mark.parametrize("layout", ["isic2019", "ham10000", "folders", "csv"])
@settings(max_examples=8, deadline=None, derandomize=True)
@given(images=photos(), divide=changes())
def test_no_picture_and_no_lesion_stands_on_two_sides(layout: str, images: list[Photo], divide: list[str]) -> None:
    with TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        root = Path(place)
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        write(root / "data", layout, images)
        base = [f"data.path={root / 'data'}", f"data.layout={layout}", "data.skip_problems=true"]
        recipe = set_values(Recipe(), [*base, f"data.image_size={_SIDE}", "hardware.threads=1", *divide])
        data = prepared(create_run(recipe, runs=root / "runs"), recipe)
        if data is None:
            return
        parts = [
            [_picture(data.store.images[index].tobytes()) for index in indices] for _, indices in parts_of(data.split)
        ]
        assert apart(parts)
        assert len(parts[0]) == len(set(parts[0]))  # not even twice on one side
        if recipe.data.group_by != "image":
            lesions = one_lesion(images)
            assert apart([[lesions[picture] for picture in part] for part in parts])


def prepared(folder: RunFolder, recipe: Recipe) -> PreparedData | None:
    """The data as a run trains on them; None where too little is left, as when a lesion holds nearly everything."""
    try:
        return prepare_data(folder, recipe, ignore, CancelToken())
    except SkinKDError as error:
        if not error.title.startswith("Too few images"):
            raise
        return None


def apart(parts: list[list[int]]) -> bool:
    """Whether nothing stands in two of the parts."""
    return len(set().union(*parts)) == sum(len(set(part)) for part in parts)


_BY_PIXELS: dict[bytes, int] = {}


def _picture(pixels: bytes) -> int:
    """Which of the generated pictures has these pixels."""
    if not _BY_PIXELS:
        for number, png in enumerate(_PICTURES):
            _BY_PIXELS[np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).tobytes()] = number
    return _BY_PIXELS[pixels]


def small(data: Path, *more: str) -> Recipe:
    """A recipe of a second."""
    return set_values(
        Recipe(),
        [
            *(f"data.path={data}", "data.image_size=32", "hardware.threads=1", "hardware.device=cpu"),
            *("teacher.architecture=test_resnet", "teacher.weights=none", "student.architecture=test_resnet"),
            *("student.weights=none", "optimisation.epochs=2", *more),
        ],
    )


@pytest.fixture(scope="module")
def data_and_teacher(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A sample set of 60 images and a teacher that was trained on it with data.seed 0 (read them only)."""
    root = tmp_path_factory.mktemp("leakage")
    data = write_sample_set(root / "data", images=60, seed=0, size=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKINKD_CACHE", str(root / "cache"))
        return data, execute(create_run(small(data, "task=teacher"), runs=root / "runs")).folder


def test_the_training_gathers_training_images_only(
    data_and_teacher: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every image that it takes out of the store to learn from, with teacher, curriculum and weighted sampling."""
    import core.training.loop as loop
    from core.training.placement import StagedImages

    given: list[Any] = []
    learnt: set[int] = set()
    looked_at: set[int] = set()
    fit, take = loop.fit, StagedImages.batch

    def watched_fit(model: Any, preprocessing: Any, data: Any, recipe: Any, **rest: Any) -> Any:
        given.append(data)
        with monkeypatch.context() as patch:
            patch.setattr(StagedImages, "batch", watched_batch)
            return fit(model, preprocessing, data, recipe, **rest)

    def watched_batch(self: Any, indices: np.ndarray[Any, Any], *rest: Any) -> Any:
        looked_at.update(indices.tolist())
        learnt.update(indices.tolist() if rest else ())  # only steps of the training give the rows along
        return take(self, indices, *rest)

    monkeypatch.setattr(loop, "fit", watched_fit)
    data, teacher = data_and_teacher
    method = ("distillation.method=kl", "curriculum.order=easy_first", f"teacher.run={teacher}")
    run = execute(create_run(small(data, *method), runs=tmp_path / "runs"))
    rows = RunFolder(run.folder).split_rows
    parts = {part: {number for number, row in enumerate(rows) if row.part is part} for part in Part}
    (seen,) = given
    assert set(seen.train.tolist()) == parts[Part.TRAIN]
    assert set(seen.validation.tolist()) == parts[Part.VALIDATION]
    answered = np.flatnonzero(np.isfinite(seen.teacher_logits[0]).all(axis=1))
    assert set(answered.tolist()) == parts[Part.TRAIN]
    assert learnt
    assert learnt <= parts[Part.TRAIN]
    assert looked_at - learnt <= parts[Part.TRAIN] | parts[Part.VALIDATION]


@pytest.mark.parametrize("changed", ["the split", "the split and the names"])
def test_a_teacher_that_saw_the_test_images_is_told(
    data_and_teacher: tuple[Path, Path], tmp_path: Path, changed: str
) -> None:
    data, teacher = data_and_teacher
    if changed != "the split":
        copy = tmp_path / "copy"
        for path in sorted(data.rglob("*.*")):
            target = copy / path.relative_to(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".csv":
                lines = path.read_text(encoding="utf-8").splitlines()
                rest = [f"{line.partition(',')[0].lower()}_downsampled,{line.partition(',')[2]}" for line in lines[1:]]
                target.write_text("\n".join([lines[0], *rest]) + "\n", encoding="utf-8")
            else:
                target.write_bytes(path.read_bytes())
        data = copy
    events: list[Event] = []
    recipe = small(data, "distillation.method=kl", f"teacher.run={teacher}", "data.seed=1", "optimisation.epochs=1")
    run = execute(create_run(recipe, runs=tmp_path / "runs"), events.append)
    texts = [event.text for event in events if isinstance(event, Notice)]
    assert any("Leak" in text and "the teacher was trained on" in text for text in texts)
    notes = (RunFolder(run.folder).metrics() or {})["notes"]
    assert any("Leak" in note for note in notes)


def test_starting_weights_that_saw_the_test_images_are_told(
    data_and_teacher: tuple[Path, Path], tmp_path: Path
) -> None:
    data, teacher = data_and_teacher
    weights = (f"student.weights={teacher / 'model.safetensors'}", "optimisation.epochs=1")
    same = execute(create_run(small(data, *weights), runs=tmp_path / "runs"))
    other = execute(create_run(small(data, *weights, "data.seed=1"), runs=tmp_path / "runs"))
    told = [
        [note for note in (RunFolder(run.folder).metrics() or {})["notes"] if "Leak" in note] for run in (same, other)
    ]
    assert told[0] == []
    assert "the starting weights were trained on" in told[1][0]
