"""How a finished run's model does on its test images when they are blurred, noisy, too bright, compressed or hairy.

Asked for by itself, because it costs an inference for every corruption and severity; kept with the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.classes import ClassSet
from core.data.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from core.data.types import Part
from core.documents import read_json, up_to_date, write_json
from core.errors import SkinKDError
from core.evaluation.intervals import Interval, bootstrap_scores
from core.evaluation.metrics import score
from core.events import CancelToken, Emit, Event, Phase, Progress, ignore
from core.runs import skin_angles
from core.runs.annotations import unwritable
from core.runs.assess import check_finished, reopened
from core.runs.evidence import withheld_sentence
from core.runs.folder import RunFolder, utc_now

FILE_NAME = "robustness.json"
ROBUSTNESS_VERSION = 1


@dataclass(frozen=True)
class CorruptedScore:
    """The scores of the test images under one corruption at one severity (1..5), fractions; `amount` is what the
    corruption did. `interval` is of `weighted_f1`."""

    corruption: str
    severity: int
    amount: float
    weighted_f1: float
    balanced_accuracy: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Robustness:
    """robustness.json: `clean` is the weighted F1 of the same `images` test images unharmed; `made` is ISO 8601 in
    UTC."""

    images: int
    clean: float
    rows: tuple[CorruptedScore, ...]
    made: str

    def of(self, corruption: str) -> tuple[CorruptedScore, ...]:
        """The scores of one corruption by severity."""
        return tuple(sorted((row for row in self.rows if row.corruption == corruption), key=lambda row: row.severity))

    @property
    def corruptions(self) -> tuple[str, ...]:
        """Their names, in the order of the registry; those that this version does not know at the end."""
        names = dict.fromkeys(row.corruption for row in self.rows)
        return tuple(sorted(names, key=lambda name: [*CORRUPTIONS, name].index(name)))


def measure_robustness(
    folder: RunFolder,
    corruptions: Sequence[str] = (),
    *,
    device: str = "auto",
    emit: Emit = ignore,
    token: CancelToken | None = None,
) -> Robustness:
    """Score a finished run's model on its test images under each of the named `corruptions` (all of `CORRUPTIONS`
    where none is named) at every severity, and keep the result with the run; what it had of the others stays.

    Reports `Progress(TESTING)` in images. Raises `SkinKDError` when the run is not finished, has no test images or its
    data are gone, and for a corruption that there is not; `Cancelled`.
    """
    token, chosen = token or CancelToken(), _chosen(corruptions)
    with folder.locked():
        check_finished(folder)
        if folder.withholds_test:
            raise SkinKDError("The test images are withheld", withheld_sentence(folder))
        before = read_robustness(folder.path)
        clean, rows, images = _measure(folder, chosen, device, emit, token)
        others = [
            row for row in (before.rows if before else ()) if row.corruption not in {each.name for each in chosen}
        ]
        result = Robustness(images, clean, (*others, *rows), utc_now())
        try:
            write_json(folder.path / FILE_NAME, {"version": ROBUSTNESS_VERSION, **asdict(result)})
        except OSError as error:
            raise unwritable(folder.path, error) from error
    return result


def read_robustness(folder: Path) -> Robustness | None:
    """What was measured of a run; None where nothing was. Raises `SkinKDError` when the file is damaged."""
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        values = up_to_date(read_json(path), "The run's robustness.json", ROBUSTNESS_VERSION, {})
        rows = tuple(_row(row) for row in values["rows"])
        return Robustness(int(values["images"]), _fraction(values["clean"]), rows, str(values["made"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SkinKDError(
            "robustness.json can not be read",
            f"{path} is damaged: {str(error)[:300]}. Delete it and measure again: skinkd-cli robustness RUN",
            f"{type(error).__name__}: {error}",
        ) from error


def _chosen(names: Sequence[str]) -> tuple[Corruption, ...]:
    for name in names:
        if name not in CORRUPTIONS:
            raise SkinKDError("There is no such corruption", CORRUPTIONS.unknown(name))
    return tuple(CORRUPTIONS[name] for name in dict.fromkeys(names)) or tuple(CORRUPTIONS.values())


@dataclass(frozen=True, eq=False)
class _Tested:
    """The test images of a run, n of them: `ask` gives the logits (n, classes) of what is gathered of them."""

    ask: Callable[[Callable[[NDArray[np.int64]], NDArray[np.uint8]], Emit], NDArray[np.float32]]
    gather: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    labels: NDArray[np.int64]
    groups: Sequence[str]
    classes: ClassSet
    threads: int


def _measure(
    folder: RunFolder, chosen: Sequence[Corruption], device: str, emit: Emit, token: CancelToken
) -> tuple[float, list[CorruptedScore], int]:
    from core.training.hardware import fixed_threads

    tested = _opened(folder, device, emit, token)
    images = len(tested.labels)
    total = (len(chosen) * len(SEVERITIES) + 1) * images
    rows: list[CorruptedScore] = []

    def tell(event: Event) -> None:
        if isinstance(event, Progress):
            emit(Progress(Phase.TESTING, (started + len(rows)) * images + event.done, total))

    started = 0
    with fixed_threads(tested.threads), ThreadPoolExecutor(tested.threads, "skinkd-corruptions") as pool:
        clean = score(tested.labels, tested.ask(tested.gather, tell), tested.classes).weighted_f1
        started = 1
        for corruption in chosen:
            for severity in SEVERITIES:
                harmed = partial(_harmed, corruption, severity, tested.gather, pool)
                rows.append(_scored(corruption, severity, tested, tested.ask(harmed, tell)))
    return clean, rows, images


def _opened(folder: RunFolder, device: str, emit: Emit, token: CancelToken) -> _Tested:
    """The run's own test images, and its model. Raises `SkinKDError`."""
    from core.models.forward import forward_logits

    if not any(row.part is Part.TEST for row in folder.split_rows):
        raise SkinKDError("There are no test images", f"The split of {folder.path.name} has none to measure on.")
    results, hardware = reopened(folder, emit, token, device)
    dataset, store, test = results.data.dataset, results.data.store, results.data.split.of(Part.TEST)
    if not (folder.path / skin_angles.FILE_NAME).exists():  # runs of older versions
        skin_angles.keep_skin_angles(folder.path, dataset, store, test, token)

    def ask(gather: Callable[[NDArray[np.int64]], NDArray[np.uint8]], tell: Emit) -> NDArray[np.float32]:
        logits: NDArray[np.float32] = forward_logits(
            results.model.model,
            results.model.preprocessing,
            gather,
            test,
            device=hardware.device,
            emit=tell,
            token=token,
        )
        return logits

    groups = [results.groups[row] for row in test.tolist()]
    return _Tested(ask, store.gather, dataset.labels[test], groups, results.classes, hardware.threads)


