"""How files are damaged, and what no case may exceed: seconds and memory."""

from __future__ import annotations

import faulthandler
import random
import resource
import signal
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_MOST_KILOBYTES = 3_000_000
_ODD_NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)


class Hang(BaseException):
    """A case takes too long; nothing in the program may catch it."""


class Bounds:
    """What a case came to: `wrong` is empty when it kept within the bounds and raised nothing."""

    def __init__(self) -> None:
        self.wrong = ""

    @contextmanager
    def case(self, seconds: float) -> Iterator[None]:
        """Run one case; what it raises, and that it hangs, is its fault and ends nothing."""
        self.wrong = ""
        faulthandler.dump_traceback_later(6 * seconds, exit=True)  # a library that does not come back to Python
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        except Hang:
            self.wrong = f"it hangs: more than {seconds:.0f} s"
        except Exception:
            self.wrong = traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            faulthandler.cancel_dump_traceback_later()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        if not self.wrong and peak > _MOST_KILOBYTES:
            self.wrong = f"the process took {peak / 1e6:.1f} GB"


@contextmanager
def within_bounds() -> Iterator[Bounds]:
    """Bounds for cases in this process; takes the alarm signal meanwhile."""
    before = signal.signal(signal.SIGALRM, _raise_hang)
    try:
        yield Bounds()
    finally:
        signal.signal(signal.SIGALRM, before)


def _raise_hang(number: int, frame: object) -> None:
    raise Hang


def mutated(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    """The content with one to three kinds of damage; `others` lend parts. Most strike near the beginning."""
    damaged = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3))):
        chance.choice((_flip, _flip, _cut, _leave_out, _repeat, _write_number, _write_number))(damaged, chance)
        if chance.random() < 0.15:
            _splice(damaged, chance, chance.choice(others))
    return bytes(damaged)


def _place(damaged: bytearray, chance: random.Random) -> int:
    end = len(damaged) if chance.random() < 0.4 else min(len(damaged), 400)
    return chance.randrange(end) if end else 0


def _flip(damaged: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if damaged:
            damaged[_place(damaged, chance)] ^= 1 << chance.randrange(8)


def _cut(damaged: bytearray, chance: random.Random) -> None:
    del damaged[_place(damaged, chance) :]


def _leave_out(damaged: bytearray, chance: random.Random) -> None:
    place = _place(damaged, chance)
    del damaged[place : place + chance.choice((1, 2, 4, 16, 200))]


def _repeat(damaged: bytearray, chance: random.Random) -> None:
    place = _place(damaged, chance)
    part = damaged[place : place + chance.choice((1, 4, 32, 300))]
    damaged[place:place] = part * chance.choice((1, 1, 20))


def _write_number(damaged: bytearray, chance: random.Random) -> None:
    """What headers hold: sizes, counts and offsets."""
    width = chance.choice((1, 2, 4))
    number = chance.choice(_ODD_NUMBERS) & ((1 << (8 * width)) - 1)
    place = _place(damaged, chance)
    damaged[place : place + width] = number.to_bytes(width, chance.choice(("big", "little")))


def _splice(damaged: bytearray, chance: random.Random, other: bytes) -> None:
    place, begin = _place(damaged, chance), chance.randrange(len(other) or 1)
    damaged[place:] = other[begin:]
