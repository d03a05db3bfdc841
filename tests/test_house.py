"""The rules of the house that no other tool checks."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
GIVEN_AWAY = ROOT / "resources" / "bundle"
"""Programs that are copied into people's folders: none of ours runs them."""
PRODUCT = [
    file
    for folder in ("core", "skinkd_gui", "resources")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if file.parent != GIVEN_AWAY
]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
HEAVY = ("torch", "torchvision", "timm", "sklearn", "lightning_fabric", "onnxruntime", "captum", "crepes")
MAX_LINES = 600


def relative(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def test_per_cent_is_written_in_one_way() -> None:
    """'89 %', as `core.quantities` writes it; never '89%'."""
    wrong = [
        f"{relative(file)}:{node.lineno}"
        for file in PRODUCT
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.expr) and _writes_per_cent_alone(node)
    ]
    assert not wrong


def _writes_per_cent_alone(node: ast.expr) -> bool:
    if isinstance(node, ast.FormattedValue):
        return node.format_spec is not None and ast.unparse(node.format_spec).strip("f'\"").endswith("%")
    if isinstance(node, ast.JoinedStr):
        return any(
            isinstance(before, ast.FormattedValue) and isinstance(after, ast.Constant) and str(after.value)[:1] == "%"
            for before, after in itertools.pairwise(node.values)
        )
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(re.search(r"\d%(?!\w)", node.value))


def loaded_after(code: str, tmp_path: Path) -> set[str]:
    """The top-level modules that a fresh interpreter has after running `code`."""
    ending = (
        "\nimport json, sys\nsys.stdout.write(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "SKINKD_RUNS": str(tmp_path / "runs"),
        "SKINKD_CACHE": str(tmp_path / "cache"),
        "XDG_CONFIG_HOME": str(tmp_path / "settings"),
    }
    result = subprocess.run(
        [sys.executable, "-c", code + ending],
        capture_output=True,
        text=True,
        env=environment,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def modules(package: str) -> list[str]:
    """A package and the packages in it, as dotted names."""
    return sorted(
        ".".join(file.parent.relative_to(ROOT).parts)
        for file in (ROOT / package).rglob("__init__.py")
        if file.is_file()
    )


def test_importing_any_package_loads_nothing_heavy(tmp_path: Path) -> None:
    names = [*modules("core"), *modules("skinkd_gui"), "skinkd_gui.main_window", "skinkd_gui.app"]
    loaded = loaded_after("\n".join(f"import {name}" for name in names), tmp_path)
    assert not loaded.intersection(HEAVY)
    assert "PySide6" in loaded


def test_core_loads_no_qt(tmp_path: Path) -> None:
    loaded = loaded_after("\n".join(f"import {name}" for name in modules("core")), tmp_path)
    assert not loaded.intersection({"PySide6", "shiboken6", "skinkd_gui"})


def test_opening_the_window_loads_nothing_heavy(tmp_path: Path) -> None:
    code = """
from PySide6.QtWidgets import QApplication
app = QApplication([])
from skinkd_gui.main_window import MainWindow
window = MainWindow()
window.show()
window.grab()
from skinkd_gui.workers.job import shut_down_all
assert shut_down_all()
"""
    assert not loaded_after(code, tmp_path).intersection(HEAVY)


def test_the_first_paint_waits_for_no_numbers_and_no_recipes(tmp_path: Path) -> None:
    code = """
from PySide6.QtWidgets import QApplication
app = QApplication([])
from skinkd_gui.application import make_application
from skinkd_gui.main_window import MainWindow
window = MainWindow(opens_at_once=True)
window.show()
window.grab()
"""
    loaded = loaded_after(code, tmp_path)
    assert not loaded.intersection({"numpy", "pydantic", "tomlkit", "PIL", "matplotlib", *HEAVY})


def test_files_stay_small() -> None:
    lines = {relative(file): len(file.read_text(encoding="utf-8").splitlines()) for file in [*PRODUCT, *TESTS]}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


def test_modules_say_what_they_are() -> None:
    silent = [file for file in PRODUCT if not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))]
    assert [relative(file) for file in silent] == []


def test_code_keeps_to_the_safe_side() -> None:
    found = [
        f"{relative(file)}: {problem}"
        for file in PRODUCT
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (problem := forbidden(node, file))
    ]
    assert found == []