def _harmed(
    corruption: Corruption,
    severity: int,
    gather: Callable[[NDArray[np.int64]], NDArray[np.uint8]],
    pool: ThreadPoolExecutor,
    indices: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """The images `indices` (n,) of a store, corrupted: (n, size, size, 3)."""
    numbers = indices.tolist()
    return np.stack(list(pool.map(corruption.applied, gather(indices), [severity] * len(numbers), numbers)))


def _scored(corruption: Corruption, severity: int, tested: _Tested, logits: NDArray[np.float32]) -> CorruptedScore:
    scores = score(tested.labels, logits, tested.classes)
    intervals = bootstrap_scores(tested.labels, logits.argmax(axis=1), tested.classes, tested.groups)
    return CorruptedScore(
        corruption.name,
        severity,
        corruption.amounts[severity - 1],
        scores.weighted_f1,
        scores.balanced_accuracy,
        intervals.weighted_f1,
    )


def _row(values: dict[str, Any]) -> CorruptedScore:
    bounds, balanced = values["interval"], values["balanced_accuracy"]
    return CorruptedScore(
        str(values["corruption"]),
        int(values["severity"]),
        float(values["amount"]),
        _fraction(values["weighted_f1"]),
        None if balanced is None else _fraction(balanced),
        None if bounds is None else Interval(_fraction(bounds["low"]), _fraction(bounds["high"])),
    )


def _fraction(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 1 + 1e-9:
        raise ValueError(f"{number} is no fraction from 0 to 1")
    return number
