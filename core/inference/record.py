"""An append-only record of what was classified, with which model and settings: by hash, without names or paths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RecordEntry:
    """One classified image. It says nothing about where the image lay or what it was called.

    `time` is UTC in ISO 8601; `image` and `model` are SHA-256 of the files' bytes, in hex; `level` is that of the
    prediction set (None: no set was asked for); `verdict`, `code` and `probabilities` are empty where there is none.
    """

    time: str
    image: str
    model: str
    architecture: str
    skinkd_version: str
    temperature: float
    level: float | None = None
    verdict: str = ""
    code: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict)
