"""The whole of one run, from its recipe to its scores; what was done before an interruption is not done again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from core.allocator import give_back
from core.atomic import remove_leftovers
from core.awake import keep_awake
from core.data.types import Part
from core.documents import NewerVersionError, write_json
from core.errors import Cancelled, SkinKDError
from core.evaluation.metrics import score
from core.events import (
    CancelToken,
    Emit,
    EpochRecord,
    Level,
    MemoryReleased,
    Notice,
    Phase,
    Progress,
    RunStarted,
    TellingToken,
    ignore,
)
from core.paths import own_folders
from core.process_group import ProcessGroup, process_group, working_with
from core.recipe import recipe_to_toml
from core.recipe.schema import HardwareRecipe
from core.runs.environment import ENERGY, describe_environment, known_preprocessing
from core.runs.failing import explained_failure
from core.runs.first_epoch import keep_first_epoch
from core.runs.folder import RunFolder
from core.runs.following import SharedRun, learning
from core.runs.listing import summarise
from core.runs.preparing import PreparedData, prepare_data
from core.runs.recorded import RECIPES, changed_since_finished, legs_of
from core.runs.results import ORIGIN, Results
from core.runs.several import execute_with_others, wants_others
from core.runs.status import RunState, RunSummary
from core.runs.status_repair import repair_status
from core.runs.tables import write_history
from core.runs.teachers import Teacher, check_same_classes, common_digest, find_teachers, weights_leaks
from core.runs.teaching import RECORD, prepare_teachers, teacher_precision
from core.runs.tracking import EventWriter, describe_failure, logged, run_log
from core.training.draw_coverage import never_shown
from core.training.energy import EnergyMeter, counters
from core.training.hardware import Hardware, Precision, fixed_threads, resolve
from core.training.legs import Leg, beginning_of, changes_text, legs_to_values

if TYPE_CHECKING:
    from core.models.factory import LoadedModel
    from core.teachers.sources import TeacherSource
    from core.training.compiling import Compilation
    from core.training.loop import FitResult

COMPILATION = "compilation"
"""The name in environment.json."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


def execute(folder: RunFolder, emit: Emit = ignore, token: CancelToken | None = None) -> RunSummary:
    """Do, or go on with, a run to its end: read, check, split, decode, ask the teacher, train, test, save.

    A finished run is left as it is, unless its results are gone or damaged: then they are made again from its last
    checkpoint. A run goes on only under the recipe and the teacher of its checkpoint, but for what may change
    (`core.runs.amending` changes that); all of them are recorded. The status follows: `stopped` when `token` was
    cancelled (`Cancelled` is raised again, a checkpoint is written), `failed` with a message for any error (raised
    again as a `SkinKDError` where a person can act on it). A damaged status.json is written anew, which is reported.
    Raises `SkinKDError` at once when someone else works on the run.
    """
    if (hardware := _hardware_of(folder)) and wants_others(hardware):
        execute_with_others(execute, folder, hardware, emit, token or CancelToken())
        return summarise(folder)
    with folder.locked():
        mended = repair_status(folder)
        if mended:
            emit(Notice(mended, Level.WARNING))
        if folder.status().state is RunState.FINISHED:
            lost = _lost_results(folder)
            if not lost:
                _check_unchanged(folder)
                emit(Notice(f"{folder.path.name} is already finished."))
                return summarise(folder)
            _check_restorable(folder, lost)
            emit(Notice(f"{folder.path.name} is finished, but {lost}. Its results are made again.", Level.WARNING))
        remove_leftovers([folder.path, folder.checkpoint_folder, *own_folders()])
        try:
            with run_log(folder.log_file), keep_awake(emit):
                _guarded(folder, logged(emit), token or CancelToken())
        finally:
            give_back()
            emit(MemoryReleased())
        return summarise(folder)


def _hardware_of(folder: RunFolder) -> HardwareRecipe | None:
    """What the run may use; None where its recipe can not be read, of which its status tells."""
    try:
        return folder.recipe().hardware
    except SkinKDError:
        return None


def _lost_results(folder: RunFolder) -> str:
    """What is wrong with a finished run's results, in words; empty when all can be read."""
    from core.models.files import read_weights

    absent = [
        file.name for file in (folder.model_file, folder.metrics_file, folder.predictions_file) if not file.is_file()
    ]
    if absent:
        return f"{', '.join(absent)} {'is' if len(absent) == 1 else 'are'} missing"
    try:
        read_weights(folder.model_file)
        classes = folder.recipe().class_set
        predictions = folder.predictions()
        for part in (Part.VALIDATION, Part.TEST):
            rows = predictions.of(part)
            if folder.scores(part.value) != (score(rows.labels, rows.logits, classes) if rows.names else None):
                return "predictions.csv does not give the scores in metrics.json"
    except NewerVersionError:  # what a newer SkinKD wrote is not replaced
        raise
    except SkinKDError as error:
        return f"{error.title[0].lower()}{error.title[1:]}"
    return ""


