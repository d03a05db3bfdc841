"""The distillation methods, one file each. `METHODS` holds them by name; people's own are added with
`METHODS.register(method)`, or `with METHODS.registered(method):`."""

from core.distillation.method import Method
from core.distillation.methods.dist import DIST
from core.distillation.methods.dkd import DKD
from core.distillation.methods.feature_cosine import FEATURE_COSINE
from core.distillation.methods.kl import KL
from core.distillation.methods.none import NONE
from core.distillation.methods.norm_direction import NORM_DIRECTION
from core.distillation.methods.standardised_kl import STANDARDISED_KL
from core.registry import Registry

METHODS: Registry[Method] = Registry(
    "distillation method", (NONE, KL, DIST, STANDARDISED_KL, DKD, NORM_DIRECTION, FEATURE_COSINE)
)
"""In the order in which they are offered."""

__all__ = ["METHODS"]
