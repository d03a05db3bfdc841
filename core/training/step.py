"""One step of training: images and labels in, changed weights out, with nothing in it that waits for the device."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from core.distillation.method import TeacherStatistics
from core.distillation.objective import Objective, ObjectiveParts
from core.distillation.outputs import Outputs
from core.distillation.weightings import WEIGHTINGS
from core.errors import SkinKDError
from core.events import Emit, Notice
from core.models.freezing import body_parameters, rates_by_layer, train_mode
from core.models.info import Preprocessing
from core.models.outputs import WithFeatures, feature_dim
from core.models.preprocessing import normalise
from core.models.weights import head_names
from core.process_group import current_group
from core.recipe import Recipe
from core.training.averaging import WeightAverage
from core.training.checkpoint import Values
from core.training.compiling import (
    NOT_IN_ALL,
    WITH_OTHERS,
    Compilation,
    Network,
    plan_compilation,
    prepare_network,
)
from core.training.engine import create_fabric, with_common_statistics, without_exchange
from core.training.hardware import Hardware
from core.training.micro_batches import MicroBatches, Own, backward_of_means, backward_of_whole, backward_with_others
from core.training.optimisation import all_finite, create_optimizer, load_optimizer, set_learning_rate, step_seed


@dataclass(frozen=True)
class MixedLabels:
    """Of images that are mixed in pairs: the labels (n,) of the partners, and the `share` that an image has of itself,
    0.5 to 1."""

    partners: Tensor
    share: float


@dataclass(frozen=True)
class StepInput:
    """A batch on the device: uint8 images (n, H, W, 3), labels (n,) and, with distillation, what each teacher says of
    these images as they are, with its statistics; the epoch (from 1), the learning rate of the step and the seed of its
    random draws; the labels that are mixed in, None where no images are mixed. Of several processes each has its own
    part of the images, and all else of the whole batch."""

    images: Tensor
    labels: Tensor
    teachers: tuple[Outputs, ...]
    statistics: tuple[TeacherStatistics, ...]
    epoch: int
    learning_rate: float
    seed: int
    mixed: MixedLabels | None = None


class Learner:
    """A model in training on the device: its optimizer, its precision, and the sums of what its steps brought.

    `distils` says whether the steps look at teachers' outputs. A step minimises alpha * L_KD + (1 - alpha) * L_CLS
    (paper, figure 4); a batch that does not fit into the device's memory is made in parts (`micro_batches`).
    `class_counts` (classes,) are the training images of each class, `teacher_dims` the widths of the teachers' pooled
    features. `weights` are the model's and those of the methods' modules. Raises `SkinKDError` when features are needed
    and the model has none.
    """

    def __init__(
        self,
        model: nn.Module,
        preprocessing: Preprocessing,
        recipe: Recipe,
        hardware: Hardware,
        emit: Emit,
        *,
        class_counts: Tensor | None = None,
        teacher_dims: Sequence[int] = (),
    ) -> None:
        self.device = torch.device(hardware.device)
        self._group = current_group()
        model = with_common_statistics(model, self.device, self._group, emit)
        self.model = model.to(memory_format=torch.channels_last)
        self.distils = bool(recipe.loss_terms)
        self._classes, self._width = len(recipe.class_set), _width(model, preprocessing, recipe)
        self._objective = _objective(self._width, recipe, class_counts, teacher_dims).to(self.device)
        self._batch_size = recipe.optimisation.batch_size
        self._compile = recipe.hardware.compile
        self._preprocessing = preprocessing
        self._emit = emit
        self._fabric = create_fabric(hardware)
        self.weights = [*model.parameters(), *self._objective.parameters()]
        self._optimizer = create_optimizer(self.weights, recipe.optimisation, hardware.device, _rates(model, recipe))
        self._head_epochs = recipe.optimisation.head_epochs
        self._body = body_parameters(model, _head(model, recipe)) if self._head_epochs else []
        self._network = (
            WithFeatures(self.model, preprocessing.image_size) if self._objective.needs_features else self.model
        )
        self._wrapped, self._stepper = self._fabric.setup(self._network, self._optimizer)
        self._full_batch: Network = self._wrapped
        # From here on the weights lie on the device: what was taken of them before would have stayed behind.
        decay = recipe.optimisation.ema
        self.average = WeightAverage(self.model, decay) if decay else None
        # Batch normalisation that waits for the other processes has the same statistics in each.
        self._synchronises = any(isinstance(module, nn.SyncBatchNorm) for module in self.model.modules())
        self._rehearsed = 0  # images at once
        floats = [each for each in self.model.buffers() if each.is_floating_point()]
        self._own_statistics = [] if self._synchronises else floats
        own = self._group.part(self._batch_size)
        self._full_images = own.stop - own.start
        self._parts = MicroBatches(nn.ModuleList([self.model, self._objective.trained]), emit)
        # Weighted sums over the epoch's images so far: total, classification, distillation, right ones, images.
        self._sums = torch.zeros(5, dtype=_sum_type(self.device), device=self.device)

    def prepare(self, images: Callable[[], Tensor], steps: int, known: Compilation | None = None) -> Compilation:
        """Compile the network where that is wanted, or `known` of the run, or won back in `steps`; `images` gives a
        batch as it will come, uint8 (n, H, W, 3). Says what became of it."""
        wanted, device = self._compile, self.device.type

        def plan(step_seconds: Callable[[], float]) -> Compilation:
            if self._synchronises and wanted != "off":
                return Compilation(False, device, WITH_OTHERS)
            return plan_compilation(wanted, device, steps, step_seconds, known)

        with self._fabric.autocast():
            network, compilation = prepare_network(
                self._network,
                lambda: normalise(images()[self._group.part(self._batch_size)], self._preprocessing),
                plan,
                self._emit,
                check_gain=wanted == "auto" and (known is None or known.device != device),
            )
        if not self._group.all_of(compilation.compiled) and compilation.compiled:
            compilation = Compilation(False, device, NOT_IN_ALL)
            self._emit(Notice(f"The training steps are not compiled. {NOT_IN_ALL}"))
        if compilation.compiled:
            self._full_batch = self._in_precision(network)
        return compilation

    def begin_epoch(self, epoch: int) -> None:
        """Get ready for an epoch (from 1): training mode, in the first ones of the head alone where the recipe says
        so."""
        for weight in self._body:
            weight.requires_grad_(epoch > self._head_epochs)
        train_mode(self.model)

    def step(self, batch: StepInput) -> Tensor:
        """Change the weights once and add to the sums; the batch's logits (n, classes) before that, without gradient.
        Raises `SkinKDError` when not even a few images fit."""
        set_learning_rate(self._optimizer, batch.learning_rate)
        most = self._group.part_of(0, len(batch.labels)).stop  # images of a process
        losses, logits = self._parts.run(len(batch.images), lambda parts: self._backward(batch, parts), most)
        if self._group.size > 1:
            self._add_gradients(len(batch.images), len(batch.labels))
        self._stepper.step()
        if self.average is not None:
            self.average.update()
        with torch.no_grad():
            self._add(losses, (logits.argmax(1) == batch.labels).sum(), len(batch.labels))
        return logits.detach()

    def weights_of(self, averaged: bool) -> AbstractContextManager[None]:
        """Inside, the model has the average of its weights in their place, if so asked."""
        return self.average.applied() if averaged and self.average is not None else nullcontext()

    def outputs(self, images: Tensor) -> Outputs:
        """What the model says of uint8 images (n, H, W, 3), with gradient; with features where a method needs them."""
        inputs = normalise(images, self._preprocessing)
        # A graph is made for one shape; the last short batch and parts of batches go the usual way.
        found = self._full_batch(inputs) if len(images) == self._full_images else self._wrapped(inputs)
        return Outputs(*found) if isinstance(found, tuple) else Outputs(found)

    def _in_precision(self, network: Network) -> Network:
        """A network that Fabric does not know, in the precision of the training. For images that lie otherwise in
        memory it would be compiled anew."""

        def compute(inputs: Tensor) -> Any:
            with self._fabric.autocast():
                return network(inputs.contiguous(memory_format=torch.channels_last))

        return compute

    def _backward(self, batch: StepInput, parts: tuple[slice, ...]) -> tuple[ObjectiveParts, Tensor]:
        """Gradients of the batch's loss, its losses and its logits."""
        self._stepper.zero_grad()

        def forward(part: slice, number: int) -> Outputs:
            if part.start == part.stop:
                return self._nothing(batch.images[part])
            number = number * self._group.size + self._group.rank
            torch.manual_seed(batch.seed if number == 0 else step_seed(batch.seed, 0, number))
            return self.outputs(batch.images[part])

        def loss_with(labels: Tensor, outputs: Outputs, part: slice) -> ObjectiveParts:
            found: ObjectiveParts = self._objective(
                outputs,
                labels[part],
                tuple(teacher.of(part) for teacher in batch.teachers),
                epoch=batch.epoch,
                statistics=tuple(statistics.of(part) for statistics in batch.statistics),
            )
            return found

        def loss(outputs: Outputs, part: slice) -> ObjectiveParts:
            own = loss_with(batch.labels, outputs, part)
            if batch.mixed is None:
                return own
            # A loss of two labels is the mean of the losses of each (mixup, section 2), whatever the loss.
            return own.mixed_with(loss_with(batch.mixed.partners, outputs, part), batch.mixed.share)

        trained = [weight for weight in self._objective.parameters() if weight.requires_grad]
        forget = self._parts.restore_statistics
        if self._group.size > 1:
            own = Own(self._group, len(batch.labels), self.device.type == "cuda")
            self._rehearse(forward, parts, own)
            return backward_with_others(forward, self._fabric.backward, loss, parts, forget, trained, own)
        if len(parts) == 1:
            outputs = forward(parts[0], 0)
            losses = loss(outputs, parts[0])
            self._fabric.backward(losses.total)
            return losses, outputs.logits
        if self._objective.couples_batch:
            return backward_of_whole(forward, self._fabric.backward, loss, parts, forget, trained)
        return backward_of_means(forward, self._fabric.backward, loss, parts)

    def _rehearse(self, forward: Callable[[slice, int], Outputs], parts: tuple[slice, ...], own: Own) -> None:
        """Find out whether parts of this size fit into every process's memory, before they exchange statistics: in the
        midst of that the others would wait for ever for one that has no memory left. Raises torch's OutOfMemoryError in
        all where one has too little."""
        size = math.ceil(self._group.part_of(0, own.count).stop / len(parts))
        if not self._synchronises or size <= self._rehearsed:
            return

        def attempt() -> None:
            with without_exchange(self.model):
                outputs = forward(max(parts, key=lambda part: part.stop - part.start), 0)
                self._fabric.backward(outputs.logits.float().sum())

        own.computed(attempt)
        self._stepper.zero_grad()
        self._rehearsed = size

    def _nothing(self, images: Tensor) -> Outputs:
        """What the model says of no images. Where the processes exchange statistics it has none to give, but must take
        part: in 32 bits, as they are exchanged."""
        if self._synchronises:
            with torch.autocast(self.device.type, enabled=False):
                found = self._network(normalise(images, self._preprocessing))
            return Outputs(*found) if isinstance(found, tuple) else Outputs(found)
        logits = torch.zeros((0, self._classes), device=self.device)
        return Outputs(logits, torch.zeros((0, self._width), device=self.device) if self._width else None)

    def _add_gradients(self, own: int, images: int) -> None:
        """Every process's gradients, by its `own` of the batch's `images`, become their sum; running statistics the
        mean over the images. The loss's own weights have the whole batch's gradient in each."""
        for weight in self._objective.parameters():
            if weight.grad is not None:
                weight.grad /= self._group.size
        learns = [weight.grad is not None for weight in self.weights]
        if images < self._group.size:  # some had no image, and so no gradient
            learns = self._group.tell(learns)
        gradients = []
        for weight, has_gradient in zip(self.weights, learns, strict=True):
            if has_gradient:
                weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
                gradients.append(weight.grad)
        for each in self._own_statistics:
            each *= own / images
        self._group.add([*gradients, *self._own_statistics])

    def _add(self, losses: ObjectiveParts, right: Tensor, images: int) -> None:
        """Add a step to the sums, on the device: reading them back would wait for it."""
        kind = self._sums.dtype
        total = losses.total.to(kind)
        distillation = torch.zeros_like(total) if losses.distillation is None else losses.distillation.to(kind)
        self._sums[:3] += torch.stack([total, losses.classification.to(kind), distillation]) * images
        self._sums[3] += right
        self._sums[4] += images

    def read_sums(self) -> NDArray[np.float64]:
        """The sums since `clear_sums`, float64 (5,): of three losses (total, classification, distillation) over images,
        of rightly classified images, and of images. Waits for the device."""
        values: NDArray[np.float64] = self._sums.cpu().double().numpy().copy()
        return values

    def clear_sums(self) -> None:
        """Begin an epoch."""
        self._sums.zero_()

    def is_finite(self) -> bool:
        """Whether every weight is a number; waits for the device."""
        return all_finite([*self.model.state_dict().values(), *self._objective.trained.state_dict().values()])

    def state(self) -> Values:
        """What a checkpoint keeps of it."""
        return {
            "model": self.model.state_dict(),
            "modules": self._objective.trained.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "precision": self._fabric.strategy.precision.state_dict(),
            "sums": self._sums.cpu(),
            "average": {} if self.average is None else self.average.state(),
        }

    def restore(self, state: Values) -> None:
        """Go back to a state. Raises `SkinKDError` when it is another network's."""
        try:
            self.model.load_state_dict(state["model"])
            # Checkpoints of the first versions have none: no method had modules then.
            self._objective.trained.load_state_dict(state.get("modules", {}))
            load_optimizer(self._optimizer, state["optimizer"])
            if self.average is not None:
                self.average.restore(state["average"])
        except (RuntimeError, ValueError) as error:
            raise SkinKDError(
                "The checkpoint belongs to another model",
                "Its weights do not fit the network of the recipe. Restore the recipe, or start a new run.",
                str(error),
            ) from error
        if state["precision"]:  # without one the run had none so far: fp16's begins anew
            self._fabric.strategy.precision.load_state_dict(state["precision"])
        self._sums.copy_(state["sums"])


