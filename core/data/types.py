"""The words of the data floor: classes, images, data sets, problems, splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet, normalised
from core.data.choices import Choice


class ProblemKind(StrEnum):
    """Why images can not simply be used; the value is shown to the user."""

    NO_IMAGES = "No images found"
    MISSING_IMAGE = "Image missing"
    MISSING_ROW = "Image without a table row"
    UNREADABLE = "Unreadable image"
    TWO_LABELS = "More than one label"
    NO_LABEL = "No label"
    UNKNOWN_LABEL = "Unknown label"
    MAPPED_OUT = "Left out by the recipe's mapping"
    DUPLICATE = "Same picture twice"
    DUPLICATE_ROW = "Table row twice"
    AMBIGUOUS = "Name of several files"
    NOT_SKIN = "Not a picture of skin"
    MASK = "Mask, not a picture"
    NOT_CHOSEN = "Other kind of picture"
    PATIENT_FOLDERS = "Folders that may be patients"
    LOCAL_NUMBERS = "Same number in two tables"
    NEAR_COPIES = "Nearly the same picture, labelled otherwise"
    CHAIN = "Too many nearly alike pictures"
    CORRECTION = "Correction that can not be used"
    FOLDS = "Numbered folds, not used"
    ALSO_HELD_OUT = "Kin of a picture that the data set holds out"


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the data set, named.

    `names` are the images it concerns (empty when it concerns the whole set); `excludes` tells whether going
    on means leaving them out (False for problems that only need to be known, such as MISSING_ROW).
    """

    kind: ProblemKind
    subject: str
    reason: str
    names: tuple[str, ...] = ()
    excludes: bool = True


@dataclass(frozen=True)
class ImageRecord:
    """A labelled image. Unknown values are None.

    `name` is the path below the data root, with slashes; what the table calls the image where no file was found (`path`
    is None then). `age` is in years; `part` is that of the data's own division; `skin_type` is Fitzpatrick's, 1 to 6.
    """

    name: str
    path: Path | None
    label: int
    lesion: str | None = None
    age: float | None = None
    sex: str | None = None
    site: str | None = None
    patient: str | None = None
    part: Part | None = None
    skin_type: int | None = None


@dataclass(frozen=True)
class LabelCount:
    """A label as the data have it, how many images bear it, and up to three of their files.

    `code` is the class that it means, "" for images that are left out, None where nobody knows yet; `how` says for
    people how that is known. `says_none`: it is a word for "none of these" (UNK).
    """

    label: str
    count: int
    examples: tuple[Path, ...]
    code: str | None
    how: str = ""
    says_none: bool = False

    def meant_by(self, classes: ClassSet) -> LabelCount:
        """The same label with what it means by other classes."""
        meaning = classes.meaning(self.label)
        if meaning is None:  # "?" and "-" hold nothing that could be mapped
            none = classes.is_unknown(self.label) or not normalised(self.label)
            return replace(self, code=None, how="", says_none=none)
        return replace(self, code=classes.code_at(meaning.index), how=meaning.how.value, says_none=False)


def undecided(labels: Iterable[LabelCount]) -> tuple[LabelCount, ...]:
    """The labels of which somebody must say what they mean; those that say "none of these" do so themselves."""
    return tuple(item for item in labels if item.code is None and not item.says_none)


