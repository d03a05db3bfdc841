"""Lets torchvision load beside a torch of another build, without its compiled operators, which SkinKD never calls.

On import torchvision describes its operators to torch; where their library can not be loaded (built for CUDA, beside a
torch without) torch refuses the first description for want of a declaration. The declarations are made here, right
before that import. Calling such an operator still fails, and says so.
"""

import importlib.abc
import sys

_DECLARATIONS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


class _DeclareFirst(importlib.abc.MetaPathFinder):
    """Finds no module; notices that torchvision is about to be imported."""

    def find_spec(self, name, path=None, target=None):
        if name == "torchvision._meta_registrations":
            sys.meta_path.remove(self)
            self._declare()

    def _declare(self):
        import torch
        from torchvision.extension import _has_ops

        if not _has_ops():
            self.library = torch.library.Library("torchvision", "FRAGMENT")
            for declaration in _DECLARATIONS:
                self.library.define(declaration)
            sys.modules["torchvision.extension"].skinkd_declarations = self.library  # lives as long as torchvision


sys.meta_path.insert(0, _DeclareFirst())
