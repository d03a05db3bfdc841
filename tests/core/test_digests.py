"""The SHA-256 of files."""

from __future__ import annotations

from pathlib import Path

from core.digests import file_digest


def test_a_digest_is_that_of_the_standard(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    # FIPS 180-4, the example of one block.
    assert file_digest(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
