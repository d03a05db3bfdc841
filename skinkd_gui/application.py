"""The QApplication: SkinKD's name, icon, theme and collector."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QSettings, Qt, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from core.program import program_version
from skinkd_gui.crash_reporter import log_qt_message
from skinkd_gui.settings.store import load_settings
from skinkd_gui.widgets.theme import application_icon, theme
from skinkd_gui.workers.collector import Collector


def make_application() -> QApplication:
    """The QApplication with SkinKD's name, icon, theme and collector. Call `window_problem` of core first."""
    qInstallMessageHandler(log_qt_message)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication([sys.argv[0] if sys.argv else "skinkd"])
    application.setApplicationName("SkinKD")
    application.setApplicationDisplayName("SkinKD")
    application.setApplicationVersion(program_version())
    application.setDesktopFileName("skinkd")
    Collector(application).start()
    application.setWindowIcon(application_icon())
    settings = load_settings()
    theme().apply(settings.theme, settings.text_percent)
    return application


def keep_settings_in(folder: Path) -> None:
    """Let the application keep its settings in a folder and leave the user's alone."""
    for scope in (QSettings.Scope.UserScope, QSettings.Scope.SystemScope):
        QSettings.setPath(QSettings.Format.IniFormat, scope, str(folder))
