"""The verdict on the selected image, before anything else: colour, icon and words; of two models side by side."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from skinkd_gui.classify.facts import ModelResult, ShownImage
from skinkd_gui.classify.verdict_words import VerdictWords, agreement_words, remarks, verdict_words
from skinkd_gui.widgets.labels import breakable, make_label, set_role
from skinkd_gui.widgets.layouts import column_of, row_of
from skinkd_gui.widgets.theme import coloured_icon, colours, theme

_ICON = 32


class VerdictCard(QFrame):
    """What one model says, in a frame of the verdict's colour."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._words = VerdictWords("info", "info", "", "")
        self._picture = QLabel(self)
        self.model = make_label("", "small", self, wrap=True)
        self.decision = make_label("", "", self, wrap=True, name=f"{name}Decision")
        self.title = make_label("", "title", self, wrap=True, name=f"{name}Title")
        self.remaining = make_label("", "heading", self, wrap=True, name=f"{name}Set")
        self.why = make_label("", "", self, wrap=True, name=f"{name}Why")
        self.likeliest = make_label("", "", self, wrap=True, name=f"{name}Likeliest")
        layout = QGridLayout(self)
        layout.setContentsMargins(12, 10, 12, 10)
        layout.setHorizontalSpacing(10)
        layout.setVerticalSpacing(5)
        layout.setColumnStretch(1, 1)
        layout.addWidget(self.model, 0, 0, 1, 2)
        layout.addWidget(self._picture, 1, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.title, 1, 1, Qt.AlignmentFlag.AlignVCenter)
        for row, label in enumerate((self.decision, self.remaining, self.why, self.likeliest), 2):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label, row, 0, 1, 2)
        layout.setRowStretch(6, 1)
        theme().changed.connect(self._restyle)

    @property
    def words(self) -> VerdictWords:
        """What is said."""
        return self._words

    def show_words(self, words: VerdictWords, model: str = "") -> None:
        """Say it, with the model's name where there are two."""
        self._words = words
        texts = ((self.model, model), (self.title, words.title), (self.decision, words.decision),
                 (self.remaining, words.remaining), (self.why, words.why),
                 (self.likeliest, words.likeliest))  # fmt: skip
        for label, text in texts:
            label.setText(breakable(text.replace(" %", "\u00a0%")))
            label.setVisible(bool(text))
        set_role(self.title, "heading" if model else "title")
        set_role(self.remaining, "" if model else "heading")
        self.setAccessibleName(f"Verdict of {model}" if model else "Verdict")
        self.setAccessibleDescription(words.spoken)
        self._restyle()

    @Slot()
    def _restyle(self) -> None:
        palette = colours()
        colour = {"success": palette.success, "warning": palette.warning, "error": palette.error}
        picture = coloured_icon(self._words.icon, colour.get(self._words.kind, palette.accent))
        self._picture.setPixmap(picture.pixmap(QSize(_ICON, _ICON)))
        set_role(self, self._words.kind)


class VerdictView(QWidget):
    """One or two verdict cards, whether they agree, and what else must be known of the image."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("classifyVerdict")
        self.first = VerdictCard("classifyVerdictFirst", self)
        self.second = VerdictCard("classifyVerdictSecond", self)
        self._agreement = make_label("", "heading", self, wrap=True, name="classifyVerdictAgreement")
        self._synthetic = make_label(
            "From a model of synthetic images: not about real skin.",
            "",
            self,
            wrap=True,
            name="classifySyntheticResult",
        )
        self._remarks = make_label("", "", self, wrap=True, name="classifyRemarks")
        column_of(
            row_of((self.first, 1), (self.second, 1), spacing=8),
            self._agreement,
            self._synthetic,
            self._remarks,
            on=self,
            margins=0,
            spacing=6,
        )

    def show_facts(self, shown: ShownImage) -> None:
        """Show the verdicts on an image."""
        two = shown.second is not None
        self.first.show_words(verdict_words(shown.first, shown.reader), model_name(shown.first) if two else "")
        self.second.setVisible(two)
        if two:
            self.second.show_words(verdict_words(shown.second, shown.reader), model_name(shown.second))
        self._say(self._agreement, agreement_words(shown))
        self._say(self._remarks, "\n".join(remarks(shown)))
        result = shown.result
        self._synthetic.setVisible(shown.synthetic and result is not None and result.code is not None)

    @staticmethod
    def _say(label: QLabel, text: str) -> None:
        label.setText(breakable(text))
        label.setVisible(bool(text))


def model_name(model_result: ModelResult | None) -> str:
    """A model's name without what its choice says besides."""
    return "" if model_result is None else model_result.choice.text.partition(" (")[0]
