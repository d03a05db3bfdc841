"""Names that are two on one disk and one on another, or twice in one zip file: whichever is read last would win."""

from __future__ import annotations

import unicodedata
import zipfile
from collections.abc import Iterable


class TwinNamesError(ValueError):
    """A zip file holds two members of one name."""


def one_name(path: str) -> str:
    """What all spellings have in common that some disk takes for one: capital and small letters, accents in one sign or
    two, signs that are not seen, dots and blanks at the end of a name. `path` has slashes."""
    return "/".join(_caseless(part) for part in path.split("/"))


def twins(paths: Iterable[str]) -> tuple[str, str] | None:
    """The first two files, or folders around them, that can not lie side by side on every disk; None where all can.

    A path twice is a pair with itself; so is a file with a folder of its name. `paths` are those of files.
    """
    seen: dict[str, tuple[str, bool]] = {}
    for path in paths:
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            entry = "/".join(parts[:count]), count == len(parts)
            known = seen.setdefault(one_name(entry[0]), entry)
            if known is not entry and (known != entry or entry[1]):
                return known[0], entry[0]
    return None


def refuse_twins(archive: zipfile.ZipFile) -> None:
    """Raise `TwinNamesError`, with both names, for a zip file whose members have not names of their own."""
    found = twins(info.orig_filename for info in archive.infolist() if not info.is_dir())
    if found is not None:
        raise TwinNamesError(f"it holds two members of one name, {found[0]!r} and {found[1]!r}")


def _caseless(name: str) -> str:
    if name.isascii():
        return name.lower().rstrip(". ") or name
    for _ in range(2):  # folding composed letters may leave some to fold (Unicode, definition D145)
        name = unicodedata.normalize("NFD", name).casefold()
    seen = "".join(sign for sign in name if unicodedata.category(sign) != "Cf" and not "\ufe00" <= sign <= "\ufe0f")
    return unicodedata.normalize("NFC", seen).rstrip(". ") or name
