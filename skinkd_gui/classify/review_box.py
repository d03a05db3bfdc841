"""The reader's own word on the selected image: agree, another diagnosis, reviewed, a note."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QWidget

from core.classes import LesionClass
from core.inference.review import NO_REVIEW, Opinion, Review, opinion_of
from skinkd_gui.classify.facts import ShownImage
from skinkd_gui.classify.kinds import Kind, verdict_kind
from skinkd_gui.classify.reviewing import LONGEST_NOTE
from skinkd_gui.widgets.labels import breakable, make_label
from skinkd_gui.widgets.layouts import column_of, named, row_of
from skinkd_gui.widgets.parts import make_button

_OTHER = "Your diagnosis..."


class ReviewBox(QWidget):
    """Shows a review and tells what the reader wants; it changes nothing itself."""

    agreed = Signal()
    overruled = Signal(object)  # LesionClass, the reader's diagnosis
    marked = Signal(bool)  # reviewed, or no longer
    noted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyReview")
        self._classes: tuple[LesionClass, ...] = ()
        self._shown: ShownImage | None = None
        heading = make_label("Your review", "heading", self)
        self._state = make_label("", "muted", self, wrap=True, name="classifyReviewState")
        self.agree = make_button("A&gree", "classifyAgreeButton", self, self.agreed)
        self.diagnosis = named(
            QComboBox(
                self,
                sizeAdjustPolicy=QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon,
                minimumContentsLength=14,
            ),
            "classifyReaderDiagnosis",
            "Your diagnosis",
            "Your own diagnosis, where it is another than the model's",
        )
        self.diagnosis.activated.connect(self._choose)
        self.reviewed = named(
            QCheckBox("&Reviewed", self), "classifyReviewedCheck", "Reviewed", "You have seen this image"
        )
        self.reviewed.clicked.connect(self.marked)
        self.note = named(QLineEdit(self), "classifyNote", "Your note", "Kept with a saved session and in exports")
        self.note.setPlaceholderText("Note")
        self.note.setMaxLength(LONGEST_NOTE)
        self.note.editingFinished.connect(self._tell_note)
        column_of(
            row_of(heading, (self._state, 1), spacing=10),
            row_of(self.agree, (self.diagnosis, 1), self.reviewed, spacing=6),
            self.note,
            on=self,
            margins=0,
            spacing=6,
        )

    def show_facts(self, shown: ShownImage) -> None:
        """Show the review of an image. A note that is being written on the same image stays."""
        writing = self.note.hasFocus() and self.note.isModified()
        another = self._shown is None or self._shown.path != shown.path
        self._shown = shown
        result, review = shown.result, shown.review
        classes = () if shown.first is None else shown.first.choice.classes.classes
        self._fill(tuple(classes), review)
        known = result is not None and result.code is not None
        unlike = result is not None and verdict_kind(result) is Kind.OUT_OF_DISTRIBUTION
        self.agree.setEnabled(known and not unlike)
        self.agree.setToolTip(f"Your diagnosis is the model's: {result.name}" if known and result is not None else "")
        self.diagnosis.setEnabled(bool(classes))
        with QSignalBlocker(self.reviewed):
            self.reviewed.setChecked(review.reviewed)
        if another or not writing:
            self.note.setText(review.note)
        self._state.setText(breakable(_state_words(review, opinion_of(review, result))))

    def _fill(self, classes: tuple[LesionClass, ...], review: Review) -> None:
        with QSignalBlocker(self.diagnosis):
            if classes != self._classes:
                self._classes = classes
                self.diagnosis.clear()
                self.diagnosis.addItem(_OTHER, None)
                for item in classes:
                    self.diagnosis.addItem(item.name, item.code)
            names = [item.name for item in classes]
            self.diagnosis.setCurrentIndex(1 + names.index(review.name) if review.name in names else 0)

    @Slot(int)
    def _choose(self, index: int) -> None:
        if 0 < index <= len(self._classes):
            self.overruled.emit(self._classes[index - 1])
        elif self._shown is not None:
            self.show_facts(self._shown)

    @Slot()
    def _tell_note(self) -> None:
        before = NO_REVIEW.note if self._shown is None else self._shown.review.note
        if self.note.text().strip() != before:
            self.noted.emit(self.note.text())
        self.note.setModified(False)


def _state_words(review: Review, opinion: Opinion) -> str:
    when = f" on {review.time[:10]}" if review.time else ""
    if opinion is Opinion.NOT_REVIEWED:
        return "Not reviewed yet"
    if opinion is Opinion.AGREED:
        return f"You agreed{when}: {review.name}"
    if opinion is Opinion.OVERRULED:
        return f"You overruled the model{when}: {review.name}"
    return f"Reviewed{when}: {review.name}" if review.name else f"Reviewed{when}"
