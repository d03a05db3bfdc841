"""The tour of a first start: four steps below the tabs, each about the tab that it shows. It blocks nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QWidget

from skinkd_gui.settings.store import open_store
from skinkd_gui.tabs import Tabs
from skinkd_gui.widgets.labels import make_label, set_role
from skinkd_gui.widgets.layouts import STRETCH, column_of, row_of
from skinkd_gui.widgets.parts import make_button

_TOLD = "tour"
_LEAST_TABS = 360  # pixels: while it is told, pages may be squeezed, so that the window grows on no small screen


@dataclass(frozen=True)
class TourStep:
    """What is said, and how to come to the tab that it is about."""

    title: str
    text: str
    show: Callable[[Tabs], None]


STEPS = (
    TourStep(
        "Classify: a verdict on a picture",
        "Drop pictures here. The verdict comes first, then what it rests on. Until you have a model, the demonstration "
        "on this page shows it with drawn pictures. Preferences say who reads the verdicts.",
        Tabs.show_classify,
    ),
    TourStep(
        "Data: look before you train",
        "Open a folder of labelled pictures: classes, doubles, doubtful labels. What you correct never changes it.",
        Tabs.show_data,
    ),
    TourStep(
        "Train: a small model from a large one",
        "New training asks step by step, and has a built-in sample set to try it. Nothing leaves this computer.",
        Tabs.show_train,
    ),
    TourStep(
        "Results: how good it is",
        "Scores with intervals on pictures that no training saw, comparisons, a report. All of it for research only.",
        Tabs.show_results,
    ),
)


class Tour(QFrame):
    """Hidden until `begin`; told once, and again when it is asked for."""

    def __init__(self, tabs: Tabs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tour")
        self.setAccessibleName("Tour of SkinKD")
        set_role(self, "info")
        self._tabs = tabs
        self._index = 0
        self._title = make_label("", "heading", self, wrap=True, name="tourTitle")
        self._text = make_label("", "", self, wrap=True, name="tourText")
        self._skip = make_button("Skip the tour", "tourSkipButton", self, self.end)
        self._back = make_button("Back", "tourBackButton", self, self._go_back)
        self._next = make_button("Next", "tourNextButton", self, self._go_on, primary=True)
        words = column_of(self._title, self._text, spacing=2)
        buttons = row_of(self._skip, self._back, self._next, spacing=8)
        column_of(row_of((words, STRETCH), buttons, spacing=16), on=self, margins=(14, 8, 14, 8))
        self.hide()

    @Slot()
    def begin(self) -> None:
        """Show the first step."""
        self._tabs.setMinimumHeight(_LEAST_TABS)
        self.show()
        self._show_step(0)

    @Slot()
    def begin_if_first(self) -> None:
        """Show it to who has never seen it."""
        if str(open_store().value(_TOLD, "")) != "told":
            self.begin()

    @Slot()
    def end(self) -> None:
        """Leave off; it does not come again by itself."""
        open_store().setValue(_TOLD, "told")
        self.hide()
        self._tabs.setMinimumHeight(0)

    @Slot()
    def _go_on(self) -> None:
        if self._index + 1 < len(STEPS):
            self._show_step(self._index + 1)
        else:
            self.end()
            self._tabs.show_classify()

    @Slot()
    def _go_back(self) -> None:
        self._show_step(self._index - 1)

    def _show_step(self, index: int) -> None:
        self._index = index
        step = STEPS[index]
        self._title.setText(f"{index + 1} of {len(STEPS)}. {step.title}")
        self._text.setText(step.text)
        last = index + 1 == len(STEPS)
        self._skip.setVisible(not last)
        self._back.setEnabled(index > 0)
        self._next.setText("Done" if last else "Next")
        step.show(self._tabs)
