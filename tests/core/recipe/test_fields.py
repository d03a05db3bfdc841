"""The declared fields, as forms see them."""

from __future__ import annotations

import pytest

from core.recipe import Recipe, field, section_fields
from core.settings import SettingsSection

SECTIONS = [name for name, info in Recipe.model_fields.items() if isinstance(info.default, SettingsSection)]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_field_explains_itself(section: str) -> None:
    for spec in section_fields(section):
        assert spec.title, spec.key
        assert spec.help.endswith("."), spec.key
        if spec.kind in ("integer", "number"):
            assert spec.minimum is not None, spec.key
            assert spec.maximum is not None, spec.key
            assert spec.minimum <= spec.default <= spec.maximum, spec.key
        if spec.kind == "choice":
            assert spec.default in spec.choices, spec.key


def test_kinds_and_bounds() -> None:
    assert field("optimisation.batch_size").unit == "images"
    assert field("distillation.alpha").kind == "number"
    assert (field("distillation.alpha").minimum, field("distillation.alpha").maximum) == (0, 1)
    assert field("data.split").kind == "shares"
    assert field("data.skip_problems").kind == "switch"
    assert field("data.group_by").choices == ("patient", "lesion", "image")
    assert field("hardware.device").choices == ("auto", "cpu", "cuda", "mps")


def test_an_unknown_section_is_an_error() -> None:
    with pytest.raises(KeyError):
        section_fields("version")
