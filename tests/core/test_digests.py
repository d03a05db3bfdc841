"""The SHA-256 of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.digests import file_digest
from core.errors import Cancelled
from core.events import CancelSource


def test_a_digest_is_that_of_the_standard_and_can_be_cancelled(tmp_path: Path) -> None:
    file, source = tmp_path / "file", CancelSource()
    file.write_bytes(b"abc")
    # FIPS 180-4, the example of one block.
    assert file_digest(file, source.token) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    source.cancel()
    with pytest.raises(Cancelled):
        file_digest(file, source.token)
