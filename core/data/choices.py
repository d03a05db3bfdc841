"""What a data set leaves open: which of several columns or kinds of pictures is meant."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import SkinKDError
from core.visible_text import visible_lines


@dataclass(frozen=True)
class Option:
    """One answer: the value of the setting, and what speaks of it (a few cells, the number of images)."""

    value: str
    about: str


@dataclass(frozen=True)
class Choice:
    """A question that the data leave open, answered by the recipe's `setting` (`data.label_column`).

    `taken` is what is used now: by the recipe, or because there is no doubt; empty where there is.
    """

    setting: str
    question: str
    options: tuple[Option, ...]
    taken: str = ""


class ChoiceNeededError(SkinKDError):
    """The data can not be read before somebody chooses; `choice` says what."""

    def __init__(self, choice: Choice) -> None:
        listed = "; ".join(f"{option.value} ({option.about})" for option in choice.options)
        super().__init__(
            "The data leave a choice open",
            f"{choice.question}? There are: {listed}. Set {choice.setting} to one of them.",
            visible_lines(f"{choice.setting} = {option.value}: {option.about}" for option in choice.options),
        )
        self.choice = choice


@dataclass(frozen=True)
class Choices:
    """How data are to be read, as a recipe says: the layout (`auto` or a name in `LAYOUTS`), names of columns ("" where
    there is no doubt), the kind of picture to take ("" for all), whether lesion and patient numbers of several tables
    mean the same ones, whether folders below those of classes are patients, and the data's terms of use where the user
    knows them."""

    layout: str = "auto"
    image_column: str = ""
    label_column: str = ""
    image_type: str = ""
    same_numbers: bool = False
    patient_folders: bool = False
    terms: str = ""


NO_CHOICES = Choices()
