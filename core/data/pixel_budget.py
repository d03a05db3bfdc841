"""How many pixels are decoded at a time: one picture may be as large as cameras make them, all at once may not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MOST_PIXELS = 256_000_000
"""Of one picture. The largest cameras make 200 million; a file may claim any number."""


class PixelBudget:
    """PixelBudget for `most` pixels. A picture waits until there is enough for it; one always may be there."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, pixels: int) -> Iterator[None]:
        """Have room for a picture meanwhile. Not to be asked for twice in one thread."""
        pixels = min(pixels, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._used + pixels <= self._most)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


PIXEL_BUDGET = PixelBudget(MOST_PIXELS)
"""That of the whole program."""
