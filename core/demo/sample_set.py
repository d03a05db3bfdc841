"""The built-in sample set: generated dermoscopy-like images, so that the whole program can be tried at once.

Written in ISIC 2019 layout with lesion ids; marked as synthetic, which `read_dataset` passes on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from core.data.allocation import allocate
from core.data.finding import SYNTHETIC_MARKER
from core.data.tables import write_atomically, write_table
from core.demo.lesion_appearance import drawn_classes, lesion_appearance
from core.demo.lesion_drawing import draw_lesion, draw_view
from core.documents import some
from core.errors import SkinKDError
from core.events import CancelToken, Emit, Phase, ignore
from core.locks import waiting_for
from core.progress import ProgressMeter, map_in_threads

Facts = dict[str, str | int]

SHOWN_CLASSES = "isic2019"
"""The class set that the pictures show."""

_VERSION = 1
_IMAGES_PER_LESION = (1, 2, 3, 4)
_LESION_CHANCES = (0.45, 0.30, 0.15, 0.10)
_SITES = ("anterior torso", "posterior torso", "head/neck", "upper extremity", "lower extremity", "palms/soles", "")
_LOCK = ".skinkd-synthetic.lock"
_INPUT = "ISIC_2019_Training_Input"
_TRUTH = "ISIC_2019_Training_GroundTruth.csv"
_METADATA = "ISIC_2019_Training_Metadata.csv"
_README = """These pictures are GENERATED. They show no person, no skin and no disease.

SkinKD draws them to show and test itself. Scores on them say nothing about real lesions.
The layout is that of the ISIC 2019 challenge. Made by: skinkd-cli sample-data
"""


@dataclass(frozen=True)
class _Lesion:
    number: int
    code: str
    names: tuple[str, ...]


def write_sample_set(
    out: Path,
    *,
    images: int = 800,
    seed: int = 0,
    size: int = 128,
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> Path:
    """Write the sample set into the folder `out` and return it; the same arguments give the same pictures.

    A finished set of the same arguments is left as it is. Raises `SkinKDError` when the folder holds anything else,
    and `Cancelled`.
    """
    if images < 16 or size < 32:
        raise SkinKDError("Too small a sample set", "It needs at least 16 images of at least 32 pixels.")
    token = token or CancelToken()
    facts: Facts = {"generator": "SkinKD sample set", "version": _VERSION, "images": images, "seed": seed, "size": size}
    _make_folder(out)
    told = "Another SkinKD is writing the sample set; waiting for it."
    try:
        with waiting_for(out / _LOCK, told, emit, token):
            if not _prepare(out, facts):
                _write(out, facts, emit, token)
    except OSError as error:
        raise _not_writable(out, error) from error
    return out


def _write(out: Path, facts: Facts, emit: Emit, token: CancelToken) -> None:
    images, seed, size = (int(facts[name]) for name in ("images", "seed", "size"))
    lesions = _plan(images, seed)
    folder = out / _INPUT
    folder.mkdir(exist_ok=True)
    meter = ProgressMeter(Phase.SAVING, images, emit)
    draw = partial(_write_lesion, folder=folder, seed=seed, size=size)
    with closing(map_in_threads(draw, lesions, threads=0, token=token)) as drawn:
        for lesion, _ in zip(lesions, drawn, strict=True):
            for _ in lesion.names:
                meter.add()
    _write_tables(out, lesions, seed)
    write_atomically(out / SYNTHETIC_MARKER, json.dumps({**facts, "finished": True}, indent=1).encode())


def _make_folder(out: Path) -> None:
    """Raises `SkinKDError` when the folder can not be used, before anything is written into it."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        others = sorted(path.name for path in out.iterdir())
    except OSError as error:
        raise _not_writable(out, error) from error
    if others and not {SYNTHETIC_MARKER, _LOCK} & set(others):
        raise SkinKDError(
            "The folder is not empty",
            f"{out} holds other files ({some(others, 3)}). Choose a new or an empty folder for the sample set.",
        )


