"""Damaged tables of every layout: what is read is consistent, or one message names the table; none crashes or hangs."""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from PIL import Image

from core.classes import CLASS_SETS
from core.data.reading import read_dataset
from core.data.types import DataSet
from core.errors import SkinKDError
from core.inference.labelled import find_labels
from tests.torture.damage import mutated, within_bounds
from tests.torture.tally import Tally

ISIC2019 = CLASS_SETS["isic2019"]

_SECONDS = 20.0
_IMAGES = ("img0", "img1", "img 2", "ISIC_3_downsampled")
_WORDS = (
    *("MEL", "nv", "melanoma", "UNK", "eczema", "nan", "inf", "1.0", "0", "1,0", "-1", "1e400", "=1+1", "../img0.jpg"),
    *("img0.JPG", "IMG1", "./img1", "ISIC_3", "\ufeff", "\0", '"', '""', "'", ",", ";", "\t", "|", "\n", "\r\n", "\r"),
    *("image", "label", "dx", "lesion_id", "age", "ü", "\ud7ff", "\u202e", " ", "a" * 300, "\x1a", "\x85", "\u2028"),
)


def cases(count: int, seed: int) -> Tally:
    """Damage `count` tables, and have each read with its folder, by its name, and for the labels it gives."""
    chance = random.Random(seed)
    lost = 0
    with tempfile.TemporaryDirectory() as place, within_bounds() as bounds:
        folder = Path(place)
        for number, name in enumerate(_IMAGES):
            Image.new("RGB", (4, 4), (number, 0, 0)).save(folder / f"{name}.jpg")
        for number in range(count):
            content = damaged_table(number, chance)
            (folder / "labels.csv").write_bytes(content)
            with bounds.case(_SECONDS):
                wrong = verdict(folder)
            wrong = wrong or bounds.wrong
            if wrong:
                lost += 1
                sys.stderr.write(f"table {number} of seed {seed} ({content[:200]!r}): {wrong}\n")
    return Tally("damaged tables", count, count - lost, lost)


def verdict(folder: Path) -> str:
    """What is wrong with how the table in a folder is dealt with, or nothing."""
    for place in (folder, folder / "labels.csv"):
        try:
            wrong = inconsistent(read_dataset(place, ISIC2019))
        except SkinKDError as error:
            named = "labels.csv" in error.summary + error.details or str(folder) in error.summary
            wrong = "" if named and error.title else f"the message names no table: {error.summary}"
        if wrong:
            return wrong
    known = find_labels([folder], ISIC2019)
    codes = {label.code for label in known.labels.values()} if known else set()
    return "" if codes <= set(ISIC2019.codes) else f"unknown classes: {codes}"


def inconsistent(dataset: DataSet) -> str:
    """What can not be in any data set, or nothing."""
    names = [record.name for record in dataset.records]
    files = [record.path for record in dataset.records if record.path is not None]
    if len(set(names)) != len(names) or len(set(files)) != len(files):
        return "an image stands twice among the records"
    if any(not 0 <= record.label < len(ISIC2019.codes) for record in dataset.records):
        return "a label is no class"
    if any(record.age is not None and not 0 <= record.age <= 120 for record in dataset.records):
        return "an age is none"
    if any(not problem.reason.endswith((".", ")")) for problem in dataset.problems):
        return "a problem is not explained"
    return ""


def damaged_table(number: int, chance: random.Random) -> bytes:
    """One of the layouts in one of the ways tables are saved, with damage to its words, its bytes or both."""
    text = _TABLES[number % len(_TABLES)]
    if chance.random() < 0.3:
        text = text.replace(",", chance.choice(";\t|"))
    if chance.random() < 0.3:
        text = text.replace("\n", chance.choice(("\r\n", "\r")))
    for _ in range(chance.choice((0, 1, 1, 3, 8))):
        place = chance.randrange(len(text) + 1)
        text = text[:place] + chance.choice(_WORDS) + text[place + chance.choice((0, 0, 1, 5)) :]
    content = text.encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le")), "replace")
    return mutated(content, chance, [content]) if chance.random() < 0.6 else content


def _one_hot(row: int) -> str:
    return ",".join("1.0" if row == column else "0.0" for column in range(9))


_TABLES = (
    "image,label,lesion_id,age\n"
    + "".join(f"{name},{ISIC2019.codes[i]},L{i},{40 + i}\n" for i, name in enumerate(_IMAGES)),
    f"image,{','.join(ISIC2019.codes)},UNK\n" + "".join(f"{name},{_one_hot(i)}\n" for i, name in enumerate(_IMAGES)),
    "lesion_id,image_id,dx,age,sex\n" + "".join(f"H{i},{name},akiec,50.0,male\n" for i, name in enumerate(_IMAGES)),
)
