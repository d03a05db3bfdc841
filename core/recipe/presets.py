"""Recipes to start from."""

from __future__ import annotations

from enum import StrEnum

from core.data.types import GroupBy
from core.recipe.learning import DistillationRecipe, OptimisationRecipe
from core.recipe.schema import DataRecipe, HardwareRecipe, Recipe, StudentRecipe, TeacherRecipe


class Preset(StrEnum):
    """The names of the presets."""

    PAPER = "paper"
    PAPER_LESION = "paper-lesion"
    QUICK = "quick"
    BEST = "best"


PAPERS = (Preset.PAPER, Preset.PAPER_LESION)
"""The paper's settings, which differ in the split alone."""

PRESET_HELP = {
    Preset.PAPER: "To the letter: EfficientNet-B7 to MobileNetV2 at 224 pixels, divided image by image, so that test "
    "images resemble training images and scores come out too high. Hours on a GPU, weeks on a CPU.",
    Preset.PAPER_LESION: "The same, but all images of a lesion stay in one part: scores that hold for new lesions.",
    Preset.QUICK: "Small models and images: minutes on a laptop, to try data and settings.",
    Preset.BEST: "Past the paper: augmentation, warm-up and a falling learning rate. Needs a GPU.",
}


def preset(name: Preset) -> Recipe:
    """The recipe of a preset; its data path is empty. How `paper` reads what its authors leave open says
    `core.study.departures.READINGS`."""
    if name is Preset.QUICK:
        return Recipe(
            data=DataRecipe(image_size=128),
            teacher=TeacherRecipe(architecture="mobilenetv2_100"),
            student=StudentRecipe(architecture="mobilenetv2_050"),
            distillation=DistillationRecipe.of(method="kl"),
            optimisation=OptimisationRecipe(learning_rate=3e-4, epochs=12),
        )
    if name is Preset.BEST:
        return Recipe(
            distillation=DistillationRecipe.of(method="kl", alpha=0.5, temperature=2.0, direction="teacher_student"),
            optimisation=OptimisationRecipe(
                optimizer="adamw",
                learning_rate=3e-4,
                epochs=60,
                patience=10,
                monitor="balanced_accuracy",
                augmentation="light",
                schedule="cosine",
                warmup=3,
            ),
        )
    return _paper("image" if name is Preset.PAPER else "lesion")


def _paper(group_by: GroupBy) -> Recipe:
    """Every other field's default is the paper's."""
    return Recipe(
        data=DataRecipe(calibration=0.0, group_by=group_by, rounding="paper"),
        teacher=TeacherRecipe(architecture="tf_efficientnet_b7.aa_in1k", drop_rate=0.5, drop_path_rate=0.2),
        student=StudentRecipe(drop_rate=0.2),
        distillation=DistillationRecipe.of(method="kl"),
        hardware=HardwareRecipe(precision="32"),
    )
