"""The levels of the decision between malignant and benign; imports nothing: settings need them early."""

from __future__ import annotations

BENIGN_LEVEL = 0.95
"""The share of malignant lesions that are not to be called benign, where nobody asks for another."""

MALIGNANT_LEVEL = 0.90
"""The share of benign lesions that are not to be called malignant."""
