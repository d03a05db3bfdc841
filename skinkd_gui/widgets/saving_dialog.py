"""What the dialogs that save something share: a place to choose, work in a thread, and the result one click away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.errors import SkinKDError
from core.events import Event, Notice, Progress
from core.user_paths import expanded
from skinkd_gui.widgets.banner import Banner
from skinkd_gui.widgets.error_dialog import show_error
from skinkd_gui.widgets.fitting import FittingDialog, Scrolled, ScrolledBody, in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.opening import open_path
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.question import Question, ask
from skinkd_gui.workers.job import JobEnd, Work
from skinkd_gui.workers.job_slot import JobSlot


@dataclass(frozen=True)
class SavingWords:
    """What a dialog says; `name` begins the object names of the parts that all of them have."""

    name: str
    make: str  # on the button that starts
    make_name: str  # of that button
    begun: str
    cancelled: str
    ask_file: str  # title of the window that asks where to
    replace: Question
    open_folder: str = "Open the &folder"
    can_open: bool = True  # the file, and not only its folder


class SavingDialog(FittingDialog):
    """A form with the news below it, which scroll where the screen is small, and the buttons; call `open`.

    Who inherits fills `form_layout`, with `target_row()` somewhere in it, and calls `lay_out` at the end.
    """

    width_wanted = 620  # pixels at 100 % of text

    def __init__(self, parent: QWidget | None, words: SavingWords) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._words = words
        self._making = JobSlot(
            self, reported=self._show_event, succeeded=self._take, failed=self._show_failure, ended=self._ended
        )
        self._leaving = False
        self._made: Path | None = None
        self.notices: list[str] = []  # what the work told
        self.form = QWidget(self)
        self.form_layout = QVBoxLayout(self.form)
        self.form_layout.setContentsMargins(0, 0, 0, 0)

    # For those who inherit

    def ending(self) -> str:
        """What the name of the file ends in, with its dot; empty for a folder."""
        raise NotImplementedError

    def file_filter(self) -> str:
        """The kind of file, as a file dialog wants it."""
        raise NotImplementedError

    def begin(self) -> Work:
        """The work for what the dialog shows now; called each time it is started."""
        raise NotImplementedError

    def show_result(self, result: Any) -> Path | None:
        """Tell what the work returned; returns what can be opened, None when nothing was written."""
        raise NotImplementedError

    # Layout

    def target_row(self, choose: str = "&Choose...") -> QHBoxLayout:
        """Make `target` and the button that asks for it."""
        self.target = named(QLineEdit(self), f"{self._words.name}TargetEdit", "File to write")
        self.target.textChanged.connect(self.update_state)
        self._choose = make_button(choose, f"{self._words.name}ChooseButton", self, clicked=self._ask_target)
        return row_of((self.target, 1), self._choose)

    def lay_out(self, above: Sequence[QWidget], below: Sequence[QWidget] = ()) -> None:
        """Lay out the dialog: what comes above the news, and what below them."""
        self.news = Banner(self)
        self.news.setObjectName(f"{self._words.name}News")
        body = ScrolledBody(self)
        column_of(*above, self.news, *below, STRETCH, on=body, margins=(0, 0, 8, 0), spacing=12)
        scrolled = Scrolled(body, f"{self._words.name}Scroll", self)
        column_of((scrolled, 1), self._build_buttons(), on=self, margins=(20, 20, 20, 16), spacing=12)
        self.fit()

    def fit(self) -> None:
        """Grow to what is shown now, as far as the screen has room."""
        self.be_as_high_as_needed(in_text(self.width_wanted))

    def _build_buttons(self) -> QHBoxLayout:
        name = self._words.name
        self.open_button = make_button("&Open", f"{name}OpenButton", self, clicked=self._open_made)
        self.folder_button = make_button(
            self._words.open_folder, f"{name}FolderButton", self, clicked=self._open_folder
        )
        self.close_button = make_button("Close", f"{name}CloseButton", self, clicked=self._cancel_or_close)
        self.make_button = make_button(self._words.make, self._words.make_name, self)
        self.make_button.setProperty("primary", True)
        self.make_button.setDefault(True)
        self.make_button.clicked.connect(self._ask_and_start)
        return row_of((self._build_strip(), 1), self.close_button, self.make_button)

    def _build_strip(self) -> QStackedWidget:
        """To the left of the buttons that are always there: what opens the result, or how far it is."""
        self._doing = make_label("", "muted", self)
        self._doing.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.progress = named(QProgressBar(self), f"{self._words.name}Progress", f"Progress of the {self._words.name}")
        self.progress.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._strip = QStackedWidget(self)
        self._strip.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        for row in (
            row_of(self.open_button, self.folder_button, STRETCH),
            row_of((self._doing, 1), (self.progress, 1)),
        ):
            page = QWidget(self)
            row.setContentsMargins(0, 0, 0, 0)
            page.setLayout(row)
            self._strip.addWidget(page)
        return self._strip

    # Choosing

    def target_path(self) -> Path:
        """The file or folder that is named, with its ending."""
        path, ending = expanded(self.target.text().strip()), self.ending()
        return path if path.suffix.lower() == ending or not ending else path.with_name(f"{path.name}{ending}")

    def ask_target(self) -> str:
        """Ask for a file; empty when the user changed their mind."""
        name, _ = QFileDialog.getSaveFileName(
            self,
            self._words.ask_file,
            self.target.text(),
            self.file_filter(),
            options=QFileDialog.Option.DontConfirmOverwrite,  # asked when it is made, also for typed names
        )
        return name

    @Slot()
    def _ask_target(self) -> None:
        if name := self.ask_target():
            self.target.setText(name)

    @Slot()
    def update_state(self) -> None:
        """Allow and show what makes sense now."""
        busy = self.busy
        self.form.setEnabled(not busy)
        self.make_button.setEnabled(not busy and bool(self.target.text().strip()))
        self.open_button.setVisible(self._words.can_open and self._made is not None and not busy)
        self.folder_button.setVisible(self._made is not None and not busy)
        widths = []
        for text in ("Close", "Cancel") if busy else ("Cancel", "Close"):
            self.close_button.setText(text)
            widths.append(self.close_button.sizeHint().width())
        self.close_button.setMinimumWidth(max(widths))  # it changes its word and does not move
        self._strip.setCurrentIndex(1 if busy else 0)

    # Working

    @property
    def busy(self) -> bool:
        """Whether it is being made."""
        return self._making.running

    @Slot()
    def _ask_and_start(self) -> None:
        if self.ending() and self.target_path().exists():
            ask(self, self._words.replace).accepted.connect(self._start)
        else:
            self._start()

    @Slot()
    def _start(self) -> None:
        work = self.begin()
        self._made, self.notices = None, []
        self.news.show_message("")
        self._doing.setText(self._words.begun)
        self.progress.setRange(0, 0)
        self._making.start(work)
        self.update_state()

    @Slot(object)
    def _show_event(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._doing.setText(f"{event.phase.value}...")
            self.progress.setRange(0, event.total if event.total > 1 else 0)
            self.progress.setValue(event.done)
        elif isinstance(event, Notice):
            self.notices.append(event.text)

    @Slot(object)
    def _take(self, result: Any) -> None:
        self._made = self.show_result(result)

    @Slot(object)
    def _show_failure(self, error: SkinKDError) -> None:
        show_error(self, error)

    @Slot(object)
    def _ended(self, end: JobEnd) -> None:
        if end.cancelled:
            self.news.show_message(self._words.cancelled, "info")
        self.update_state()
        self.fit()
        if self._made is not None:
            (self.open_button if self._words.can_open else self.folder_button).setFocus()
        if self._leaving:
            super().reject()

    @Slot()
    def _open_made(self) -> None:
        if self._made is not None:
            open_path(self._made)

    @Slot()
    def _open_folder(self) -> None:
        if self._made is not None:
            open_path(self._made.parent)

    @Slot()
    def _cancel_or_close(self) -> None:
        if self.busy:
            self._doing.setText("Stopping...")
            self._making.cancel()
        else:
            self.reject()

    @Slot()
    def reject(self) -> None:
        """Close; while it is being made, as soon as that has stopped."""
        if not self.busy:
            super().reject()
            return
        self._leaving = True
        self._cancel_or_close()


def documents() -> Path:
    """The user's folder of documents."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))


def free_path(folder: Path, stem: str, ending: str) -> Path:
    """A name in the folder that is not taken."""
    names = [f"{stem}{ending}", *(f"{stem}-{number}{ending}" for number in range(2, 1000))]
    return next((folder / name for name in names if not (folder / name).exists()), folder / names[0])
