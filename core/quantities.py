"""Numbers as people read and write them, the same in the window, on the command line, in reports and in errors."""

from __future__ import annotations

import unicodedata
from datetime import datetime

_POINTS = ".,\u066b"  # the last is Arabic

NONE = "–"
"""What stands where there is no value."""

UNDEFINED = "undefined"
"""What stands where a score can not be computed, such as the F1 of a class without images."""


def fraction(value: float | None) -> str:
    """A score in 0..1 as '83.1 %'; the word 'undefined' where it has no value."""
    return UNDEFINED if value is None else f"{100 * value:.1f} %"


def percent(level: float) -> str:
    """A level in 0..1 with the digits that it was given with: '90 %', '99.5 %'."""
    return f"{100 * level:.4g} %"


def whole_percent(value: float) -> str:
    """A share in 0..1 in whole per cent, '83 %', where more digits would claim too much."""
    return f"{100 * value:.0f} %"


def probability(value: float | None) -> str:
    """A model's probability in 0..1, empty without one. What only rounds to 0 % or 100 % says so: models are never that
    sure."""
    if value is None:
        return ""
    if value >= 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if value < 0.0005 else fraction(value)


def area(value: float | None) -> str:
    """An area under a ROC curve, '0.843': as papers print it, and not to be taken for a share of images."""
    return UNDEFINED if value is None else f"{value:.3f}"


def points(value: float) -> str:
    """A fraction in percentage points, '5.3 points': how far off something is, such as a calibration error."""
    return f"{100 * value:.1f} points"


def signed(difference: float) -> str:
    """A difference of fractions in percentage points with its sign: '+2.1', '−0.4', '0.0'."""
    text = f"{100 * difference:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "\u2212")


def p_value(value: float) -> str:
    """A p-value as papers print it: 'p = 0.023', 'p < 0.001'."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def duration(seconds: float) -> str:
    """A time span in its two largest units: '41 s', '3 min 20 s', '2 h 5 min', '3 d 4 h'."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def million(count: int | None) -> str:
    """A number of parameters: '63.81 M', '2.23 M', '412 k'; '–' when it is not known."""
    if count is None:
        return NONE
    return f"{count / 1e6:.2f} M" if count >= 1_000_000 else f"{count / 1e3:.0f} k"


def file_size(count: float) -> str:
    """A number of bytes in the unit that reads best, of 1,000 bytes a step."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def moment(text: str) -> str:
    """An ISO 8601 time in this computer's time zone as '2026-03-31 14:05'; what can not be read stays as it is."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return text


def in_digits(text: str, zero: str = "0", point: str = ".") -> str:
    """A number as somebody wrote it, with the digits of any script and a point or a comma, in the digits that begin at
    `zero` and with that `point`; without them as Python reads it. Other signs stay; digits have no groups."""
    return "".join(
        chr(ord(zero) + unicodedata.decimal(sign)) if sign.isdecimal() else point if sign in _POINTS else sign
        for sign in text
    )
