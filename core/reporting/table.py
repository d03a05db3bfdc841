"""Tables of results as text for others: CSV for spreadsheets, Markdown for notes, LaTeX for papers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.tables import safe_cell

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


@dataclass(frozen=True)
class ResultsTable:
    """Cells as people read them. The first `text_columns` columns are words, the others numbers (aligned right).

    `bold` names cells (row, column) to be set in bold, such as the best of a column.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    text_columns: int = 1
    bold: frozenset[tuple[int, int]] = frozenset()

    def to_csv(self) -> str:
        """CSV with `\\r\\n` line ends; texts that a spreadsheet would run as a formula get an apostrophe in front."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([safe_cell(cell) for cell in row] for row in (self.header, *self.rows))
        return text.getvalue()

    def to_markdown(self) -> str:
        """A GitHub table under its title; the notes below it."""
        marks = [":--" if column < self.text_columns else "--:" for column in range(len(self.header))]
        lines = [f"**{_markdown(self.title)}**", ""] if self.title else []
        lines += [_markdown_row([_markdown(cell) for cell in self.header]), _markdown_row(marks)]
        for number, row in enumerate(self.rows):
            cells = [_emphasised(_markdown(cell), "**", (number, i) in self.bold) for i, cell in enumerate(row)]
            lines.append(_markdown_row(cells))
        if self.notes:
            lines += ["", *(f"{_markdown(note)}  " for note in self.notes)]
        return "\n".join(lines).rstrip() + "\n"

    def to_latex(self) -> str:
        """A `table` with booktabs rules (needs \\usepackage{booktabs}); every special character is escaped."""
        columns = "l" * self.text_columns + "r" * (len(self.header) - self.text_columns)
        lines = [r"\begin{table}", r"\centering"]
        if self.title:
            lines.append(rf"\caption{{{latex(self.title)}}}")
        lines += [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", _latex_row(self.header), r"\midrule"]
        for number, row in enumerate(self.rows):
            cells = [latex(cell) for cell in row]
            bold = [rf"\textbf{{{cell}}}" if (number, i) in self.bold else cell for i, cell in enumerate(cells)]
            lines.append(_cells(bold))
        lines += [r"\bottomrule", r"\end{tabular}"]
        lines += [rf"\par\smallskip\footnotesize {latex(note)}" for note in self.notes]
        return "\n".join([*lines, r"\end{table}"]) + "\n"


def latex(text: str) -> str:
    """The text for LaTeX, every special character escaped; line breaks become spaces."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.splitlines()))


def _latex_row(cells: Sequence[str]) -> str:
    return _cells([latex(cell) for cell in cells])


def _cells(cells: Sequence[str]) -> str:
    """A row; what would be read as an argument of the line break before it is kept apart."""
    return ("{}" if cells and cells[0].lstrip().startswith(("[", "*")) else "") + " & ".join(cells) + r" \\"


def _markdown(text: str) -> str:
    for sign in _MARKDOWN:
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.splitlines())


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _emphasised(text: str, mark: str, wanted: bool) -> str:
    return f"{mark}{text}{mark}" if wanted and text else text
