"""The SHA-256 of files, by which models and images are known wherever they lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

from core.events import CancelToken

_CHUNK = 1 << 20


def file_digest(path: Path, token: CancelToken | None = None) -> str:
    """SHA-256 of a file's bytes, in hex. Raises OSError, and `Cancelled` by `token`."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if token is not None:
                token.check()
            digest.update(chunk)
    return digest.hexdigest()
