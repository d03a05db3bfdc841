"""Fields for numbers. They show the digits of the system's language and take those of any script, so that neither a
keyboard nor a pasted number is refused for its writing."""

from __future__ import annotations

import unicodedata
from typing import Any

from PySide6.QtCore import QLocale
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

_POINTS = ".,\u066b"  # the last is Arabic; groups of digits are never divided here


def in_digits_of(text: str, locale: QLocale) -> str:
    """The text with every decimal digit and decimal point as the locale writes it."""
    zero, point = locale.zeroDigit(), locale.decimalPoint()
    return "".join(_digit(sign, zero) if sign.isdecimal() else point if sign in _POINTS else sign for sign in text)


def in_latin_digits(text: str) -> str:
    """The text with the digits and the point that Python reads."""
    return in_digits_of(text, QLocale.c())


def _digit(sign: str, zero: str) -> str:
    return chr(ord(zero) + unicodedata.decimal(sign))


class _AnyDigits:
    """Reads what was typed as if the locale's digits had been."""

    def validate(self: Any, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Qt's."""
        return super().validate(in_digits_of(text, self.locale()), position)  # type: ignore[misc,no-any-return]

    def valueFromText(self: Any, text: str) -> Any:
        """Qt's."""
        return super().valueFromText(in_digits_of(text, self.locale()))  # type: ignore[misc]


class WholeNumberBox(_AnyDigits, QSpinBox):
    """A spin box for whole numbers."""


class NumberBox(_AnyDigits, QDoubleSpinBox):
    """A spin box for numbers with decimals."""
