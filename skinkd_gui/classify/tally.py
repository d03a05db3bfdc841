"""How many images are of which kinds, kept up to date row by row so that ten thousand are never counted again."""

from __future__ import annotations

from collections import Counter

from skinkd_gui.classify.kinds import DECISIONS, VERDICTS, Kind, counted


class Tally:
    """Counts of images by the set of kinds that they belong to."""

    def __init__(self) -> None:
        self._sets: Counter[Kind] = Counter()

    def clear(self) -> None:
        """There are no images."""
        self._sets.clear()

    def move(self, before: Kind, now: Kind) -> None:
        """An image has changed its kinds."""
        if before == now:
            return
        self._sets[before] -= 1
        self._sets[now] += 1

    def count(self, kinds: Kind) -> int:
        """How many images belong to all of these kinds."""
        return sum(number for found, number in self._sets.items() if found and kinds & found == kinds)

    def sentence(self, listed: int, shown: int) -> str:
        """The line above the table: how many images there are, and how many of each verdict."""
        images = "1 image" if listed == 1 else f"{listed:,} images"
        decided = sum(self.count(kind) for kind in DECISIONS.values())
        kinds = [*DECISIONS.values(), *_UNDECIDED] if decided else VERDICTS
        parts = [counted(kind, number) for kind in kinds if (number := self.count(kind))]
        rest = sum(self.count(kind) for kind in (Kind.CONFIDENT, Kind.REFER)) - decided
        if decided and rest:
            parts.append(f"{rest:,} without a decision")
        done = sum(self.count(kind) for kind in VERDICTS)
        if 0 < done < listed:
            parts.append(f"{listed - done:,} waiting")
        text = f"{images}: {', '.join(parts)}" if parts else images
        return text if shown == listed else f"{text}. {shown:,} shown"

    def agreement(self) -> str:
        """How far two models agree, all in all and where the first is confident; nothing while none is compared."""
        same, other = self.count(Kind.AGREE), self.count(Kind.DISAGREE)
        if not same + other:
            return ""
        text = f"The models agree on {same:,} of {same + other:,} images"
        by_verdict = [
            f"{self.count(kind | Kind.AGREE):,} of {number:,} {words}"
            for kind, words in _WHERE.items()
            if (number := self.count(kind | Kind.AGREE) + self.count(kind | Kind.DISAGREE))
        ]
        return f"{text}: {', '.join(by_verdict)}." if len(by_verdict) > 1 else f"{text}."


_UNDECIDED = (Kind.OUT_OF_DISTRIBUTION, Kind.UNKNOWN, Kind.NOT_CLASSIFIED)

_WHERE = {
    Kind.CONFIDENT: "where the first is confident",
    Kind.REFER: "where it is uncertain",
    Kind.OUT_OF_DISTRIBUTION: "where the image is unlike those it knows",
    Kind.UNKNOWN: "where it was not assessed",
}
