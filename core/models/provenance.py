"""Where weights come from and under which licence: said when they are used, recorded, passed on to students."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.digests import file_digest
from core.documents import one_line

SOURCE, DIGEST, LICENCE = "source", "source_sha256", "licence"
"""Names in the metadata of an imported file of weights."""

_LONGEST = 200


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
    """That of a file of weights with this metadata: of an imported one that of its source. Raises OSError."""
    if SOURCE in metadata:
        return Provenance(*(_short(metadata.get(name)) for name in (SOURCE, DIGEST, LICENCE)))
    return Provenance(path.name, file_digest(path), _short(metadata.get(LICENCE)))


def _short(value: object) -> str:
    return one_line(value)[:_LONGEST] if isinstance(value, str) else ""
