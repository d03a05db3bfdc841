from __future__ import annotations

import multiprocessing
import os
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data import store_files
from core.data.checking import check_images
from core.data.decoding import decode_image
from core.data.store import ImageStore, open_store, store_bytes
from core.data.store_files import Source
from core.data.types import DataSet
from core.errors import Cancelled, SkinKDError
from core.events import CancelSource, Event, Notice, Phase, Progress
from tests.core.power_cuts import Disk, disk, needs_proc  # noqa: F401

from .conftest import MakeImage, MakeSet

SIZE = 32


def _stores() -> Path:
    return Path(os.environ["SKINKD_CACHE"]) / "stores"


def _check_rows(store: ImageStore, dataset: DataSet) -> None:
    """Every row has the colour that its record's name stands for."""
    assert len(store) == len(dataset.records)
    for index, record in enumerate(dataset.records):
        number = int(record.name.removeprefix("image"))
        assert store.labels[index] == record.label
        if index not in store.failed:
            assert (store.images[index] == (number, (2 * number) % 256, 255 - number)).all(), record.name


def _count_decodes(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    decoded: list[Path] = []
    decode = store_files._decode_row

    def counted(source: Source, size: int) -> bytes | str:
        decoded.append(source.path)
        return decode(source, size)

    monkeypatch.setattr(store_files, "_decode_row", counted)
    return decoded


def test_rows_are_the_records(make_set: MakeSet) -> None:
    dataset = make_set(40)
    store = open_store(dataset, SIZE)
    _check_rows(store, dataset)
    assert store.images.shape == (40, SIZE, SIZE, 3)
    assert store.images.dtype == np.uint8
    assert not store.images.flags.writeable
    assert store.failed == {}
    assert _stores().joinpath(f"{store.key}.u8").stat().st_size == store_bytes(40, SIZE)
    assert {path.suffix for path in _stores().iterdir()} <= {".u8", ".json", ".lock"}


def test_rows_stay_aligned_when_images_are_left_out(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(40)
    open_store(dataset, SIZE)
    decoded = _count_decodes(monkeypatch)
    fewer = dataset.without({"image000", "image017", "image018", "image039"})
    _check_rows(open_store(fewer, SIZE), fewer)
    backwards = replace(dataset, records=tuple(reversed(dataset.records)))
    _check_rows(open_store(backwards, SIZE), backwards)
    assert decoded == []  # the pixels come from the first store
    bigger = make_set(45)
    _check_rows(open_store(bigger, SIZE), bigger)
    assert len(decoded) == 5


def test_gather_copies_rows_in_order(make_set: MakeSet) -> None:
    dataset = make_set(10)
    store = open_store(dataset, SIZE)
    for kept in (store, store.in_memory()):
        batch = kept.gather(np.array([7, 2, 7, 0]))
        assert batch.shape == (4, SIZE, SIZE, 3)
        assert batch[:, 0, 0, 0].tolist() == [7, 2, 7, 0]
        batch[:] = 0
        assert kept.images[7, 0, 0, 0] == 7
        assert type(batch) is np.ndarray


def test_batches_come_from_the_file_not_from_its_map(make_set: MakeSet) -> None:
    store = open_store(make_set(10), SIZE)
    unmapped = replace(store, images=np.zeros_like(store.images))
    rows = np.array([3, -1, 0, 3])
    assert np.array_equal(unmapped.gather(rows), store.images[rows])
    assert np.array_equal(unmapped.in_memory().images, store.images)
    assert unmapped.gather(rows[:0]).shape == (0, SIZE, SIZE, 3)
    with pytest.raises(IndexError):
        store.gather(np.array([10]))


def test_threads_gather_side_by_side(make_set: MakeSet) -> None:
    store = open_store(make_set(40), SIZE)
    rng = np.random.default_rng(0)
    batches = [rng.integers(0, 40, 16) for _ in range(60)]
    with ThreadPoolExecutor(4) as pool:
        for rows, batch in zip(batches, pool.map(store.gather, batches), strict=True):
            assert batch[:, 0, 0, 0].tolist() == rows.tolist()


def test_a_store_cut_short_or_lost_while_it_is_used_is_said(make_set: MakeSet) -> None:
    store = open_store(make_set(10), SIZE)
    assert store.file is not None
    store = replace(store, images=np.zeros_like(store.images))
    os.truncate(store.file, 5 * store_bytes(1, SIZE) + 7)
    assert store.gather(np.array([4]))[0, 0, 0, 0] == 4
    with pytest.raises(SkinKDError, match="too short"):
        store.gather(np.array([0, 5]))
    lost = replace(store, file=store.file.with_name("lost.u8"))
    with pytest.raises(SkinKDError, match="can not be read"):
        lost.gather(np.array([0]))


def test_any_number_of_threads_builds_the_same_store(tmp_path: Path, make_set: MakeSet, make_image: MakeImage) -> None:
    paths = [make_image(tmp_path / f"noise{seed}.jpg", seed=seed, side=90 + seed) for seed in range(24)]
    dataset = make_set(24)
    dataset = replace(dataset, records=tuple(replace(r, path=p) for r, p in zip(dataset.records, paths, strict=True)))
    built = [open_store(dataset, SIZE, threads=threads, cache=tmp_path / f"{threads}") for threads in (1, 2, 5)]
    assert len({store.key for store in built}) == 1
    contents = [store.file.read_bytes() for store in built if store.file is not None]
    assert len(contents) == 3
    assert len(set(contents)) == 1


def test_checked_images_are_not_read_again_for_their_digests(
    make_set: MakeSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = check_images(make_set(8))
    monkeypatch.setattr("core.data.file_checks._read", lambda task: pytest.fail(f"{task} was read again"))
    _check_rows(open_store(dataset, SIZE), dataset)


def test_a_disk_that_fails_beside_the_decoding_is_said(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = _count_decodes(monkeypatch)
    confirmed: list[int] = []

    def fail_once(descriptor: int) -> None:
        confirmed.append(descriptor)
        if len(confirmed) == 1:
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(store_files, "_NOTE_SECONDS", -1.0)
    monkeypatch.setattr(store_files.os, "fsync", fail_once)
    with pytest.raises(SkinKDError, match="Input/output error"):
        open_store(make_set(200), SIZE, threads=2)
    assert len(decoded) < 200


@needs_proc
def test_no_note_promises_pixels_that_a_power_cut_would_take(
    make_set: MakeSet,
    disk: Disk,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows that are noted as done, and the facts of a finished store, are of pixels that were flushed before."""
    noted: list[int] = []
    write = store_files.write_atomically

    def watched(path: Path, content: bytes) -> None:
        pixels = path.with_suffix(".part" if path.suffix == ".rows" else ".u8")
        kept = disk.kept(pixels)
        if path.suffix == ".rows":
            done = np.frombuffer(content, store_files._ROW)["done"]
            noted.append(int(done.sum()))
            rows = np.frombuffer(kept or b"", np.uint8).reshape(-1, SIZE, SIZE, 3)
            assert all(rows[index].any() for index in np.flatnonzero(done))
        else:
            assert kept == pixels.read_bytes()
        write(path, content)

    monkeypatch.setattr(store_files, "write_atomically", watched)
    monkeypatch.setattr(store_files, "_NOTE_SECONDS", -1.0)
    store = open_store(make_set(60), SIZE, threads=2)
    assert noted[-1] == 60
    assert store.file is not None
    assert disk.kept(store.file) == store.file.read_bytes()
    assert disk.knows(store.file)


def test_the_pixels_are_those_of_the_one_decoder(tmp_path: Path, make_set: MakeSet, make_image: MakeImage) -> None:
    path = make_image(tmp_path / "noise.jpg", seed=5, side=200)
    dataset = replace(make_set(1), records=(replace(make_set(1).records[0], path=path),))
    assert np.array_equal(open_store(dataset, SIZE).images[0], decode_image(path, SIZE))


def test_a_second_start_reads_no_image(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(12)
    first = open_store(dataset, SIZE)
    decoded = _count_decodes(monkeypatch)
    monkeypatch.setattr("core.data.file_checks._read", lambda task: pytest.fail(f"{task} was read again"))
    again = open_store(dataset, SIZE)
    assert again.key == first.key
    assert decoded == []
    _check_rows(again, dataset)


def test_keys_are_of_content_size_and_order(
    make_set: MakeSet, tmp_path: Path, make_image: MakeImage, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_set(5)
    key = open_store(dataset, SIZE).key
    moved = tmp_path / "moved"
    shutil.copytree(dataset.root, moved)
    elsewhere = replace(
        dataset, records=tuple(replace(record, path=moved / f"{record.name}.png") for record in dataset.records)
    )
    assert open_store(elsewhere, SIZE).key == key
    assert open_store(dataset, SIZE + 1).key != key
    assert open_store(replace(dataset, records=dataset.records[::-1]), SIZE).key != key
    with monkeypatch.context() as older:
        older.setattr(store_files, "DECODER_VERSION", 1)
        before = open_store(dataset, SIZE).key
    assert before in open_store(dataset, SIZE).earlier_keys
    make_image(dataset.root / "image003.png", (200, 0, 0))
    changed = open_store(dataset, SIZE)
    assert changed.key != key
    assert before not in changed.earlier_keys
    assert changed.images[3, 0, 0].tolist() == [200, 0, 0]


def test_unreadable_images_are_failed_rows_of_zeros(make_set: MakeSet) -> None:
    dataset = make_set(6)
    damaged = dataset.records[2].path
    assert damaged is not None
    damaged.write_bytes(damaged.read_bytes()[:-25])
    dataset = replace(
        dataset, records=tuple(replace(r, path=None) if r.name == "image004" else r for r in dataset.records)
    )
    for _ in range(2):
        store = open_store(dataset, SIZE)
        assert sorted(store.failed) == [2, 4]
        assert "cut off" in store.failed[2]
        assert not store.images[2].any()
        _check_rows(store, dataset)


@pytest.mark.parametrize("change", ["another picture", "damage", "gone", "same size and time"])
def test_an_image_that_changes_between_digest_and_decoding_leaves_no_trace(
    make_set: MakeSet, make_image: MakeImage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str
) -> None:
    dataset = make_set(12)
    path = dataset.records[7].path
    assert path is not None
    content, status = path.read_bytes(), path.stat()

    def strike(event: Event) -> None:
        if not (isinstance(event, Progress) and event.phase is Phase.DECODING and event.done == 0):
            return
        if change == "gone":
            path.unlink()
        elif change == "damage":
            path.write_bytes(content[:-30])
        else:
            other = make_image(tmp_path / "other.png", (8, 16, 247)).read_bytes()
            path.write_bytes(other.ljust(len(content), b" "))
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))

    with pytest.raises(SkinKDError, match="no longer the file") as caught:
        open_store(dataset, SIZE, emit=strike, threads=2)
    assert path.name in caught.value.summary
    assert not list(_stores().glob("*.json"))
    path.write_bytes(content)
    if change == "same size and time":
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    for _ in range(2):
        store = open_store(dataset, SIZE)
        assert store.failed == {}
        _check_rows(store, dataset)


def test_another_picture_with_the_size_and_time_of_the_old_one_is_seen(
    tmp_path: Path, make_image: MakeImage, make_set: MakeSet
) -> None:
    dataset = make_set(3)
    path = dataset.records[1].path
    assert path is not None
    path.write_bytes(path.read_bytes().ljust(500))
    store, status = open_store(dataset, SIZE), path.stat()
    path.write_bytes(make_image(tmp_path / "other.png", (200, 1, 2)).read_bytes().ljust(500))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    again = open_store(dataset, SIZE)
    assert again.key != store.key
    assert again.images[1, 0, 0].tolist() == [200, 1, 2]


def test_an_interrupted_build_goes_on_where_it_was(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(60)
    source = CancelSource()
    decoded = _count_decodes(monkeypatch)

    def cancel_late(event: Event) -> None:
        if len(decoded) >= 30:
            source.cancel()

    monkeypatch.setattr("core.progress._SECONDS_BETWEEN", 0.0)
    with pytest.raises(Cancelled):
        open_store(dataset, SIZE, emit=cancel_late, token=source.token, threads=2)
    before = len(decoded)
    assert 30 <= before < 60
    assert not list(_stores().glob("*.json"))
    store = open_store(dataset, SIZE, threads=2)
    _check_rows(store, dataset)
    assert len(decoded) <= 60 + 2 * 4 + 2  # only what was under way is decoded again
    assert not list(_stores().glob("*.part"))


def test_a_build_stopped_before_its_last_word_goes_on(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(10)

    def crash(self: object, checksums: object, failed: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store_files.StoreBuilder, "_write_facts", crash)
        with pytest.raises(KeyboardInterrupt):
            open_store(dataset, SIZE)
    decoded = _count_decodes(monkeypatch)
    _check_rows(open_store(dataset, SIZE), dataset)
    assert decoded == []


@pytest.mark.parametrize("damage", ["truncated", "changed", "facts", "part"])
def test_damage_is_recognised_and_repaired(make_set: MakeSet, damage: str) -> None:
    dataset = make_set(20)
    store = open_store(dataset, SIZE)
    key = store.key
    del store
    pixels, facts = _stores() / f"{key}.u8", _stores() / f"{key}.json"
    if damage == "truncated":
        os.truncate(pixels, 1000)
    elif damage == "changed":
        status = pixels.stat()
        with pixels.open("r+b") as file:
            file.seek(5 * store_bytes(1, SIZE) + 17)
            file.write(b"\x99" * 40)
        os.utime(pixels, ns=(status.st_atime_ns, status.st_mtime_ns + 10))
    elif damage == "facts":
        facts.write_bytes(facts.read_bytes()[:50])
    else:
        facts.unlink()
        pixels.rename(_stores() / f"{key}.part")
        (_stores() / f"{key}.rows").write_bytes(b"\x01" * 7)
    notices: list[Event] = []
    again = open_store(dataset, SIZE, emit=notices.append)
    assert again.key == key
    _check_rows(again, dataset)
    if damage in ("truncated", "changed"):
        assert any("damaged" in event.text for event in notices if isinstance(event, Notice))


def test_a_copied_cache_is_verified_and_kept(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_set(20)
    key = open_store(dataset, SIZE).key
    os.utime(_stores() / f"{key}.u8", ns=(0, 12345))
    decoded = _count_decodes(monkeypatch)
    _check_rows(open_store(dataset, SIZE), dataset)
    assert decoded == []


def test_too_little_space_is_said_before_decoding(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage(10, 9, 1))
    decoded = _count_decodes(monkeypatch)
    with pytest.raises(SkinKDError, match="Not enough space") as caught:
        open_store(make_set(3), SIZE)
    assert "SKINKD_CACHE" in caught.value.summary
    assert decoded == []


def test_a_full_disk_while_building_is_said(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, file: object, rows: object, index: int, pixels: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_files.StoreBuilder, "_put", full)
    with pytest.raises(SkinKDError, match="No space left on device"):
        open_store(make_set(3), SIZE)


def test_no_images_at_all_is_said(make_set: MakeSet) -> None:
    dataset = make_set(2)
    lost = replace(dataset, records=tuple(replace(record, path=None) for record in dataset.records))
    with pytest.raises(SkinKDError, match="None of the 2 images"):
        open_store(lost, SIZE)


def _open_in_process(dataset: DataSet, cache: str, answers: multiprocessing.Queue[tuple[str, int]]) -> None:
    store = open_store(dataset, SIZE, cache=Path(cache))
    answers.put((store.key, int(store.images.sum(dtype=np.int64))))


def test_two_processes_build_one_store(make_set: MakeSet, tmp_path: Path) -> None:
    dataset = make_set(80)
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[tuple[str, int]] = context.Queue()
    cache = tmp_path / "common"
    workers = [context.Process(target=_open_in_process, args=(dataset, str(cache), answers)) for _ in range(2)]
    for worker in workers:
        worker.start()
    results = [answers.get(timeout=120) for _ in workers]
    for worker in workers:
        worker.join()
    answers.close()
    answers.join_thread()
    assert results[0] == results[1]
    store = open_store(dataset, SIZE, cache=cache)
    assert (store.key, int(store.images.sum(dtype=np.int64))) == results[0]
    _check_rows(store, dataset)


def test_waiting_for_another_process_is_told_and_can_be_cancelled(make_set: MakeSet) -> None:
    from filelock import FileLock

    dataset = make_set(3)
    key = open_store(dataset, SIZE).key
    (_stores() / f"{key}.json").unlink()
    source = CancelSource()
    told: list[str] = []

    def emit(event: Event) -> None:
        if isinstance(event, Notice):
            told.append(event.text)
            source.cancel()

    with FileLock(_stores() / f"{key}.lock"), pytest.raises(Cancelled):
        open_store(dataset, SIZE, emit=emit, token=source.token)
    assert "waiting" in told[0]
    _check_rows(open_store(dataset, SIZE), dataset)
