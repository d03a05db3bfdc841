"""What goes into the frozen program and what stays out. The lists of skinkd.spec; tests look that they name what exists.

Measured in installers/README.md. A path is that of a file inside the bundle, with forward slashes.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution

OWN_PACKAGES = ("core", "skinkd_gui", "resources")

# Imported by name, or by a package that looks for its own parts.
HIDDEN = (
    "captum.attr",
    "crepes.extras",
    "lightning_fabric",
    "onnxscript",
    "pydicom.encoders.native",
    "pydicom.encoders.pylibjpeg",
    "pydicom.encoders.gdcm",
    "pydicom.pixels.decoders",
    "pydicom.pixels.encoders",
    "tensorboardX",
    "timm.models",
    "wakepy.methods.freedesktop",
    "wakepy.methods.gnome",
    "wakepy.methods.macos",
    "wakepy.methods.windows",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
)

# Packages whose data files are read at run time and that PyInstaller's own hooks do not know.
WITH_DATA = ("lightning_fabric", "lightning_utilities", "onnxscript", "timm", "wakepy")

# Their functions are read as text: TorchScript, PyTorch's settings, ONNX functions.
WITH_SOURCE = ("torch", "torchvision", "timm", "onnxscript", "captum")

# Development tools, other windows and notebooks, which libraries import when they happen to be there.
UNWANTED = (
    "IPython",
    "PyInstaller",
    "_pyinstaller_hooks_contrib",
    "_pytest",
    "expecttest",
    "hatchling",
    "hypothesis",
    "importlinter",
    "matplotlib.tests",
    "mypy",
    "mypyc",
    "numpy.f2py",
    "onnxruntime.quantization",
    "onnxruntime.tools",
    "onnxruntime.transformers",
    "pip",
    "pytest",
    "pytestqt",
    "ruff",
    "tensorboard",
    "tkinter",
    "turtle",
    "xdist",
)

# Qt: the window uses QtCore, QtGui, QtWidgets, QtNetwork (one window only) and QtSvg (icons).
UNWANTED_QT = tuple(
    f"PySide6.{name}"
    for name in (
        "QtConcurrent",
        "QtDesigner",
        "QtHelp",
        "QtOpenGL",
        "QtOpenGLWidgets",
        "QtPrintSupport",
        "QtQml",
        "QtQuick",
        "QtQuickControls2",
        "QtQuickTest",
        "QtQuickWidgets",
        "QtSql",
        "QtTest",
        "QtUiTools",
        "QtXml",
    )
)

# Files that the bundle would carry for nothing.
LEFT_OUT: tuple[str, ...] = ()


def kept(path: str) -> bool:
    """Whether the file at this path of the bundle goes in."""
    path = path.replace("\\", "/")
    return not any(fnmatch.fnmatchcase(path, pattern) for pattern in LEFT_OUT)


def runtime_distributions() -> tuple[Distribution, ...]:
    """SkinKD's distribution and all that it needs here, by name; what only builds or tests it is not among them."""
    from packaging.requirements import Requirement

    found: dict[str, Distribution] = {}
    asked = ["skinkd"]
    while asked:
        one = distribution(asked.pop())
        name = one.metadata["Name"].lower()
        if name in found:
            continue
        found[name] = one
        asked += [wanted.name for wanted in map(Requirement, one.requires or ()) if _needed(wanted)]
    return tuple(found[name] for name in sorted(found))


def _needed(requirement: object) -> bool:
    marker = requirement.marker  # type: ignore[attr-defined]
    return marker is None or marker.evaluate({"extra": ""})
