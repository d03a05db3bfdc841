"""The short form of tests/torture/fuzz_models.py."""

from __future__ import annotations

import pytest

from tests.torture.fuzz_models import cases


@pytest.mark.filterwarnings("ignore")  # of onnx and torch, over what was damaged
def test_model_files_of_strangers_are_read_or_said() -> None:
    assert cases(40, seed=0).survived == 40
