"""What a file of weights says of its source and its licence is read, and nothing is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.digests import file_digest
from core.models.provenance import Provenance, of_file


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ({}, ""),
        ({"source": "somebody"}, ""),
        ({"source": "a lab's weights (Apache-2.0), dequantised"}, "Apache-2.0"),
        ({"source": "two halves (Apache-2.0) and (CC-BY-NC-4.0)"}, ""),
        ({"source": "a lab (MIT), no licence (apache)"}, ""),
        ({"source": "a lab (Apache-2.0)", "licence": "ours alone"}, "ours alone"),
    ],
)
def test_a_strangers_file_is_named_with_its_own_digest(said: dict[str, str], licence: str, tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    path.write_bytes(b"weights")
    name = f"some.safetensors ({said['source']})" if said else "some.safetensors"
    assert of_file(path, said) == Provenance(name, file_digest(path), licence)


def test_an_imported_file_is_named_by_what_it_was_made_of(tmp_path: Path) -> None:
    known = Provenance("tower.pth", "0" * 64, "CC BY-NC 4.0")
    assert of_file(tmp_path / "unread.safetensors", known.to_values()) == known
