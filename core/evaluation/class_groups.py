"""The classes taken together by how serious they are: what malignant and benign mean wherever groups are scored."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet, Malignancy

BENIGN, MALIGNANT, NO_GROUP = 0, 1, -1
"""The groups by number."""

GROUP_NAMES = {BENIGN: "benign", MALIGNANT: "malignant", NO_GROUP: ""}
"""What they are called; a class of no group has no word."""


def group_of_classes(classes: ClassSet) -> NDArray[np.int64]:
    """The group of each class (classes,): `MALIGNANT` (precancerous classes too), `BENIGN` or `NO_GROUP`."""
    numbers = {Malignancy.MALIGNANT: MALIGNANT, Malignancy.PRECANCEROUS: MALIGNANT, Malignancy.BENIGN: BENIGN}
    return np.array([numbers.get(item.group, NO_GROUP) for item in classes.classes], np.int64)


def group_scores(probabilities: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    """The summed probabilities (n, classes) of the groups benign, malignant and none: (n, 3), rows sum to 1."""
    members = np.stack([groups == group for group in (BENIGN, MALIGNANT, NO_GROUP)], axis=1)
    return np.asarray(probabilities, np.float64) @ members.astype(np.float64)
