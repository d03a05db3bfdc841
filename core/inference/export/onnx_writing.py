"""From a timm network to an ONNX model with the normalisation in its graph."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from core.errors import SkinKDError
from core.inference.export.onnx_bytes import FEATURES, IMAGES, LOGITS
from core.models.info import ModelInfo

if TYPE_CHECKING:
    import onnx
    from torch import nn

OPSET = 18
"""Old enough for runtimes of 2023 on phones, new enough to need no converter."""


def to_onnx(model: nn.Module, info: ModelInfo, positions: int = 1) -> onnx.ModelProto:
    """The network as ONNX: uint8 images [batch, S, S, 3] in, logits and (where it has some) pooled features out.

    Any number of images fits. Normalisation is inside, so that nobody can do it wrongly or twice; with 8 `positions`
    also the mean over the eight flips and turns of each image, so that whoever runs it need not know. `model` is in
    eval mode on the CPU and stays as it is. Raises `SkinKDError` for a network that torch can not export.
    """
    import onnx
    import torch

    wrapped, images = _wrap(model, info, positions)
    names = [LOGITS, FEATURES] if len(wrapped(images)) == 2 else [LOGITS]
    dynamic = {"images": {0: torch.export.Dim("batch", min=1, max=65536)}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own parts among each other
            program = torch.onnx.export(
                wrapped,
                (images,),
                dynamo=True,
                dynamic_shapes=dynamic,
                opset_version=OPSET,
                input_names=[IMAGES],
                output_names=names,
                verbose=False,
                optimize=True,
            )
    except Exception as error:  # torch's exporter raises whatever a part of a network makes it raise
        raise SkinKDError(
            "This network can not be exported",
            f"torch could not write a {info.architecture} as ONNX.",
            f"{type(error).__name__}: {error}",
        ) from error
    if program is None:
        raise SkinKDError("This network can not be exported", f"torch gave no ONNX for a {info.architecture}.")
    found = program.model_proto
    result = onnx.ModelProto()
    result.CopyFrom(found)
    return result


def _wrap(model: nn.Module, info: ModelInfo, positions: int) -> tuple[nn.Module, torch.Tensor]:
    """The network with normalisation before and features beside its logits, and images to trace it with."""
    import torch

    from core.data.augmentation.turns import in_position
    from core.models.outputs import forward_both
    from core.models.preprocessing import normalise

    class Exported(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
            # One pass over all positions, behind one another: a graph as large as for one.
            views = [in_position(images, position) for position in range(positions)]
            seen = normalise(views[0] if positions == 1 else torch.cat(views), info.preprocessing)
            found = [values for values in forward_both(self.model, seen) if values is not None]
            if positions > 1:
                found = [values.reshape(positions, -1, values.shape[1]).mean(dim=0) for values in found]
            return tuple(found)

    size = info.preprocessing.image_size
    # Two images: torch takes a batch of one for a fixed size.
    return Exported().eval(), torch.zeros((2, size, size, 3), dtype=torch.uint8)


if TYPE_CHECKING:
    import torch
