"""The lists of what the frozen program carries name what exists, and the files of the installers hold no addresses."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLERS = ROOT / "installers"
# The name of a file format, which happens to look like an address.
NAMES = ("http://www.freedesktop.org/standards/shared-mime-info", "http://www.apple.com/DTDs/PropertyList-1.0.dtd")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"installers_{name}", INSTALLERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bundle = load("bundle")


def exists(name: str) -> bool:
    """Whether there is such a module; nothing of its package is imported."""
    top, _, rest = name.partition(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return False
    if not rest:
        return True
    inside = Path(next(iter(spec.submodule_search_locations or [""]))).joinpath(*rest.split("."))
    return inside.is_dir() or any(inside.parent.glob(f"{inside.name}.*"))


@pytest.mark.parametrize("name", [*bundle.OWN_PACKAGES, *bundle.HIDDEN, *bundle.WITH_DATA, *bundle.WITH_SOURCE])
def test_what_is_to_go_in_exists(name: str) -> None:
    assert exists(name)


@pytest.mark.parametrize("name", [*bundle.UNWANTED_QT, *(name for name in bundle.UNWANTED if "." in name)])
def test_what_is_to_stay_out_exists(name: str) -> None:
    assert exists(name)


def test_nothing_that_skinkd_imports_stays_out() -> None:
    imported = set()
    for package in bundle.OWN_PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            imported |= set(re.findall(r"^\s*(?:from|import) ([\w.]+)", file.read_text(encoding="utf-8"), re.MULTILINE))
    unwanted = {*bundle.UNWANTED, *bundle.UNWANTED_QT, *bundle.NOT_CARRIED}
    assert imported & unwanted == set()


@pytest.mark.parametrize(
    ("path", "goes_in"),
    [
        ("torch/lib/libtorch_cpu.so", True),
        ("torch/test/test_jit", False),
        ("torch/bin/protoc", False),
        ("torch/bin/torch_shm_manager", True),
        ("torch/include/ATen/ATen.h", False),
        ("torch/nn/functional.py", True),
        ("torch/_inductor/graph.py", False),
        ("torch/_inductor/config.py", True),
        ("torchvision/_C.so", False),
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqlinuxfb.so", False),
        ("PySide6\\plugins\\sqldrivers\\qsqlite.dll", False),
        ("matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf", True),
        ("resources/icons/skinkd.svg", True),
    ],
)
def test_the_bundle_has_what_it_needs_and_no_more(path: str, goes_in: bool) -> None:
    assert bundle.kept(path) is goes_in


@pytest.mark.skipif(sys.platform != "linux", reason="libraries of a Linux system")
def test_libraries_that_must_fit_the_computer_are_the_computers_own() -> None:
    assert not bundle.kept("libstdc++.so.6", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6")
    assert not bundle.kept("libX11.so.6", "/lib/x86_64-linux-gnu/libX11.so.6")
    assert bundle.kept("libxcb-cursor.so.0", "/lib/x86_64-linux-gnu/libxcb-cursor.so.0")


def test_a_compiled_module_lies_where_python_looks_beside_its_text() -> None:
    tag = sys.implementation.cache_tag
    assert bundle.beside_source("torch/a.pyc", {"torch/a.py"}) == str(Path("torch", "__pycache__", f"a.{tag}.pyc"))
    assert bundle.beside_source("core/a.pyc", {"torch/a.py"}) == "core/a.pyc"


def test_the_installers_hold_no_addresses() -> None:  # but for links in what a person reads
    for file in sorted(path for path in INSTALLERS.rglob("*") if path.is_file() and path.suffix not in (".md", ".pyc")):
        text = file.read_text(encoding="utf-8")
        for name in NAMES:
            text = text.replace(name, "")
        assert not re.search(r"https?://", text), file
