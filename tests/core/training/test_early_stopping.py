"""The rule that ends a training and picks its epoch."""

from __future__ import annotations

import pytest

from core.training.early_stopping import EarlyStopping


def epochs_until_stop(values: list[float], rule: EarlyStopping) -> tuple[int, int]:
    """(epochs trained, best epoch)."""
    for epoch, value in enumerate(values, 1):
        rule = rule.update(epoch, value)
        if rule.stop:
            return epoch, rule.best_epoch
    return len(values), rule.best_epoch


@pytest.mark.parametrize(
    ("values", "patience", "expected"),
    [
        ([0.1, 0.2, 0.2, 0.2, 0.2], 2, (4, 2)),  # an equal value is no new best
        ([0.5, 0.4, 0.4, 0.6, 0.1, 0.1, 0.1], 3, (7, 4)),  # a new best starts the count anew
        ([0.5, 0.4, 0.3], 0, (3, 1)),  # 0: never
        ([0.5, 0.4, 0.3], 1, (2, 1)),
        ([0.0, 0.0], 5, (2, 1)),  # the first epoch is a best, however bad
    ],
)
def test_patience(values: list[float], patience: int, expected: tuple[int, int]) -> None:
    assert epochs_until_stop(values, EarlyStopping(patience)) == expected


def test_a_loss_is_better_when_smaller() -> None:
    assert epochs_until_stop([3.0, 2.0, 2.5, 2.1], EarlyStopping(2, smaller_is_better=True)) == (4, 2)


def test_state_survives_a_checkpoint() -> None:
    rule = EarlyStopping(3).update(1, 0.5).update(2, 0.4)
    again = EarlyStopping(3).with_values(rule.to_values())
    assert again == rule
    assert again.patience_left == 2
    assert EarlyStopping(0).patience_left is None
