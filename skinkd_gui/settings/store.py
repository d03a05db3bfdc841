"""The user's settings, kept between starts in an INI file of the user's own."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSettings

from core.evaluation.decision_levels import BENIGN_LEVEL
from core.inference.trust import DEFAULT_LEVEL, DEFAULT_READERSHIP, Readership
from core.paths import make_private, runs_root
from core.user_paths import expanded
from skinkd_gui.widgets.theme import ThemeChoice

TEXT_PERCENTS = (80, 90, 100, 110, 125, 150, 175, 200)
LEVEL_PERCENTS = (80, 99)
"""The lowest and the highest certainty of verdicts that the window offers."""

_LEVEL, _BENIGN_LEVEL = "classify/level", "classify/benign_level"


@dataclass(frozen=True)
class Settings:
    """What the preferences dialog changes.

    `text_percent` is 80..200; `runs_folder` empty means the usual place; `threads_left` is how many CPU cores a run
    leaves to the window and other programs; `notify` asks for a message of the system when a run ends. `keep_record`
    switches the record of what was classified; `level` (0.80..0.99) is that of the prediction sets; `benign_level`, in
    the same range, is the share of malignant lesions not to be called benign; `reader` is who reads the verdicts.
    """

    theme: ThemeChoice = ThemeChoice.SYSTEM
    text_percent: int = 100
    runs_folder: str = ""
    threads_left: int = 0
    notify: bool = True
    keep_record: bool = True
    level: float = DEFAULT_LEVEL
    benign_level: float = BENIGN_LEVEL
    reader: Readership = DEFAULT_READERSHIP


def open_store() -> QSettings:
    """The file behind the settings, also used for the window's geometry."""
    store = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "SkinKD", "SkinKD")
    with suppress(OSError):  # Qt says itself when it can not write
        make_private(Path(store.fileName()).parent)
    return store


def load_settings() -> Settings:
    """The stored settings; what is missing or can not be used takes its default."""
    store = open_store()
    default = Settings()
    theme = str(store.value("theme", default.theme))
    percent = _number(store.value("text_percent"), default.text_percent)
    reader = str(store.value("classify/reader", default.reader))
    level, benign_level = (
        min(max(_number(store.value(name), round(100 * usual)), LEVEL_PERCENTS[0]), LEVEL_PERCENTS[1]) / 100
        for name, usual in ((_LEVEL, default.level), (_BENIGN_LEVEL, default.benign_level))
    )
    return Settings(
        theme=ThemeChoice(theme) if theme in set(ThemeChoice) else default.theme,
        text_percent=min(max(percent, TEXT_PERCENTS[0]), TEXT_PERCENTS[-1]),
        runs_folder=str(store.value("runs_folder", default.runs_folder)),
        threads_left=max(0, _number(store.value("threads_left"), default.threads_left)),
        notify=str(store.value("notify", "on")) != "off",
        keep_record=str(store.value("classify/record", "on")) != "off",
        level=level,
        benign_level=benign_level,
        reader=Readership(reader) if reader in set(Readership) else default.reader,
    )


def save_settings(settings: Settings) -> None:
    """Write the settings."""
    store = open_store()
    store.setValue("theme", str(settings.theme))
    store.setValue("text_percent", settings.text_percent)
    store.setValue("runs_folder", settings.runs_folder)
    store.setValue("threads_left", settings.threads_left)
    store.setValue("notify", "on" if settings.notify else "off")
    store.setValue("classify/record", "on" if settings.keep_record else "off")
    store.setValue(_LEVEL, round(100 * settings.level))
    store.setValue(_BENIGN_LEVEL, round(100 * settings.benign_level))
    store.setValue("classify/reader", str(settings.reader))
    store.sync()


def chosen_runs_root(settings: Settings) -> Path:
    """Where runs are kept: `SKINKD_RUNS` wins over the settings, the settings over the usual place."""
    if settings.runs_folder and not os.environ.get("SKINKD_RUNS", "").strip():
        return expanded(settings.runs_folder)
    return runs_root()


def _number(value: object, default: int) -> int:
    try:
        return int(str(value))
    except ValueError:
        return default
