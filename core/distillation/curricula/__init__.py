"""Which of the drawn images an epoch shows, and in which order: difficulty, order, pacing and redraw.

Each of the four is a choice among the entries of a registry (`DIFFICULTIES`, `ORDERS`, `PACINGS`, `REDRAWS`), to which
one adds one's own; a `Curriculum` is one of each with its settings. Knows no torch.
"""

from core.distillation.curricula.curriculum import Curriculum
from core.distillation.curricula.difficulties import DIFFICULTIES, Difficulty, TrainingImages
from core.distillation.curricula.orders import ORDERS, Drawn, Order
from core.distillation.curricula.pacings import PACINGS, Pacing
from core.distillation.curricula.redraws import REDRAWS, Redraw

__all__ = [
    "DIFFICULTIES",
    "ORDERS",
    "PACINGS",
    "REDRAWS",
    "Curriculum",
    "Difficulty",
    "Drawn",
    "Order",
    "Pacing",
    "Redraw",
    "TrainingImages",
]
