"""The one training loop: teacher, plain student and distilled student, on whatever device Lightning Fabric drives.

Everything random in a step is a pure function of (seed, epoch, batch), so a run that goes on from a checkpoint, also
from the middle of an epoch, ends on the CPU with exactly the numbers of a run that was never interrupted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from core.errors import Cancelled
from core.events import (
    BatchFinished,
    CancelToken,
    Emit,
    EpochFinished,
    EpochRecord,
    LossParts,
    Notice,
    Phase,
    ignore,
)
from core.models.info import Preprocessing
from core.process_group import current_group, shared
from core.recipe import Recipe
from core.teachers.sources import AugmentedBatch
from core.training.batches import FitData, check_data, class_counts, epoch_indices, epoch_views, step_mix
from core.training.checkpoint import CheckpointFolder, Values
from core.training.compiling import UNRECORDED, Compilation, changed
from core.training.divergence import TrainingDivergedError, diverged
from core.training.early_stopping import EarlyStopping, cross_entropy
from core.training.engine import own_randomness
from core.training.finishing import check_adjustable, logit_shift, take_best
from core.training.going_on import check_belongs, continued, identity, other_hardware, recorded_legs, told
from core.training.hardware import Hardware
from core.training.latest_logits import LatestLogits
from core.training.legs import Leg, hashes_of_epoch, legs_to_text
from core.training.meter import Meter
from core.training.optimisation import learning_rate, step_seed
from core.training.placement import stage_images
from core.training.plan import EpochPlan
from core.training.step import Learner, MixedLabels, StepInput

_CHECKPOINT_SECONDS = 600.0


class EpochScores(Protocol):
    """The validation scores that the loop records; `core.evaluation.scores.Scores` is one."""

    @property
    def accuracy(self) -> float: ...
    @property
    def weighted_f1(self) -> float: ...
    @property
    def balanced_accuracy(self) -> float: ...


Score = Callable[[NDArray[np.int64], NDArray[np.float32]], EpochScores]
"""Labels (n,) and logits (n, classes) to scores."""


class Observer(Protocol):
    """What the owner of a training is told besides the events. Who inherits does nothing where it says nothing."""

    def epoch_finished(self, history: tuple[EpochRecord, ...]) -> None:
        """An epoch and its checkpoint are done."""
        return

    def paused(self, waiting: bool) -> None:
        """The training waits at the user's request (its checkpoint is written), or goes on again."""
        return

    def prepared(self, compilation: Compilation) -> None:
        """The training begins its steps, or goes on with them, compiled or not: whoever goes on with it says so."""
        return


class _Nobody(Observer):
    """An observer that does nothing."""


@dataclass(frozen=True)
class FitResult:
    """A finished training; the model holds the weights of `best_epoch` (counted from 1)."""

    history: tuple[EpochRecord, ...]
    best_epoch: int


def fit(
    model: nn.Module,
    preprocessing: Preprocessing,
    data: FitData,
    recipe: Recipe,
    *,
    hardware: Hardware,
    score: Score,
    checkpoint: CheckpointFolder,
    observer: Observer | None = None,
    emit: Emit = ignore,
    token: CancelToken | None = None,
    teacher_digest: str = "",
    compilation: Compilation | None = None,
) -> FitResult:
    """Train `model` in place as the recipe says and leave the best epoch's weights in it, on the hardware's device.

    Goes on from `checkpoint` when it exists and `recipe` and the teacher (`teacher_digest`: SHA-256 of its model file)
    differ from those it was made under in nothing but what may change; every epoch's recipe is recorded. A step
    minimises alpha * L_KD + (1 - alpha) * L_CLS (paper, figure 4). The best epoch is the first with the best watched
    validation score; training ends after `epochs`, or when `patience` epochs in a row brought no new best.
    `compilation` is what the observer was told when the training began: steps are compiled from beginning to end, or
    not at all; those in which the head alone learns (`optimisation.head_epochs`) are not.

    Raises `Cancelled` within a batch of being asked to stop, after writing a checkpoint; `TrainingDivergedError` when
    the loss is not finite; `RecipeChangedError` for another recipe or teacher than the checkpoint's; `SkinKDError` for
    data or checkpoints that can not be used.
    """
    check_data(data, recipe)
    with own_randomness(hardware.device):
        counts = class_counts(data, recipe)
        shift = logit_shift(recipe, counts)
        check_adjustable(model, preprocessing.image_size, shift)
        learner = Learner(
            model,
            preprocessing,
            recipe,
            hardware,
            emit,
            class_counts=torch.from_numpy(counts),
            teacher_dims=[teacher.feature_dim for teacher in data.teachers],
        )
        trainer = _Trainer(
            learner, preprocessing, data, recipe, hardware, score, checkpoint, teacher_digest, compilation, shift
        )
        trainer.connect(observer or _Nobody(), emit, token or CancelToken())
        return trainer.run()


