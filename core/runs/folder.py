"""One run's folder: made, read and kept up to date without torch; every file is written whole or not at all."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core import atomic
from core.documents import Migration, one_line, read_json, read_text, up_to_date, write_json
from core.errors import SkinKDError
from core.evaluation.metrics import scores_from_json
from core.evaluation.scores import Scores
from core.events import EpochRecord
from core.locks import Lock, holding
from core.paths import make_private
from core.recipe import Recipe, parse_recipe, recipe_to_toml
from core.runs.status import RunState, RunStatus, status_from_json
from core.runs.tables import Predictions, SplitRow, read_history, read_predictions, read_split_rows
from core.user_paths import full_path, is_file, is_folder
from core.visible_text import writable

LONGEST_NAME = 120
METRICS_VERSION = 1  # of metrics.json; a file without a version is of the first one
METRICS_MIGRATIONS: dict[int, Migration] = {}

_RESERVED = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")
_LOCK_SECONDS = 2.0
"""A listing holds a run's lock for an instant to see whether it is free; starting waits that out."""


class RunFolder:
    """A run folder. What must be there and is missing or damaged raises `SkinKDError`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.recipe_file = self.path / "recipe.toml"
        """recipe.toml: what the run does; the one file that makes a folder a run."""
        self.status_file = self.path / "status.json"
        """status.json: where the run stands."""
        self.environment_file = self.path / "environment.json"
        """environment.json: versions, device, and the model's size."""
        self.split_file = self.path / "split.csv"
        """split.csv: which image is in which part."""
        self.corrections_file = self.path / "corrections.csv"
        """corrections.csv: the corrections of the data that the run used; not there without any."""
        self.history_file = self.path / "history.csv"
        """history.csv: one row per epoch."""
        self.metrics_file = self.path / "metrics.json"
        """metrics.json: the scores of the best epoch's weights on validation and test images."""
        self.predictions_file = self.path / "predictions.csv"
        """predictions.csv: all logits on validation and test images."""
        self.averaged_file = self.path / "averaged_predictions.csv"
        """averaged_predictions.csv: of a teacher that learned turned images, and of a model that is calibrated with
        test-time augmentation, logits that are means over the eight flips and turns of each image."""
        self.model_file = self.path / "model.safetensors"
        """model.safetensors: the best epoch's weights; exists when training ended."""
        self.log_file = self.path / "run.log"
        """run.log: what happened, line by line."""
        self.checkpoint_folder = self.path / "checkpoint"
        """checkpoint/: the state of an unfinished training."""
        self._lock_file = self.path / ".lock"

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a training to go on with; `core.training.checkpoint` reads it, with torch."""
        return (self.checkpoint_folder / "state.pt").is_file()

    def recipe(self) -> Recipe:
        """The run's recipe. Raises `SkinKDError` or `RecipeError`."""
        try:
            values = tomllib.loads(read_text(self.recipe_file))
        except (OSError, ValueError, RecursionError) as error:
            raise SkinKDError(
                "The run's recipe can not be read",
                f"{self.recipe_file} is missing or damaged, so this folder is not a usable run.",
                str(error),
            ) from error
        return parse_recipe(values)

    def status(self) -> RunStatus:
        """What status.json says; whether a `running` run has a living process is for `listing` to tell.

        Raises `SkinKDError` when it is damaged.
        """
        try:
            return status_from_json(read_json(self.status_file))
        except (OSError, ValueError) as error:
            raise _damaged(self.status_file, error) from error

    def set_status(self, **changes: Any) -> RunStatus:
        """Change fields of the status (`updated` is set here) and write it."""
        status = replace(self.status(), **changes, updated=utc_now())
        self.write_status(status)
        return status

    def write_status(self, status: RunStatus) -> None:
        """Replace the status."""
        write_json(self.status_file, asdict(status))

    def history(self) -> tuple[EpochRecord, ...]:
        """The finished epochs."""
        return read_history(self.history_file)

    def metrics(self) -> dict[str, Any] | None:
        """metrics.json as this version has it, or None before the final test. Raises `NewerVersionError` too."""
        if not self.metrics_file.exists():
            return None
        values = _read_json(self.metrics_file)
        try:
            return up_to_date(values, "The run's metrics.json", METRICS_VERSION, METRICS_MIGRATIONS)
        except ValueError as error:
            raise _damaged(self.metrics_file, error) from error

    def notes(self) -> tuple[str, ...]:
        """What a reader of the scores must know, as metrics.json has it. Raises `SkinKDError` when it is damaged."""
        notes = (self.metrics() or {}).get("notes")
        return tuple(str(note) for note in notes) if isinstance(notes, list) else ()

    def facts(self, name: str) -> dict[str, Any]:
        """The facts on "data" or "calibration" in metrics.json; empty before the final test. Raises as `notes`."""
        facts = (self.metrics() or {}).get(name)
        return facts if isinstance(facts, dict) else {}

    def scores(self, part: str = "test") -> Scores | None:
        """The scores on the "test" or "validation" images; None before the final test, or when the part is empty.

        Raises `SkinKDError` when metrics.json is damaged.
        """
        metrics = self.metrics()
        values = None if metrics is None else metrics.get(part)
        try:
            return None if values is None else scores_from_json(values)
        except KeyError as error:
            raise _damaged(self.metrics_file, ValueError(f"{part}: {error.args[0]} is missing")) from error
        except (TypeError, ValueError, AttributeError) as error:
            raise _damaged(self.metrics_file, ValueError(f"{part}: {error}")) from error

    @property
    def withholds_test(self) -> bool:
        """Whether its recipe withholds the test images and its model was not asked about them since (as far as
        metrics.json can be read). Raises as `recipe`."""
        if self.recipe().data.test != "withheld":
            return False
        try:
            return not (self.metrics() or {}).get("test")
        except SkinKDError:
            return True

    def environment(self) -> dict[str, Any]:
        """environment.json, empty before the run first started."""
        return _read_json(self.environment_file) if self.environment_file.exists() else {}

    @property
    def split_rows(self) -> tuple[SplitRow, ...]:
        """The rows of split.csv, none before the data were split."""
        return read_split_rows(self.split_file)

    def predictions(self) -> Predictions:
        """All logits on validation and test images, once the run is finished."""
        return read_predictions(self.predictions_file, self.recipe().class_set)

    def averaged_predictions(self) -> Predictions | None:
        """Logits that are means over the eight flips and turns of an image: on the test images, and of a model that is
        calibrated so on the calibrating ones; None where there are none."""
        there = self.averaged_file.is_file()
        return read_predictions(self.averaged_file, self.recipe().class_set) if there else None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run's lock; raises `SkinKDError` when another process (or thread) works on the run, and when the
        folder can not be written."""
        with ExitStack() as held:
            try:
                held.enter_context(holding(self._lock_file, self._refused, _LOCK_SECONDS))
            except OSError as error:
                raise unwritable(self.path, error) from error
            yield

    def _refused(self, holder: str) -> SkinKDError:
        summary = f"{self.path.name} is already being worked on: {holder}. Wait until it has ended."
        return SkinKDError("The run is being worked on", summary)

    @property
    def is_locked(self) -> bool:
        """Whether someone works on the run right now."""
        try:
            return self._lock_file.exists() and Lock(self._lock_file).held_by_another()
        except OSError:  # a folder that this user may only read
            return False


def unwritable(folder: Path, error: OSError) -> SkinKDError:
    """What to say of a run in whose folder nothing may be written."""
    return SkinKDError(
        "The run's folder can not be written",
        f"{error.filename or folder}: {error.strerror or error}. See to its permissions, then resume the run: it goes "
        "on.",
        str(error),
    )


def _tell_nobody(folder: Path) -> None:
    """A run that nobody has to find again."""


def create_run(
    recipe: Recipe, *, runs: Path, name: str = "", announce: Callable[[Path], None] = _tell_nobody
) -> RunFolder:
    """Make a queued run's folder `<YYYYMMDD-HHMMSS>-<slug>` in `runs`; relative paths in the recipe become absolute.

    `announce` is told the folder before it is made: who writes it down knows the run however this is interrupted, and
    goes on with `complete_run`. Raises `SkinKDError` when the folder can not be written.
    """
    if writable(str(runs)) != str(runs):
        raise SkinKDError(
            "The run was not made",
            f"The name of the runs folder {runs}, or of one above it, has bytes that are no UTF-8, and no model could "
            "be kept there. Rename it, or choose another.",
        )
    recipe = absolute_paths(recipe, runs)
    name = _run_name(name, recipe)
    stamp = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    try:
        make_private(runs)
        return RunFolder(_new_folder(runs, f"{stamp}-{slugify(name)}", recipe, name, announce))
    except OSError as error:
        raise _not_made(runs, error) from error


def complete_run(folder: RunFolder, recipe: Recipe, name: str = "") -> RunFolder:
    """Make a run that `create_run` has announced, where an interruption came before. What is there stays as it is.

    Raises `SkinKDError` when the folder can not be written.
    """
    runs = folder.path.parent
    recipe = absolute_paths(recipe, runs)
    try:
        if not folder.recipe_file.exists():
            make_private(runs)
            _make(folder.path, recipe, _run_name(name, recipe))
    except OSError as error:
        raise _not_made(runs, error) from error
    return folder


def _make(target: Path, recipe: Recipe, name: str) -> None:
    """The folder appears whole: one that is not empty is never replaced. Raises OSError."""
    with atomic.temporary_folder(target.parent) as place:
        made = RunFolder(place / target.name)
        made.path.mkdir(mode=0o700)
        atomic.write_text(made.recipe_file, recipe_to_toml(recipe))
        now, epochs = utc_now(), recipe.optimisation.epochs
        made.write_status(RunStatus(RunState.QUEUED, name, now, now, epochs=epochs))
        made.path.rename(target)
    atomic.flush_folder(target.parent)


def _run_name(name: str, recipe: Recipe) -> str:
    return one_line(name)[:LONGEST_NAME].strip() or default_name(recipe)


def _not_made(runs: Path, error: OSError) -> SkinKDError:
    return SkinKDError(
        "The run's folder can not be written",
        f"No folder could be made in {runs}. Choose another folder for runs (--runs, or the settings).",
        str(error),
    )


def default_name(recipe: Recipe) -> str:
    """A short name that says what the run does, such as "mobilenetv2_100 kl 0.1 easy_first"."""
    if recipe.task == "teacher":
        return f"{recipe.teacher.architecture} teacher"
    words = [recipe.student.architecture]
    losses = "+".join(term.method.name for term in recipe.loss_terms)
    words += ["plain"] if recipe.alpha is None else [losses, f"{recipe.alpha:g}"]
    words += [entry.name for entry in recipe.curriculum.unusual]
    return " ".join(words)


def slugify(text: str) -> str:
    """Lower-case ASCII letters, digits and single hyphens, at most 60, never empty: safe in a file name anywhere."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-") or "run"
    return f"{slug}-run" if _RESERVED.fullmatch(slug) else slug  # Windows keeps such names for devices


