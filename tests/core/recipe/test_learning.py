from __future__ import annotations

import pytest

from core.recipe import Recipe, set_values


@pytest.mark.parametrize(
    ("changes", "times"),
    [
        ((), 0),
        (("sampler=shuffle", "classification_loss=logit_adjusted"), 0),
        (("sampler=shuffle", "classification_loss=logit_adjusted", "adjust_logits=-1"), 0),
        (("classification_loss=focal",), 0),
        (("classification_loss=class_balanced",), 2),
        (("adjust_logits=1",), 2),
        (("classification_loss=logit_adjusted", "adjust_logits=1"), 3),
    ],
)
def test_making_up_for_rare_classes_more_than_once_is_noted(changes: tuple[str, ...], times: int) -> None:
    """Drawing every class equally often, which is the default, does it once."""
    notes = set_values(Recipe(), [f"optimisation.{change}" for change in changes]).optimisation.notes
    assert len(notes) == (times > 1)
    assert all(f"made up for {times} times" in note for note in notes)
