"""How SkinKD tells a person that something went wrong.

Anything that is not a `SkinKDError` (or a `Cancelled`) is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.visible_text import visible_lines


class SkinKDError(Exception):
    """An error that a person can act on: what was expected, what came, what to do.

    `title` names the error in a few words, `summary` says in one or two sentences what happened and what
    to do, `details` holds everything else (names of files, the library's own message) and may be empty.
    """

    def __init__(self, title: str, summary: str, details: str = "") -> None:
        super().__init__(f"{title}: {summary}")
        self.title = title
        self.summary = summary
        self.details = details

    @property
    def lines(self) -> tuple[str, ...]:
        """The summary as a terminal shows it. A line end that is in a line came from outside."""
        return (self.summary,)


@dataclass(frozen=True)
class FieldProblem:
    """One value of a recipe that can not be used. `key` is dotted: `section.field`."""

    key: str
    message: str


class RecipeError(SkinKDError):
    """A recipe with unknown keys or unusable values; the wizard marks the fields named in `problems`."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        count = "one value" if len(problems) == 1 else f"{len(problems)} values"
        lines = visible_lines(f"{problem.key}: {problem.message}" for problem in problems)
        super().__init__("The recipe can not be used", f"{count} must be corrected. {lines}", lines)
        self.problems = problems

    @property
    def lines(self) -> tuple[str, ...]:
        """How many values, then each on a line of its own."""
        return (self.summary.partition(".")[0] + ".", *(f"{each.key}: {each.message}" for each in self.problems))


class WeightsUnavailableError(SkinKDError):
    """Pretrained weights could not be fetched; a caller offers a file, or training without them."""


class DiskFullError(SkinKDError):
    """A disk is full; on a cluster another computer may have room."""


class Cancelled(Exception):  # noqa: N818  (a request of the user's, not an error)
    """The user asked to stop. Raised by `CancelToken.check`."""
