"""What goes into the frozen program and what stays out: the lists of skinkd.spec, measured in README.md.

A path is that of a file inside the bundle, with forward slashes.
"""

from __future__ import annotations

import fnmatch
import sys
from collections.abc import Collection, Iterable
from pathlib import PurePath

OWN_PACKAGES = ("core", "skinkd_gui", "resources")

# Imported by name, or by a package that looks for its own parts.
HIDDEN = (
    "captum.attr",
    "lightning_fabric",
    "onnxruntime.transformers.float16",  # quantization finds these three through a folder on sys.path
    "onnxruntime.transformers.fusion_utils",
    "onnxruntime.transformers.onnx_model",
    "onnxscript",
    "pydicom.pixels.decoders",
    "pydicom.pixels.encoders",
    "tensorboardX",
    "timm.models",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_qtagg",
    "matplotlib.backends.backend_svg",
)

# Packages whose data files are read at run time and that PyInstaller's own hooks do not know.
WITH_DATA = ("lightning_fabric", "lightning_utilities", "onnxscript", "timm", "wakepy")

# Their functions are read as text: TorchScript, PyTorch's settings, ONNX functions.
WITH_SOURCE = ("torch", "torchvision", "timm", "onnxscript", "captum")

# Development tools, other windows and notebooks, which libraries import when they happen to be there.
UNWANTED = (
    "PyInstaller",
    "_pyinstaller_hooks_contrib",
    "_pytest",
    "crepes",
    "hatchling",
    "hypothesis",
    "importlinter",
    "matplotlib.tests",
    "mypy",
    "mypyc",
    "pandas",
    "pytest",
    "pytestqt",
    "readline",  # under the GPL
    "ruff",
    "setuptools",
    "sklearn",
    "tkinter",
    "torch.utils.benchmark",
    "torch.utils.tensorboard",
    "turtle",
    "xdist",
)

# Packages that others name as needed and that nothing here uses: what fetches a file through a web address of fsspec,
# and huggingface_hub's faster download (without it, it fetches the same files in the usual way). By import name.
NOT_CARRIED = {
    "aiohappyeyeballs": "aiohappyeyeballs",
    "aiohttp": "aiohttp",
    "aiosignal": "aiosignal",
    "frozenlist": "frozenlist",
    "hf_xet": "hf-xet",
    "multidict": "multidict",
    "propcache": "propcache",
    "setuptools": "setuptools",
    "triton": "triton",
    "yarl": "yarl",
}

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

# Files that go in although a pattern of LEFT_OUT is about them: torch looks for it when it is imported.
NEEDED = ("torch/bin/torch_shm_manager*",)

# Files that the bundle would carry for nothing.
LEFT_OUT = (
    # torch: its own tests, programs, headers
    "torch/bin/*",
    "torch/include/*",
    "torch/share/*",
    "torch/test/*",
    "torch/lib/*_test.so",
    "torch/lib/libbackend_with_compiler.so",
    "torch/lib/libjitbackend_test.so",
    "torch/lib/libaoti_custom_ops.so",
    # torchvision: compiled operators and picture formats, which SkinKD never calls (hooks/vision_operators.py)
    "torchvision/_C*",
    "torchvision/image.*",
    "torchvision.libs/*",
    "libcudart*",
    "libnvjpeg*",
    # Qt: translations (SkinKD speaks English), and plugins for screens without a window system, SQL, QML, the network
    "PySide6/Qt/translations/*",
    "PySide6/translations/*",
    *(
        f"PySide6/*plugins/{name}"
        for name in (
            "egldeviceintegrations/*",
            "generic/*",
            "imageformats/*qicns*",
            "imageformats/*qpdf*",
            "imageformats/*qtga*",
            "imageformats/*qwbmp*",
            "networkinformation/*",
            "platforminputcontexts/*virtualkeyboard*",
            "platforms/*qeglfs*",
            "platforms/*qlinuxfb*",
            "platforms/*qminimal*",
            "platforms/*qvkkhrdisplay*",
            "platforms/*qvnc*",
            "qmltooling/*",
            "sqldrivers/*",
            "tls/*",
            "wayland-graphics-integration-server/*",
        )
    ),
    "*libQt6EglF*",
    "*libQt6Pdf*",
    "*libQt6Qml*",
    "*libQt6Quick*",
    "*libQt6VirtualKeyboard*",
    "*libQt6WaylandCompositor*",
    "*Qt6*Software*",
    "*/opengl32sw.dll",  # Qt's software OpenGL for Windows; SkinKD draws without OpenGL
    # samples, tests, types, headers
    "matplotlib/mpl-data/images/*",
    "matplotlib/mpl-data/plot_directive/*",
    "matplotlib/mpl-data/sample_data/*",
    "onnx/backend/test/*",
    "onnx/bin/*",
    "pydicom/data/test_files/*",
    "*/tests/*",
    "*.a",
    "*.c",
    "*.cmake",
    "*.h",
    "*.hpp",
    "*.lib",
    "*.pxd",
    "*.pyi",
    "*.pyx",
    "*/RECORD",
    "*/INSTALLER",
    "*/REQUESTED",
    "*/direct_url.json",
)

# The large parts of torch that are never read as text, but for their settings (*config*.py).
TORCH_WITHOUT_SOURCE = tuple(
    f"torch/{part}/*"
    for part in ("_dynamo", "_inductor", "_numpy", "_refs", "_vendor", "ao", "distributed", "distributions", "testing")
)

# Taken from the build machine because a desktop may lack them; every other library of the system is the system's own:
# those of the screen must fit its drivers, and the C++ library must not be older than theirs.
FROM_SYSTEM = (
    "libbz2.so.*",
    "libcrypto.so.*",
    "libffi.so.*",
    "liblzma.so.*",
    "libpython3.*",
    "libsqlite3.so.*",
    "libssl.so.*",
    "libuuid.so.*",
    "libxcb-cursor.so.*",
    "libxcb-icccm.so.*",
    "libxcb-image.so.*",
    "libxcb-keysyms.so.*",
    "libxcb-render-util.so.*",
    "libxcb-util.so.*",
    "libxkbcommon-x11.so.*",
    "libxkbcommon.so.*",
)

# Libraries of the bundle that come with symbols for debuggers: 85 MB in PyTorch's alone.
STRIPPED = ("torch/lib/libtorch_*.so", "libpython3.*", "python3.*/lib-dynload/*.so")


def kept(path: str, source: str = "") -> bool:
    """Whether the file at this path of the bundle goes in; `source`: the file that it is a copy of."""
    path = path.replace("\\", "/")
    if _matches(path, NEEDED):
        return True
    if _matches(path, LEFT_OUT):
        return False
    if path.startswith("torch/") and path.endswith(".py"):
        return "config" in path.rpartition("/")[2] or not _matches(path, TORCH_WITHOUT_SOURCE)
    return not _is_systems(source) or _matches(path, FROM_SYSTEM)


def _is_systems(source: str) -> bool:
    """Whether a library belongs to the Linux system, not to Python or a package."""
    return sys.platform == "linux" and source.startswith(("/lib", "/usr/lib"))


def _matches(path: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def beside_source(path: str, sources: Collection[str]) -> str:
    """Where a compiled module goes: where Python looks for it when its text is there too (it would compile that)."""
    text = PurePath(path).with_suffix(".py")
    if not path.endswith(".pyc") or str(text) not in sources:
        return path
    return str(text.parent / "__pycache__" / f"{text.stem}.{sys.implementation.cache_tag}.pyc")
