"""Read and write small tables as people save them: CSV with a byte-order mark, semicolons, CRLF, quotes; Excel."""

from __future__ import annotations

import csv
import errno
import io
import re
import stat
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core import atomic
from core.errors import SkinKDError
from core.twin_names import TwinNamesError, refuse_twins

_PEEK_BYTES = 65536
_WORKBOOKS = frozenset({".xlsx", ".xlsm"})
_MOST_BYTES = 1 << 27
_MOST_COLUMNS = 10_000
_DELIMITERS = (",", ";", "\t", "|")
_FORMULA = re.compile(r"[\t\r\n]|[\s\x00]*[=+\-@|%＝＋－＠]")
"""What begins a formula or a command in some spreadsheet, in either width of letters."""

_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?( ?%)?")


@dataclass(frozen=True)
class Table:
    """A table of text cells: `columns` as their headings are written, every row as long as the columns.

    `too_long` are the positions of rows that had more cells than there are columns: which cell belongs to which column
    is not known then.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    too_long: frozenset[int] = frozenset()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The headings as they are compared."""
        return tuple(map(heading, self.columns))

    def find(self, *names: str) -> int | None:
        """The position of the first of `names` that is a column, in any writing; None when there is none."""
        return next((self.keys.index(key) for key in map(heading, names) if key in self.keys), None)

    def check_once(self, position: int) -> None:
        """Raise `SkinKDError` when this column stands twice with different cells: nobody knows which counts."""
        for other in range(position + 1, len(self.columns)):
            if self.keys[other] == self.keys[position]:
                for cells in self.rows:
                    if cells[other] != cells[position]:
                        raise SkinKDError(
                            "A column stands twice in a table",
                            f"{self.path} has two columns {self.columns[position]!r}, which differ: "
                            f"{cells[position]!r} and {cells[other]!r} in one row. Delete or rename one of them.",
                        )

    def without_heading(self) -> Table:
        """The same where the first line is no heading but a row: its columns are numbered."""
        numbered = tuple(f"column {number}" for number in range(1, len(self.columns) + 1))
        return Table(self.path, numbered, (self.columns, *self.rows), frozenset(row + 1 for row in self.too_long))


def heading(text: str) -> str:
    """A heading as it is compared: small letters, without blanks, dots, dashes and underscores."""
    return re.sub(r"[\s._-]+", "", text.casefold())


def read_table(path: Path) -> Table:
    """All rows of a CSV or Excel file. Raises `SkinKDError` when it can not be opened or is not a table."""
    if path.suffix.lower() in _WORKBOOKS:
        return _read_workbook(path)
    try:
        _check_file(path)
        content = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    return _parse(path, content)


def peek_table(path: Path) -> Table:
    """The header and the first rows, without reading a large file whole. Raises `SkinKDError` as `read_table`."""
    if path.suffix.lower() in _WORKBOOKS:
        return _read_workbook(path)
    try:
        _check_file(path)
        with path.open("rb") as file:
            content = file.read(_PEEK_BYTES)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if len(content) < _PEEK_BYTES:
        return _parse(path, content)
    return _parse(path, content[: max(content.rfind(b"\n"), content.rfind(b"\r")) + 1 or None], whole=False)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a UTF-8 CSV under a temporary name and rename it. Raises `SkinKDError` when that fails."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, buffer.getvalue().encode("utf-8"))


def safe_cell(value: object) -> object:
    """A cell for a spreadsheet: text that it would run as a formula gets an apostrophe in front, None is empty."""
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return "" if value is None else value


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a crash leaves the old or the new content. Raises `SkinKDError` when that fails."""
    try:
        atomic.write_bytes(path, content)
    except OSError as error:
        raise SkinKDError("A file can not be written", f"{path} could not be saved: {error.strerror}.") from error


def _check_file(path: Path) -> None:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is a folder, a device or a pipe")  # opening it could wait for ever
    if status.st_size > _MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has {status.st_size / 1e6:,.0f} MB, more than any table of labels")


def _parse(path: Path, content: bytes, *, whole: bool = True) -> Table:
    text = _decode(content)
    if (place := text.find("\0")) >= 0:
        line = text.count("\n", 0, place) + 1
        raise _unreadable(path, f"line {line} holds what is no text. Save it as CSV in UTF-8")
    # The beginning of a table may end within quotes.
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), skipinitialspace=True, strict=whole)
    cells: list[tuple[str, ...]] = []
    try:
        begin = 1
        for line_cells in lines:
            cells.append(tuple(map(str.strip, line_cells)))
            begin = lines.line_num + 1
    except csv.Error as error:
        reason = (
            "its cell is longer than any" if "limit" in str(error) else "look for a quotation mark without its other"
        )
        raise _unreadable(path, f"it can not be divided into cells from line {begin} on; {reason}") from error
    return _table(path, cells)


def _table(path: Path, cells: Iterable[tuple[str, ...]]) -> Table:
    filled = [row for row in cells if any(row)]
    if not filled:
        raise _unreadable(path, "it is empty")
    width = len(filled[0])
    if width > _MOST_COLUMNS:
        raise _unreadable(path, f"its first line has {width:,} cells")
    too_long = frozenset(number for number, row in enumerate(filled[1:]) if any(row[width:]))
    blank = ("",) * width
    return Table(path, filled[0], tuple((row + blank)[:width] for row in filled[1:]), too_long)


def _read_workbook(path: Path) -> Table:
    """The first sheet of an Excel file that holds anything."""
    from openpyxl import load_workbook

    try:
        _check_file(path)
        with zipfile.ZipFile(path) as archive:
            refuse_twins(archive)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of formats and extensions that play no part here
            book = load_workbook(path, read_only=True, data_only=True)
        with closing(book):
            for sheet in book.worksheets:
                rows = [tuple(map(_cell, row)) for row in sheet.iter_rows(values_only=True)]
                if any(any(row) for row in rows):
                    return _table(path, rows)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except TwinNamesError as error:
        raise _unreadable(path, str(error)) from error
    except Exception as error:  # whatever a damaged workbook makes openpyxl raise
        if isinstance(error, SkinKDError):
            raise
        raise _unreadable(path, "it is no Excel workbook, or a damaged one. Save it as CSV") from error
    raise _unreadable(path, "it is empty")


def _cell(value: object) -> str:
    """A cell of a workbook as text; whole numbers without a decimal point, as they are shown."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()


def _decode(content: bytes) -> str:
    if content[:4] in (b"\xff\xfe\0\0", b"\0\0\xfe\xff"):
        return content.decode("utf-32", errors="replace")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", errors="replace")
    if content[1:4:2] == b"\0\0" or content[:3:2] == b"\0\0":  # the same without its mark
        return content.decode("utf-16-le" if content[1] == 0 else "utf-16-be", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets on Windows still save in the Western code page.
        return content.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    header = next((line for line in text[:_PEEK_BYTES].splitlines() if line.strip()), "")
    best = max(_DELIMITERS, key=header.count)
    return best if best in header else " "


def _unreadable(path: Path, reason: str) -> SkinKDError:
    return SkinKDError(
        "A table can not be read", f"{path} should be a table (CSV or Excel) with a header line; {reason}."
    )
