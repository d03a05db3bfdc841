"""What the labels of a data set are to mean: found, guessed, decided, and written into a recipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.classes import CLASS_SETS, ClassSet
from core.data.choices import NO_CHOICES, Choice, Choices
from core.data.reading import find_labelled
from core.data.rows import labels_of
from core.data.types import DataSet, LabelCount, undecided
from core.documents import some
from core.errors import SkinKDError

_MOST_NAMED = 8


@dataclass(frozen=True)
class LabelMapping:
    """All labels of a data set, the most frequent first, and what they mean by `classes` (None: nobody said yet which
    classes there are). `without_label` images have none; `fitting` are the class sets that come with SkinKD or were
    saved and understand every label; `choices` are what the data leave open."""

    root: Path
    layout: str
    classes: ClassSet | None
    labels: tuple[LabelCount, ...]
    without_label: int
    fitting: tuple[str, ...]
    choices: tuple[Choice, ...]

    @property
    def undecided(self) -> tuple[LabelCount, ...]:
        """The labels of which somebody must say what they mean."""
        return undecided(self.labels)


def inspect_labels(path: Path, classes: ClassSet | None, choices: Choices = NO_CHOICES) -> LabelMapping:
    """The labels in a data folder or table, whatever they are. Opens no image. Raises `SkinKDError` where there are
    none, and `ChoiceNeededError` where it is not clear which column holds them."""
    found = find_labelled(path, classes, choices)
    labels = labels_of(found.rows, classes)
    without = sum(1 for row in found.rows if not row.raw_label)
    return LabelMapping(
        found.folder.root,
        found.layout,
        classes,
        labels,
        without,
        fitting_sets(labels, CLASS_SETS.values()),
        found.choices,
    )


def fitting_sets(labels: Sequence[LabelCount], sets: Iterable[ClassSet]) -> tuple[str, ...]:
    """The names of the sets that understand every label but those that say "none of these"."""

    def fits(known: ClassSet) -> bool:
        asked = [item.label for item in labels if not (item.says_none or known.is_unknown(item.label))]
        return bool(asked) and all(known.index_of(label) is not None for label in asked)

    return tuple(known.name for known in sets if fits(known))


def check_decided(dataset: DataSet) -> None:
    """Raise `SkinKDError` when there are labels of which nobody said what they mean: no subset is taken silently."""
    open_ones, classes, path = undecided(dataset.label_counts), dataset.classes, dataset.root
    if not open_ones:
        return
    images = sum(item.count for item in open_ones)
    named = some([f"{item.label} ({item.count:,})" for item in open_ones], _MOST_NAMED)
    fitting = fitting_sets(dataset.label_counts, CLASS_SETS.values())
    hint = f' The class set {fitting[0]} knows all of them: classes.set = "{fitting[0]}".' if fitting else ""
    raise SkinKDError(
        "Labels are not understood",
        f"{images:,} images have labels that are none of the classes of {classes.name}: {named}.{hint} Say what each "
        "means in [classes.mapping] of the recipe, a code or nothing to leave its images out (skinkd-cli inspect "
        f"{path} --map --write RECIPE begins it; in the window: the labels on the Data page).",
        mapping_text(open_ones, classes),
    )


def mapping_text(labels: Iterable[LabelCount], classes: ClassSet) -> str:
    """[classes.mapping] as TOML with a line for every label: the code that it means, or nothing."""
    import tomlkit

    table = tomlkit.table()
    for item in labels:
        value = tomlkit.item(item.code or "")
        value.comment(f"{item.count:,} images" + ("" if item.code is None else f", {item.how}"))
        table.add(item.label, value)
    document = tomlkit.document()
    document["classes"] = tomlkit.table(is_super_table=True)
    document["classes"]["mapping"] = table
    return f"# Codes: {', '.join(classes.codes)}; nothing leaves the images out.\n{tomlkit.dumps(document)}"
