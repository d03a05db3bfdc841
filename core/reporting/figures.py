"""All figures in one place. Importing this imports matplotlib (never pyplot), so import it where figures are drawn.

Each function takes finished results and a `FigureStyle` and returns a matplotlib `Figure` that needs no display.
"""

from core.reporting.bar_figures import SMALL_SUPPORT, BarRun, per_class_bars, per_class_f1
from core.reporting.class_figures import class_distribution, class_examples, probabilities
from core.reporting.comparison_figures import difference_plot, reliability_diagram, subgroup_plot
from core.reporting.confusion_figures import confusion_grid, confusion_matrix, confusion_pair, difference_matrix
from core.reporting.curve_figures import loss_curves, overlaid_curves, score_curves
from core.reporting.decision_figures import called_benign_figure, risk_coverage_figure
from core.reporting.first_epoch_figures import first_epoch_bars
from core.reporting.flow_figures import flow_diagram
from core.reporting.robustness_figures import robustness_figure
from core.reporting.study_figures import best_per_method, f1_over_alpha
from core.reporting.style import FigureStyle, message_figure

__all__ = [
    "SMALL_SUPPORT",
    "BarRun",
    "FigureStyle",
    "best_per_method",
    "called_benign_figure",
    "class_distribution",
    "class_examples",
    "confusion_grid",
    "confusion_matrix",
    "confusion_pair",
    "difference_matrix",
    "difference_plot",
    "f1_over_alpha",
    "first_epoch_bars",
    "flow_diagram",
    "loss_curves",
    "message_figure",
    "overlaid_curves",
    "per_class_bars",
    "per_class_f1",
    "probabilities",
    "reliability_diagram",
    "risk_coverage_figure",
    "robustness_figure",
    "score_curves",
    "subgroup_plot",
]
