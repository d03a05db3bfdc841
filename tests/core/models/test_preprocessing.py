from __future__ import annotations

import pytest
import torch

from core.models.info import Preprocessing
from core.models.preprocessing import normalise

PREPROCESSING = Preprocessing(4, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_values_order_and_memory_format() -> None:
    batch = torch.randint(0, 256, (2, 4, 5, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    result = normalise(batch, PREPROCESSING)
    assert result.shape == (2, 3, 4, 5)
    assert result.is_contiguous(memory_format=torch.channels_last)
    for channel in range(3):
        mean, std = PREPROCESSING.mean[channel], PREPROCESSING.std[channel]
        expected = (batch[..., channel].double() / 255 - mean) / std
        torch.testing.assert_close(result[:, channel].double(), expected, rtol=1e-5, atol=1e-6)


def test_lower_precision_is_rounded_only_at_the_end() -> None:
    batch = torch.arange(48, dtype=torch.uint8).reshape(1, 4, 4, 3)
    for dtype in (torch.float16, torch.bfloat16):
        assert torch.equal(normalise(batch, PREPROCESSING, dtype), normalise(batch, PREPROCESSING).to(dtype))


def test_scaled_images_are_refused() -> None:
    with pytest.raises(TypeError, match="uint8"):
        normalise(torch.zeros(1, 4, 4, 3), PREPROCESSING)
