"""Names that command terminals, feign lines or can not be read, and what may come of them."""

from __future__ import annotations

from core.visible_text import shows_itself

HOSTILE = {
    "colour": "\x1b[8mhidden",
    "title": "\x1b]0;owned\x07",
    "bell": "\x07",
    "line": "\nFEIGNED: all is well",
    "return": "\rFEIGNED: all is well",
    "C1": "\x9b2J\x9d0;owned\x9c",
    "delete": "\x7f\x08\x08",
    "direction": "\u202egpj.\u2066exe\u200f",
    "separator": "\u2028FEIGNED\u2029FEIGNED\x85FEIGNED\x0bFEIGNED\x0cFEIGNED",
    "bytes": "\udcff\udc9b2J",
}
"""By kind; a terminal obeys these, or shows what was not said."""

EVIL = f"a{''.join(HOSTILE.values())}z"
"""All of them in one name; file systems of Linux take it."""

IN_UTF_8 = EVIL.replace(HOSTILE["bytes"], "")
"""The same where a name that is no UTF-8 is refused."""

OF_ONE_LINE = "".join(text for kind, text in HOSTILE.items() if kind not in ("line", "return", "bytes", "separator"))
"""What a cell of a table or a key may hold."""


def obeyed(output: str) -> list[str]:
    """What of a program's output a terminal would obey, and lines that are none of ours. What an error brings along
    stands set in, below it."""
    lines = output.replace("\r\n", "\n").split("\n")
    signs = {repr(sign) for line in lines for sign in line if not shows_itself(sign)}
    return [*sorted(signs), *(line for line in lines if line.startswith("FEIGNED"))]
