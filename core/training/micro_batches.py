"""A step in parts: where a batch does not fit into the device's memory, the same step is made from smaller batches.

Losses and gradients are those of the whole batch, also of a loss that mixes its samples, for the network and for the
modules that a method trains along with it. Two things follow the parts and not the whole: batch normalisation takes its
statistics from each part, and dropout draws for each part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

from core.distillation.objective import ObjectiveParts
from core.distillation.outputs import Outputs, joined
from core.distillation.softmax import at_least_float32
from core.errors import SkinKDError
from core.events import Emit, Level, Notice
from core.models.device_memory import one_memory_error
from core.process_group import ProcessGroup

Forward = Callable[[slice, int], Outputs]
"""The student's outputs for a slice of the batch's images; the number of the part (from 0) decides its random draws."""

Loss = Callable[[Outputs, slice], ObjectiveParts]
"""The objective of the outputs for a slice of the batch's images."""

Result = TypeVar("Result")


class MicroBatches:
    """How many images of a step fit at once; found by trying, kept for the rest of the training."""

    def __init__(self, model: nn.Module, emit: Emit) -> None:
        self._normalises = any(isinstance(module, nn.modules.batchnorm._BatchNorm) for module in model.modules())
        self._statistics = _by_type(model)
        self._saved_bytes = [[buffer.clone() for buffer in buffers] for buffers in self._statistics]
        self._emit = emit
        self.most: int | None = None  # images that fit at once; None: no batch was too large yet

    def run(self, images: int, attempt: Callable[[tuple[slice, ...]], Result], largest: int = 0) -> Result:
        """What `attempt` gives for a batch of so many images, cut into as many parts as the memory asks for.

        `attempt` starts anew each time; the model's running statistics are put back before it is tried again. Of
        several processes each has its own `images`, and the most of any is `largest` (0: there is one process): all cut
        theirs into the same number of parts, in each of which they exchange statistics. Raises `SkinKDError` when even
        the smallest part does not fit.
        """
        largest = largest or images
        for kept, own in zip(self._saved_bytes, self._statistics, strict=True):
            torch._foreach_copy_(kept, own)
        while True:
            try:
                with one_memory_error():
                    return attempt(self._parts(images, largest))
            except torch.OutOfMemoryError as error:
                self._shrink(largest, str(error))
            # Only here is the failed attempt's memory free: the error held its frames.
            self.restore_statistics()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def restore_statistics(self) -> None:
        """Put the model's running statistics back to where they were before the step."""
        with torch.no_grad():
            for kept, own in zip(self._saved_bytes, self._statistics, strict=True):
                torch._foreach_copy_(own, kept)

    def _parts(self, images: int, largest: int) -> tuple[slice, ...]:
        """Slices of nearly equal size, none of a single image where the network normalises over it; of a short last
        batch, of which other processes have the images, without any."""
        count = math.ceil(largest / (self.most or largest))
        if self._normalises:
            count = max(1, min(count, largest // 2))
        edges = [images * part // count for part in range(count + 1)]
        return tuple(slice(begin, end) for begin, end in pairwise(edges))

    def _shrink(self, images: int, reason: str) -> None:
        tried = min(self.most or images, images)
        least = 2 if self._normalises else 1
        if tried <= least:
            raise SkinKDError(
                "The GPU has not enough memory",
                f"Not even {least} image{'s' * (least > 1)} at once fit. Choose a smaller network or a smaller "
                "data.image_size, or close other programs that use the GPU; then resume, or start a new run.",
                reason,
            )
        self.most = max(least, tried // 2)
        differs = (
            " Batch normalisation takes its statistics from the smaller batches, so the numbers differ a little from "
            "those of a larger GPU."
            if self._normalises
            else ""
        )
        self._emit(
            Notice(
                f"A batch of {tried} images does not fit into the GPU's memory. Each step is now made of batches of at "
                f"most {self.most}; its loss and its gradient are those of the whole batch.{differs}",
                Level.WARNING,
            )
        )


def backward_of_means(
    forward: Forward, backward: Callable[[Tensor], None], loss: Loss, parts: tuple[slice, ...]
) -> tuple[ObjectiveParts, Tensor]:
    """Gradients of a loss that is a mean over images, part by part: each part counts by its share of the images.

    Returns the whole batch's losses and logits (n, classes), without gradient.
    """
    images = parts[-1].stop
    logits, losses = [], []
    for number, part in enumerate(parts):
        answer = forward(part, number)
        found = loss(answer, part)
        share = (part.stop - part.start) / images
        backward(found.total * share)
        logits.append(answer.logits.detach())
        losses.append(_scaled(found, share))
    return _summed(losses), torch.cat(logits)


def backward_of_whole(
    forward: Forward,
    backward: Callable[[Tensor], None],
    loss: Loss,
    parts: tuple[slice, ...],
    forget: Callable[[], None],
    trained: Sequence[Tensor] = (),
    own: Own | None = None,
) -> tuple[ObjectiveParts, Tensor]:
    """Gradients of a loss that needs all outputs at once: they are gathered in a first pass without gradient, the
    loss's gradient for each logit and feature is taken, and a second pass brings it to the weights.

    `forget` is called between the passes, to take back what the first did to running statistics. `trained` are weights
    in the loss itself, which get their gradients too. The `parts` are of the batch, or of what is this process's `own`
    of it. Returns the losses and logits (n, classes) as `backward_of_means` does; takes the time of one more forward
    pass.
    """
    mine = Own(ProcessGroup(), parts[-1].stop) if own is None else own
    with torch.no_grad():
        first = mine.computed(lambda: joined([forward(part, number) for number, part in enumerate(parts)]))
        features = None if first.features is None else first.features.float()
        whole = mine.gathered(Outputs(first.logits.float(), features))
    forget()

    def learn() -> ObjectiveParts:
        outputs = _tensors(whole)
        for output in outputs:
            output.requires_grad_()
        found = loss(whole, slice(0, mine.count))
        gradients = torch.autograd.grad(found.total, [*outputs, *trained], allow_unused=True)
        for number, part in enumerate(parts):
            values = [output.float() for output in _tensors(forward(part, number))]
            rows = slice(mine.part.start + part.start, mine.part.start + part.stop)
            pulls = [None if gradient is None else gradient[rows] for gradient in gradients[: len(outputs)]]
            if number == 0:  # the loss's own weights are no part's
                values, pulls = [*values, *trained], [*pulls, *gradients[len(outputs) :]]
            # The gradient of a sum of products is the other factor: so all go one way, scaled as `backward` scales.
            products = [(value * pull).sum() for value, pull in zip(values, pulls, strict=True) if pull is not None]
            total = torch.stack(products).sum()
            if total.requires_grad:  # not where all the images of a part are other processes'
                backward(total)
        return found

    found = mine.computed(learn)
    return _scaled(found, 1.0), whole.logits.detach()


@dataclass(frozen=True)
class Own:
    """What one process of a group has of a batch of `count` images: the rows `part`. On a GPU (`may_not_fit`) they
    agree whether all had memory enough: those that had would wait for the others for ever."""

    group: ProcessGroup
    count: int
    may_not_fit: bool = False

    @property
    def part(self) -> slice:
        """Its rows of the batch."""
        return self.group.part(self.count)

    def computed(self, compute: Callable[[], Result]) -> Result:
        """What is computed, where it is in every process. All must call it. Raises torch's OutOfMemoryError in all
        where one of them has too little memory."""
        if not self.may_not_fit:
            return compute()
        found: list[Result] = []
        error = torch.OutOfMemoryError("Another process has too little memory.")
        try:
            with one_memory_error():
                found.append(compute())
        except torch.OutOfMemoryError as own:
            error = own
        if not self.group.all_of(bool(found)):
            raise error
        return found[0]

    def gathered(self, outputs: Outputs) -> Outputs:
        """The outputs of the whole batch, of which these are its own; without gradient. All processes must call it."""
        features = outputs.features
        return Outputs(
            self.group.gather(at_least_float32(outputs.logits), self.count),
            None if features is None else self.group.gather(at_least_float32(features), self.count),
        )

    def completed(self, outputs: Outputs) -> Outputs:
        """The same, its own rows with their gradient: the loss of the whole batch, which every process computes, then
        gives each weight the gradient by these rows, and their sum over the processes is that of the batch."""
        whole = self.gathered(outputs)

        def among(rows: Tensor, own: Tensor) -> Tensor:
            return torch.cat([rows[: self.part.start], own.to(rows.dtype), rows[self.part.stop :]])

        both = whole.features is not None and outputs.features is not None
        return Outputs(
            among(whole.logits, outputs.logits),
            among(whole.features, outputs.features) if both else None,  # type: ignore[arg-type]
        )


def backward_with_others(
    forward: Forward,
    backward: Callable[[Tensor], None],
    loss: Loss,
    parts: tuple[slice, ...],
    forget: Callable[[], None],
    trained: Sequence[Tensor],
    own: Own,
) -> tuple[ObjectiveParts, Tensor]:
    """Gradients by this process's images of the loss of the whole batch, whether that mixes its samples or not: the sum
    over the processes is the batch's. `parts` are slices of its own images; those of the loss's own weights, `trained`,
    are the whole batch's in every process. Returns the whole batch's losses and
    logits (n, classes). All processes must call it."""
    if len(parts) > 1:
        return backward_of_whole(forward, backward, loss, parts, forget, trained, own)
    whole = own.completed(own.computed(lambda: forward(parts[0], 0)))

    def learn() -> ObjectiveParts:
        found = loss(whole, slice(0, own.count))
        if found.total.requires_grad:  # not where all that this process has are the others' outputs
            backward(found.total)
        return found

    return _scaled(own.computed(learn), 1.0), whole.logits.detach()


def _tensors(outputs: Outputs) -> list[Tensor]:
    return [outputs.logits] if outputs.features is None else [outputs.logits, outputs.features]


def _by_type(model: nn.Module) -> list[list[Tensor]]:
    """The running statistics, those of one type together: a GPU copies them in one go."""
    groups: dict[torch.dtype, list[Tensor]] = {}
    for buffer in model.buffers():
        groups.setdefault(buffer.dtype, []).append(buffer)
    return list(groups.values())


def _scaled(losses: ObjectiveParts, share: float) -> ObjectiveParts:
    total, classification, distillation = losses.total, losses.classification, losses.distillation
    return ObjectiveParts(
        total.detach() * share,
        classification.detach() * share,
        None if distillation is None else distillation.detach() * share,
    )


def _summed(losses: list[ObjectiveParts]) -> ObjectiveParts:
    distillation = [part.distillation for part in losses if part.distillation is not None]
    return ObjectiveParts(
        torch.stack([part.total for part in losses]).sum(),
        torch.stack([part.classification for part in losses]).sum(),
        torch.stack(distillation).sum() if distillation else None,
    )