def _check_unchanged(folder: RunFolder) -> None:
    """Raise `SkinKDError` when a finished run's recipe.toml is not the recipe that it was trained under."""
    changed = changed_since_finished(folder)
    if changed:
        raise SkinKDError(
            "The recipe of a finished run was changed",
            f"{folder.path.name} is finished and is not trained on, but recipe.toml is not what it was trained under: "
            f"{changed[:300]}. Put the old values back, or start a new run with this recipe.",
            changed,
        )


def _check_restorable(folder: RunFolder, lost: str) -> None:
    """Raise `SkinKDError` when a finished run's results could only be had by training all over."""
    if not folder.has_checkpoint:
        raise SkinKDError(
            "The run's results are damaged",
            f"{folder.path.name} is finished, but {lost}, and its checkpoint is gone too. Start a new run with its "
            f"recipe: {folder.recipe_file}",
        )


def _guarded(folder: RunFolder, emit: Emit, token: CancelToken) -> None:
    """Do the run and let its status tell how it ended."""
    clock = _Clock(folder.status().seconds)
    try:
        _Run(folder, clock, emit, token).execute()
    except Cancelled:
        _log.info("stopped by the user")
        _note_end(folder, RunState.STOPPED, "stopped by the user; can be resumed", clock)
        raise
    except Exception as error:
        told = explained_failure(error, folder)
        _log.log(logging.WARNING if isinstance(told, SkinKDError) else logging.ERROR, "failed", exc_info=True)
        _note_end(folder, RunState.FAILED, describe_failure(told), clock)
        if told is error:
            raise
        raise told from error


def _note_end(folder: RunFolder, state: RunState, message: str, clock: _Clock) -> None:
    """Where the disk is full or gone the status can not be written either; that must not hide why the run ended."""
    try:
        folder.set_status(state=state, message=message, seconds=clock.seconds)
    except (OSError, SkinKDError):
        _log.warning("the status of %s can not be written", folder.path, exc_info=True)


