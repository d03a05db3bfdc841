from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.cli.main import run
from core.recipe import Preset, preset, read_recipe, recipe_from_toml

Call = Callable[..., tuple[int, Any]]


@pytest.mark.parametrize("name", list(Preset))
def test_the_printed_recipe_is_the_preset(name: Preset, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["recipe", "--preset", name.value]) == 0
    assert recipe_from_toml(capsys.readouterr().out) == preset(name)


def test_a_written_recipe_holds_the_changes_and_is_not_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "r.toml"
    assert run(["recipe", "--out", str(file), "--set", "optimisation.epochs=7"]) == 0
    assert read_recipe(file).optimisation.epochs == 7
    file.write_text("my work")
    assert run(["recipe", "--out", str(file)]) == 1
    assert "--force" in capsys.readouterr().err
    assert file.read_text() == "my work"
    assert run(["recipe", "--out", str(file), "--force"]) == 0
    assert read_recipe(file) == preset(Preset.PAPER)


def test_json_gives_the_recipe_as_values(as_json: Call) -> None:
    code, document = as_json("recipe", "--preset", "quick")
    assert code == 0
    assert document["recipe"]["data"]["image_size"] == 128
    assert recipe_from_toml(document["toml"]) == preset(Preset.QUICK)
