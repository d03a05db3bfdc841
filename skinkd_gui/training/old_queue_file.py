"""The list of waiting runs as SkinKD first kept it: `.waiting.json`, without what was at work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.documents import read_text

OLD_NAME = ".waiting.json"
OLD_LOCK = ".waiting.lock"


def read_old(path: Path) -> list[Any]:
    """Its rows, each with the keys name, recipe, folder, study. Raises OSError, and ValueError for what is no list."""
    try:
        rows = json.loads(read_text(path))
    except RecursionError as error:
        raise ValueError("its values are nested too deep") from error
    if not isinstance(rows, list):
        raise ValueError("it is not a list")
    return rows