def absolute_paths(recipe: Recipe, runs: Path) -> Recipe:
    """The recipe with every path made absolute, so that the run can go on from any working folder.

    A teacher may also be named as a run in `runs`; such a name stays.
    """

    def run(teacher: str) -> str:
        named = is_folder(runs / teacher) or not (is_folder(Path(teacher)) or is_file(teacher))
        return teacher if named else _absolute(teacher)

    data, teacher, student = recipe.data, recipe.teacher, recipe.student
    data = data.model_copy(update={"path": _absolute(data.path)})
    runs_of = {"run": run(teacher.run), "also": tuple(map(run, teacher.also))}
    teacher = teacher.model_copy(update={"weights": _absolute_weights(teacher.weights), **runs_of})
    student = student.model_copy(update={"weights": _absolute_weights(student.weights)})
    return recipe.model_copy(update={"data": data, "teacher": teacher, "student": student})


def _absolute_weights(weights: str) -> str:
    return weights if weights in {"hub", "none"} else _absolute(weights)


def _absolute(path: str) -> str:
    return str(full_path(path)) if path else path


def numbered(path: Path) -> Iterator[Path]:
    """A path, and that with -2, -3 and so on behind its name, to find one that is free. Raises FileExistsError at the
    end."""
    yield path
    yield from (path.with_name(f"{path.name}-{number}") for number in range(2, 10_000))
    raise FileExistsError(f"too many folders named {path.name}")


def _new_folder(runs: Path, name: str, recipe: Recipe, title: str, announce: Callable[[Path], None]) -> Path:
    for folder in numbered(runs / name):
        if folder.exists():
            continue
        announce(folder)
        try:
            _make(folder, recipe, title)
        except OSError:
            if folder.exists():  # another program was faster
                continue
            raise
        return folder
    raise AssertionError("numbered raises before it ends")


def utc_now() -> str:
    """The present moment in UTC, as files of runs write it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SkinKDError:
    details = f"{type(error).__name__}: {error}"
    if isinstance(error, OSError):
        return SkinKDError(f"{path.name} can not be read", f"{path} is missing or can not be opened.", details)
    return SkinKDError(
        f"{path.name} can not be read",
        f"{path} is damaged, or was edited wrongly: {str(error)[:300]}. Take the change back, or restore a copy of it.",
        details,
    )