def _width(model: nn.Module, preprocessing: Preprocessing, recipe: Recipe) -> int:
    """How many pooled features the student gives; 0 where none are needed. Raises `SkinKDError` when it gives none."""
    found = feature_dim(model, preprocessing.image_size) if recipe.needs_features else 0
    if found is None:
        raise SkinKDError(
            "The student gives no features",
            f"The method learns from pooled features, and a {recipe.trained.architecture} has no single layer "
            "behind them. Choose another student, or a method that learns from logits alone.",
        )
    return found


def _objective(width: int, recipe: Recipe, class_counts: Tensor | None, teacher_dims: Sequence[int]) -> Objective:
    """The recipe's losses. The weights of their modules depend on the recipe's seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(step_seed(recipe.optimisation.seed, 0, 0))
        return Objective(
            recipe.loss_terms,
            recipe.alpha or 0.0,
            label_smoothing=recipe.optimisation.label_smoothing,
            class_counts=class_counts,
            student_dim=width,
            teacher_dims=teacher_dims,
            weighting=WEIGHTINGS[recipe.teacher.weighting],
            label_term=recipe.label_term,
        )


def _rates(model: nn.Module, recipe: Recipe) -> Mapping[nn.Parameter, float]:
    decay = recipe.optimisation.layer_decay
    return rates_by_layer(model, decay) if decay < 1 else {}


def _head(model: nn.Module, recipe: Recipe) -> frozenset[str]:
    """The last layer's parameters. Raises `SkinKDError` when there are none that learn."""
    head = head_names(model)
    if not any(value.requires_grad for name, value in model.named_parameters() if name in head):
        raise SkinKDError(
            "The network has no head to begin with",
            f"optimisation.head_epochs lets the last layer learn alone, and a {recipe.trained.architecture} has none. "
            "Set it to 0, or choose another network.",
        )
    return head


def _sum_type(device: torch.device) -> torch.dtype:
    return torch.float32 if device.type == "mps" else torch.float64
