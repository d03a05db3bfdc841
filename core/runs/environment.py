"""With what a run was computed: environment.json."""

from __future__ import annotations

import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from core.models.info import Preprocessing

if TYPE_CHECKING:
    from core.training.hardware import Hardware

_PACKAGES = ("skinkd", "torch", "torchvision", "timm", "lightning-fabric", "numpy", "scipy", "pillow")


ENERGY = "energy"
"""The name in environment.json of what `core.training.energy` counted."""


def describe_environment(
    hardware: Hardware,
    *,
    architecture: str,
    parameters: int,
    trainable: int,
    preprocessing: Preprocessing,
    weights: dict[str, str],
) -> dict[str, Any]:
    """Versions, machine, device, precision, CPU threads, the trained model's size (weights of all kinds), and what it
    began with: `kind` (hub, none, file), and what is known of `name`, `sha256` and `licence`."""
    import torch

    from core.training.hardware import cpu_name

    return {
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in _PACKAGES},
        "os": platform.platform(),
        "cpu": cpu_name(),
        "device": hardware.device,
        "device_name": hardware.name,
        "devices": hardware.devices * hardware.nodes,
        "precision": hardware.precision,
        "threads": hardware.threads,
        "cuda": torch.version.cuda if hardware.device.startswith("cuda") else None,
        "cudnn": torch.backends.cudnn.version() if hardware.device.startswith("cuda") else None,  # type: ignore[no-untyped-call]
        "frozen_program": bool(getattr(sys, "frozen", False)),
        "architecture": architecture,
        "parameters": parameters,
        "trainable_parameters": trainable,
        "preprocessing": asdict(preprocessing),
        "weights": weights,
    }


def package_version(name: str) -> str:
    """A package's version, or "" when it is not installed as a package."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def known_preprocessing(environment: dict[str, Any]) -> Preprocessing | None:
    """The preprocessing that environment.json keeps; None before the model was first made, or when damaged."""
    try:
        values = environment["preprocessing"]
        mean, std = (tuple(float(value) for value in values[name]) for name in ("mean", "std"))
        (a, b, c), (d, e, f) = mean, std
        return Preprocessing(int(values["image_size"]), (a, b, c), (d, e, f))
    except (KeyError, TypeError, ValueError):
        return None
