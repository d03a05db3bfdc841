"""Text from outside (names, labels, messages) made fit to be shown and written: what is not seen stands as an escape.

On a terminal such signs are commands, in a list or a log they feign another line or another name, and bytes that are no
UTF-8 can be in no file of text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

_JOINERS = "\u200c\u200d"  # Persian words and emoji need them
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_BYTES = re.compile("[\udc80-\udcff]+")
_HALVES = re.compile("[\ud800-\udfff]")


def visible(text: str, keep: str = "") -> str:
    """The text as one line of signs that are seen. Line ends, control characters, turns of the direction of writing and
    the like become escapes as in JSON (`\\u001b`, `\\n`), bytes that are no UTF-8 become `\\xfc`. `keep` stays."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign if shows_itself(sign) or sign in keep else _escape(sign) for sign in _read_anew(text))


def visible_lines(texts: Iterable[str]) -> str:
    """The texts, each a line."""
    return "\n".join(map(visible, texts))


def shows_itself(sign: str) -> bool:
    """Whether a sign is shown as itself: letters, marks, blanks of any width and what joins letters and emoji."""
    return sign.isprintable() or sign in _JOINERS or unicodedata.category(sign) == "Zs"


def writable(text: str) -> str:
    """The text as a file in UTF-8 can hold it. A file's name that Python could not read is read as UTF-8 where it is,
    whatever the locale says; other bytes, and halves of signs, become escapes."""
    return text if text.isascii() else _HALVES.sub(lambda match: _escape(match[0]), _read_anew(text))


def writable_values(document: Any) -> Any:
    """The values of a JSON document with every text in it, keys too, made writable."""
    if isinstance(document, str):
        return writable(document)
    if isinstance(document, Mapping):
        return {writable_values(key): writable_values(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [writable_values(value) for value in document]
    return document


def _read_anew(text: str) -> str:
    """Python keeps the bytes of a name that it could not read as halves of signs."""
    return _BYTES.sub(_decoded, text)


def _decoded(match: re.Match[str]) -> str:
    return match[0].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _escape(sign: str) -> str:
    code = ord(sign)
    return _SHORT.get(sign) or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")
