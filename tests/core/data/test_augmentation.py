from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from core.data.augmentation import augment  # noqa: E402


def _batch(count: int = 16, side: int = 12) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(60, 190, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def test_a_pure_function_that_leaves_its_input_alone() -> None:
    batch = _batch()
    copy = batch.clone()
    torch.manual_seed(1)
    first = augment(batch, seed=3, epoch=2, batch_index=5)
    torch.manual_seed(2)
    assert torch.equal(first, augment(batch, seed=3, epoch=2, batch_index=5))
    assert torch.equal(batch, copy)
    assert first.dtype == torch.uint8
    assert first.shape == batch.shape
    others = [augment(batch, seed=s, epoch=e, batch_index=b) for s, e, b in ((4, 2, 5), (3, 3, 5), (3, 2, 6))]
    assert not any(torch.equal(first, other) for other in others)


def test_every_image_is_one_of_the_eight_positions_with_slight_colour() -> None:
    batch = _batch(64)
    changed = augment(batch, seed=0, epoch=1, batch_index=0).float()
    positions = set()
    for before, after in zip(batch.float(), changed, strict=True):
        views = [turned if not flip else turned.flip(0) for flip in (0, 1) for turned in _turns(before)]
        errors = [float((view - after).abs().mean()) for view in views]
        best = min(range(8), key=errors.__getitem__)
        positions.add(best)
        assert errors[best] < 25
        assert sorted(errors)[1] > errors[best] + 5
    assert positions == set(range(8))


def _turns(image: torch.Tensor) -> list[torch.Tensor]:
    return [torch.rot90(image, turn, (0, 1)) for turn in range(4)]


def test_images_that_are_not_square_are_only_flipped() -> None:
    batch = _batch()[:, :, :7]
    assert augment(batch, seed=0, epoch=1, batch_index=0).shape == batch.shape
