"""What a model tells apart: sets of classes as data, from resources or written out in a recipe.

Nothing else in the program knows a class by its code; every array, table, figure and file takes its classes from the
run's `ClassSet`. `CLASS_SETS` holds the sets that come with SkinKD, by name; `make_class_set` makes one of anybody's,
`own_class_set` one of the labels of data, `own_classes` single ones. `saved` keeps sets under names of the user's.
"""

from core.classes.class_set import (
    GUESSES,
    ClassSet,
    How,
    class_set_from_document,
    class_set_to_document,
    make_class_set,
)
from core.classes.labels import normalised
from core.classes.lesion_class import LesionClass, Malignancy
from core.classes.own import own_class_set, own_classes
from core.classes.registry import CLASS_SETS

__all__ = [
    "CLASS_SETS",
    "GUESSES",
    "ClassSet",
    "How",
    "Malignancy",
    "LesionClass",
    "class_set_from_document",
    "class_set_to_document",
    "make_class_set",
    "normalised",
    "own_class_set",
    "own_classes",
]
