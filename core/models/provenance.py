"""Where weights come from and under which licence: said when they are used, recorded, passed on to students."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.digests import file_digest
from core.documents import one_line

SOURCE, DIGEST, LICENCE = "source", "source_sha256", "licence"
"""Names in the metadata of an imported file of weights."""

_LONGEST = 200

_IN_WORDS = re.compile(r"\((Apache-2\.0|BSD-[23]-Clause|CC0-1\.0|CC-BY(?:-NC)?(?:-SA|-ND)?-\d\.\d)\)", re.IGNORECASE)
"""A licence in brackets within the words for a source, by its SPDX name; those alone that mean nothing else."""


@dataclass(frozen=True)
class Provenance:
    """A source of weights by name, the SHA-256 of its file in hex digits ("" where there is none), and its licence (""
    where nobody said)."""

    name: str
    sha256: str = ""
    licence: str = ""

    @property
    def text(self) -> str:
        """In words: `dinov2.pth (SHA-256 0123456789ab), licence: apache-2.0`."""
        digest = f" (SHA-256 {self.sha256[:12]})" if self.sha256 else ""
        return f"{self.name}{digest}, licence: {self.licence or 'not known'}"

    def to_values(self) -> dict[str, str]:
        """For JSON, and for the metadata of a file of weights."""
        return {SOURCE: self.name, DIGEST: self.sha256, LICENCE: self.licence}


def of_hub(config: Any) -> Provenance:
    """That of timm's pretrained weights; `config` is timm's PretrainedCfg."""
    name, licence = (_short(getattr(config, key, None)) for key in ("hf_hub_id", "license"))
    return Provenance(name or "timm's pretrained weights", licence=licence)


def of_file(path: Path, metadata: Mapping[str, Any]) -> Provenance:
    """That of a file of weights with this metadata: of an imported one that of its source, of another the file itself
    with what it says of its source. Raises OSError."""
    source, digest = (_short(metadata.get(name)) for name in (SOURCE, DIGEST))
    if digest:
        return Provenance(source, digest, licence_of(metadata))
    return Provenance(f"{path.name} ({source})" if source else path.name, file_digest(path), licence_of(metadata))


def licence_of(metadata: Mapping[str, Any]) -> str:
    """The licence that a file of weights names, by itself or within the words for its source; "" where it names none,
    or several."""
    named = set(_IN_WORDS.findall(_short(metadata.get(SOURCE))))
    return _short(metadata.get(LICENCE)) or (named.pop() if len(named) == 1 else "")


def _short(value: object) -> str:
    return one_line(value)[:_LONGEST] if isinstance(value, str) else ""
