"""The distillation methods, one file each. `METHODS` holds them by name; people's own are added with
`METHODS.register(method)`, or `with METHODS.registered(method):`."""

from core.distillation.method import Method
from core.distillation.methods.dist import DIST
from core.distillation.methods.kl import KL
from core.distillation.methods.none import NONE
from core.registry import Registry

METHODS: Registry[Method] = Registry("distillation method", (NONE, KL, DIST))
"""In the order in which they are offered."""

__all__ = ["METHODS"]
