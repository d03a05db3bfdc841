"""Finding images again under the names of another split, run or table.

An image's name is its path below the data root (`ImageRecord.name`). Runs of earlier versions wrote what the tables
called it, and another run may have had its data root a folder higher or lower.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from core.data.finding import without_downsampled, without_suffix


def matched(others: Iterable[str], own: Iterable[str]) -> dict[str, str]:
    """Those of `others` that mean one of the images `own`, and which of them; no two mean the same one.

    A name means the image of that very name; else of that path in any case, without suffix and ISIC's `_downsampled`;
    else the one of that file name, where either side has only one.
    """
    left, free = dict.fromkeys(others), dict.fromkeys(own)
    found = {name: name for name in left if name in free}
    for simplified in (plain_name, last_name):
        if len(found) == len(left):
            break
        taken = set(found.values())
        theirs = _unique(simplified, (name for name in left if name not in found))
        ours = _unique(simplified, (name for name in free if name not in taken))
        found |= {theirs[key]: ours[key] for key in theirs.keys() & ours.keys()}
    return found


def plain_name(name: str) -> str:
    """A path in small letters without suffix and `_downsampled`."""
    return without_downsampled(without_suffix(name.replace("\\", "/").casefold()))


def last_name(name: str) -> str:
    """A file name as `plain_name` gives it, without its folders."""
    return plain_name(name).rpartition("/")[2]


def _unique(simplified: Callable[[str], str], names: Iterable[str]) -> dict[str, str]:
    """Simplified name to name, where only one name comes to it."""
    pairs = [(simplified(name), name) for name in names]
    counts = Counter(key for key, _ in pairs)
    return {key: name for key, name in pairs if counts[key] == 1}
