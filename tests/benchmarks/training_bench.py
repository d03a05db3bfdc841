"""Our epochs against the bare step, against each other, and against the peer; a whole run and the study by arithmetic.

Our trainings and the bare step take turns by the epoch and the median of the paired ratios counts. The peer is so slow
that it gets one turn, between ours; its rate is taken once its workers' queue is full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from statistics import median
from time import perf_counter

import peer
import torch
from ratios import Ratio, Settings, middle, rounds, say
from relay import Runner
from study_hours import Rates, hours, measured_parts
from subject import (
    BATCH,
    PREPROCESSING,
    SIZE,
    STUDENT,
    TEACHER,
    Subject,
    answering_rate,
    bare_epoch,
    hardware,
    new_model,
    new_subject,
    recipe_of,
    teacher_answers,
    train,
)

from core.distillation.methods import METHODS
from core.recipe import Recipe

TEACHER_BATCH = 8
"""Images of a step when the teacher learns; the paper's 32 take more memory than many machines have."""

_TAUGHT = [name for name, method in METHODS.items() if method.needs]
_ORDERED = "curriculum"


def measure(settings: Settings) -> list[Ratio]:
    """Goals of speed for epochs, runs and the study."""
    say("  writing and reading photographs, asking the teacher")
    subject = new_subject(settings.folder, (2 if settings.quick else 3) * BATCH)
    answers, answering = teacher_answers(subject)
    methods = [*METHODS, _ORDERED]
    runners = [Runner(partial(_train, subject, _recipe(name), answers)) for name in methods]
    measures = [bare_epoch(subject), *(runner.epoch for runner in runners)]
    say("  epochs in turns")
    rounds(1, *measures)  # the first one warms up
    found = rounds(max(1, settings.turns // 2), *measures)
    theirs = _peer_rates(subject, settings.quick)
    say("  epochs in turns")
    found += rounds(settings.turns - settings.turns // 2, *measures)
    for runner in runners:
        runner.end()
    paces = dict(zip(methods, (median(column) for column in list(zip(*found, strict=True))[1:]), strict=True))
    plain, ordered = paces[next(iter(METHODS))], paces[_ORDERED]
    kl, dist = paces["kl"], paces["dist"]  # the paper's study has these
    say("  both teachers learn, ours answers validation images")
    their_teacher, our_teacher = _peer_teacher_rate(subject), _teacher_rate(subject)
    validating, asking = (answering_rate(subject, name, BATCH) for name in (STUDENT, TEACHER))
    ours = Rates(
        plain, kl, dist, ordered, validating, our_teacher, asking, reading=subject.reading_rate, answering=answering
    )
    theirs = replace(theirs, teacher_training=their_teacher)
    return [*_epochs(found), *measured_parts(ours, theirs), *hours(ours, theirs)]


def _epochs(found: list[tuple[float, ...]]) -> list[Ratio]:
    """Images per second of the bare step and of an epoch with each method and with a curriculum to ratios; all but the
    plain epoch's as times."""
    unit, note = "images/s", "paired, median"
    plain = Ratio("plain epoch, images included / bare step", *middle(found, 1, 0), unit, 0.97, note=note)
    seconds = [tuple(1000 / rate for rate in values) for values in found]
    names = (*(method.title for method in METHODS.values() if method.needs), "a curriculum")
    others = [
        Ratio(f"epoch with {name} / plain epoch", *middle(seconds, place, 1), "ms/image", 1.03, False, note)
        for place, name in enumerate(names, 2)
    ]
    return [plain, *others]


def _recipe(name: str) -> Recipe:
    if name == _ORDERED:
        return recipe_of(f"distillation.method={next(iter(_TAUGHT))}", "curriculum.order=easy_first")
    return recipe_of(f"distillation.method={name}")


def _train(subject: Subject, recipe: Recipe, answers: object, runner: Runner) -> None:
    train(subject, recipe, answers, runner)  # type: ignore[arg-type]


def _teacher_rate(subject: Subject) -> float:
    """Images per second of a teacher that learns, from its second epoch of one step."""
    few = Subject(subject.dataset, subject.store, subject.folder, TEACHER_BATCH, subject.reading_rate)
    recipe = recipe_of("task=teacher", f"optimisation.batch_size={TEACHER_BATCH}", "optimisation.epochs=2")
    return train(few, recipe).history[-1].images_per_second


def _peer_rates(subject: Subject, quick: bool) -> Rates:
    """The peer's parts but its teacher's training. Its curriculum asks the teacher for every drawn image once more,
    before the epoch begins."""
    images = peer.Photographs(subject.files, subject.labels, SIZE)
    steps = 1 if quick else 2
    device = hardware().device
    student, teacher = new_model(STUDENT).to(device), new_model(TEACHER).to(device)
    optimizer = peer.optimizer_of(student)

    def learn(method: str, batches: peer.Batches) -> object:
        return peer.train(student, teacher, batches, optimizer, peer.Method(method))

    say("  the peer: plain, validation")
    plain = _pace(partial(learn, "none"), images, 2, 2 * steps)
    validating = _pace(partial(peer.classify, student), images, 2, 2 * steps)
    say("  the peer: KL, its teacher's answers")
    kl = _pace(partial(learn, "kl"), images, 1, steps)
    asked = _pace(partial(peer.classify, teacher), images, 1, steps)
    return Rates(plain, kl, kl, 1 / (1 / kl + 1 / asked), validating, 0.0, asked)


def _peer_teacher_rate(subject: Subject) -> float:
    """Images per second of the peer's teacher that learns, in its second step."""
    images = peer.Photographs(subject.files, subject.labels, SIZE)
    teacher = new_model(TEACHER).to(hardware().device)
    optimizer = peer.optimizer_of(teacher)
    return _pace(
        lambda batches: peer.train(teacher, None, batches, optimizer, peer.Method()), images, 1, 1, TEACHER_BATCH
    )


def _pace(
    run: Callable[[peer.Batches], object], images: peer.Photographs, skip: int, steps: int, batch: int = BATCH
) -> float:
    """Images per second of `steps` steps after `skip` ones; the workers have more to decode all the while."""
    order = [place % len(images) for place in range((skip + steps + 8) * batch)]
    ends: list[float] = []

    def watched() -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for item in islice(peer.batches(images, order, batch), skip + steps):
            yield item
            ends.append(perf_counter())

    run(watched())
    return steps * batch / (ends[-1] - ends[skip - 1])


assert PREPROCESSING.mean == peer.MEAN, "both sides see the same numbers"
