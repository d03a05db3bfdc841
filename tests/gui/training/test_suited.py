"""A new training begins with settings that this computer can end within hours."""

from __future__ import annotations

from core.recipe import Preset
from skinkd_gui.training.suited import remember_device, suited_preset


def test_the_papers_settings_are_for_gpus() -> None:
    assert suited_preset() is Preset.BEST_CPU
    remember_device("cuda")
    assert suited_preset() is Preset.PAPER_LESION
    remember_device("cpu")
    assert suited_preset() is Preset.BEST_CPU
