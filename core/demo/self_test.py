"""The self-test: the main job, very small, from drawn images to a report, in a folder of its own and without a network.

It shows that a program works on this computer as it was installed, with every library that it carries. The user's runs,
settings and caches are not looked at.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import SkinKDError
from core.events import CancelToken, ignore
from core.quantities import file_size
from core.terminal import LogFormatter
from core.visible_text import visible

IMAGES = 160
"""As many as eight classes need to be split in three."""

_CLASSIFIED = 12
_ALIKE = 1e-3  # how far probabilities of the exported network may be from those of the original
_TALE = "self-test.txt"

Write = Callable[[str], None]


@dataclass(frozen=True)
class SelfTestStep:
    """One thing to try. `work` does it and returns in a few words what came out; it raises when that is not right.

    `needs` is the step without which this one can not be tried.
    """

    name: str
    work: Callable[[], str]
    needs: str = ""


class SelfTest:
    """The steps that need no window, in `folder`; `images` (16 or more) and `epochs` make them smaller in tests."""

    def __init__(self, folder: Path, *, images: int = IMAGES, epochs: int = 2) -> None:
        self._folder = folder
        self._data = folder / "images"
        self._images, self._epochs = images, epochs
        self._runs: list[Path] = []

    def steps(self) -> tuple[SelfTestStep, ...]:
        """What is tried, in order."""
        draw, train = "Draw sample images", "Train a teacher"
        distil, classify = "Distil a student", "Classify images with verdicts"
        return (
            SelfTestStep(draw, self._draw),
            SelfTestStep(train, self._run, draw),
            SelfTestStep(distil, self._run, train),
            SelfTestStep(classify, self._classify, train),
            SelfTestStep("Export as ONNX and check it", self._export, classify),
            SelfTestStep("Write a report", self._report, train),
        )

    def _draw(self) -> str:
        from core.demo.plan import write_demo_images

        write_demo_images(self._data, self._images, ignore, CancelToken())
        return f"{self._images} images"

    def _run(self) -> str:
        """Train the demo's teacher, or the student that learns from it."""
        from core.demo.plan import demo_plan
        from core.runs.planning import PlannedRun, execute_plan, with_teacher

        assignments = (f"optimisation.epochs={self._epochs}", "optimisation.warmup=0")
        plan = demo_plan(self._data, assignments)
        planned = next(run for run in plan if run.recipe.needs_teacher == bool(self._runs))
        recipe = with_teacher(planned.recipe, self._runs[0]) if self._runs else planned.recipe
        (summary,) = execute_plan((PlannedRun(recipe, planned.name),), self._folder / "runs")
        _expect(summary.scores is not None, f"{planned.name} ended without scores")
        self._runs.append(summary.folder)
        return f"{self._epochs} epochs on {summary.status.device}"

    def _classify(self) -> str:
        from core.inference.classifier import Classifier

        classifier = Classifier.load(self._runs[-1])
        found = list(classifier.classify(self._some_images()))
        answered = [one for one in found if one.assessment is not None and one.probabilities is not None]
        _expect(len(answered) == _CLASSIFIED, f"{len(answered)} of {_CLASSIFIED} images were classified with a verdict")
        return f"{len(answered)} images"

    def _export(self) -> str:
        from core.inference.classifier import Classifier
        from core.inference.export.exporting import ModelExportOrder, export_model

        file = self._folder / "student.onnx"
        for quantise in ("int8", ""):
            # The training is too short for scores that mean anything; a loss of them is none of the export.
            found = export_model(ModelExportOrder(self._runs[-1], file, quantise, tolerance=1.0))
            _expect(not found.refused, f"the export was refused: {found.refused}")
        images = self._some_images()
        answers = [list(Classifier.load(model, "cpu").classify(images)) for model in (self._runs[-1], file)]
        for one, other in zip(*answers, strict=True):
            pairs = zip(one.probabilities or (), other.probabilities or (), strict=True)
            _expect(all(abs(a - b) < _ALIKE for a, b in pairs), f"other probabilities for {one.path.name}")
        return f"{file_size(file.stat().st_size)}, the same answers"

    def _report(self) -> str:
        from core.reporting.report import write_report

        page = write_report(self._runs, self._folder / "report")
        _expect("<html" in page.read_text(encoding="utf-8"), f"{page} is no page")
        return f"{file_size(page.stat().st_size)}"

    def _some_images(self) -> list[Path]:
        return sorted(self._data.rglob("*.jpg"))[:_CLASSIFIED]


