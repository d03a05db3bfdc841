"""Both parts of the loss by epoch, L_KD and L_CLS, their ratio, and what alpha makes of it.

The paper asks whether the two have so different scales that alpha moves nothing, and says that its curves show
otherwise (section 5.5.1); these tables show it.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.events import EpochRecord, LossParts
from core.reporting import cells
from core.reporting.table import Cell, Column, ResultsTable

_FORM = ".4g"
_COLUMNS = (
    Column("L_CLS", "Loss from the labels: cross entropy, mean per image"),
    Column("L_KD", "Loss from the teacher, before alpha"),
    Column("L_KD / L_CLS", "How much larger the teacher's part is before alpha"),
    Column("Teacher's share", "alpha * L_KD of alpha * L_KD + (1 - alpha) * L_CLS"),
)
_NOTE = "L = alpha * L_KD + (1 - alpha) * L_CLS (the paper's figure 4): means per image over an epoch's training."


def loss_ratio(loss: LossParts) -> float | None:
    """L_KD / L_CLS; None without a teacher, or where the labels' part is 0."""
    if loss.distillation is None or not loss.classification:
        return None
    return loss.distillation / loss.classification


def teacher_share(loss: LossParts, alpha: float) -> float | None:
    """The part of the loss that comes from the teacher once alpha has weighed both, 0..1; None without a teacher."""
    if loss.distillation is None:
        return None
    taught, labelled = alpha * loss.distillation, (1 - alpha) * loss.classification
    return taught / (taught + labelled) if taught + labelled > 0 else None


def loss_parts_table(title: str, alpha: float, history: Sequence[EpochRecord]) -> ResultsTable:
    """A row per epoch of one distilled student."""
    rows = tuple((cells.count(record.epoch), *_parts(record, alpha)) for record in history)
    return ResultsTable(f"Parts of the loss: {title}", (Column("Epoch"), *_COLUMNS), rows, (_NOTE,))


def loss_scales_table(runs: Sequence[tuple[str, float, Sequence[EpochRecord]]]) -> ResultsTable:
    """The parts of several distilled students (title, alpha, history), in their first and in their best epoch."""
    rows: list[tuple[Cell, ...]] = []
    fractions: list[tuple[float, float]] = []
    for title, alpha, history in runs:
        best = next((record for record in reversed(history) if record.best), history[-1])
        for words, record in (("first", history[0]), (f"best ({best.epoch})", best)):
            rows.append((cells.words(title), cells.number(alpha), cells.words(words), *_parts(record, alpha)))
        if (fraction := teacher_share(best.train_loss, alpha)) is not None:
            fractions.append((alpha, fraction))
    columns = (Column("Run", words=True), Column("alpha"), Column("Epoch", words=True), *_COLUMNS)
    return ResultsTable("Scales of both parts of the loss", columns, tuple(rows), (_NOTE, *_moved(fractions)))


def _parts(record: EpochRecord, alpha: float) -> tuple[Cell, ...]:
    loss = record.train_loss
    return (
        cells.number(loss.classification, _FORM),
        cells.number(loss.distillation, _FORM),
        cells.number(loss_ratio(loss), _FORM),
        cells.share(teacher_share(loss, alpha)),
    )


def _moved(fractions: Sequence[tuple[float, float]]) -> tuple[str, ...]:
    """What alpha makes of the ratio, where several were tried."""
    if len({alpha for alpha, _ in fractions}) < 2:
        return ()
    low, high = min(fractions), max(fractions)
    return (
        f"From alpha {low[0]:g} to {high[0]:g} the teacher's share of the loss (best epoch) goes from "
        f"{100 * low[1]:.1f} % to {100 * high[1]:.1f} %. Were both parts of one size, it would be alpha itself.",
    )
