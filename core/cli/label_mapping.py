"""`inspect --map`: the labels of a data set, what they mean, and a recipe that says so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.atomic import write_text
from core.classes import ClassSet, class_set_to_document, make_class_set, own_class_set
from core.classes.saved import load_class_set
from core.cli.console import columns, many
from core.cli.documents import choices_document, choices_lines, labels_document
from core.data.choices import Choices
from core.data.mapping import LabelMapping, inspect_labels
from core.errors import SkinKDError
from core.recipe import Recipe, read_recipe, recipe_to_toml
from core.recipe.files import with_values

OWN, LEFT_OUT = "own", "left out"


def mapped_labels(
    data: Path, classes: ClassSet | str, choices: Choices, decisions: Sequence[str], *, leave_out_rest: bool
) -> LabelMapping:
    """The labels of a data set with what they mean by a class set (or the name of one; `own`: each is a class of its
    own), after decisions of the form LABEL=CODE. Raises `SkinKDError` for a decision about no label or no class."""
    found = inspect_labels(data, None, choices)
    if isinstance(classes, str):
        classes = own_class_set([item.label for item in found.labels]) if classes == OWN else load_class_set(classes)
    mapping = dict(classes.mapping)
    labels = {item.label for item in found.labels}
    for decision in decisions:
        label, _, code = decision.rpartition("=")
        if label not in labels:
            raise SkinKDError("There is no such label", f"--as {decision!r}: the data have no label {label!r}.")
        mapping[label] = code
    try:
        classes = make_class_set(classes.name, classes.classes, mapping)
        found = inspect_labels(data, classes, choices)
        if leave_out_rest:
            mapping |= {item.label: "" for item in found.labels if item.code is None}
            classes = make_class_set(classes.name, classes.classes, mapping)
            found = inspect_labels(data, classes, choices)
    except ValueError as error:
        raise SkinKDError("The mapping can not be used", f"{str(error)[:1].upper()}{str(error)[1:]}.") from error
    return found


def mapping_document(mapping: LabelMapping) -> dict[str, Any]:
    """The labels for programs; `code` is "" for images that are left out and null where nobody said."""
    return {
        "path": str(mapping.root),
        "layout": mapping.layout,
        "classes": mapping.classes.name if mapping.classes else None,
        "labels": labels_document(mapping.labels),
        "undecided": [item.label for item in mapping.undecided],
        "without_label": mapping.without_label,
        "fitting": list(mapping.fitting),
        "choices": choices_document(mapping.choices),
    }


def mapping_lines(mapping: LabelMapping) -> list[str]:
    """The labels for people."""
    assert mapping.classes is not None
    rows = []
    for item in mapping.labels:
        known = LEFT_OUT if item.code == "" else mapping.classes.title_of(item.code) if item.code else "?"
        how = "says none of these; left out as a problem" if item.says_none else item.how
        rows.append([item.label, f"{item.count:,}", known, how, item.examples[0].name if item.examples else "-"])
    said = []
    if mapping.without_label:
        said.append(f"{many(mapping.without_label, 'image')} without a label.")
    said += choices_lines(mapping.choices)
    if mapping.undecided:
        said.append(
            f"{many(len(mapping.undecided), 'label')} of which nobody said what they mean. Say it with --as LABEL=CODE,"
            " leave them out with --leave-out-rest, or make every label a class with --classes own."
        )
        if mapping.fitting:
            said.append(f"All labels are known to: --classes {mapping.fitting[0]}")
    lines = columns(["label", "images", "becomes", "because of", "such as"], rows, right=["images"])
    return [*lines, *(line for text in said for line in ("", text))]


def write_mapping(file: Path, data: Path, mapping: LabelMapping, choices: Choices) -> None:
    """Write the classes and what all labels mean into a recipe, a new file or one that is there."""
    assert mapping.classes is not None
    recipe = read_recipe(file) if file.exists() else Recipe()
    meanings = {item.label: item.code for item in mapping.labels if item.code is not None}
    known = mapping.classes.name != OWN and not _is_own(mapping.classes)
    own = [] if known else class_set_to_document(mapping.classes)["class"]
    values: dict[str, Any] = {"classes.set": mapping.classes.name if known else OWN, "classes.own": own}
    values |= {"classes.mapping": meanings, "data.path": str(data.absolute())}
    values |= {
        f"data.{name}": getattr(choices, name) for name in ("layout", "image_column", "label_column", "image_type")
    }
    write_text(file, recipe_to_toml(with_values(recipe, values)))


def _is_own(classes: ClassSet) -> bool:
    """Whether a recipe must hold the classes themselves: those of SkinKD are everywhere, saved ones are not."""
    from core.classes import CLASS_SETS

    return classes.name not in CLASS_SETS
