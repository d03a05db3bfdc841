"""One class of a set, as it stands in the sets of resources, in recipes and in model files."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from core.classes.labels import normalised
from core.documents import one_line, shown
from core.settings import SettingsSection, setting

LONGEST_CODE, LONGEST_NAME, LONGEST_SUMMARY, LONGEST_DESCRIPTION = 24, 80, 300, 4000
_MOST_ALIASES = 200

RESERVED_CODES = frozenset(
    [
        "image",
        "part",
        "label",
        "lesion_id",
        "age",
        "sex",
        "site",
        "truth",
        "decision",
        "decision_sentence",
        "verdict",
        "prediction_set",
        "level",
        "novelty",
        "diagnosis",
        "diagnosis_name",
        "probability",
        "malignant_probability",
        "note",
        "error",
        "model",
        "trained_on",
        "agreement",
        "time",
        "architecture",
        "skinkd_version",
        "temperature",
        "code",
    ]
)
"""Names of other columns in the tables that have a column per class."""


class Malignancy(StrEnum):
    """How serious a class is; the value is the word in recipes and files. `unspecified`: nobody said."""

    MALIGNANT = "malignant"
    PRECANCEROUS = "precancerous"
    BENIGN = "benign"
    UNSPECIFIED = "unspecified"

    @property
    def serious(self) -> bool:
        """Whether a class of this group is marked wherever it is named."""
        return self in (Malignancy.MALIGNANT, Malignancy.PRECANCEROUS)


def _line(text: str) -> str:
    if text != one_line(text):
        raise ValueError(f"expected printable text with single blanks and none at its ends; it is {shown(text)}")
    return text


def _code(text: str) -> str:
    if not re.fullmatch(r"[^\W_][\w.+-]*", text):
        raise ValueError(
            "expected a code of letters, digits, '_', '.', '+' and '-' without blanks, beginning with a letter or "
            f"digit (what is longer is the name); it is {shown(text)}"
        )
    if text.lower() in RESERVED_CODES:
        raise ValueError(f"tables have a column named {shown(text)} beside those of the classes; choose another code")
    return text


def _colour(text: str) -> str:
    if text and not re.fullmatch("#[0-9A-Fa-f]{6}", text):
        raise ValueError(f"expected a colour such as #0072B2, or nothing; it is {shown(text)}")
    return text.upper()


Line = Annotated[str, AfterValidator(_line)]


class LesionClass(SettingsSection):
    """A class: what it is called, how serious it is, and by which words it is found in tables and folders."""

    code: Annotated[str, AfterValidator(_code)] = Field(
        title="Code", description="Short name in tables and files.", min_length=1, max_length=LONGEST_CODE
    )
    name: Line = setting("", "Name", "Plain name for people; empty: the code.", max_length=LONGEST_NAME)
    group: Malignancy = setting(
        Malignancy.UNSPECIFIED, "Group", "malignant, precancerous, benign or unspecified: how serious the class is."
    )
    summary: Line = setting("", "Summary", "One sentence for a reader.", max_length=LONGEST_SUMMARY)
    text: str = setting("", "Description", "What is typical of it.", max_length=LONGEST_DESCRIPTION)
    colour: Annotated[str, AfterValidator(_colour)] = setting("", "Colour", "#RRGGBB; empty: one is chosen.")
    aliases: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)], ...] = setting(
        (), "Other names", "Further words by which the class is found in tables and folders.", max_length=_MOST_ALIASES
    )

    @property
    def about(self) -> str:
        """What there is to say of the class, in one text: name, group where it is known, summary and description."""
        group = "" if self.group is Malignancy.UNSPECIFIED else f" ({self.group.value})"
        said = " ".join(part for part in (self.summary, " ".join(self.text.split())) if part)
        return f"{self.name}{group}: {said}" if said else f"{self.name}{group}"

    @property
    def title(self) -> str:
        """The plain name with the code, as 'Melanoma (MEL)'; the code alone where the two are one."""
        return self.code if normalised(self.name) == normalised(self.code) else f"{self.name} ({self.code})"
