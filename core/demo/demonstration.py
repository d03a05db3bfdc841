"""The demonstration: a small model that knows drawn pictures only, with six pictures to try it on. It comes along in
resources/demonstration, so that a first start gives a verdict at once; nothing is fetched.

`skinkd-cli demonstration --make FOLDER` makes the same files anew: the images of `skinkd-cli demo`, its teacher, and
its KL student, which is the model. Nothing that it says is about skin.
"""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from PIL import Image, ImageDraw

from core.demo.plan import SAMPLE_IMAGES, demo_plan, write_demo_images
from core.demo.sample_set import write_sample_set
from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.inference.results import DEMONSTRATION_NAME
from core.runs.folder import RunFolder
from core.runs.planning import execute_plan
from resources.files import resource_text

_STUDENT = "Demo KL student"
_DATA = "drawn pictures"
_SEED, _IMAGES, _PIXELS = 3, 64, 96
_SHOWN_PIXELS = 320  # drawn as small as the images of the training, and enlarged to be seen


@dataclass(frozen=True)
class Demonstration:
    """The model file and the pictures to try it on."""

    model: Path
    pictures: tuple[Path, ...]


def demonstration(folder: Path | None = None) -> Demonstration:
    """The demonstration that comes with the program, or that of a `folder`. Raises `SkinKDError` where it lacks."""
    place = folder or Path(str(files("resources").joinpath("demonstration")))
    model, pictures = place / DEMONSTRATION_NAME, tuple(sorted(place.glob("*.jpg")))
    if not model.is_file() or not pictures:
        raise SkinKDError(
            "The demonstration is not there",
            f"{place} lacks {DEMONSTRATION_NAME} or its pictures. Install SkinKD again, or make them with "
            "'skinkd-cli demonstration --make FOLDER'.",
        )
    return Demonstration(model, pictures)


def make_demonstration(folder: Path, emit: Emit, token: CancelToken) -> Demonstration:
    """Train the model and draw the pictures into a new or empty `folder`; what it takes meanwhile lies in
    `folder/work`, and goes. The same computer makes the same files. Raises `SkinKDError` and `Cancelled`.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise SkinKDError("The folder is not empty", f"{folder} holds files. Name a new or empty one.")
    work = folder / "work"
    data = write_demo_images(work / _DATA, SAMPLE_IMAGES, emit, token)
    teacher, *students = demo_plan(data)
    student = next(run for run in students if run.name == _STUDENT)
    summaries = execute_plan((teacher, student), work / "runs", emit, token)
    shutil.copyfile(RunFolder(summaries[-1].folder).model_file, folder / DEMONSTRATION_NAME)
    _draw_pictures(folder, work / "shown", emit, token)
    shutil.rmtree(work)
    return demonstration(folder)


def _draw_pictures(folder: Path, work: Path, emit: Emit, token: CancelToken) -> None:
    """The first picture of each class in a sample set that no model was trained on, and one of no lesion."""
    from core.classes import CLASS_SETS
    from core.data.reading import read_dataset

    write_sample_set(work, images=_IMAGES, seed=_SEED, size=_PIXELS, emit=emit, token=token)
    dataset = read_dataset(work, CLASS_SETS["isic2019"])
    shown: list[str] = tomllib.loads(resource_text("demonstration/pictures.toml"))["classes"]
    for number, code in enumerate(shown, 1):
        label = dataset.classes.codes.index(code)
        record = next(record for record in dataset.records if record.label == label)
        name = dataset.classes.name_of(code).lower()
        assert record.path is not None
        with Image.open(record.path) as image:
            large = image.convert("RGB").resize((_SHOWN_PIXELS, _SHOWN_PIXELS), Image.Resampling.BICUBIC)
        large.save(folder / f"{number} drawn {name}.jpg", "JPEG", quality=90)
    _chart().save(folder / f"{len(shown) + 1} drawn chart.jpg", "JPEG", quality=92)


def _chart() -> Image.Image:
    """Bars on axes: what no model of lesions knows."""
    side = _SHOWN_PIXELS
    picture = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(picture)
    for place, height in enumerate((0.35, 0.6, 0.45, 0.8, 0.7)):
        left = 50 + 50 * place
        pen.rectangle((left, side - 40 - height * 220, left + 32, side - 40), fill="#3A6FD8")
    pen.line(((36, 24), (36, side - 40), (side - 16, side - 40)), fill="black", width=3)
    return picture
