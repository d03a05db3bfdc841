"""Fields for numbers. They show the digits of the system's language and take those of any script, so that neither a
keyboard nor a pasted number is refused for its writing."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox

from core.quantities import in_digits


class _AnyDigits:
    """Reads what was typed as if the locale's digits had been."""

    def _as_locale(self: Any, text: str) -> str:
        return in_digits(text, self.locale().zeroDigit(), self.locale().decimalPoint())

    def validate(self: Any, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Qt's."""
        return super().validate(self._as_locale(text), position)  # type: ignore[misc,no-any-return]

    def valueFromText(self: Any, text: str) -> Any:
        """Qt's."""
        return super().valueFromText(self._as_locale(text))  # type: ignore[misc]


class WholeNumberBox(_AnyDigits, QSpinBox):
    """A spin box for whole numbers."""


class NumberBox(_AnyDigits, QDoubleSpinBox):
    """A spin box for numbers with decimals."""
