"""How many test images a model half knows: their patient, lesion or near-copy is among the training images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from core.classes import ClassSet
from core.data.groups import group_numbers
from core.data.types import DataSet, Part, Split
from core.quantities import whole_percent


@dataclass(frozen=True)
class Leaking:
    """Of `test` images, those whose patient, lesion or near-copy is in training."""

    leaking: int
    test: int

    @property
    def share(self) -> float:
        """0..1; 0 without test images."""
        return self.leaking / self.test if self.test else 0.0


@dataclass(frozen=True)
class Leakage:
    """What a split leaks: in all, and by class code in order, of the classes that have test images. `patients` and
    `lesions` say of how many of all `images` these are known."""

    total: Leaking
    by_class: tuple[tuple[str, Leaking], ...]
    images: int
    patients: int
    lesions: int

    @property
    def sentence(self) -> str:
        """The figure, and what it can not know."""
        total = self.total
        count = (
            f"{total.leaking:,} of {total.test:,} test images ({whole_percent(total.share)})"
            if total.leaking
            else "No test image"
        )
        verb = "has its" if total.leaking < 2 else "have their"
        return f"{count} {verb} patient, lesion or near-copy in training. {self.unknown}".rstrip()

    @property
    def warning(self) -> str:
        """What a reader of the scores must know; empty where nothing is known to leak."""
        if not self.total.leaking:
            return ""
        return (
            f"{self.sentence} Scores will come out higher than on new patients. Keep what belongs together in one part "
            "to avoid it (data.group_by)."
        )

    @property
    def unknown(self) -> str:
        """Where patients are not known, that they are not: more may leak than the figure says."""
        if self.patients == self.images:
            return ""
        few = f"Patients are known of {self.patients:,} of {self.images:,} images only"
        none = "Patients and lesions are not known" if not self.lesions else "Patients are not known"
        return f"{few if self.patients else none}, so images of one patient may stand on both sides unseen."


def leakage(dataset: DataSet, split: Split) -> Leakage:
    """What a split of a data set leaks, whatever it was asked to keep together."""
    patients = sum(bool(record.patient) for record in dataset.records)
    lesions = sum(bool(record.lesion) for record in dataset.records)
    codes = [dataset.classes.codes[label] for label in dataset.labels.tolist()]
    parts: list[Part | None] = [None] * len(codes)
    for part in split.made:
        for index in split.of(part).tolist():
            parts[index] = part
    return recorded_leakage(parts, group_numbers(dataset).tolist(), codes, dataset.classes, patients, lesions)


def recorded_leakage(
    parts: Sequence[Part | None],
    groups: Sequence[Hashable],
    codes: Sequence[str],
    classes: ClassSet,
    patients: int,
    lesions: int,
) -> Leakage:
    """The same of images of which part, group and class code are on record; of `patients` and `lesions` of them these
    are known."""
    trained = {group for part, group in zip(parts, groups, strict=True) if part is Part.TRAIN}
    tested = [(group, code) for part, group, code in zip(parts, groups, codes, strict=True) if part is Part.TEST]
    test, leaking = Counter(code for _, code in tested), Counter(code for group, code in tested if group in trained)
    return Leakage(
        Leaking(leaking.total(), test.total()),
        tuple((code, Leaking(leaking[code], test[code])) for code in classes.codes if test[code]),
        len(parts),
        patients,
        lesions,
    )


def lesions_on_both_sides(dataset: DataSet, split: Split) -> int:
    """How many lesions have images in more than one part."""
    found: dict[str, set[Part]] = {}
    for part in split.made:
        for index in split.of(part).tolist():
            if lesion := dataset.records[index].lesion:
                found.setdefault(lesion, set()).add(part)
    return sum(len(parts) > 1 for parts in found.values())
