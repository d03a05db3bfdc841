"""Similar proven cases: training images near to the selected one, with the diagnosis they are known to have."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QSizePolicy,
    QWidget,
)

from core.classes import ClassSet
from core.events import Phase, Progress
from core.inference.classifier import is_exported
from core.quantities import duration
from core.visible_text import visible
from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.similar_dialog import SimilarDialog
from skinkd_gui.classify.similar_job import SHOWN, ShownCase, SimilarCases, SimilarFailed, SimilarFinder, SimilarOrder
from skinkd_gui.classify.verdict_words import is_out_of_distribution
from skinkd_gui.widgets.labels import breakable, make_label, plain_tip
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.parts import make_button, slim_bar
from skinkd_gui.widgets.theme import colours, theme

_SHOW, _HIDE = "Show similar proven cases", "Hide similar proven cases"
_MEANING = "The training images that are nearest to this one in the eyes of the model. Being alike proves nothing."
_NOT_NEAR = "The picture is unlike all that the model knows: even the nearest are not near."
_NO_RUN = (
    "This model came as a file of its own. Its training images are known only where its run is: choose the run above."
)
_EXPORTED = "An exported model (.onnx) does not know its training images. Choose the run itself."


class CaseButton(QAbstractButton):
    """A small picture with its diagnosis below; a click enlarges it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(64)
        self._picture: QImage | None = None
        self._serious = False
        self._over = False
        theme().changed.connect(self._restyle)

    def show_case(self, shown: ShownCase, classes: ClassSet) -> None:
        """Show a case."""
        case = shown.case
        self._picture = shown.picture
        self._serious = classes.group_of(case.code).serious
        self.setText(classes.name_of(case.code))
        self._note = case_note(shown)
        spoken = f"{self.text()}, {self._note}"
        self.setAccessibleName(spoken)
        self.setToolTip(plain_tip(f"{visible(case.name)}: {spoken}. Click to enlarge."))
        self.updateGeometry()
        self.update()

    def hasHeightForWidth(self) -> bool:
        """A square picture over the text."""
        return True

    def heightForWidth(self, width: int) -> int:
        """As high as picture and text need."""
        metrics = QFontMetrics(self.font())
        return min(width, 150) + 4 * metrics.height() + 12

    def sizeHint(self) -> QSize:
        """A usual case."""
        return QSize(100, self.heightForWidth(100))

    def minimumSizeHint(self) -> QSize:
        """Narrow ones are still readable."""
        return QSize(64, 60)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Mark it."""
        self._over = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Unmark it."""
        self._over = False
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture, diagnosis, similarity."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        marked = self.hasFocus() or self._over
        painter.setPen(QPen(QColor(colours().accent if marked else colours().line), 2 if self.hasFocus() else 1))
        painter.setBrush(QColor(colours().base))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
        metrics = QFontMetrics(self.font())
        words = 4 * metrics.height() + 4
        box = QRectF(5, 5, self.width() - 10, self.height() - words - 8)
        self._paint_picture(painter, box)
        place = QRectF(4, self.height() - words - 2, self.width() - 8, 2 * metrics.height())
        font = QFont(self.font())
        font.setBold(self._serious)
        painter.setFont(font)
        painter.setPen(QColor(colours().text))
        flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(place, flags, self.text())
        painter.setFont(self.font())
        painter.setPen(QColor(colours().muted))
        painter.drawText(place.translated(0, place.height()), flags, self._note)
        painter.end()

    def _paint_picture(self, painter: QPainter, box: QRectF) -> None:
        if self._picture is None:
            painter.setPen(QColor(colours().muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, "No picture")
            return
        size = self._picture.size().scaled(box.size().toSize(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRectF(0, 0, size.width(), size.height())
        place.moveCenter(box.center())
        painter.drawImage(place, self._picture)

    @Slot()
    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()


class SimilarView(QWidget):
    """A button that opens and closes the cases, and the cases of the selected image while it is open."""

    shown = Signal()  # cases, or the reason for none, stand there now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifySimilar")
        self._shown: ShownImage | None = None
        self._similar: SimilarCases | None = None
        self._folders: dict[Path, Path] = {}
        self.finder = SimilarFinder(self)
        self.finder.progressed.connect(self._show_progress)
        self.finder.completed.connect(self._show_similar)
        self.finder.failed.connect(self._show_failed)
        self.finder.stopped.connect(self._show_stopped)
        self.toggle = make_button(_SHOW, "classifySimilarButton", self)
        self.toggle.setCheckable(True)
        self.toggle.setToolTip("Images of the training with a proven diagnosis that look most like this one")
        self.toggle.toggled.connect(self._toggled)
        self._body = QWidget(self)
        self._text = make_label("", "", self._body, wrap=True, name="classifySimilarText")
        self._build_progress()
        self.locate = make_button(
            "Choose the folder of the data set...", "classifySimilarFolder", self._body, clicked=self._ask_for_folder
        )
        self.cases = tuple(CaseButton(f"classifySimilarCase{number}", self._body) for number in range(SHOWN))
        row = QHBoxLayout()
        row.setSpacing(6)
        group = QButtonGroup(self, exclusive=False)
        for number, button in enumerate(self.cases):
            group.addButton(button, number)
            row.addWidget(button, 1)
        group.idClicked.connect(self._enlarge)
        self._meaning = make_label(_MEANING, "small", self._body, wrap=True)
        column_of(
            self._text,
            self._progress,
            (self.locate, 0, Qt.AlignmentFlag.AlignLeft),
            row,
            self._meaning,
            on=self._body,
            margins=0,
        )
        column_of((self.toggle, 0, Qt.AlignmentFlag.AlignLeft), self._body, on=self, margins=0, spacing=6)
        self._update()

    def _build_progress(self) -> None:
        self._progress = QWidget(self._body)
        words = "Progress of looking at the training images"
        self._bar = slim_bar("classifySimilarProgress", words, self._progress)
        self.cancel = make_button("Cancel", "classifySimilarCancel", self._progress, clicked=self._cancel)
        row_of((self._bar, 1), self.cancel, on=self._progress, margins=0)

    # --- what is shown ---

    def show_facts(self, shown: ShownImage | None) -> None:
        """Take up another image, another model or another answer."""
        self._shown = shown
        self._update()

    def _model_result(self) -> ModelResult | None:
        model_result = self._shown.first if self._shown is not None else None
        return (
            model_result
            if model_result is not None and model_result.result is not None and model_result.result.code is not None
            else None
        )

    @Slot(bool)
    def _toggled(self, checked: bool) -> None:
        self._update()

    @Slot()
    def _update(self) -> None:
        """Bring everything in line with image, model and button."""
        model_result = self._model_result()
        self.setVisible(model_result is not None)
        self.toggle.setText(_HIDE if self.toggle.isChecked() else _SHOW)
        self.toggle.setAccessibleName(self.toggle.text())
        open_ = self.toggle.isChecked() and model_result is not None
        self._body.setVisible(open_)
        if not open_ or model_result is None or self._shown is None:
            self.finder.forget()
            self._similar = None
            return
        order = self._order(model_result)
        if order is None:
            self._say(_EXPORTED if is_exported(model_result.choice.source) else _NO_RUN)
            self.shown.emit()
        elif self._similar is not None and self._similar.order == order:
            return
        else:
            self._similar = None
            self._say("Looking for similar cases...", busy=True)
            self.finder.request(order)

    def _order(self, model_result: ModelResult) -> SimilarOrder | None:
        if (
            self._shown is None
            or model_result.run is None
            or is_exported(model_result.choice.source)
            or model_result.classifier is None
        ):
            return None
        return SimilarOrder(
            self._shown.path, model_result.run, model_result.classifier, self._folders.get(model_result.run)
        )

    def _say(self, text: str, *, busy: bool = False, locate: bool = False, cases: bool = False) -> None:
        self._text.setText(breakable(text))
        self._progress.setVisible(busy)
        if busy:
            self._bar.setRange(0, 0)
        self.locate.setVisible(locate)
        self._meaning.setVisible(cases)
        for button in self.cases:
            button.setVisible(cases)

    @Slot(object)
    def _show_progress(self, progress: Progress) -> None:
        if self._progress.isHidden() or not progress.total:
            return
        self._bar.setRange(0, progress.total)
        self._bar.setValue(progress.done)
        if progress.phase is Phase.COMPARING:
            left = f", {duration(progress.seconds_left)} left" if progress.seconds_left else ""
            self._text.setText(
                f"The model looks at its {progress.total:,} training images once: {progress.done:,} done{left}."
            )
        else:
            self._text.setText(f"Reading the training images: {progress.done:,} of {progress.total:,}.")

    @Slot(object)
    def _show_similar(self, similar: SimilarCases) -> None:
        self._similar = similar
        if not similar.cases:
            self._say("There are no similar cases.")
        else:
            self._say(_summary(similar, out_of_distribution=is_out_of_distribution(self._model_result())), cases=True)
            for button, shown in zip(self.cases, similar.cases, strict=False):
                button.show_case(shown, similar.order.classifier.info.classes)
            for button in self.cases[len(similar.cases) :]:
                button.hide()
        self.shown.emit()

    @Slot(object)
    def _show_failed(self, failed: SimilarFailed) -> None:
        absent = failed.error.title == "The training images are not at hand"
        self._say(f"{failed.error.title}. {failed.error.summary}", locate=absent)
        self.shown.emit()

    @Slot()
    def _show_stopped(self) -> None:
        self.toggle.setChecked(False)

    @Slot()
    def _cancel(self) -> None:
        self.finder.cancel()
        self.toggle.setChecked(False)

    @Slot()
    def _ask_for_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "The folder of the data set")
        model_result = self._model_result()
        if name and model_result is not None and model_result.run is not None:
            self._folders[model_result.run] = Path(name)
            self._update()

    @Slot(int)
    def _enlarge(self, index: int) -> None:
        if self._similar is not None and self._shown is not None:
            classes = self._similar.order.classifier.info.classes
            SimilarDialog(self, self._shown.path, [shown.case for shown in self._similar.cases], index, classes).open()


def case_note(shown: ShownCase) -> str:
    """How near a case is, and whether it is more than similar."""
    case = shown.case
    if case.same_picture:
        return "this very image"
    return f"{'same lesion' if case.same_lesion else 'similarity'} {case.similarity:.2f}"


def _summary(similar: SimilarCases, *, out_of_distribution: bool) -> str:
    name_of = similar.order.classifier.info.classes.name_of
    counts = Counter(name_of(shown.case.code) for shown in similar.cases)
    listed = ", ".join(f"{count} {name}" for name, count in counts.most_common())
    text = f"Of the {len(similar.cases)} nearest among {similar.images:,} training images: {listed}."
    if any(shown.case.same_picture for shown in similar.cases):
        text += " One of them is this very image: the model was trained with it."
    return f"{_NOT_NEAR} {text}" if out_of_distribution else text
