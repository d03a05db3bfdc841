"""Help -> About: what SkinKD is, how to cite it, the terms of data, and the licences of all that it consists of."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QTabWidget,
    QTextBrowser,
    QWidget,
)

from core.errors import SkinKDError
from core.events import CancelToken, Emit
from core.licences import Licence, licences
from core.program import edition, program_version
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import column_of, named, split
from skinkd_gui.widgets.opening import open_address
from skinkd_gui.widgets.parts import PassingDialog, make_button
from skinkd_gui.workers.job_slot import JobSlot

_NO_TEXT = "This package brings no text of its licence."
_ROLE = Qt.ItemDataRole.UserRole


def citations(version: str) -> str:
    """How SkinKD and the paper are cited, as plain text."""
    return (
        f"SkinKD, version {version}: knowledge distillation for classifiers of skin lesions (software).\n"
        "R. Davidi and R. Park: Novel Knowledge Distillation Techniques for Visual Skin Disease Detection. "
        "Stanford University."
    )


def about_text(version: str, kind: str) -> str:
    """What SkinKD is, as Markdown; `kind` is the edition, empty from source."""
    software, paper = citations(version).split("\n")
    return (
        f"# SkinKD {version}{f', {kind} edition' if kind else ''}\n\n"
        "Distil a large skin-lesion classifier into a small one, measure it honestly, use it on your own images.\n\n"
        "**For research only. SkinKD is not a medical device; nothing it says is a diagnosis.**\n\n"
        "## Licence\n\n"
        "SkinKD is licensed under the Apache License 2.0 (Apache-2.0). It uses Qt (PySide6) under the LGPL and other "
        "packages, each with a licence of its own: see *Licences*.\n\n"
        "## Please cite\n\n"
        f"{software}\n\n{paper}\n\n"
        "## Data have terms of their own\n\n"
        "The terms of the images that a model was trained on bind the model too, such as not to use it commercially "
        "and to name the sources. Its model card says which they are, where its data set does. The built-in sample set "
        "is synthetic: its images show no person, and what a model learns from them "
        "means nothing.\n\n"
        "## Privacy\n\n"
        "Nothing leaves this computer: no accounts, no telemetry. The network is used only to fetch pretrained "
        "weights, when a training asks for them."
    )


class AboutDialog(PassingDialog):
    """Two pages: SkinKD, and the packages that it consists of. The licences are read in a thread."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, "aboutDialog", "About SkinKD", QSize(860, 640))
        pages = named(QTabWidget(self, documentMode=True), "aboutPages", "About SkinKD")
        pages.addTab(self._about_page(), "SkinKD")
        pages.addTab(self._licences_page(), "Licences")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = make_button("&Copy citation", "aboutCopyButton", self, self._copy)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        column_of((pages, 1), buttons, on=self)
        JobSlot(self, succeeded=self._show_licences, failed=self._show_failure).start(_read)

    def _about_page(self) -> QWidget:
        text = named(QTextBrowser(self, openLinks=False), "aboutText", "About SkinKD")
        text.anchorClicked.connect(open_address)
        text.document().setDocumentMargin(16)
        text.setMarkdown(about_text(program_version(), edition()))
        return text

    def _licences_page(self) -> QWidget:
        page = QWidget(self)
        self._search = named(
            QLineEdit(page, placeholderText="Search packages and licences", clearButtonEnabled=True),
            "licencesSearch",
            "Search packages and licences",
        )
        self._search.textChanged.connect(self._filter)
        self._count = make_label("Reading the licences…", "muted", page, name="licencesCount")
        self._list = named(QListWidget(page), "licencesList", "Packages with their licences")
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setSpacing(3)
        self._list.currentItemChanged.connect(self._show_text)
        self._text = named(QPlainTextEdit(page, readOnly=True), "licencesText", "Text of the licence")
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        both = split(self._list, self._text, sizes=(300, 540), parent=page)
        column_of(self._search, self._count, (both, 1), on=page)
        return page

    @Slot(object)
    def _show_licences(self, licences: tuple[Licence, ...]) -> None:
        for one in licences:
            item = QListWidgetItem(f"{one.name} {one.version}\n{one.expression or 'licence not named'}", self._list)
            item.setData(_ROLE, one)
        self._list.setCurrentRow(0)
        self._filter("")

    @Slot(object)
    def _show_failure(self, error: SkinKDError) -> None:
        self._count.setText(f"{error.title}. {error.summary}")

    @Slot(str)
    def _filter(self, _text: str) -> None:
        words = self._search.text().lower().split()
        items = [self._list.item(row) for row in range(self._list.count())]
        for item in items:
            item.setHidden(not all(word in item.text().lower() for word in words))
        shown = [item for item in items if not item.isHidden()]
        without = sum(not item.data(_ROLE).text for item in items)
        rest = f"; {without} without a text of their licence" if without else ""
        self._count.setText(f"{len(shown)} of {len(items)} packages{rest}")
        if shown and self._list.currentItem() not in shown:
            self._list.setCurrentItem(shown[0])

    @Slot(QListWidgetItem, QListWidgetItem)
    def _show_text(self, current: QListWidgetItem | None, _previous: QListWidgetItem | None) -> None:
        one = current.data(_ROLE) if current is not None else None
        self._text.setPlainText((one.text or _NO_TEXT) if isinstance(one, Licence) else "")

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(citations(program_version()))


def _read(emit: Emit, token: CancelToken) -> tuple[Licence, ...]:
    return licences()
