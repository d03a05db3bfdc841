"""What a torture counts: how often a fault was injected, and how the program came through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tally:
    """One line of the table. `injected` = `survived` + `lost`; `lost` counts crashes, hangs, unexplained errors and
    wrong results. `fault` names what was injected, in a few words."""

    fault: str
    injected: int
    survived: int
    lost: int
