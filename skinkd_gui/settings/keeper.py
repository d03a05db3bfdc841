"""The settings of a running window: who changes them tells this object, who follows them listens to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from skinkd_gui.settings.store import Settings, chosen_runs_root, load_settings, save_settings


@dataclass(frozen=True)
class SettingsChange:
    """The settings before and after a change."""

    before: Settings
    after: Settings


class SettingsKeeper(QObject):
    """Holds the settings and writes each change; `folder_fixed` says that they do not choose the folder of runs."""

    runs_root_changed = Signal(object)  # Path, where runs are kept from now on
    changed = Signal(object)  # SettingsChange, already written; after the other

    def __init__(self, runs_root: Path | None, parent: QObject | None = None) -> None:
        """`runs_root`: where runs are kept, otherwise as the settings say."""
        super().__init__(parent)
        self._current = load_settings()
        self._folder_fixed = runs_root is not None
        self._runs_root = _absolute(runs_root or chosen_runs_root(self._current))

    @property
    def current(self) -> Settings:
        """The settings of now."""
        return self._current

    @property
    def folder_fixed(self) -> bool:
        """Whether the folder of runs was given at the start."""
        return self._folder_fixed

    @property
    def runs_root(self) -> Path:
        """The folder of runs, absolute."""
        return self._runs_root

    @Slot(object)
    def change(self, settings: Settings) -> None:
        """Use and keep other settings."""
        before, self._current = self._current, settings
        save_settings(settings)
        root = self._runs_root if self._folder_fixed else _absolute(chosen_runs_root(settings))
        if root != self._runs_root:
            self._runs_root = root
            self.runs_root_changed.emit(root)
        self.changed.emit(SettingsChange(before, settings))


def _absolute(folder: Path) -> Path:
    return folder.expanduser().absolute()
