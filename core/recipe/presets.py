"""Recipes to start from."""

from __future__ import annotations

from enum import StrEnum

from core.recipe.learning import DistillationRecipe, OptimisationRecipe
from core.recipe.schema import DataRecipe, Recipe, StudentRecipe, TeacherRecipe


class Preset(StrEnum):
    """The names of the presets."""

    PAPER = "paper"
    QUICK = "quick"
    BEST = "best"


PRESET_HELP = {
    Preset.PAPER: "Exactly as published: EfficientNet-B7 to MobileNetV2 at 224 pixels. Hours on a GPU, weeks on a CPU.",
    Preset.QUICK: "Small models and images: minutes on a laptop, to try data and settings.",
    Preset.BEST: "Past the paper: augmentation, warm-up and a falling learning rate. Needs a GPU.",
}


def preset(name: Preset) -> Recipe:
    """The recipe of a preset; its data path is empty. `paper` is every field's default but for
    data.calibration and data.group_by."""
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
    return Recipe(data=DataRecipe(calibration=0.0, group_by="lesion"), distillation=DistillationRecipe.of(method="kl"))
