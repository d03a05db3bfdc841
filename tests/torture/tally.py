"""What a torture counts: how often a fault was injected, and how the program came through."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tally:
    """One line of the table. `injected` = `survived` + `lost`; `lost` counts crashes, hangs, unexplained errors and
    wrong results. `fault` names what was injected, in a few words. `not_tried` says what this machine lacks for it,
    and then all counts are 0: what was not tried has not passed."""

    fault: str
    injected: int
    survived: int
    lost: int
    not_tried: str = ""

    @classmethod
    def left_out(cls, fault: str, reason: str) -> Tally:
        """A fault that this machine can not stage."""
        return cls(fault, 0, 0, 0, reason)

    @property
    def row(self) -> str:
        """Its line as Markdown."""
        if self.not_tried:
            return f"| {self.fault} | 0 | not tried: {self.not_tried} | |"
        return f"| {self.fault} | {self.injected:,} | {self.survived:,} | {self.lost:,} |"
