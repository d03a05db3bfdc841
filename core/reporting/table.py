"""A table of results, built once, and its views: CSV, JSON, Markdown for notes, LaTeX for papers, tabs."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.tables import safe_cell
from core.visible_text import writable

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",
    "×": r"\ensuremath{\times}",
    "α": r"\ensuremath{\alpha}",
    "\u00a0": "~",
}
_MARKDOWN = ("\\", "|", "*", "_", "`", "<", ">", "[", "]", "#", "~")


Value = str | float | int | None


@dataclass(frozen=True)
class Cell:
    """`text` is for people, `values` are for programs: one for each of the column's names, fractions in 0..1, seconds,
    bytes; None where there is none. Made by the functions of `core.reporting.cells`, one for each kind of value."""

    text: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Column:
    """A column: its heading, what it means, and the names of its values for programs (its heading without others).
    `words` stand on the left, numbers on the right."""

    heading: str
    tip: str = ""
    fields: tuple[str, ...] = ()
    words: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its values."""
        return self.fields or (self.heading,)


@dataclass(frozen=True)
class ResultsTable:
    """Rows of cells under columns; `bold` names cells (row, column) that stand out, such as the best of a column.

    The window, the command line, reports and files all show this one. Raises ValueError for a row that does not fit
    its columns.
    """

    title: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    notes: tuple[str, ...] = ()
    bold: frozenset[tuple[int, int]] = frozenset()

    def __post_init__(self) -> None:
        for row in self.rows:
            if [len(cell.values) for cell in row] != [len(column.names) for column in self.columns]:
                raise ValueError(f"{self.title}: {row} does not fit {self.names}")

    @property
    def names(self) -> tuple[str, ...]:
        """The header for programs."""
        return tuple(name for column in self.columns for name in column.names)

    @property
    def values(self) -> tuple[tuple[Value, ...], ...]:
        """The rows for programs, under `names`."""
        return tuple(tuple(value for cell in row for value in cell.values) for row in self.rows)

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The rows for people."""
        return tuple(tuple(cell.text for cell in row) for row in self.rows)

    def to_csv(self) -> str:
        """The values as CSV with `\\r\\n` line ends; texts that a spreadsheet would run get an apostrophe in front."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([safe_cell(value) for value in row] for row in (self.names, *self.values))
        return writable(text.getvalue())

    def to_document(self) -> dict[str, Any]:
        """The values for JSON: one object a row."""
        rows = [dict(zip(self.names, row, strict=True)) for row in self.values]
        return {"title": self.title, "rows": rows, "notes": list(self.notes)}

    def to_tabs(self) -> str:
        """The texts as spreadsheets take them from the clipboard."""
        lines = [[column.heading for column in self.columns], *self.texts]
        return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)

    def to_markdown(self) -> str:
        """A GitHub table under its title; the notes below it."""
        marks = [":--" if column.words else "--:" for column in self.columns]
        lines = [f"**{_markdown(self.title)}**", ""] if self.title else []
        lines += [_markdown_row([_markdown(column.heading) for column in self.columns]), _markdown_row(marks)]
        lines += [_markdown_row(row) for row in self._marked(_markdown, "**{}**")]
        if self.notes:
            lines += ["", *(f"{_markdown(note)}  " for note in self.notes)]
        return writable("\n".join(lines).rstrip()) + "\n"

    def to_latex(self) -> str:
        """A `table` with booktabs rules (needs \\usepackage{booktabs}); every special character is escaped."""
        columns = "".join("l" if column.words else "r" for column in self.columns)
        lines = [r"\begin{table}", r"\centering"]
        if self.title:
            lines.append(rf"\caption{{{latex(self.title)}}}")
        heads = [latex(column.heading) for column in self.columns]
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _latex_row(heads), r"\midrule"]
        lines += [_latex_row(row) for row in self._marked(latex, r"\textbf{{{}}}")]
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [rf"\par\smallskip\footnotesize {latex(note)}" for note in self.notes]
        return writable("\n".join([*lines, r"\end{table}"])) + "\n"

    def _marked(self, escape: Callable[[str], str], mark: str) -> Iterator[list[str]]:
        """The escaped texts of each row, those that stand out in the mark."""
        for number, row in enumerate(self.texts):
            cells = [escape(text) for text in row]
            yield [mark.format(cell) if (number, i) in self.bold and cell else cell for i, cell in enumerate(cells)]


def of_texts(
    title: str, headings: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1, notes: Sequence[str] = ()
) -> ResultsTable:
    """A table whose values are its texts; the first `words` columns stand on the left."""
    columns = tuple(Column(heading, words=number < words) for number, heading in enumerate(headings))
    return ResultsTable(title, columns, tuple(tuple(Cell(text, (text,)) for text in row) for row in rows), tuple(notes))


def latex(text: str) -> str:
    """The text for LaTeX, every special character escaped; line breaks become spaces."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.splitlines()))


def _latex_row(cells: Sequence[str]) -> str:
    """A row; what would be read as an argument of the line break before it is kept apart."""
    return ("{}" if cells and cells[0].lstrip().startswith(("[", "*")) else "") + " & ".join(cells) + r" \\"


def _markdown(text: str) -> str:
    for sign in _MARKDOWN:
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.splitlines())


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
