"""The packaged texts."""

from __future__ import annotations

from core.data.types import CLASS_CODES, CLASS_NAMES
from resources.classes import class_descriptions


def test_every_class_is_described_under_the_name_the_data_uses() -> None:
    described = class_descriptions()
    assert tuple(described) == CLASS_CODES
    assert tuple(item.name for item in described.values()) == CLASS_NAMES
    for item in described.values():
        assert item.group in ("malignant", "precancerous", "benign")
        assert item.summary.endswith(".")
        assert len(item.text) > 80
        assert "\n" not in item.text