def forbidden(node: ast.AST, file: Path) -> str:
    """What is wrong with a node of a product file, or nothing."""
    line = getattr(node, "lineno", 0)
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        top = {name.partition(".")[0] for name in names}
        if top & {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "cv2"}:
            return f"line {line}: imports {names[0]}"
        if "matplotlib.pyplot" in names:
            return f"line {line}: pyplot keeps figures in a global list"
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id == "print" and not relative(file).startswith("core/cli/"):
            return f"line {line}: prints"
        for keyword in node.keywords:
            unsafe = keyword.arg == "weights_only" and getattr(keyword.value, "value", None) is False
            if unsafe or (keyword.arg == "allow_pickle" and getattr(keyword.value, "value", None) is True):
                return f"line {line}: {keyword.arg} would run code from a file"
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        return f"line {line}: bare except"
    return ""


def tracked_files() -> list[Path]:
    """What would be shared: git's files, or everything where this is no git checkout."""
    result = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in result.stdout.splitlines() if (ROOT / name).is_file()]


def test_only_who_owns_the_threads_runs_the_collector() -> None:
    """Core tells its driver that memory is free: the command line, or the window's process in its GUI thread."""
    uses = re.compile(r"^\s*(import gc|from gc import)", re.MULTILINE)
    found = {relative(file) for file in PRODUCT if uses.search(file.read_text(encoding="utf-8"))}
    assert found == {"core/cli/progress.py", "skinkd_gui/workers/collector.py"}


def test_no_file_names_a_registry_or_this_machine() -> None:
    # Spelled in parts, so that this file does not name them itself.
    words = ["pypi" + ".org", "python" + "hosted", "anaconda" + ".org", "download." + "pytorch"]
    # A folder of a project may be called as one of the system (build/root).
    words += [rf"(?<![\w$}}]){re.escape(str(folder))}/" for folder in (Path.home(), ROOT)]
    found = [
        f"{relative(file)}: {word}"
        for file in tracked_files()
        for word in words
        if re.search(word.encode(), file.read_bytes()) and file.suffix not in {".png", ".safetensors"}
    ]
    assert not found


def lock_text() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


def lock_names() -> dict[str, str]:
    """The distributions of requirements.lock with their first version, by normalised name."""
    found = re.findall(r"^([\w.-]+)==([^\s;]+)", lock_text(), re.MULTILINE)
    return {normalised(name): version for name, version in found}


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-extras.lock"])
def test_the_lock_holds_names_versions_and_hashes_only(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pattern = re.compile(r"[\w.-]+==[\w.!+]+( ; [\w\s.'=<>!()]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert [line for line in lines if not pattern.fullmatch(line)] == []
    assert "://" not in "".join(lines)


def test_the_lock_covers_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {normalised(re.split(r"[<>=!~;\s\[]", line.strip())[0]) for line in wanted}
    assert names <= set(lock_names())
    extras = (ROOT / "requirements-extras.lock").read_text(encoding="utf-8")
    further = {
        normalised(re.split(r"[<>=]", line)[0])
        for each in project["project"]["optional-dependencies"].values()
        for line in each
    }
    assert further <= {normalised(name) for name in re.findall(r"^([\w.-]+)==", extras, re.MULTILINE)}
    assert all(f"\n{line}" in f"\n{extras}" for line in re.findall(r"^[\w.-]+==[^\s;]+", lock_text(), re.MULTILINE))


def test_torch_and_torchvision_are_of_one_release() -> None:
    import torch
    import torchvision

    assert torchvision.ops.nms(torch.zeros(0, 4), torch.zeros(0), 0.5).numel() == 0


def test_every_part_of_core_has_its_floor() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (found for found in project["tool"]["importlinter"]["contracts"] if found["type"] == "layers")
    named = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    files = [file for file in PRODUCT if file.parent == ROOT / "core" and file.name != "__init__.py"]
    folders = [file.parent for file in (ROOT / "core").glob("*/__init__.py")]
    assert named == {f"core.{path.stem}" for path in [*files, *folders]}


def test_every_folder_of_code_is_a_package() -> None:
    folders = {file.parent for file in PRODUCT}
    assert [relative(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_threads_do_not_spin_for_long_while_they_wait_for_each_other() -> None:
    code = (
        "import os, core, torch\nassert os.environ['GOMP_SPINCOUNT'] == '10000'\n"
        "assert os.environ['OPENBLAS_NUM_THREADS'] == '1'"
    )
    ours = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OPENBLAS_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=ROOT, check=True, timeout=120)
    importing = {"__future__", "os"}
    tree = ast.parse((ROOT / "core" / "__init__.py").read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert set(names) <= importing  # nothing that could load torch before the setting is made
