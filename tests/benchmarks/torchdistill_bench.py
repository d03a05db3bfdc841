"""The second peer: torchdistill from the Python package index, with the same networks, images, order and loss.

It gets an environment of its own, .benchmarks/torchdistill-env, made by uv with the versions of our lock: torch comes
from uv's cache as links, so nothing large is fetched twice, and our environment is left alone. Its KDLoss is Hinton's,
so ours is set to that. Its images are the very ones that our store holds: too small for reduced decoding.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from ratios import Ratio, Settings, say
from subject import (
    BATCH,
    PREPROCESSING,
    SIZE,
    STUDENT,
    TEACHER,
    Subject,
    hardware,
    new_model,
    new_subject,
    recipe_of,
    teacher_answers,
    teacher_file,
    train,
)

from core.classes import CLASS_SETS
from core.data.sampling import epoch_order
from core.events import BatchFinished, Event
from core.models.files import save_model
from core.models.info import ModelInfo

ISIC2019 = CLASS_SETS["isic2019"]

PACKAGES = ("torchdistill", "torch", "torchvision", "timm", "safetensors")
HERE = Path(__file__).parent
ENVIRONMENT = Path(".benchmarks") / "torchdistill-env"
ALPHA, TEMPERATURE, RATE = 0.5, 4.0, 1e-5


def measure(settings: Settings) -> list[Ratio]:
    """Images per second and the losses of the first steps, ours against torchdistill's."""
    python = _environment()
    if python is None:
        return []
    steps = 2 if settings.quick else 3
    subject = new_subject(settings.folder, steps * BATCH, side=512)
    order = epoch_order(subject.store.labels[: subject.train], sampler="weighted", seed=0, epoch=1)
    say("  torchdistill")
    expected, slow = _theirs(python, subject, order)
    say("  ours")
    answers, answering = teacher_answers(subject)
    losses, epoch = _ours(subject, answers)
    read = subject.reading_rate
    whole = 25 / (1 / read + 1 / answering + 25 / epoch)
    arithmetic = f"ours: 25 / (1 / {read:.1f} decoded + 1 / {answering:.1f} answers + 25 / {epoch:.1f} learned)"
    return [
        Ratio("KL epoch / torchdistill, teacher B7", epoch, slow, "images/s", note="ours with stored answers"),
        Ratio("25 KL epochs, decoding, teacher / torchdistill", whole, slow, "images/s", note=arithmetic),
        *(
            Ratio(f"loss of step {step} / torchdistill's", mine, other, "loss", note=f"{abs(mine - other):.0e} apart")
            for step, (mine, other) in enumerate(zip(losses, expected, strict=True), 1)
        ),
    ]


def _environment() -> Path | None:
    """The Python that has torchdistill, installed where it is missing; None, with a word, where it can not be."""
    place = ENVIRONMENT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if place.exists() and not subprocess.run([place, "-c", "import torchdistill"], check=False).returncode:
        return place.absolute()
    uv = next((str(file) for file in Path(".tools").glob("uv*/**/bin/uv") if file.exists()), shutil.which("uv"))
    if uv is None:
        say("  there is no uv to install torchdistill with; left out")
        return None
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    say(f"  installing torchdistill into {ENVIRONMENT}")
    ENVIRONMENT.parent.mkdir(exist_ok=True)
    install = [uv, "pip", "install", "--quiet", "--python", str(place), *PACKAGES, "--constraint", "requirements.lock"]
    for command in ([uv, "venv", "--quiet", "--python", sys.executable, str(ENVIRONMENT)], install):
        if subprocess.run(command, check=False).returncode:
            say("  torchdistill can not be installed here; left out")
            return None
    return place.absolute()


def _theirs(python: Path, subject: Subject, order: np.ndarray) -> tuple[list[float], float]:
    """The loss of every step, and images per second."""
    folder = subject.folder
    save_model(folder / "student.safetensors", new_model(STUDENT), ModelInfo(STUDENT, PREPROCESSING, classes=ISIC2019))
    task = {
        "files": [str(file) for file in subject.files],
        "labels": subject.labels,
        "order": order.tolist(),
        "device": hardware().device,
        "size": SIZE,
        "batch": BATCH,
        "teacher": {"architecture": TEACHER, "weights": str(teacher_file(folder))},
        "student": {"architecture": STUDENT, "weights": str(folder / "student.safetensors")},
        "alpha": ALPHA,
        "temperature": TEMPERATURE,
        "learning_rate": RATE,
    }
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    result = folder / "result.json"
    command = [python, HERE / "torchdistill_peer.py", folder / "task.json", result]
    subprocess.run([str(part) for part in command], check=True)
    found = json.loads(result.read_text(encoding="utf-8"))
    return found["losses"], found["images_per_second"]


def _ours(subject: Subject, answers: np.ndarray) -> tuple[list[float], float]:
    """The same of the product's training; the rate is that of its second epoch."""
    events: list[Event] = []
    recipe = recipe_of(
        "distillation.method=kl",
        "distillation.direction=teacher_student",
        f"distillation.alpha={ALPHA}",
        f"distillation.temperature={TEMPERATURE}",
        f"optimisation.learning_rate={RATE}",
        "optimisation.seed=0",
        "optimisation.epochs=2",
    )
    history = train(subject, recipe, answers, emit=events.append).history
    steps = [event for event in events if isinstance(event, BatchFinished) and event.epoch == 1]
    return [step.loss.total for step in steps], history[-1].images_per_second
