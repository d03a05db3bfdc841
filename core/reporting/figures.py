"""All figures in one place. Importing this imports matplotlib (never pyplot), so import it where figures are drawn.

Each function takes finished results and a `FigureStyle` and returns a matplotlib `Figure` that needs no display.
"""

from core.reporting.class_figures import class_distribution, class_examples, class_label, probabilities
from core.reporting.curve_figures import loss_curves, score_curves
from core.reporting.score_figures import SMALL_SUPPORT, confusion_matrix, per_class_f1
from core.reporting.style import FigureStyle, message_figure

__all__ = [
    "SMALL_SUPPORT",
    "FigureStyle",
    "class_distribution",
    "class_examples",
    "class_label",
    "confusion_matrix",
    "loss_curves",
    "message_figure",
    "per_class_f1",
    "probabilities",
    "score_curves",
]