class _Run:
    """One run at work; also the training's `Observer`."""

    _events: EventWriter

    def __init__(self, folder: RunFolder, clock: _Clock, emit: Emit, token: CancelToken) -> None:
        self._folder = folder
        self._clock = clock
        self._emit = emit
        self._token = TellingToken(token, self.paused)
        self._waiting = False
        self._recipe = folder.recipe()
        self._classes = self._recipe.class_set
        self._notes: list[str] = []
        self._teacher_precision: Precision = "32"  # of the teacher
        self._compilation: Compilation | None = None
        self._teachers: tuple[Teacher, ...] = ()
        self._legs: tuple[Leg, ...] = ()
        self._energy = EnergyMeter(())

    def execute(self) -> None:
        """All steps; what can fail quickly comes first."""
        status = self._folder.set_status(state=RunState.RUNNING, message="", epochs=self._recipe.optimisation.epochs)
        self._emit(RunStarted(self._folder.path, status.name))
        self._teachers = find_teachers(self._recipe, self._folder.path.parent)
        for teacher in self._teachers:
            check_same_classes(teacher, self._classes)

        self._emit(Progress(Phase.LOADING, 0, 1))
        self._legs = legs_of(self._folder, self._recipe, common_digest(self._teachers))
        hardware = resolve(self._recipe.hardware, self._emit)
        self._count_energy(hardware)
        with fixed_threads(hardware.threads):
            model = self._create_model(hardware)
            self._emit(Progress(Phase.LOADING, 1, 1))
            data = prepare_data(self._folder, self._recipe, self._emit, self._token)
            self._record_recipes()
            self._folder.set_status(device=hardware.description, synthetic=data.dataset.synthetic)
            self._notes += data.notes
            self._warn(self._recipe.optimisation.notes)
            if note := never_shown(data.dataset.labels[data.split.train], self._classes.codes, self._recipe):
                self._notes.append(note)
            self._warn(weights_leaks(self._recipe.trained.weights, data.dataset, data.split))
            group = self._told_to_others(model, data, hardware)
            with working_with(group):
                teachers = self._teacher_sources(data, hardware)
            epochs = self._try(lambda: len(self._folder.history()), 0)
            with closing(EventWriter(self._folder.path, epochs + 1)) as self._events:
                with working_with(group):
                    result = self._fit(model, data, teachers, hardware)
                self._finish(model, data, result, hardware)

    def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
        """Write what an epoch brought (called by the training after its checkpoint)."""
        write_history(self._folder.history_file, history)
        self._events.epoch(history[-1])
        self._record(ENERGY, self._energy_document())
        self._folder.set_status(epoch=history[-1].epoch, seconds=self._clock.seconds)

    def paused(self, waiting: bool) -> None:
        """Show that the run waits (called by its token, and by the training, which first saves its state)."""
        if waiting == self._waiting:
            return
        self._waiting = waiting
        self._clock.hold(waiting)
        self._folder.set_status(state=RunState.PAUSED if waiting else RunState.RUNNING, seconds=self._clock.seconds)

    def prepared(self, compilation: Compilation) -> None:
        """Put on record whether the steps are compiled (called by the training before its first step)."""
        self._record(COMPILATION, compilation.to_values())

    def _record_recipes(self) -> None:
        """Put on record under which recipes the run trains and trained, once it is clear that it can."""
        self._record(RECIPES, legs_to_values(self._legs))
        for last, new in pairwise(self._legs):
            self._notes.append(
                f"From {beginning_of(new)} on it was trained under another recipe: {changes_text(last, new)}."
            )

    def _record(self, name: str, values: Any) -> None:
        """Put something on record in environment.json; nothing where there are no values."""
        if values:
            write_json(self._folder.environment_file, {**self._folder.environment(), name: values})

    def _count_energy(self, hardware: Hardware) -> None:
        """Count from here on, beside what the run had counted before an interruption."""
        before: dict[str, Any] = self._try(self._folder.environment, {})
        counted = before.get(ENERGY)
        meters = counters(hardware.device, hardware.devices)
        self._energy = EnergyMeter(meters, counted if isinstance(counted, dict) else None)
        self._emit = self._energy.reading(self._emit)

    def _energy_document(self) -> dict[str, Any]:
        self._energy.read()
        return self._energy.document

    def _warn(self, notes: Iterable[str]) -> None:
        """Say what a reader of the scores must know, now and beside them."""
        for note in notes:
            self._notes.append(note)
            self._emit(Notice(note, Level.WARNING))

    def _try(self, read: Callable[[], T], otherwise: T) -> T:
        """What a file of the run holds that the checkpoint holds too, or that is written anew; damage is reported."""
        try:
            return read()
        except SkinKDError as error:
            self._emit(Notice(f"{error.title}: {error.summary} The run goes on without it.", Level.WARNING))
            return otherwise

    def _create_model(self, hardware: Hardware) -> LoadedModel:
        from core.models.factory import LoadedModel, create_model
        from core.models.rates import Rates
        from core.training.checkpoint import CheckpointFolder
        from core.training.compiling import Compilation
        from core.training.optimisation import trainable_count

        section, resuming = self._recipe.trained, CheckpointFolder(self._folder.checkpoint_folder).exists
        before: dict[str, Any] = self._try(self._folder.environment, {})
        known = known_preprocessing(before) if resuming else None
        loaded = create_model(
            section.architecture,
            # A checkpoint holds all weights: going on needs neither the internet nor the file of starting weights. That
            # of a probe holds its last layer.
            weights="none" if known and not self._recipe.probes else section.weights,
            image_size=self._recipe.data.image_size,
            classes=self._classes,
            freeze=1.0 if self._recipe.probes else section.freeze,
            rates=Rates.of(section.drop_rate, section.drop_path_rate),
            seed=self._recipe.optimisation.seed,
        )
        if known:
            loaded = LoadedModel(loaded.model, known, ())
        for note in loaded.notes:
            self._emit(Notice(note))
        environment = describe_environment(
            hardware,
            architecture=section.architecture,
            parameters=sum(parameter.numel() for parameter in loaded.model.parameters()),
            trainable=trainable_count(loaded.model),
            preprocessing=loaded.preprocessing,
            weights=before.get("weights") or {} if known else self._weights(loaded),
        )
        environment[ORIGIN] = before.get(ORIGIN) if known else self._origin(loaded)
        if self._recipe.needs_teacher:
            environment[RECORD] = self._teacher_precision = teacher_precision(self._folder, hardware)
        self._compilation = Compilation.from_values(before.get(COMPILATION))
        if self._compilation is not None:
            environment[COMPILATION] = self._compilation.to_values()
        # RECIPES: what the images were divided under, until the division is looked at again.
        environment |= {name: before[name] for name in (RECIPES, ENERGY) if name in before}
        write_json(self._folder.environment_file, environment)
        return loaded

    def _weights(self, loaded: LoadedModel) -> dict[str, str]:
        asked = self._recipe.trained.weights
        known = {} if loaded.provenance is None else asdict(loaded.provenance)
        return {"kind": asked if asked in ("hub", "none") else "file"} | {
            name: value for name, value in known.items() if value
        }

    def _origin(self, loaded: LoadedModel) -> str:
        """Where the starting weights are from and under which licence, and those of the teachers."""
        own = loaded.provenance.text if loaded.provenance else "none"
        return "; ".join(
            [f"Starting weights: {own}", *(f"its teacher: {teacher.origin}" for teacher in self._teachers)]
        )

    def _told_to_others(self, model: LoadedModel, data: PreparedData, hardware: Hardware) -> ProcessGroup:
        """The processes that make the run, of which this one leads; the others have been told of it."""
        group = process_group()
        if group.size > 1:
            digest, precisions = self._legs[-1].teacher, (self._teacher_precision, hardware.precision)
            told = (model, data.dataset, data.split, self._teachers, *precisions, digest, self._compilation)
            group.tell(SharedRun(recipe_to_toml(self._recipe, comments=False), *told))
        return group

    def _teacher_sources(self, data: PreparedData, hardware: Hardware) -> tuple[TeacherSource, ...]:
        if not self._teachers:
            return ()
        sources, notes = prepare_teachers(
            self._teachers,
            self._recipe,
            data,
            hardware=hardware,
            precision=self._teacher_precision,
            emit=self._emit,
            token=self._token,
        )
        self._warn(notes)
        return sources

    def _fit(
        self, model: LoadedModel, data: PreparedData, teachers: tuple[TeacherSource, ...], hardware: Hardware
    ) -> FitResult:
        from core.training.batches import FitData, class_counts, epoch_indices
        from core.training.checkpoint import CheckpointFolder
        from core.training.divergence import TrainingDivergedError
        from core.training.finishing import logit_shift, take_best
        from core.training.loop import fit

        checkpoint = CheckpointFolder(self._folder.checkpoint_folder)
        images = FitData(data.store, data.split.train, data.split.validation, teachers)
        if not self._recipe.applied_curriculum.entries.needs_student:  # its order is known only while it learns
            shown = data.store.labels[epoch_indices(images, self._recipe, 1)]
            keep_first_epoch(self._folder.path, shown, self._recipe.optimisation.batch_size, self._classes)
        settings = self._recipe.optimisation
        if self._recipe.probes and (settings.augmentation != "none" or settings.mixture != "none"):
            self._notes.append("A probe sees every image upright only; there is no augmentation.")
        network, images = learning(model, images, self._recipe, hardware, self._token, self._emit)
        try:
            result = fit(
                network,
                model.preprocessing,
                images,
                self._recipe,
                hardware=hardware,
                score=partial(score, classes=self._classes),
                checkpoint=checkpoint,
                observer=self,
                emit=self._emit,
                token=self._token,
                teacher_digest=self._legs[-1].teacher,
                compilation=self._compilation,
            )
        except TrainingDivergedError:
            best = checkpoint.load()["best_weights"] if checkpoint.exists else 0
            if best:
                shift = logit_shift(self._recipe, class_counts(images, self._recipe))
                take_best(network, model.preprocessing.image_size, checkpoint, best, shift)
                Results(self._folder, self._recipe, model, data, self._emit, self._token).save_model()
                self._emit(Notice(f"The weights of epoch {best}, the best before, are saved.", Level.WARNING))
            raise
        write_history(self._folder.history_file, result.history)
        return result

    def _finish(self, model: LoadedModel, data: PreparedData, result: FitResult, hardware: Hardware) -> None:
        from core.training.finishing import network_notes

        self._notes += network_notes(self._recipe, result.history, result.best_epoch)
        results = Results(self._folder, self._recipe, model, data, self._emit, self._token)
        results.write(result, self._notes, hardware)
        self._record(ENERGY, self._energy_document())
        for part in (Part.VALIDATION, Part.TEST):
            scores = self._folder.scores(part.value)
            if scores is not None:
                self._events.final(part.value, scores, result.best_epoch)
        self._folder.set_status(
            state=RunState.FINISHED, message="", epoch=len(result.history), seconds=self._clock.seconds
        )
        self._emit(Progress(Phase.SAVING, 1, 1))


@dataclass
class _Clock:
    """Seconds of work over all resumes; waiting does not count."""

    before: float = 0.0

    def __post_init__(self) -> None:
        self._begin: float | None = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return round(self.before + (0.0 if self._begin is None else time.monotonic() - self._begin), 3)

    def hold(self, waiting: bool) -> None:
        """Stop or go on."""
        self.before = self.seconds
        self._begin = None if waiting else time.monotonic()
