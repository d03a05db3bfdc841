"""Cases that hypothesis makes up: strategies for damaged values and files, and the counting of how they end.

A case survives when it ends well or with a `SkinKDError` that says something, within `LIMIT` seconds.
"""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import signal
import traceback
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.errors import SkinKDError
from tests.torture.tally import Tally

T = TypeVar("T")

LIMIT = 20
"""Seconds that no case may take."""

_log = logging.getLogger(__name__)

numbers = st.one_of(
    st.integers(-3, 40),
    st.floats(),
    st.sampled_from([True, False, 2**31, 2**63, -(2**63), 10**30, 1e308, -0.0, 0.1, 1.0000001, float("nan")]),
)
words = st.one_of(
    st.sampled_from(
        [
            "",
            ".",
            "..",
            "../x",
            "/etc/passwd",
            "CON",
            "a\0b",
            "\u202egpj",
            "\ud800",
            "x" * 5000,
            "hf-hub:a/b",
            "local-dir:/",
        ]
    ),
    st.text(max_size=12),
)
values = st.recursive(
    st.none() | numbers | words, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4)
)


@st.composite
def changed(draw: st.DrawFn, document: dict[str, Any]) -> dict[str, Any]:
    """A document of nested tables with one to three values replaced, renamed, removed or added."""
    found = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        table = found
        while draw(st.booleans()) and (
            inner := [value for value in table.values() if isinstance(value, dict) and value]
        ):
            table = draw(st.sampled_from(inner))
        key = draw(st.sampled_from(sorted(table))) if table else "x"
        kind = draw(st.sampled_from(["replace", "replace", "rename", "remove", "add"]))
        if kind == "replace":
            table[key] = draw(values)
        elif kind == "rename" and key in table:
            table[draw(st.sampled_from([key[:-1], key + "s", key.upper(), "x"]))] = table.pop(key)
        elif kind == "remove":
            table.pop(key, None)
        else:
            table[draw(words)] = draw(values)
    return found


@st.composite
def damaged(draw: st.DrawFn, content: bytes, near: int | None = None) -> bytes:
    """Bytes cut off, turned over, doubled, put in or left out, in the first `near` of them where that is given."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(0, min(near or len(found), len(found)) - 1)))
        kind = draw(st.sampled_from(["turn", "turn", "set", "cut", "leave out", "double", "put in"]))
        length = draw(st.integers(1, 40))
        if kind == "cut":
            del found[place:]
        elif kind == "leave out":
            del found[place : place + length]
        elif kind == "double":
            found[place:place] = found[place : place + length]
        elif kind == "put in":
            found[place:place] = draw(st.binary(max_size=20))
        elif found:
            found[place] = draw(st.integers(0, 255)) if kind == "set" else found[place] ^ (1 << draw(st.integers(0, 7)))
    return bytes(found)


def json_text(document: Any) -> str:
    """JSON that also holds what strict JSON does not: NaN, endless numbers, half characters."""
    return json.dumps(document)


def explore(fault: str, strategy: st.SearchStrategy[T], check: Callable[[T], object], count: int, seed: int) -> Tally:
    """Let `check` look at `count` examples; those that end badly are logged as errors and counted as lost."""
    done, lost = 0, 0

    def look(example: T) -> None:
        nonlocal done, lost
        if done >= count:
            return
        done += 1
        fate = _fate(check, example)
        if fate:
            lost += 1
            _log.error("%s: %s\n%.2000r", fault, fate, example)

    while done < count:
        case = settings(
            max_examples=count - done,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )(given(strategy)(look))
        hypothesis.seed(seed)(case)()
        seed += 1
    return Tally(fault, done, done - lost, lost)


def total(fault: str, tallies: list[Tally]) -> Tally:
    """One line for several."""
    sums = [sum(getattr(item, name) for item in tallies) for name in ("injected", "survived", "lost")]
    return Tally(fault, *sums)


def shares(count: int, parts: int) -> list[int]:
    """`count` cases divided among parts."""
    return [(count + part) // parts for part in range(parts)]


def _fate(check: Callable[[T], object], example: T) -> str:
    """Nothing for a case that survived, otherwise what happened."""
    try:
        with _alarm(LIMIT):
            check(example)
    except SkinKDError as error:
        return "" if error.title.strip() and error.summary.strip() else "an error without words"
    except Exception:
        return traceback.format_exc()
    return ""


@contextlib.contextmanager
def _alarm(seconds: int) -> Iterator[None]:
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise TimeoutError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
