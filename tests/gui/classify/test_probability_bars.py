from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from core.data.types import CLASS_CODES
from core.inference.results import Classification
from skinkd_gui.classify.probability_bars import ORDER, ProbabilityBars

RESULT = Classification(Path("a"), (0.02, 0.9, 0.01, 0.03, 0.01, 0.01, 0.01, 0.01), "NV")


def test_all_classes_are_shown_malignant_ones_first() -> None:
    assert sorted(ORDER) == sorted(CLASS_CODES)
    assert ORDER[:4] == ("MEL", "BCC", "SCC", "AK")


def test_values_are_drawn_and_spoken(qtbot: QtBot) -> None:
    bars = ProbabilityBars()
    qtbot.addWidget(bars)
    bars.resize(bars.sizeHint())
    empty = bars.grab().toImage()
    bars.show_result(RESULT)
    assert bars.grab().toImage() != empty
    spoken = bars.accessibleDescription()
    assert spoken.startswith("Melanoma (malignant) 2.0 %")
    assert "Actinic keratosis (precancerous) 3.0 %" in spoken
    assert "Melanocytic nevus 90.0 %" in spoken
    bars.show_result(Classification(Path("a"), None, None, "damaged"))
    assert bars.accessibleDescription() == "No result"
    assert bars.grab().toImage() == empty


def test_a_bar_is_as_long_as_its_value(qtbot: QtBot) -> None:
    bars = ProbabilityBars()
    qtbot.addWidget(bars)
    bars.resize(600, bars.sizeHint().height())

    def filled(result: Classification | None, row: int) -> int:
        bars.show_result(result)
        image = bars.grab().toImage()
        y = round((row + 0.5) * image.height() / len(ORDER))
        return [image.pixelColor(x, y).name() for x in range(image.width())].count(colour)

    from skinkd_gui.widgets.theme import colours

    colour = colours().accent.lower()
    nevus = ORDER.index("NV")
    assert filled(None, nevus) == 0
    full, half = (
        filled(Classification(Path("a"), (0.0, share, 1 - share, *(0.0,) * 5), "NV"), nevus) for share in (1.0, 0.5)
    )
    assert abs(full - 2 * half) <= 8
    assert full > 100
