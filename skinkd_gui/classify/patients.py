"""What is known of whose pictures are in the list, and the answers of their lesions. Held in memory; a saved session is
the only file that it goes into."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from core.inference.patients.facts import PatientFacts
from core.inference.patients.tables import PatientColumns
from core.inference.results import Classification
from skinkd_gui.undo import changed

if TYPE_CHECKING:
    from core.inference.classifier import Classifier


class Patients(QObject):
    """The facts of images by path. Every change can be undone; its text in the menu names nobody."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._facts: dict[Path, PatientFacts] = {}

    @property
    def facts(self) -> Mapping[Path, PatientFacts]:
        """What is known, of images of which anything is."""
        return self._facts

    def put(self, facts: Mapping[Path, PatientFacts]) -> None:
        """What is known in place of all before, as when a session is opened or the list is emptied; no undo."""
        self._facts = {path: known for path, known in facts.items() if known}
        self.changed.emit()

    def take(self, facts: Mapping[Path, PatientFacts], what: str) -> None:
        """Other facts of some images; `what` follows "Undo" in the menu."""
        before, after = dict(self._facts), {**self._facts, **facts}
        changed(self, what, partial(self.put, after), partial(self.put, before))

    def columns(self, results: list[Classification], classifier: Classifier | None) -> PatientColumns:
        """The facts with the lesions of classified images; without lesions as long as there is no model."""
        if classifier is None or not any(known.lesion for known in self._facts.values()):
            return PatientColumns(dict(self._facts))
        from core.inference.patients.lesions import lesions_over_time

        lesions = lesions_over_time(results, self._facts, classifier.decision_rule, classifier.info.temperature)
        return PatientColumns(dict(self._facts), lesions)
