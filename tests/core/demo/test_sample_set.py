from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.classes import CLASS_SETS
from core.data.checking import check_images
from core.data.finding import SYNTHETIC_MARKER
from core.data.leakage import lesions_on_both_sides
from core.data.reading import read_dataset
from core.data.splitting import make_split, parts_of
from core.demo.sample_set import class_sizes, write_sample_set
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event, Progress
from core.recipe.schema import DataRecipe

ISIC2019 = CLASS_SETS["isic2019"]


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_class_sizes_are_as_uneven_as_isic() -> None:
    sizes = class_sizes(800)
    assert sum(sizes) == 800
    assert min(sizes) >= 12
    assert max(sizes) == sizes[1] > 300
    assert sum(class_sizes(160)) == 160
    assert min(class_sizes(160)) >= 2
    assert min(class_sizes(16)) >= 1


def test_it_is_a_sound_isic_set_marked_synthetic(sample_set: Path) -> None:
    dataset = check_images(read_dataset(sample_set, ISIC2019))
    assert dataset.layout == "tables"
    assert dataset.synthetic
    assert dataset.problems == ()
    assert tuple(dataset.counts.values()) == class_sizes(160)
    assert all((record.lesion and record.site is not None) or record.lesion for record in dataset.records)
    assert 60 < len({record.lesion for record in dataset.records}) < 140
    assert any(record.age and record.sex and record.site for record in dataset.records)
    assert "GENERATED" in (sample_set / "README.txt").read_text()
    split = make_split(dataset, DataRecipe())
    assert lesions_on_both_sides(dataset, split) == 0


def test_names_tell_no_class(sample_set: Path) -> None:
    labels = read_dataset(sample_set, ISIC2019).labels
    assert abs(float(np.corrcoef(np.arange(labels.size), labels)[0, 1])) < 0.3


def test_same_arguments_same_pictures(tmp_path: Path) -> None:
    first = _content(write_sample_set(tmp_path / "a", images=24, seed=3, size=48))
    assert first == _content(write_sample_set(tmp_path / "b", images=24, seed=3, size=48))
    other = _content(write_sample_set(tmp_path / "c", images=24, seed=4, size=48))
    assert other["ISIC_2019_Training_Input/SYN_0000000.jpg"] != first["ISIC_2019_Training_Input/SYN_0000000.jpg"]


def test_a_finished_set_is_kept_and_another_replaces_it(tmp_path: Path) -> None:
    out = write_sample_set(tmp_path / "set", images=24, size=48)
    events: list[Event] = []
    write_sample_set(out, images=24, size=48, emit=events.append)
    assert events == []
    next((out / "ISIC_2019_Training_Input").iterdir()).unlink()
    write_sample_set(out, images=24, size=48, emit=events.append)
    assert events[-1] == replace(_last(events), done=24, total=24)
    write_sample_set(out, images=16, size=48)
    assert len(read_dataset(out, ISIC2019).records) == 16
    assert read_dataset(out, ISIC2019).problems == ()


def _last(events: list[Event]) -> Progress:
    event = events[-1]
    assert isinstance(event, Progress)
    return event


def test_other_files_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SkinKDError, match=r"thesis\.txt"):
        write_sample_set(tmp_path, images=16)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_unfinished_set_is_marked_and_can_be_finished(tmp_path: Path) -> None:
    source = CancelSource()
    with pytest.raises(Cancelled):
        write_sample_set(tmp_path / "set", images=24, size=48, emit=lambda event: source.cancel(), token=source.token)
    assert json.loads((tmp_path / "set" / SYNTHETIC_MARKER).read_text())["images"] == 24
    write_sample_set(tmp_path / "set", images=24, size=48)
    assert len(read_dataset(tmp_path / "set", ISIC2019).records) == 24


def test_two_writers_wait_for_one_another(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write_sample_set, tmp_path / "set", images=24, size=48) for _ in range(2)]
        assert [writer.result() for writer in writers] == [tmp_path / "set"] * 2
    assert len(read_dataset(tmp_path / "set", ISIC2019).records) == 24


def test_every_class_can_be_learnt_and_tested(tmp_path: Path) -> None:
    dataset = read_dataset(write_sample_set(tmp_path / "set", images=1100, size=32), ISIC2019)
    assert len(dataset.records) == 1100
    for _, part in parts_of(make_split(dataset, DataRecipe())):
        assert np.bincount(dataset.labels[part], minlength=8).min() >= 1


def test_views_of_a_lesion_are_alike_but_not_the_same(sample_set: Path) -> None:
    from core.data.decoding import decode_image

    dataset = read_dataset(sample_set, ISIC2019)
    by_lesion: dict[str, list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = {}
    for record in dataset.records:
        assert record.path is not None
        centre = decode_image(record.path, 32)[8:24, 8:24].mean(axis=(0, 1))
        by_lesion.setdefault(record.lesion or "", []).append(centre)
    within = [float(np.abs(a - b).mean()) for views in by_lesion.values() for a, b in pairwise(views)]
    everything = [view for views in by_lesion.values() for view in views]
    between = [float(np.abs(a - b).mean()) for a, b in zip(everything[::2], reversed(everything[::2]), strict=True)]
    assert 0 < float(np.median(within)) < 0.7 * float(np.median(between))
