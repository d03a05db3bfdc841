"""`make demo`: the main job on the built-in sample set, through the real window and its training thread.

With a screen you watch it and end in the Results tab. Without one it runs on Qt's offscreen platform, prints what it
does, saves pictures and a report, and exits with 0, or with 1 when a run failed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from core.demo.plan import SAMPLE_IMAGES
from core.program import say
from core.system_libraries import window_problem

_MARK = ".skinkd-demo"
_SIZE = (1280, 800)
_NO_SCREEN = ("offscreen", "minimal")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo to its end and return the exit status: 0 all runs finished, 1 not, 2 wrong usage."""
    asked = _parser().parse_args(arguments)
    out = asked.out.expanduser().absolute()
    screen = not asked.offscreen and has_screen()
    if not screen:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    problem = window_problem()
    if problem is not None:
        say(problem.title, problem.summary)
        return 1
    prepare_folder(out)
    return _run(out, screen, asked.images, tuple(asked.assignments))


def has_screen() -> bool:
    """Whether a person can watch; says why not where a screen is set and can not be used."""
    asked = os.environ.get("QT_QPA_PLATFORM", "")
    if asked.startswith(_NO_SCREEN):
        return False
    problem = window_problem()
    if problem is None:
        return True
    if any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        say(f"{problem.title}. {problem.summary}")
    say("The demo goes on without a screen and saves pictures of the window.")
    return False


def prepare_folder(out: Path) -> None:
    """Make the demo's folders and settings its own; the runs of an earlier demo go, a user's runs never."""
    runs = out / "runs"
    if (runs / _MARK).is_file():
        shutil.rmtree(runs)
    runs.mkdir(parents=True, exist_ok=True)
    (runs / _MARK).touch()
    os.environ.setdefault("SKINKD_CACHE", str(out / "cache"))


def _run(out: Path, screen: bool, images: int, assignments: tuple[str, ...]) -> int:
    from skinkd_gui.app import start_logging
    from skinkd_gui.application import keep_settings_in, make_application

    keep_settings_in(out / "settings")
    start_logging()
    application = make_application()
    from skinkd_gui.demo.director import DemoDirector, DemoOptions
    from skinkd_gui.end_requests import EndRequests
    from skinkd_gui.main_window import MainWindow
    from skinkd_gui.workers.job import shut_down_all

    window = MainWindow(out / "runs")
    window.painted.connect(window.start_engine)
    director = DemoDirector(window, DemoOptions(out, screen, images, assignments), say)
    if not screen:
        director.finished.connect(application.quit)
    requests = EndRequests(application)
    requests.asked.connect(window.close_without_asking)
    if not screen:
        window.resize(_SIZE[0], _SIZE[1])
    window.show()
    director.start()
    application.exec()
    requests.close()
    window.close_without_asking()
    return director.status if shut_down_all() else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR", help="where everything goes")
    parser.add_argument("--offscreen", action="store_true", help="do not open a window, save pictures of it")
    parser.add_argument("--images", type=int, default=SAMPLE_IMAGES, metavar="N", help="size of the sample set")
    parser.add_argument(
        "--set",
        dest="assignments",
        action="append",
        default=[],
        metavar="section.key=value",
        help="change a value in all recipes; can be given several times",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
