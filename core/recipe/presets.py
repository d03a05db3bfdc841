"""Recipes to start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import partial

from core.data.types import GroupBy
from core.recipe.learning import DistillationRecipe, OptimisationRecipe
from core.recipe.schema import DataRecipe, HardwareRecipe, Recipe, StudentRecipe, TeacherRecipe


class Preset(StrEnum):
    """The names of the presets."""

    PAPER = "paper"
    PAPER_LESION = "paper-lesion"
    QUICK = "quick"
    BEST = "best"
    BEST_CPU = "best-cpu"


PAPERS = (Preset.PAPER, Preset.PAPER_LESION)
"""The paper's settings, which differ in the split alone."""

PRESET_HELP = {
    Preset.PAPER: "To the letter: EfficientNet-B7 to MobileNetV2 at 224 pixels, divided image by image, so that test "
    "images resemble training images and scores come out too high. Hours on a GPU, weeks on a CPU.",
    Preset.PAPER_LESION: "The same, but all images of a lesion stay in one part: scores that hold for new lesions.",
    Preset.QUICK: "Small models and images: minutes on a laptop, to try data and settings.",
    Preset.BEST: "Past the paper, at its size: every image once an epoch in one of its eight flips and turns, a larger "
    "learning rate that falls, and KL of standardised logits of the teacher's answers for the very view. Needs a GPU. "
    "As a whole not measured yet; its small form is, see below.",
    Preset.BEST_CPU: "The same with smaller models and images, for a CPU: half an hour for 5,000 images. In four "
    "epochs, on 1,599 validation images of HAM10000 divided by lesion, three trainings reached a weighted F1 of "
    "79.3 ± 0.3 % and a balanced accuracy of 58.6 ± 1.8 %, without a teacher 76.6 ± 0.5 % and 54.3 ± 2.7 %. Out of "
    "fold it is not measured yet; a plain training loop is 7 points of weighted F1 below the same without a teacher.",
}


def preset(name: Preset) -> Recipe:
    """The recipe of a preset; its data path is empty. How `paper` reads what its authors leave open says
    `core.study.departures.READINGS`."""
    return _RECIPES[name]()


def _quick() -> Recipe:
    return Recipe(
        data=DataRecipe(image_size=128),
        teacher=TeacherRecipe(architecture="mobilenetv2_100"),
        student=StudentRecipe(architecture="mobilenetv2_050"),
        distillation=DistillationRecipe.of(method="kl"),
        optimisation=OptimisationRecipe(learning_rate=3e-4, epochs=12),
    )


def _best(recipe: Recipe, *, learning_rate: float, epochs: int) -> Recipe:
    """What did best on the validation images of one fold, with a recipe's models and images; docs/proof has the
    measurements. That of a GPU has more epochs and, for its larger teacher, half the learning rate."""
    found = {
        "distillation": DistillationRecipe.of(method="standardised_kl", alpha=0.5),
        "optimisation": OptimisationRecipe(
            optimizer="adamw",
            learning_rate=learning_rate,
            weight_decay=0.05,
            epochs=epochs,
            patience=0,
            monitor="weighted_f1",
            sampler="shuffle",
            augmentation="turns",
            schedule="cosine",
            warmup=1,
        ),
    }
    return recipe.model_copy(update=found)


def _paper(group_by: GroupBy) -> Recipe:
    """Every other field's default is the paper's."""
    return Recipe(
        data=DataRecipe(calibration=0.0, group_by=group_by, rounding="paper"),
        teacher=TeacherRecipe(architecture="tf_efficientnet_b7.aa_in1k", drop_rate=0.5, drop_path_rate=0.2),
        student=StudentRecipe(drop_rate=0.2),
        distillation=DistillationRecipe.of(method="kl"),
        hardware=HardwareRecipe(precision="32"),
    )


_SMALL = Recipe(data=DataRecipe(image_size=96), teacher=TeacherRecipe(architecture="tf_efficientnet_lite2"))

_RECIPES: Mapping[Preset, Callable[[], Recipe]] = {
    Preset.PAPER: partial(_paper, "image"),
    Preset.PAPER_LESION: partial(_paper, "lesion"),
    Preset.QUICK: _quick,
    Preset.BEST: partial(_best, Recipe(), learning_rate=5e-4, epochs=30),
    Preset.BEST_CPU: partial(_best, _SMALL, learning_rate=1e-3, epochs=10),
}
