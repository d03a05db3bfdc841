"""A file's checksum inside the file: the SHA-256 of all its bytes, with the digits of the checksum itself as zeros.

It finds what a disk or a copy changed. It is no proof against somebody who changes a file on purpose: he can write
another checksum. Where the digits stand is fixed for each kind of file, so that no changed byte can hide them: behind a
mark, at the very beginning of a safetensors file's metadata, at the very end of other files.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

KEY = "skinkd.sha256"
"""Its name where it stands in metadata."""

_MARK, _ZEROS = b"sha256-with-zeros-here:", b"0" * 64
BLANK = (_MARK + _ZEROS).decode()
"""What a writer puts where the checksum is to stand."""

LENGTH = len(BLANK)
AT_END = -LENGTH
"""The position of a checksum that ends its file."""

_PIECE = 2**20


class ChecksumError(ValueError):
    """A file is not as it was written."""

    def __init__(self) -> None:
        super().__init__(
            "its checksum does not fit, so it is not as it was written: incomplete, or changed by a disk or a person"
        )


def filled(content: bytes) -> bytes:
    """The bytes of a file that holds `BLANK` once, with the checksum there. Raises ValueError for any other."""
    if content.count(BLANK.encode()) != 1:
        raise ValueError("the place of the checksum is not once in the file")
    begin = content.index(BLANK.encode()) + len(_MARK)
    digits = hashlib.sha256(content).hexdigest().encode()
    return b"".join((content[:begin], digits, content[begin + len(digits) :]))


def append_checksum(path: Path) -> None:
    """Add mark and checksum to the end of a file. Raises OSError."""
    with path.open("rb+") as file:
        digest = hashlib.file_digest(file, "sha256")
        digest.update(_MARK + _ZEROS)
        file.write(_MARK + digest.hexdigest().encode())


def is_checked(path: Path, position: int, *, expected: bool) -> bool:
    """Whether a file has a checksum at `position` (negative: from its end), which fits then; False where it has none.

    Raises OSError; `ChecksumError` when it does not fit, was damaged itself, or is not there and was `expected`.
    """
    if _fits(path, position):
        return True
    if expected:
        raise ChecksumError
    return False


def _fits(path: Path, position: int) -> bool:
    with path.open("rb") as file:
        total = file.seek(0, 2)
        begin = position if position >= 0 else total + position
        if begin < 0 or begin + LENGTH > total:
            return False
        file.seek(begin)
        found = file.read(LENGTH)
        digits = found[len(_MARK) :]
        signs = found.startswith(_MARK), re.fullmatch(rb"[0-9a-f]{64}", digits) is not None
        if not any(signs):
            return False
        file.seek(0)
        digest = hashlib.sha256()
        left = begin + len(_MARK)
        while left:
            piece = file.read(min(left, _PIECE))
            digest.update(piece)
            left -= len(piece)
        digest.update(_ZEROS)
        file.seek(len(digits), 1)
        while piece := file.read(_PIECE):
            digest.update(piece)
    if not all(signs) or digest.hexdigest().encode() != digits:
        raise ChecksumError
    return True