def _not_writable(out: Path, error: OSError) -> SkinKDError:
    return SkinKDError("The sample set can not be written", f"{out}: {error.strerror or error}.")


def _prepare(out: Path, facts: Facts) -> bool:
    """Mark the folder and empty it of an older set; True when it already holds exactly this set."""
    marker = out / SYNTHETIC_MARKER
    try:
        present = json.loads(marker.read_bytes())
    except (OSError, ValueError):
        present = None
    if present == {**facts, "finished": True} and (out / _TRUTH).is_file():
        return len(list((out / _INPUT).glob("SYN_*.jpg"))) == facts["images"]
    for name in (_TRUTH, _METADATA):
        (out / name).unlink(missing_ok=True)
    for old in (out / _INPUT).glob("SYN_*.jpg"):
        old.unlink()
    # The mark comes first: not even an unfinished set may pass for real images.
    write_atomically(marker, json.dumps(facts, indent=1).encode())
    write_atomically(out / "README.txt", _README.encode())
    return False


def class_sizes(images: int) -> tuple[int, ...]:
    """Images per class: as uneven as ISIC 2019, with rare classes that can be scored."""
    shares = np.array([drawn.share for drawn in drawn_classes().values()])
    least, most = np.full(len(shares), max(1, images // 66)), np.full(len(shares), images)
    return tuple(int(number) for number in allocate(shares * images, images, least, most))


def _plan(images: int, seed: int) -> list[_Lesion]:
    """Lesions with the names of their images; names are dealt out at random, so that they tell no class."""
    generator = np.random.default_rng([seed, _VERSION])
    groups = [
        (code, size)
        for code, number in zip(drawn_classes(), class_sizes(images), strict=True)
        for size in _lesion_sizes(number, generator)
    ]
    numbers = iter(generator.permutation(images).tolist())
    lesions: list[_Lesion] = []
    for position, place in enumerate(generator.permutation(len(groups)).tolist()):
        code, size = groups[place]
        names = tuple(f"SYN_{next(numbers):07d}" for _ in range(size))
        lesions.append(_Lesion(position, code, names))
    return lesions


def _lesion_sizes(images: int, generator: np.random.Generator) -> Iterator[int]:
    # A rare class has at least four lesions, so that every part of a split can have one.
    most = max(1, images // 4)
    while images:
        size = min(int(generator.choice(_IMAGES_PER_LESION, p=_LESION_CHANCES)), images, most)
        yield size
        images -= size


def _write_lesion(lesion: _Lesion, folder: Path, seed: int, size: int) -> None:
    generator = np.random.default_rng([seed, _VERSION, lesion.number])
    field = draw_lesion(lesion_appearance(lesion.code, generator), size, generator)
    for name in lesion.names:
        buffer = BytesIO()
        Image.fromarray(draw_view(field, generator)).save(buffer, "JPEG", quality=92)
        (folder / f"{name}.jpg").write_bytes(buffer.getvalue())


def _write_tables(out: Path, lesions: list[_Lesion], seed: int) -> None:
    generator = np.random.default_rng([seed, _VERSION, 1, 1])
    truth: list[tuple[str, ...]] = []
    metadata: list[tuple[str, ...]] = []
    for lesion in lesions:
        age = (
            ""
            if generator.random() < 0.03
            else str(int(np.clip(generator.normal(drawn_classes()[lesion.code].mean_age, 15), 15, 90)) // 5 * 5)
        )
        sex = "" if generator.random() < 0.03 else str(generator.choice(["female", "male"]))
        site = str(generator.choice(_SITES))
        row = [("1.0" if code == lesion.code else "0.0") for code in drawn_classes()]
        for name in lesion.names:
            truth.append((name, *row, "0.0"))
            metadata.append((name, age, site, f"SYN_L{lesion.number:05d}", sex))
    write_table(out / _METADATA, ("image", "age_approx", "anatom_site_general", "lesion_id", "sex"), sorted(metadata))
    write_table(out / _TRUTH, ("image", *drawn_classes(), "UNK"), sorted(truth))