class _Trainer:
    """One training and its position: `batch` steps of `epoch` are done."""

    def __init__(
        self,
        learner: Learner,
        preprocessing: Preprocessing,
        data: FitData,
        recipe: Recipe,
        hardware: Hardware,
        score: Score,
        checkpoint: CheckpointFolder,
        teacher_digest: str,
        compilation: Compilation | None,
        shift: NDArray[np.float32] | None,
    ) -> None:
        self._learner = learner
        self._compilation = compilation
        self._recipe = recipe
        self._settings = recipe.optimisation
        self._data = data
        self._preprocessing = preprocessing
        self._hardware = hardware
        self._score = score
        self._checkpoint = checkpoint
        self._identity = identity(data, recipe, hardware)
        self._shift = shift
        self._plan = EpochPlan.of(recipe, len(data.train))
        self._legs: tuple[Leg, ...] = (Leg.under(recipe, teacher_digest),)
        self.epoch, self.batch, self.seconds = 1, 0, 0.0
        self.history: list[EpochRecord] = []
        self.stopping = EarlyStopping(self._settings.patience, self._settings.monitor == "loss")
        self._prepared = False
        self._latest: LatestLogits | None = None
        if recipe.applied_curriculum.entries.needs_student:
            self._latest = LatestLogits(len(data.store), len(recipe.class_set), learner.device)

    def connect(self, observer: Observer, emit: Emit, token: CancelToken) -> None:
        """Say who is told, and who may stop; then put the data in place and go back to the checkpoint."""
        self._group = current_group()
        self._observer, self._emit, self._token = observer, emit, shared(token)
        device = self._learner.device
        self._images = stage_images(
            self._data.store, self._recipe.hardware.image_store, self._hardware.device, self._emit
        )
        self._labels = torch.from_numpy(np.asarray(self._data.store.labels, np.int64)).to(device)
        self._teachers = self._data.teachers if self._learner.distils else ()
        self._meter = Meter(self._plan)
        state = self._group.tell(self._checkpoint.load() if self._group.leads and self._checkpoint.exists else None)
        if state is not None:
            with self._checkpoint.reporting_damage():
                self._restore(state)

    def run(self) -> FitResult:
        """Train to the end, then take the best weights."""
        while self.epoch <= self._settings.epochs and not self.stopping.stop:
            self._meter.start(self.seconds)
            try:
                self._train_epoch()
                record = self._validate()
            except Cancelled:
                self._save_within_epoch()
                raise
            self._finish_epoch(record)
        best = self.stopping.best_epoch
        if self._group.leads:
            take_best(self._learner.model, self._preprocessing.image_size, self._checkpoint, best, self._shift)
        return FitResult(tuple(self.history), best)

    @property
    def _batches(self) -> int:
        """Steps of the present epoch."""
        return self._plan.batches(self.epoch)

    @property
    def _whole_from(self) -> int:
        """The first epoch in which all learns that ever does: a compiled network is compiled for what learns, so that
        one of the head alone would be timed for nothing, and built anew within a step when the others join."""
        head = self._settings.head_epochs
        return head + 1 if head < self._settings.epochs else 1

    def _train_epoch(self) -> None:
        if self.batch >= self._batches:
            return
        if self._latest is not None and not self.batch:
            self._latest.begin_epoch()
        own = None if self._latest is None else self._latest.before_epoch
        indices = epoch_indices(self._data, self._recipe, self.epoch, own)
        rows = torch.from_numpy(indices).to(self._learner.device)
        views = epoch_views(len(indices), self._recipe, self.epoch, self._data.views if self._teachers else None)
        self._learner.begin_epoch(self.epoch)
        self._prepare(indices)
        saved = time.monotonic()
        self._meter.mark(self.batch, self._read_sums())
        while self.batch < self._batches:
            self._wait_or_stop()
            part = slice(self.batch * self._settings.batch_size, (self.batch + 1) * self._settings.batch_size)
            logits = self._learner.step(self._input(indices[part], rows[part], None if views is None else views[part]))
            if self._latest is not None:
                self._latest.record(indices[part], logits)
            self.batch += 1
            if self._meter.due:
                self._emit_batch()
            if time.monotonic() - saved > _CHECKPOINT_SECONDS:
                self._save_within_epoch()
                saved = time.monotonic()

    def _prepare(self, indices: NDArray[np.int64]) -> None:
        """Once, before the first step here that is not the head's alone: let the learner make itself fast for what is
        left to do."""
        if self._prepared or self.epoch < self._whole_from:
            return
        self._prepared = True
        left = self._plan.total - self._plan.before(self.epoch) - self.batch
        full = np.resize(indices, self._settings.batch_size)  # an epoch may have less than one batch
        known = self._compilation
        if known is None and (self.epoch, self.batch) > (self._whole_from, 0):
            known = UNRECORDED
        now = self._learner.prepare(lambda: self._images.batch(full), left, known)
        if notice := changed(known, now):
            self._emit(notice)
        self._observer.prepared(now)

    def _input(self, indices: NDArray[np.int64], rows: torch.Tensor, views: NDArray[np.int64] | None) -> StepInput:
        mix = step_mix(len(indices), self._recipe, self.epoch, self.batch)
        own = self._group.part(len(indices))
        shown = own if mix is None else slice(None)  # partners may be another process's images
        images = self._images.batch(indices[shown], rows[shown])  # (n, H, W, 3) uint8
        if views is not None:
            images = self._recipe.view_rule.images(images, indices[shown], views[shown])
        if mix is not None:
            images = mix.images(images)[own]
        seen = AugmentedBatch(images, indices, rows, views, mix)
        outputs = tuple(teacher.outputs(seen) for teacher in self._teachers)
        statistics = tuple(
            teacher.statistics(seen, said) for teacher, said in zip(self._teachers, outputs, strict=True)
        )
        seed = step_seed(self._settings.seed, self.epoch, self.batch)
        rate = learning_rate(self._settings, self._plan, self.epoch, self.batch)
        labels = self._labels[rows]
        mixed = None if mix is None else MixedLabels(mix.partners_of(labels), mix.share)
        return StepInput(images, labels, outputs, statistics, self.epoch, rate, seed, mixed)

    def _wait_or_stop(self) -> None:
        if not self._token.paused or self._token.cancelled:
            self._token.check()
            return
        self._save_within_epoch()
        self._observer.paused(True)
        with self._meter.stopped():
            self._token.check()
        self._observer.paused(False)

    def _read_sums(self) -> NDArray[np.float64]:
        values = self._learner.read_sums()
        if not np.isfinite(values).all():
            raise self._diverged()
        return values

    def _diverged(self, where: str = "") -> TrainingDivergedError:
        where = where or f"after batch {self.batch} of {self._batches}"
        return diverged(self.epoch, where, self._settings.learning_rate, self._hardware.precision)

    def _emit_batch(self) -> None:
        sums = self._read_sums()
        part, rate, left = self._meter.measure(self.epoch, self.batch, sums)
        self._emit(
            BatchFinished(
                self.epoch, self._settings.epochs, self.batch, self._batches, self._means(part), rate, seconds_left=left
            )
        )

    def _means(self, sums: NDArray[np.float64]) -> LossParts:
        images = max(float(sums[4]), 1.0)
        distillation = float(sums[2]) / images if self._learner.distils else None
        return LossParts(float(sums[0]) / images, float(sums[1]) / images, distillation)

    def _validate(self) -> EpochRecord:
        sums = self._read_sums()
        begin = time.monotonic()
        rate = float(sums[4]) / max(self._meter.seconds, 1e-9)
        (scores, loss), averaged = self._scores(), False
        if self._learner.average is not None:
            with self._learner.average.applied():
                other = self._scores()
            averaged = self.stopping.is_better(self._watched(*other), self._watched(scores, loss))
            scores, loss = other if averaged else (scores, loss)
        self._meter.validation_seconds = time.monotonic() - begin
        self.stopping = self.stopping.update(self.epoch, self._watched(scores, loss))
        self.seconds = self._meter.seconds
        return EpochRecord(
            epoch=self.epoch,
            train_loss=self._means(sums),
            train_accuracy=float(sums[3] / sums[4]),
            validation_loss=loss,
            validation_accuracy=scores.accuracy,
            validation_weighted_f1=scores.weighted_f1,
            validation_balanced_accuracy=scores.balanced_accuracy,
            learning_rate=learning_rate(self._settings, self._plan, self.epoch, self._batches - 1),
            seconds=self.seconds,
            images_per_second=rate,
            best=self.stopping.best_epoch == self.epoch,
            recipe=hashes_of_epoch(self._legs, self.epoch),
            averaged=averaged,
        )

    def _scores(self) -> tuple[EpochScores, float]:
        """The network's scores and cross entropy on the validation images, its logits adjusted as they will be."""
        from core.models.forward import forward_logits

        logits = forward_logits(
            self._learner.model,
            self._preprocessing,
            self._images.batch,
            self._data.validation,
            device=self._hardware.device,
            precision=self._hardware.precision,
            emit=self._emit,
            phase=Phase.VALIDATING,
            token=self._token,
        )
        if self._shift is not None:
            logits = logits + self._shift
        labels = np.asarray(self._data.store.labels, np.int64)[self._data.validation]
        if not np.isfinite(logits).all():
            raise self._diverged("in the validation")
        return self._score(labels, logits), cross_entropy(labels, logits)

    def _watched(self, scores: EpochScores, loss: float) -> float:
        values = {
            "accuracy": scores.accuracy,
            "weighted_f1": scores.weighted_f1,
            "balanced_accuracy": scores.balanced_accuracy,
            "loss": loss,
        }
        return values[self._settings.monitor]

    def _finish_epoch(self, record: EpochRecord) -> None:
        self.history.append(record)
        if record.best and self._group.leads:
            with self._learner.weights_of(record.averaged):
                self._checkpoint.save_best(self._learner.model.state_dict(), record.epoch)
        self.epoch, self.batch, self.seconds = self.epoch + 1, 0, 0.0
        self._learner.clear_sums()
        self._save()
        self._observer.epoch_finished(tuple(self.history))
        epochs = self._settings.epochs
        left = 0.0 if self.stopping.stop else self._meter.left_after(record.epoch, record.seconds)
        self._emit(EpochFinished(record, epochs, self.stopping.patience_left, seconds_left=left))

    def _save_within_epoch(self) -> None:
        """Keep the position in the middle of an epoch, unless its weights are already spoilt."""
        self._read_sums()
        # The last step can have spoilt the weights though its loss was still a number.
        if not self._learner.is_finite():
            raise self._diverged()
        self.seconds = self._meter.seconds
        self._save()

    def _save(self) -> None:
        if not self._group.leads:
            return
        state = {
            **self._learner.state(),
            **self._identity,
            "legs": legs_to_text(self._legs),
            "stopping": self.stopping.to_values(),
            "history": [asdict(record) for record in self.history],
            "epoch": self.epoch,
            "batch": self.batch,
            "seconds": self.seconds,
            "student_logits": {} if self._latest is None else self._latest.state(),
        }
        self._checkpoint.save(state, self.stopping.best_epoch)

    def _restore(self, state: Values) -> None:
        (own,), kept = self._legs, recorded_legs(state)
        self._legs = continued(kept, self._recipe, own.teacher, int(state["epoch"]), int(state["batch"]))
        decoded = check_belongs(state, self._identity, self._data.store.earlier_keys)
        self._learner.restore(state)
        if self._latest is not None:
            self._latest.restore(state["student_logits"])
        self.stopping = self.stopping.with_values(state["stopping"])
        self.history = [
            EpochRecord(**{**values, "train_loss": LossParts(**values["train_loss"])}) for values in state["history"]
        ]
        self.epoch, self.batch, self.seconds = int(state["epoch"]), int(state["batch"]), float(state["seconds"])
        ended = self.epoch == self._settings.epochs + 1
        if not 0 < self.epoch <= self._settings.epochs + 1 or not 0 <= self.batch <= (0 if ended else self._batches):
            raise ValueError(f"epoch {self.epoch}, batch {self.batch}")
        if not ended and not self.stopping.stop:
            self._emit(Notice(f"Going on from epoch {self.epoch}, batch {self.batch + 1} of {self._batches}."))
        for notice in (*told(kept, self._legs), *decoded, *other_hardware(state, self._identity)):
            self._emit(notice)
        if self._legs != kept:  # what is on record never lags behind recipe.toml
            self._save()