def run_steps(steps: Sequence[SelfTestStep], write: Write) -> bool:
    """Do the steps one after the other and write how each went; whether all were right."""
    failed: set[str] = set()
    for step in steps:
        begin, story = time.monotonic(), list[str]()
        if step.needs in failed:
            failed.add(step.name)
            write(f"left out {step.name}: it needs what failed before")
            continue
        try:
            end, came = "OK      ", step.work()
        except SkinKDError as error:
            end, came = "failed  ", f"{error.title}. {error.summary} {error.details}"
        except Exception:  # the test is there to find what nobody expects, and goes on to the next part
            story = traceback.format_exc().strip().split("\n")
            end, came = "failed  ", story[-1]
        if end.startswith("failed"):
            failed.add(step.name)
        write(f"{end} {step.name}: {came.strip()} ({time.monotonic() - begin:.1f} s)")
        for line in story:
            write(f"    {line}")
    count = f"{len(failed)} of {len(steps)} steps failed" if failed else f"all {len(steps)} steps are right"
    write(f"Self-test of SkinKD: {count}.")
    return not failed


@contextmanager
def temporary_user_folder(asked: Path | None) -> Iterator[Path]:
    """A folder that stands in for all of the user's: `asked`, which stays, or a temporary one, which goes.

    Inside the block runs, caches and the application's memory are in it, the log too. Raises `SkinKDError` for a folder
    that holds anything.
    """
    if asked is None:
        temporary = tempfile.TemporaryDirectory(prefix="skinkd-self-test-", ignore_cleanup_errors=True)
        with temporary as folder, _everything_in(Path(folder)):
            yield Path(folder)
        return
    folder_asked = asked.expanduser().absolute()
    try:
        folder_asked.mkdir(parents=True, exist_ok=True)
        empty = next(folder_asked.iterdir(), None) is None
    except OSError as error:
        raise SkinKDError("The self-test has no folder", f"{asked} can not be used.", str(error)) from error
    if not empty:
        raise SkinKDError("The self-test has no folder", f"{asked} holds files already. Name a new or empty folder.")
    with _everything_in(folder_asked):
        yield folder_asked


def teller(folder: Path, write: Write) -> Write:
    """Writes into the folder as well: a program with a window may have nobody to write to."""

    def tell(text: str) -> None:
        write(text)
        with (folder / _TALE).open("a", encoding="utf-8") as file:
            file.write(f"{visible(text)}\n")

    return tell


def _expect(right: bool, otherwise: str) -> None:
    if not right:
        raise SkinKDError("Not as it should be", f"{otherwise[0].upper()}{otherwise[1:]}.")


@contextmanager
def _everything_in(folder: Path) -> Iterator[None]:
    names = {
        "SKINKD_RUNS": "runs",
        "SKINKD_CACHE": "cache",
        "SKINKD_STATE": "state",
        "MPLCONFIGDIR": "cache/matplotlib",
    }
    values = {name: str(folder / place) for name, place in names.items()} | {"HF_HUB_OFFLINE": "1"}
    before = dict(os.environ)
    log = logging.FileHandler(folder / "self-test.log", encoding="utf-8", delay=True)
    log.setFormatter(LogFormatter())
    os.environ.update(values)
    logging.getLogger().addHandler(log)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.getLogger().removeHandler(log)
        log.close()
        os.environ.clear()
        os.environ.update(before)
