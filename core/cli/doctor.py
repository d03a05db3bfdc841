"""`doctor`: what is here, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import JsonOption, columns, many, print_json, print_text, say
from core.paths import cache_root, log_root, runs_root, settings_file, state_root
from core.program import edition, is_frozen, program_version, repair_hint

_PACKAGES = ("torch", "torchvision", "timm", "lightning-fabric", "numpy", "pillow", "PySide6-Essentials")
_GIB = 2**30
_NEEDED_DISK = 1 * _GIB
_COMFORTABLE_DISK = 5 * _GIB


class State(StrEnum):
    """How a check ended; only `missing` makes doctor fail."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class DoctorCheck:
    """One finding; `advice` says what to do, in one command where there is one."""

    name: str
    state: State
    text: str
    advice: str = ""


def add_to(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("doctor")(doctor)


def doctor(
    report: Annotated[
        Path | None, typer.Option("--report", help="Also save a debug report: versions, settings, ends of the logs.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check versions, device, display, folders and disk; says what is missing and how to get it."""
    say("Looking at this computer; loading torch takes a few seconds...")
    checks = [check for group in _GROUPS for check in group()]
    good = all(check.state is not State.MISSING for check in checks)
    if as_json:
        print_json({"ok": good, "checks": [asdict(check) for check in checks]})
    else:
        print_text(*columns(["", "what", "finding"], [[check.state.value, check.name, check.text] for check in checks]))
        advice = [f"{check.name}: {check.advice}" for check in checks if check.advice]
        print_text("", *(advice or ["Nothing is missing."]))
    if report is not None:
        _save_report(report, quiet=as_json)
    if not good:
        raise typer.Exit(1)


def _save_report(path: Path, *, quiet: bool) -> None:
    from core.reporting.debug_report import debug_report, save_debug_report

    save_debug_report(path, debug_report(runs_root()))
    if not quiet:
        print_text(f"{path} holds the debug report. Look through it before you pass it on.")


def _program() -> Iterator[DoctorCheck]:
    if is_frozen():
        kind = f"{edition()} edition" if edition() else "edition not known"
        yield DoctorCheck(
            "SkinKD", State.OK, f"{program_version()}, the installed program, {kind}, in {_program_folder()}"
        )
    else:
        yield DoctorCheck("SkinKD", State.OK, f"{program_version()}, from Python packages in {sys.prefix}")
    yield DoctorCheck(
        "settings file", State.OK, f"{settings_file()}{'' if settings_file().is_file() else ' (not there yet)'}"
    )


def _program_folder() -> Path:
    return Path(sys.executable).parent


def _versions() -> Iterator[DoctorCheck]:
    yield DoctorCheck("Python", State.OK, f"{platform.python_version()} on {platform.platform()}")
    for name in _PACKAGES:
        try:
            yield DoctorCheck(name, State.OK, version(name))
        except PackageNotFoundError:
            yield DoctorCheck(name, State.MISSING, "not installed", repair_hint())


def _torch() -> Iterator[DoctorCheck]:
    try:
        import torch
        import torchvision
    except (ImportError, OSError, RuntimeError) as error:
        yield DoctorCheck(
            "torch with torchvision",
            State.MISSING,
            f"does not load: {error}",
            f"torch and torchvision must come from the same release: {repair_hint()}",
        )
        return
    yield DoctorCheck("torch with torchvision", State.OK, f"{torch.__version__} with {torchvision.__version__} load")
    from core.training.hardware import list_devices

    for device in list_devices():
        memory = "" if device.memory_bytes is None else f", {device.memory_bytes / _GIB:.1f} GiB memory"
        state = State.OK if device.works else State.NOTE
        advice = "" if device.works else "SkinKD leaves it aside; a newer driver or another torch build may help."
        yield DoctorCheck(f"device {device.device}", state, f"{device.name}{memory} {device.reason}".strip(), advice)


def _display() -> Iterator[DoctorCheck]:
    from core.system_libraries import install_command, missing_libraries, platform_plugin, window_problem

    plugin = platform_plugin()
    missing = missing_libraries(plugin or "xcb")
    if missing:
        names = ", ".join(library.name for library in missing)
        advice = install_command(missing) or f"install with the system's package manager: {names}"
        yield DoctorCheck("system libraries", State.MISSING if plugin else State.NOTE, f"missing: {names}", advice)
    else:
        yield DoctorCheck("system libraries", State.OK, "all that Qt's window needs")
    problem = window_problem()
    if problem is None:
        yield DoctorCheck("display", State.OK, plugin or platform.system())
    elif not plugin:
        yield DoctorCheck(
            "display", State.NOTE, "no screen: the window can not open here; skinkd-cli can do everything"
        )
    else:
        yield DoctorCheck("display", State.MISSING, problem.title, problem.summary)


def _folders() -> Iterator[DoctorCheck]:
    for name, folder, setting in (
        ("runs folder", runs_root(), "SKINKD_RUNS or --runs"),
        ("cache folder", cache_root(), "SKINKD_CACHE"),
        ("folder of the record", state_root(), "SKINKD_STATE"),
        ("log folder", log_root(), "the permissions of your home folder"),
    ):
        existing = next((parent for parent in (folder, *folder.parents) if parent.is_dir()), Path("/"))
        if not _writable(existing):
            yield DoctorCheck(name, State.MISSING, f"{folder} can not be written", f"choose another with {setting}")
            continue
        free = shutil.disk_usage(existing).free
        text = f"{folder}, {free / _GIB:.1f} GiB free"
        if free < _NEEDED_DISK:
            yield DoctorCheck(
                name, State.MISSING, text, f"free some disk space, or choose another folder with {setting}"
            )
        elif free < _COMFORTABLE_DISK:
            yield DoctorCheck(name, State.NOTE, text, "a large data set needs more; free some disk space")
        else:
            yield DoctorCheck(name, State.OK, text)


def _weights() -> Iterator[DoctorCheck]:
    from huggingface_hub.constants import HF_HUB_CACHE

    folder = Path(HF_HUB_CACHE)
    models = sorted(item.name for item in folder.glob("models--timm--*")) if folder.is_dir() else []
    names = ", ".join(name.removeprefix("models--timm--") for name in models)
    text = f"{many(len(models), 'model')} in {folder}{': ' if names else ''}{names}"
    advice = "" if models else "weights = hub fetches them once from the internet; a file, or none, works without"
    yield DoctorCheck("pretrained weights", State.OK if models else State.NOTE, text, advice)


def _writable(folder: Path) -> bool:
    if not os.access(folder, os.W_OK):
        return False
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


_GROUPS: tuple[Callable[[], Iterator[DoctorCheck]], ...] = (_program, _versions, _torch, _display, _folders, _weights)
