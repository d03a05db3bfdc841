"""The preferences: looks, folders, cores for a run, verdicts and their record. Looks change at once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QWidget,
)

from core.inference.trust import Readership
from core.paths import runs_root
from skinkd_gui.settings.record_box import RecordBox
from skinkd_gui.settings.store import LEVEL_PERCENTS, TEXT_PERCENTS, Settings
from skinkd_gui.widgets.fitting import FittingDialog, Scrolled, ScrolledBody, in_text
from skinkd_gui.widgets.labels import make_label
from skinkd_gui.widgets.layouts import STRETCH, column_of, named, row_of
from skinkd_gui.widgets.numbers import WholeNumberBox
from skinkd_gui.widgets.parts import make_button
from skinkd_gui.widgets.theme import ThemeChoice

_WIDTH = 600  # pixels at 100 % of text
_THEMES = {
    ThemeChoice.SYSTEM: "As the system",
    ThemeChoice.LIGHT: "Light",
    ThemeChoice.DARK: "Dark",
}


class PreferencesDialog(FittingDialog):
    """Edits a `Settings`; emits every change so that it can be seen, and the old one again when cancelled."""

    changed = Signal(object)  # Settings

    def __init__(self, settings: Settings, folder_fixed: bool = False, parent: QWidget | None = None) -> None:
        """`folder_fixed`: the runs folder was given at the start and can not be changed here."""
        super().__init__(parent)
        self.setObjectName("preferencesDialog")
        self.setWindowTitle("Preferences")
        self._before = self._settings = settings
        self._make_appearance()
        self._make_runs(folder_fixed)
        self._make_classify()
        form = QFormLayout(
            fieldGrowthPolicy=QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow,
            rowWrapPolicy=QFormLayout.RowWrapPolicy.WrapLongRows,
            verticalSpacing=10,
            horizontalSpacing=16,
        )
        form.addRow("&Colours:", self.theme)
        form.addRow("Text &size:", self.text_size)
        folder_row = row_of((self.folder, 1), self.browse, spacing=8)
        note = "Set when SkinKD was started." if folder_fixed else "Runs that exist already stay where they are."
        _add_explained(form, make_label("Folder for &runs:", buddy=self.folder), folder_row, note)
        text = "For other programs while a run trains. Another number of cores can change the last digits of results."
        _add_explained(form, make_label("C&PU cores left free:", buddy=self.threads), self.threads, text)
        _add_explained(form, make_label("Notifications:"), self.notify, "Of the system, while you use other programs.")
        text = "So many of 100 malignant lesions are not to be called benign. Higher calls fewer images benign."
        label = make_label("Malignant not called b&enign:", buddy=self.benign_level)
        _add_explained(form, label, self.benign_level, text)
        text = "How sure the model must be before it excludes a diagnosis. Higher leaves more images uncertain."
        _add_explained(form, make_label("Certainty of &verdicts:", buddy=self.level), self.level, text)
        form.addRow("&Who reads verdicts:", self.reader)
        form.addRow(make_label("Classified images:"), self.record)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        body = ScrolledBody(self)
        column_of(form, STRETCH, on=body, margins=(20, 20, 20, 0))
        column_of((Scrolled(body, "preferencesScroll", self), 1), buttons, on=self, margins=(0, 0, 0, 16), spacing=16)
        buttons.setContentsMargins(20, 0, 20, 0)
        self.be_as_high_as_needed(in_text(_WIDTH))

    def _make_appearance(self) -> None:
        self.theme = named(QComboBox(self), "themeCombo", "Colours of the window")
        for choice, text in _THEMES.items():
            self.theme.addItem(text, choice)
        self.theme.setCurrentIndex(list(_THEMES).index(self._settings.theme))
        self.theme.currentIndexChanged.connect(self._show_changes)
        self.text_size = named(QComboBox(self), "textSizeCombo", "Size of text")
        percents = sorted({*TEXT_PERCENTS, self._settings.text_percent})
        for percent in percents:
            self.text_size.addItem(f"{percent} %", percent)
        self.text_size.setCurrentIndex(percents.index(self._settings.text_percent))
        self.text_size.currentIndexChanged.connect(self._show_changes)

    def _make_runs(self, folder_fixed: bool) -> None:
        self.folder = named(
            QLineEdit(self._settings.runs_folder, self, placeholderText=str(runs_root())),
            "runsFolderEdit",
            "Folder for runs",
        )
        self.folder.setEnabled(not folder_fixed)
        self.browse = make_button(
            "Choose...", "runsFolderButton", self, self._choose_folder, accessible="Choose the folder for runs"
        )
        self.browse.setEnabled(not folder_fixed)
        self.threads = named(
            WholeNumberBox(
                self, minimum=0, maximum=max(0, (os.cpu_count() or 1) - 1), value=self._settings.threads_left
            ),
            "threadsLeftSpin",
            "CPU cores that a run leaves free",
        )
        self.threads.setMinimumHeight(self.theme.sizeHint().height())
        self.threads.setSpecialValueText("none: a run uses all cores")

        self.notify = named(
            QCheckBox("Show a &message when a run ends", self),
            "notifyCheck",
            "Show a message when a run ends",
        )
        self.notify.setChecked(self._settings.notify)

    def _make_classify(self) -> None:
        told = "Malignant lesions that are not to be called benign, in per cent"
        self.benign_level = self._make_level("benignLevelSpin", told, self._settings.benign_level)
        self.level = self._make_level("levelSpin", "Certainty of verdicts, in per cent", self._settings.level)
        self.reader = named(QComboBox(self), "readerCombo", "Who reads the verdicts")
        self.reader.setToolTip("What is advised about an image on which the model does not decide goes by that")
        for reader in Readership:
            self.reader.addItem(reader.plain_name, reader)
        self.reader.setCurrentIndex(list(Readership).index(self._settings.reader))
        self.record = RecordBox(self._settings.keep_record, self)

    def _make_level(self, name: str, told: str, level: float) -> WholeNumberBox:
        spin = named(WholeNumberBox(self), name, told)
        spin.setRange(*LEVEL_PERCENTS)
        spin.setValue(round(100 * level))
        spin.setSuffix(" %")
        spin.setMinimumHeight(self.theme.sizeHint().height())
        return spin

    def settings(self) -> Settings:
        """The settings as the dialog shows them."""
        return Settings(
            theme=ThemeChoice(self.theme.currentData()),
            text_percent=int(self.text_size.currentData()),
            runs_folder=self.folder.text().strip(),
            threads_left=self.threads.value(),
            notify=self.notify.isChecked(),
            keep_record=self.record.keep.isChecked(),
            level=self.level.value() / 100,
            benign_level=self.benign_level.value() / 100,
            reader=Readership(self.reader.currentData()),
        )

    @Slot()
    def accept(self) -> None:
        """Keep what is shown."""
        self._settings = self.settings()
        self.changed.emit(self._settings)
        super().accept()

    @Slot()
    def reject(self) -> None:
        """Go back to what was."""
        self.changed.emit(self._before)
        super().reject()

    @Slot()
    def _show_changes(self) -> None:
        shown = self.settings()
        self.changed.emit(replace(self._before, theme=shown.theme, text_percent=shown.text_percent))

    @Slot()
    def _choose_folder(self) -> None:
        start = self.folder.text() or str(runs_root())
        chosen = QFileDialog.getExistingDirectory(self, "Folder for runs", start)
        if chosen:
            self.folder.setText(str(Path(chosen)))


def _add_explained(form: QFormLayout, label: QLabel, field: QWidget | QLayout, text: str) -> None:
    """A row whose field is explained below it."""
    form.addRow(label, column_of(field, make_label(text, "small", wrap=True), spacing=3))
