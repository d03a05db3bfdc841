"""The numbers of the live view as texts, from what is known of the run; knows no Qt."""

from __future__ import annotations

from core.events import Phase
from core.quantities import NONE, duration, fraction, whole_percent
from skinkd_gui.training.progress import PHASE_HELP, RunProgress


def phase_title(progress: RunProgress) -> str:
    """What is being done, in one line: 'Training: epoch 3 of 12, batch 40 of 210'."""
    if progress.phase is None:
        return "Starting"
    if progress.phase is Phase.TRAINING and progress.batch is not None:
        batch = progress.batch
        return f"Training: epoch {batch.epoch} of {batch.epochs}, batch {batch.batch:,} of {batch.batches:,}"
    shown = progress.progress
    if shown is None or shown.total <= 1:
        return str(progress.phase)
    return f"{progress.phase}: {shown.done:,} of {shown.total:,}"


def phase_help(progress: RunProgress) -> str:
    """Why that is done."""
    if progress.phase is None:
        return "Preparing the run."
    return PHASE_HELP[progress.phase]


def plan_text(progress: RunProgress) -> str:
    """Which run of several this is; empty for a single one."""
    if len(progress.plan) < 2:
        return ""
    then = progress.plan[progress.index + 1 :]
    after = f", then {', '.join(then)}" if then else ""
    return f"Run {min(progress.index + 1, len(progress.plan))} of {len(progress.plan)}{after}"


def time_left(progress: RunProgress) -> str:
    """How long the training still takes at most (early stopping can end it sooner)."""
    if progress.seconds_left is None:
        return NONE
    return duration(progress.seconds_left)


def overall_text(progress: RunProgress) -> str:
    """The line over the bar of the whole: of one run, or of a teacher and its student."""
    whole = "all runs" if len(progress.plan) > 1 else "the run"
    return f"{whole_percent(progress.fraction)} of {whole}"


def speed(progress: RunProgress) -> str:
    """Images per second of the present phase."""
    if progress.phase is Phase.TRAINING and progress.batch is not None:
        return f"{progress.batch.images_per_second:,.0f}"
    if progress.progress is not None and progress.progress.per_second > 0:
        return f"{progress.progress.per_second:,.0f}"
    return NONE


def epoch(progress: RunProgress) -> str:
    """'3 of 12'."""
    if not progress.epochs:
        return NONE
    begun = progress.batch.epoch if progress.batch is not None else 0
    return f"{max(begun, progress.epochs_done)} of {progress.epochs}"


def losses(progress: RunProgress) -> tuple[str, str, str]:
    """Total loss, the labels' part, the teacher's part."""
    loss = progress.loss
    if loss is None:
        return NONE, NONE, NONE
    teacher = NONE if loss.distillation is None else f"{loss.distillation:.3f}"
    return f"{loss.total:.3f}", f"{loss.classification:.3f}", teacher


def best(progress: RunProgress) -> tuple[str, str]:
    """The best epoch's validation accuracy and weighted F1."""
    record = progress.best
    if record is None:
        return NONE, NONE
    return (
        f"{fraction(record.validation_accuracy)} (epoch {record.epoch})",
        fraction(record.validation_weighted_f1),
    )


def patience(progress: RunProgress) -> str:
    """How many epochs without a new best may still pass."""
    left = progress.patience_left
    if left is None:
        return NONE
    return f"{left} epoch" if left == 1 else f"{left} epochs"
