"""The parts that a data set brings along: Train and Test folders, a split column, official sets side by side.

Its validation and test parts are kept as they are. An image outside them that shows the patient, the lesion or the
picture of one inside is in no part: it would make the scores too good, and a test part that is changed is no longer the
one that others report on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.data.groups import group_numbers
from core.data.types import DataSet, Division, Part, Problem, ProblemKind

_HELD_OUT = (Part.TEST, Part.VALIDATION)


def held_out(dataset: DataSet, data: Division) -> dict[Part, NDArray[np.int64]]:
    """The parts of the data's own that are kept, with the indices (n,) of their images: test and validation, where the
    data have them and `data` does not pool them. Folds divide the validation images anew, test folds all images."""
    if data.parts == "pooled" or data.test_folds > 1:
        return {}
    kept = _HELD_OUT[:1] if data.folds > 1 else _HELD_OUT
    found = {part: [i for i, record in enumerate(dataset.records) if record.part is part] for part in kept}
    return {part: np.array(members, np.int64) for part, members in found.items() if members}


def kin_of_held_out(dataset: DataSet, data: Division) -> tuple[Problem, ...]:
    """The images that are in no part, because one in a held-out part belongs to their group; by group."""
    place = {index: part for part, members in held_out(dataset, data).items() for index in members.tolist()}
    groups: dict[int, list[int]] = {}
    for index, number in enumerate(group_numbers(dataset, data.group_by).tolist() if place else []):
        groups.setdefault(number, []).append(index)
    problems = []
    for members in groups.values():
        part = next((part for part in _HELD_OUT if any(place.get(index) is part for index in members)), None)
        names = tuple(dataset.records[index].name for index in members if place.get(index) is not part)
        if part is not None and names:
            other = next(dataset.records[index].name for index in members if place.get(index) is part)
            reason = f"It shows the patient, lesion or picture of {other}, which is in the data's own {part.word} part."
            problems.append(Problem(ProblemKind.ALSO_HELD_OUT, names[0], reason, names, excludes=False))
    return tuple(problems)


def own_parts_notes(dataset: DataSet, data: Division) -> list[str]:
    """What became of the data's own parts, in sentences; none where it has none."""
    if len(dataset.own_parts) < 2 and not held_out(dataset, data):
        return []
    listed = ", ".join(f"{part.word} {count:,}" for part, count in dataset.own_parts.items())
    if data.parts == "pooled" or data.test_folds > 1:
        return [f"The parts that the data bring along ({listed}) are pooled and divided anew, as the recipe says."]
    kept = held_out(dataset, data)
    made = [part.word for part in (Part.VALIDATION, Part.TEST) if part not in kept]
    notes = [f"The parts that the data bring along are kept: {listed}."]
    if made:
        notes[0] += f" {' and '.join(made).capitalize()} is made from the other images."
    apart = sum(len(problem.names) for problem in kin_of_held_out(dataset, data))
    if apart:
        notes.append(
            f"{apart:,} images are in no part: their patient, lesion or near-copy is in a part that the data hold out."
        )
    return notes
