"""Scores for classified folders that come with labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.evaluation.scores import Scores


@dataclass(frozen=True)
class KnownLabels:
    """The true class codes of image files, as a folder's own tables or class folders say; `where` names the folders."""

    codes: dict[Path, str]
    where: tuple[Path, ...]
    synthetic: bool = False


@dataclass(frozen=True)
class LabelledScores:
    """Scores over the `scored` images that have both a label and an answer.

    `not_classified` have a label and no answer, `without_label` an answer and no label; neither is in `scores`, which
    is None when nothing is left.
    """

    scores: Scores | None
    scored: int
    not_classified: int
    without_label: int
    where: tuple[Path, ...]
    synthetic: bool = False
