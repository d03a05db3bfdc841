"""Going on with a run after something that it rests on was changed: recipe, teacher, data, weights.

The run is killed once it has a checkpoint, the change is made, and going on must be refused with the sentence of this
change; put right, it ends bit for bit as an undisturbed run. What was changed must never be mixed into its numbers.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image, ImageOps
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from core.runs.folder import RunFolder
from tests.torture import strikes
from tests.torture.faults import METHOD, Fault
from tests.torture.strikes import Room

_LATER = ("End of an epoch", "Testing", "Calibrating", "Saving")
"""Phases that come after the first checkpoint."""


def _run(room: Room) -> RunFolder:
    (folder,) = [path for path in room.shop.runs.iterdir() if path.name.endswith(f"-{METHOD}")]
    return RunFolder(folder)


def _teacher(room: Room) -> Path:
    (folder,) = [path for path in room.shop.runs.iterdir() if path.name.endswith("-teacher")]
    return folder / "model.safetensors"


def _keep(room: Room, path: Path) -> None:
    """A copy of a file as it was, to be put back; not beside it, where it would count as one more."""
    room.kept.mkdir(exist_ok=True)
    shutil.copy2(path, room.kept / path.name)


def _put_back(find: Callable[[Room], Path]) -> Callable[[Room], None]:
    def heal(room: Room) -> None:
        path = find(room)
        shutil.copy2(room.kept / path.name, path)

    return heal


def _change_recipe(old: str, new: str) -> Callable[[Room], None]:
    def change(room: Room) -> None:
        file = _run(room).recipe_file
        _keep(room, file)
        before = file.read_text(encoding="utf-8")
        assert old in before, f"recipe.toml does not say {old}"
        file.write_text(before.replace(old, new), encoding="utf-8")

    return change


def _change_teacher(room: Room) -> None:
    """Every weight a little larger: a network that works, and is another."""
    file = _teacher(room)
    _keep(room, file)
    with safe_open(file, "pt") as opened:
        metadata = opened.metadata()
    save_file({name: value * 1.01 for name, value in load_file(file).items()}, file, metadata)


def _change_content(room: Room) -> None:
    """A picture in negative: as whole as before, and another."""
    picture = strikes.a_picture(room)
    strikes.hide(picture)
    with Image.open(picture.with_name(f"hidden-{picture.name}")) as image:
        ImageOps.invert(image.convert("RGB")).save(picture, quality=95)


def _truth(room: Room) -> Path:
    return room.shop.data / "ISIC_2019_Training_GroundTruth.csv"


def _change_labels(room: Room) -> None:
    """Of ten pictures the first class becomes the second, and the other way round."""
    _keep(room, _truth(room))
    with _truth(room).open(encoding="utf-8", newline="") as lines:
        header, *rows = csv.reader(lines)
    for row in [row for row in rows if row[1] != row[2]][:10]:
        row[1], row[2] = row[2], row[1]
    with _truth(room).open("w", encoding="utf-8", newline="") as out:
        csv.writer(out, lineterminator="\n").writerows([header, *rows])


def _checkpoint(room: Room) -> Path:
    return _run(room).checkpoint_folder / "state.pt"


def _flip_checkpoint(room: Room) -> None:
    """One bit in the middle, among the weights."""
    file = _checkpoint(room)
    _keep(room, file)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


CHANGES = tuple(
    Fault(f"going on with {what}", change, heal, sentences, after_kill=True, refused=True, phases=_LATER)
    for what, change, heal, sentences in (
        (
            "another learning rate in the recipe",
            _change_recipe("learning_rate = 0.003", "learning_rate = 0.004"),
            _put_back(lambda room: _run(room).recipe_file),
            (r"The learning rate would change: .* optimisation\.learning_rate is 0\.004 and was 0\.003\.",),
        ),
        (
            "another batch size in the recipe",
            _change_recipe("batch_size = 32", "batch_size = 16"),
            _put_back(lambda room: _run(room).recipe_file),
            (r"The recipe has changed: .* optimisation\.batch_size is 16 and was 32\.",),
        ),
        (
            "another teacher's weights",
            _change_teacher,
            _put_back(_teacher),
            (r"The teacher is another one: ",),
        ),
        (
            "another picture under an old name",
            _change_content,
            strikes.show_the_picture,
            (r"The pictures have changed: .* the content of image files has changed though",),
        ),
        (
            "other labels of the same pictures",
            _change_labels,
            _put_back(_truth),
            (r"The images have changed: .* have changed: 10 labelled otherwise\. Put the data back",),
        ),
        (
            "a flipped bit among the checkpoint's weights",
            _flip_checkpoint,
            _put_back(_checkpoint),
            (r"The checkpoint can not be used: .*state\.pt",),
        ),
    )
)
"""What may be changed between a kill and going on."""