@dataclass(frozen=True)
class DataSet:
    """A read data set: usable records in table order, and everything that is wrong with the rest.

    `layout` is the name of the layout that it was read as (`core.data.layouts`).
    `synthetic` marks the built-in sample set, which must be said wherever its results show; `terms` are the data's
    licence terms where known, otherwise empty. `left_out` are records that are not used, but still tell which lesions
    are one: two lesions of which the same picture is known. `label_counts` holds the labels as they were found, the
    most frequent first; `choices` what the data leave open.
    `near_copies` are pairs of names of pictures that are nearly the same (`core.data.near_copies`), also of images that
    are left out; `together` names images of which a person said that they belong together.
    """

    root: Path
    layout: str
    records: tuple[ImageRecord, ...]
    problems: tuple[Problem, ...] = field(default=())
    synthetic: bool = False
    terms: str = ""
    left_out: tuple[ImageRecord, ...] = field(default=())
    label_counts: tuple[LabelCount, ...] = field(default=())
    choices: tuple[Choice, ...] = field(default=())
    near_copies: tuple[tuple[str, str], ...] = field(default=())
    together: tuple[tuple[str, ...], ...] = field(default=())
    classes: ClassSet = field(kw_only=True)

    @property
    def unknown_labels(self) -> tuple[tuple[str, int], ...]:
        """Labels that mean none of `classes` and are not left out, with the number of their images."""
        return tuple((item.label, item.count) for item in self.label_counts if item.code is None)

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class indices, shape (records,)."""
        return np.fromiter((record.label for record in self.records), np.int64, len(self.records))

    @property
    def counts(self) -> dict[str, int]:
        """Images per class code, all classes in order."""
        return self.counts_of(np.arange(len(self.records)))

    def counts_of(self, indices: NDArray[np.int64]) -> dict[str, int]:
        """Images per class code among the records `indices` (n,), all classes in order."""
        counts = np.bincount(self.labels[indices], minlength=len(self.classes))
        return {code: int(count) for code, count in zip(self.classes.codes, counts, strict=True)}

    @property
    def own_parts(self) -> dict[Part, int]:
        """Images of each part of the data's own division, in order; empty where the data have none."""
        counts = Counter(record.part for record in self.records)
        return {part: counts[part] for part in Part if counts[part]}

    def without(self, names: Collection[str]) -> DataSet:
        """The same set without the named images, which go to `left_out`; problems stay listed."""
        gone = frozenset(names)
        return replace(
            self,
            records=tuple(record for record in self.records if record.name not in gone),
            left_out=self.left_out + tuple(record for record in self.records if record.name in gone),
        )


class Part(StrEnum):
    """The parts of a split; the value is written to split.csv."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"

    @property
    def word(self) -> str:
        """The part in a sentence: "training", "validation"."""
        return "training" if self is Part.TRAIN else self.value


FITTED = frozenset({Part.TRAIN, Part.VALIDATION, Part.CALIBRATION})
"""The parts that a model was trained on, chosen by or calibrated on: its scores on them are too good."""


def made_parts(parts: Iterable[Part | None]) -> tuple[Part, ...]:
    """The parts that there are, in order, of a run with images in `parts`: without the calibration part where none was
    set aside (older runs, `data.calibration` = 0); the others are there even when they are empty."""
    found = set(parts)
    return tuple(part for part in Part if part is not Part.CALIBRATION or part in found)


def calibrating_part(parts: Iterable[Part | None]) -> Part:
    """The part that temperature, thresholds and prediction sets are made from, of a run with images in `parts`: the
    calibration part where it has one, otherwise the validation part."""
    return Part.CALIBRATION if Part.CALIBRATION in made_parts(parts) else Part.VALIDATION


@dataclass(frozen=True)
class Split:
    """Indices into `DataSet.records` per part, each ascending and disjoint. Dtype int64.

    `validation` chooses the epoch; `calibration` chooses nothing and is empty where the recipe sets none aside.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    calibration: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def calibrates(self) -> Part:
        """The part that temperature, thresholds and prediction sets are made from."""
        return calibrating_part(self.made)

    def of(self, part: Part) -> NDArray[np.int64]:
        """The indices (n,) of the images of one part."""
        return {
            Part.TRAIN: self.train,
            Part.VALIDATION: self.validation,
            Part.CALIBRATION: self.calibration,
            Part.TEST: self.test,
        }[part]

    @property
    def made(self) -> tuple[Part, ...]:
        """The parts that there are: without the calibration part where none was set aside."""
        return made_parts(part for part in Part if len(self.of(part)))

    @property
    def used(self) -> int:
        """How many images stand in any part; a split by exact counts may leave some over."""
        return sum(len(self.of(part)) for part in Part)


GroupBy = Literal["patient", "lesion", "image"]


class Division(Protocol):
    """How a data set is to be divided; the recipe's section `data` is one.

    `split` are three shares that sum to 1 or three counts (training, validation, test), `rounding` says which numbers
    of images shares come to (`core.data.allocation.wanted_counts`), `calibration` a share of the
    validation images; with more than one of `folds`, `fold` (from 1) validates; with more than one of `test_folds`,
    `test_fold` (from 1) is the test part. `group_by` says what stays in one part (`core.data.groups`), `parts` whether
    the data's own parts are kept.
    """

    @property
    def split(self) -> tuple[float, float, float]: ...
    @property
    def rounding(self) -> Literal["nearest", "paper"]: ...
    @property
    def calibration(self) -> float: ...
    @property
    def group_by(self) -> GroupBy: ...
    @property
    def parts(self) -> Literal["found", "pooled"]: ...
    @property
    def folds(self) -> int: ...
    @property
    def fold(self) -> int: ...
    @property
    def test_folds(self) -> int: ...
    @property
    def test_fold(self) -> int: ...
    @property
    def seed(self) -> int: ...
