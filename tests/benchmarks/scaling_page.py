"""The tables of docs/scaling.md: the program's own arithmetic (`core.training.cost.reckoned`) with a GPU's speeds.

`python tests/benchmarks/scaling_page.py` writes them into the page.
"""

from __future__ import annotations

import core  # noqa: F401  (before numpy and torch: it says how their threads wait)

# isort: split
import math
from dataclasses import dataclass
from pathlib import Path

from core.recipe import Preset, Recipe, preset, set_values
from core.training.cost import INTERCONNECTS, Cost, Interconnect, Speeds, images_of_process, reckoned, sent_bytes
from core.training.timing import TeacherSpeed, TrainingSpeed

PAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->"

SIZE = 224
_PIXELS = (600 / SIZE) ** 2
"""B7 was measured with 600 pixels; a convolution's work goes with them."""

LAUNCH = 10e-6
"""Seconds until the next operation starts on a GPU, however small: assumed."""

DECODING = 0.0102
"""Seconds of a thread for a picture of 1,024 pixels: checked (a reduced decode of 4.9 ms and two digests of 0.2 ms of
the processor's time, measured here) and decoded (4.9 ms)."""
THREADS = 16

NVLINK = Interconnect(0.002, 200e9)
"""Two thirds of what NVLink 3 moves one way (300 GB/s, data sheet of the A100)."""

DATA = ((25_331, 17_728), (400_000, 280_000))
"""Images, and those of the training part."""
GPUS = (1, 4, 8)
STUDENTS = 21


@dataclass(frozen=True)
class Network:
    """A network on one GPU: images a second in training and when asked, operations of a step, weights, and the bytes
    that an image leaves behind for the backward pass, in 32 bits."""

    learning: float
    asked: float
    operations: int
    weights: int
    image_bytes: int

    def speed(self, images: int) -> TrainingSpeed:
        """Of training with so many images at once: no step is shorter than its operations take to be started."""
        second = max(1 / self.learning, LAUNCH * self.operations / images)
        memory = 16 * self.weights + images * self.image_bytes  # weights, gradients, and two moments of Adam
        return TrainingSpeed(second, 1 / self.asked, memory, self.weights)


TEACHER = Network(37.22 * _PIXELS, 155.86 * _PIXELS, 2_700, 63_807_448, 534_000_000)
STUDENT = Network(2313.1, 9591.46, 550, 2_234_120, 78_300_000)


def run_cost(task: str, gpus: int, images: int, train: int) -> Cost:
    """What a run of the paper costs on so many GPUs of one computer."""
    recipe = set_values(preset(Preset.PAPER), [f"task={task}", f"data.image_size={SIZE}", f"hardware.devices={gpus}"])
    if task == "student":
        recipe = set_values(recipe, ["distillation.method=kl"])
    return reckoned(recipe, images, train, _speeds(recipe))


def _speeds(recipe: Recipe) -> Speeds:
    network = STUDENT if recipe.task == "student" else TEACHER
    teachers = (TeacherSpeed(1 / TEACHER.asked, SIZE, 0),) if recipe.needs_teacher else ()
    speed = network.speed(images_of_process(recipe))
    return Speeds(speed, teachers, DECODING, THREADS, "cuda", INTERCONNECTS["cuda"])


def hours(images: int, train: int) -> list[str]:
    """Runs and the study, on 1, 4 and 8 GPUs."""
    rows = []
    single = run_cost("student", 1, images, train)
    own = single.seconds_total_max - single.decode_seconds - single.teacher_seconds
    for gpus in GPUS:
        teacher, student = (run_cost(task, gpus, images, train) for task in ("teacher", "student"))
        rest = student.seconds_total_max - student.decode_seconds - student.teacher_seconds
        before = teacher.seconds_total_max + student.teacher_seconds
        alone = student.alone_seconds if gpus > 1 else 0.0
        figures = [teacher.seconds_total_max, student.seconds_total_max, alone]
        figures += [before + STUDENTS * rest, before + math.ceil(STUDENTS / gpus) * own]
        memory = (teacher.memory_bytes + images * SIZE * SIZE * 3) / 1e9
        sent = teacher.exchanged_bytes / 1e9
        rows.append([gpus, *(f"{value / 3600:.2f} h" for value in figures), f"{memory:.0f} GB", f"{sent:.0f} GB"])
    return _table(
        "GPUs|teacher|a student|of it, one alone|22 runs, each on all|22 runs, one a GPU|"
        "memory of a GPU, teacher|sent by a GPU in an epoch of it",
        rows,
    )


def steps() -> list[str]:
    """What a step of 32 images takes on more and more GPUs, in ms, and what of that is lost."""
    rows = []
    for gpus in (1, 2, 4, 8, 16):
        images = math.ceil(32 / gpus)
        row: list[object] = [gpus, images]
        for network in (TEACHER, STUDENT):
            computing, starting = images / network.learning, LAUNCH * network.operations
            ways = [way.adding(4 * network.weights, gpus) for way in (INTERCONNECTS["cuda"], NVLINK)]
            alone = max(32 / network.learning, starting)
            gains = ", ".join(f"{alone / (max(computing, starting) + way):.1f}" for way in ways)
            row += [f"{1000 * computing:.1f}", f"{1000 * starting:.1f}"]
            row += [", ".join(f"{1000 * way:.1f}" for way in ways), gains]
        rows.append(row)
    return _table(
        "GPUs|images each|" + "|".join(["computing|starting|adding up (PCIe, NVLink)|times as fast"] * 2), rows
    )


def sizes() -> list[str]:
    """Bytes on disk and GPU."""
    both = (4 * TEACHER.weights, 4 * STUDENT.weights)
    weights = ", ".join(f"{value / 1e6:.0f} MB" for value in both)
    sent = ", ".join(f"{sent_bytes(value, 8) / 1e6:.0f} MB" for value in both)
    rows = []
    for images, train in DATA:
        decoded, student = images * SIZE * SIZE * 3, run_cost("student", 1, images, train)
        answers = student.disk_bytes - run_cost("teacher", 1, images, train).disk_bytes
        answers += 20 * (TEACHER.weights - STUDENT.weights)
        rows.append([f"{images:,}", f"{decoded / 1e9:.1f} GB", f"{answers / 1e6:.1f} MB", weights, sent])
    return _table("pictures|decoded|stored answers|gradients of teacher, student|sent a step by each of 8 GPUs", rows)


def _table(titles: str, rows: list[list[object]]) -> list[str]:
    count = titles.count("|") + 1
    lines = [f"| {titles.replace('|', ' | ')} |", f"|{'---:|' * count}"]
    return lines + [f"| {' | '.join(map(str, row))} |" for row in rows]


def tables() -> str:
    """All tables of the page, as Markdown."""
    parts = []
    for images, train in DATA:
        parts += [f"### {images:,} pictures, {train:,} of them to learn from", "", *hours(images, train), ""]
    parts += ["### A step of 32 images, in ms: of the teacher, then of a student", "", *steps(), ""]
    return "\n".join([*parts, "### Bytes", "", *sizes(), ""])


def with_tables(page: str) -> str:
    """The page with the tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n{tables()}\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
