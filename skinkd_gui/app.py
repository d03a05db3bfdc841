"""The program `skinkd`: looks whether a window can open, makes the application, opens the window."""

from __future__ import annotations

import argparse
import faulthandler
import logging
import multiprocessing
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from core.paths import log_root, make_private
from core.program import prepare, program_version, say
from core.system_libraries import window_problem
from core.terminal import LogFormatter
from core.visible_text import visible

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

LOG_NAME = "skinkd.log"
_SHUT_DOWN_MILLISECONDS = 30_000
SWITCH_SECONDS = 0.002  # how long a thread that computes may keep Python's lock from the window; Python says 0.005

_log = logging.getLogger(__name__)
_crash_file: IO[str] | None = None  # faulthandler writes to it until the end


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the window to its end and return the exit status: 0 fine (also when a window is open already, which is
    then brought to the front), 1 no window can open, 2 wrong usage."""
    multiprocessing.freeze_support()
    prepare()
    options = _parser().parse_args(arguments)
    if options.self_test is not None:
        from skinkd_gui.demo import self_test

        return self_test.main(Path(options.self_test) if options.self_test else None)
    start_logging()
    sys.setswitchinterval(SWITCH_SECONDS)
    problem = window_problem()
    if problem is not None:
        if sys.stderr is not None:
            sys.stderr.write(f"skinkd: {problem.title}\n{visible(problem.summary)}\n")
        return 1
    from skinkd_gui.single_instance import raise_first

    asked = None if options.path is None else options.path.expanduser().absolute()
    first = raise_first(options.runs, asked)
    if first is not None:
        _log.info("%s", first[1])
        say(first[1])
        return first[0]
    from skinkd_gui.application import make_application

    return _run(make_application(), options.runs, asked)


def _run(application: QApplication, runs: Path | None, path: Path | None) -> int:
    """Show the window until it is closed; `path` is a run or model to open in it."""
    from skinkd_gui.crash_reporter import CrashReporter
    from skinkd_gui.end_requests import EndRequests
    from skinkd_gui.main_window import MainWindow
    from skinkd_gui.opened_files import OpenedFiles
    from skinkd_gui.single_instance import SingleInstance, tell_installer
    from skinkd_gui.workers.job import shut_down_all

    tell_installer()
    reporter = CrashReporter(application)
    reporter.install()
    window = MainWindow(runs, opens_at_once=True)
    reporter.set_window(window)
    instance = SingleInstance(lambda: window.runs_root, window)
    instance.raise_requested.connect(window.come_forward)
    instance.open_requested.connect(window.open_path)
    files = OpenedFiles(application)
    files.opened.connect(window.open_path)
    if path is not None:
        window.open_path(path)
    instance.refused.connect(window.close_without_asking)
    window.painted.connect(instance.claim)
    window.painted.connect(window.start_engine)
    if path is None:
        window.tabs_loaded.connect(window.tour.begin_if_first)
    window.show()
    requests = EndRequests(application)
    requests.asked.connect(window.close_without_asking)
    application.commitDataRequest.connect(window.save_session)
    status = application.exec()
    requests.close()
    if not shut_down_all(_SHUT_DOWN_MILLISECONDS):
        # A thread hangs in native code. Checkpoints are written whole or not at all, so leaving is safe.
        _log.error("a job did not end; leaving without it")
        logging.shutdown()
        os._exit(status)
    instance.release()
    return status


def start_logging() -> Path | None:
    """Write what happens into the application's log (1 MB, three old ones kept); None when that is not possible."""
    global _crash_file
    path = log_root() / LOG_NAME
    formatter = LogFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        make_private(path.parent)
        handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=3, encoding="utf-8")
        _crash_file = (path.parent / "crash.log").open("a", encoding="utf-8")
        faulthandler.enable(_crash_file)
    except OSError:
        on_stderr = logging.StreamHandler()
        on_stderr.setFormatter(formatter)
        logging.basicConfig(level=logging.WARNING, handlers=[on_stderr])
        return None
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(True)
    _log.info("SkinKD %s on Python %s, %s", program_version(), sys.version.split()[0], sys.platform)
    return path


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints quote what was given as one line."""

    def error(self, message: str) -> NoReturn:
        """End the program with a complaint."""
        super().error(visible(message))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("skinkd", description="Train, compare and use classifiers of skin lesions.")
    parser.add_argument("path", nargs="?", type=Path, metavar="FILE", help="a run's folder or a model file to open")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="the folder of runs (otherwise that of the settings)")
    parser.add_argument(
        "--self-test",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="try everything once, small, without a network, and end with 0 if all was right and 1 if not; what was "
        "made stays in FOLDER (new or empty), otherwise nothing stays",
    )
    parser.add_argument("--version", action="version", version=f"SkinKD {program_version()}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
