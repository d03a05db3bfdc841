"""What a report holds, before it becomes a page: sections of paragraphs, facts, tables, figures and listings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from core.reporting.checklists import FilledChecklist
from core.reporting.table import ResultsTable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from core.reporting.style import FigureStyle


Build = Callable[["FigureStyle"], "Figure"]
"""Draws a figure in a style."""


class Include(StrEnum):
    """The parts of a report that can be chosen; the value is shown to the user. Data, split, scores, versions and
    limits are always in it."""

    CLASSES = "Scores of each class"
    CONFUSION = "Confusion matrices"
    CURVES = "Training curves"
    COMPARISON = "Differences from the baseline"
    SUBGROUPS = "Groups of people (age, sex, site, skin)"
    CALIBRATION = "Calibration"
    RECIPES = "Full recipes"
    CHECKLISTS = "Checklists (CLAIM, TRIPOD+AI, CLEAR Derm)"
    EXAMPLES = "Pictures: one per class, and errors"


STANDARD = frozenset(Include) - {Include.EXAMPLES}
"""What a report holds unless one says otherwise: pictures of patients only on request."""


@dataclass(frozen=True)
class Paragraph:
    """Text in plain words; `tone` "warning" frames it."""

    text: str
    tone: Literal["", "warning"] = ""


@dataclass(frozen=True)
class Points:
    """Sentences as a list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Facts:
    """Pairs of a name and a value."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TableBlock:
    """A table of the report; `key` names its files, `quiet` keeps it out of the page and in the files."""

    key: str
    table: ResultsTable
    quiet: bool = False


@dataclass(frozen=True)
class FigureBlock:
    """A figure of the report; `key` names its files, `build` draws it. `alternative` says what it shows to those who
    do not see it."""

    key: str
    caption: str
    alternative: str
    build: Build


@dataclass(frozen=True)
class Listing:
    """A text to copy, such as a recipe; `file` names it among the report's files ("" for none)."""

    title: str
    text: str
    file: str = ""
    quiet: bool = False


Block = Paragraph | Points | Facts | TableBlock | FigureBlock | Listing


@dataclass(frozen=True)
class ReportSection:
    """A heading and what stands under it."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ReportContent:
    """A whole report. `made` says when and with which version; `warnings` stand above everything; `checklists` are
    those in it, for programs."""

    title: str
    made: str
    warnings: tuple[str, ...]
    sections: tuple[ReportSection, ...]
    checklists: tuple[FilledChecklist, ...] = ()

    def blocks(self) -> Iterator[Block]:
        """All blocks in order."""
        for section in self.sections:
            yield from section.blocks

    def figures(self) -> tuple[FigureBlock, ...]:
        """All figures in order."""
        return tuple(block for block in self.blocks() if isinstance(block, FigureBlock))

    def tables(self) -> tuple[TableBlock, ...]:
        """All tables in order, those that are only files too."""
        return tuple(block for block in self.blocks() if isinstance(block, TableBlock))

    def listings(self) -> tuple[Listing, ...]:
        """All texts to copy in order, those that are only files too."""
        return tuple(block for block in self.blocks() if isinstance(block, Listing))
