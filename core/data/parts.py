"""The data's own division into parts, as columns, folders and names of tables tell it."""

from __future__ import annotations

import re

from core.data.types import Part

_WORDS = {
    **dict.fromkeys(("train", "training", "trn", "trainset"), Part.TRAIN),
    **dict.fromkeys(("val", "valid", "validation", "dev", "valset"), Part.VALIDATION),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "testset"), Part.TEST),
}
_BESIDE = frozenset({"set", "data", "images", "image", "input", "dir", "folder", "split", "img", "imgs", "part"})


def part_of_cell(text: str) -> Part | None:
    """The part that a cell names; None for other words."""
    return _WORDS.get(text.strip().lower())


def part_of_name(name: str) -> Part | None:
    """The part in the name of a folder or table ("ISIC_2019_Test_Input"); None where it names none, or several."""
    found = {_WORDS[word] for word in _words(name) if word in _WORDS}
    return found.pop() if len(found) == 1 else None


def is_part_folder(name: str) -> bool:
    """Whether the name of a folder says nothing but a part of the data ("train", "test_images")."""
    words = _words(name)
    return any(word in _WORDS for word in words) and all(word in _WORDS or word in _BESIDE for word in words)


def part_of_path(name: str) -> Part | None:
    """The part of an image by the folders above it, the nearest first."""
    folders = name.split("/")[:-1]
    return next((part for folder in reversed(folders) if (part := part_of_name(folder)) is not None), None)


def _words(name: str) -> list[str]:
    return re.findall(r"[a-z]+", name.lower())
