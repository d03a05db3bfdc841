"""What someone who mends a fault needs to know of this computer, as one plain text to read before it is passed on.

Nothing is sent anywhere. Names of images, of folders outside the program, of the user and of the computer are taken out
as far as they can be told.
"""

from __future__ import annotations

import getpass
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import distributions
from pathlib import Path

from core import atomic
from core.data.decoding import IMAGE_SUFFIXES
from core.data.finding import without_suffix
from core.errors import SkinKDError
from core.paths import cache_root, log_root, state_root
from core.recipe import Recipe, recipe_to_toml
from core.reporting.privacy import shareable
from core.runs.environment import package_version
from core.runs.folder import RunFolder
from core.runs.listing import list_runs
from core.runs.status import RunSummary

_LINES = 150
_TAIL_BYTES = 64 * 1024
_SHORTEST_NAME = 5
"""Image names shorter than this are not looked for: `1` stands in every log."""

_GIB = 2**30
_SUFFIXES = "|".join(re.escape(suffix) for suffix in sorted(IMAGE_SUFFIXES, key=len, reverse=True))
_IMAGE_PATH = re.compile(rf"(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\n\"'<>|:]*?(?:{_SUFFIXES})(?!\w)", re.IGNORECASE)
_IMAGE_NAME = re.compile(rf"[^\n\"'“”()<>|:;,/\\]*?(?:{_SUFFIXES})(?!\w)", re.IGNORECASE)
_QUOTED_PATH = re.compile(r"(?<=[\"'])(?:[A-Za-z]:[\\/]|\\\\|~?/)[^\n\"']+(?=[\"'])")
_PATH = re.compile(r"(?<![\w.:/\\\]~])(?:[A-Za-z]:[\\/]|\\\\|/)[^\s\"'<>|;,()]*[^\s\"'<>|;,().:]")
_WORD = re.compile(r"[^\s\"'“”()<>|:;,/\\\[\]]+")


@dataclass(frozen=True)
class _Secrets:
    """What is taken out: `folders` are replaced by the words that stand for them, longest first."""

    images: frozenset[str]
    folders: tuple[tuple[str, str], ...]
    words: tuple[tuple[str, str], ...]


def debug_report(runs: Path, settings: Mapping[str, str] | None = None) -> str:
    """The report: versions, devices, folders and free space, settings, the last run with its recipe, the ends of the
    logs, all packages. `runs` is the folder of runs. Loads torch, so call it in a thread. Never raises for a part that
    can not be read: the report says so in its place.
    """
    run = _last_run(runs)
    parts: tuple[tuple[str, Callable[[], Iterable[str]]], ...] = (
        ("Versions", _versions),
        ("Devices", _devices),
        ("Folders", partial(_folders, runs)),
        ("Settings", lambda: [f"{name} = {value}" for name, value in (settings or {}).items()]),
        ("Last run", partial(_run, run)),
        ("Recipe of the last run", partial(_recipe, run)),
        ("End of the last run's log", lambda: [] if run is None else _tail(RunFolder(run.folder).log_file)),
        *((f"End of {log.name}", partial(_tail, log)) for log in _logs()),
        ("Packages", _packages),
    )
    text = "\n".join(f"== {title} ==\n{_written(lines)}\n" for title, lines in parts)
    return f"SkinKD debug report, {datetime.now().astimezone():%Y-%m-%d %H:%M %z}\n\n" + _without(
        text, _secrets(runs, run)
    )


def save_debug_report(path: Path, text: str) -> None:
    """Write the report, whole or not at all. Raises `SkinKDError`."""
    try:
        atomic.write_text(path, text)
    except OSError as error:
        raise SkinKDError("The debug report was not saved", f"{path} can not be written.", str(error)) from error


def _written(lines: Callable[[], Iterable[str]]) -> str:
    try:
        return "\n".join(lines()) or "nothing"
    except Exception as error:  # a report on faults must not fail because of one
        return f"could not be found out: {type(error).__name__}: {error}"


def _last_run(runs: Path) -> RunSummary | None:
    try:
        return max(list_runs(runs), key=lambda run: run.status.updated, default=None)
    except SkinKDError:
        return None


def _versions() -> Iterator[str]:
    yield f"SkinKD {package_version('skinkd') or '(not installed as a package)'}"
    yield f"Python {platform.python_version()} on {platform.platform()}"
    yield f"frozen program: {'yes' if getattr(sys, 'frozen', False) else 'no'}"


def _devices() -> Iterator[str]:
    from core.training.hardware import list_devices

    for device in list_devices():
        memory = "" if device.memory_bytes is None else f", {device.memory_bytes / _GIB:.1f} GiB memory"
        yield f"{device.device}: {device.name}{memory}{'' if device.works else f', does not work: {device.reason}'}"


def _folders(runs: Path) -> Iterator[str]:
    for name, folder in (("runs", runs), ("cache", cache_root()), ("state", state_root()), ("log", log_root())):
        there = next((place for place in (folder, *folder.parents) if place.is_dir()), None)
        free = "" if there is None else f", {shutil.disk_usage(there).free / _GIB:.1f} GiB free"
        yield f"{name}: {folder}{'' if folder.is_dir() else ' (not there yet)'}{free}"


def _run(run: RunSummary | None) -> Iterator[str]:
    if run is None:
        return
    status = run.status
    yield f"{status.state.value}, epoch {status.epoch} of {status.epochs}, {status.seconds:.0f} s, on {status.device}"
    yield f"created {status.created}, last changed {status.updated}"
    if status.message:
        yield f"message: {status.message}"


def _recipe(run: RunSummary | None) -> Iterator[str]:
    if run is not None and run.recipe is not None:
        yield from (line for line in recipe_to_toml(_nameless(run.recipe)).splitlines() if not line.startswith("#"))


def _nameless(recipe: Recipe) -> Recipe:
    recipe = shareable(recipe)
    hidden = {"run": "[run]" if recipe.teacher.run else "", "also": ("[run]",) * len(recipe.teacher.also)}
    teacher = recipe.teacher.model_copy(update=hidden)
    data = recipe.data.model_copy(update={"path": "[data folder]" if recipe.data.path else ""})
    return recipe.model_copy(update={"data": data, "teacher": teacher})


def _logs() -> list[Path]:
    folder = log_root()
    return sorted(folder.glob("*.log")) if folder.is_dir() else []


def _tail(path: Path) -> list[str]:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        lines = file.read().decode("utf-8", errors="replace").splitlines()
    return lines[-_LINES:]


def _packages() -> list[str]:
    return sorted({f"{item.metadata['Name']} {item.version}" for item in distributions()}, key=str.lower)


def _secrets(runs: Path, run: RunSummary | None) -> _Secrets:
    images: set[str] = set()
    folders = {str(Path.home()): "~", str(runs): "[runs]"}
    if run is not None:
        folders |= {str(run.folder): "[run]"}
        if run.recipe is not None and run.recipe.data.path:
            folders[run.recipe.data.path] = "[data folder]"
        try:
            rows = RunFolder(run.folder).split_rows
        except SkinKDError:
            rows = ()
        for row in rows:
            images |= {row.image, without_suffix(row.image.rpartition("/")[2])}
    words = ((_user(), "[user]"), (platform.node(), "[computer]"))
    return _Secrets(
        frozenset(name for name in images if len(name) >= _SHORTEST_NAME),
        tuple(sorted(folders.items(), key=lambda item: len(item[0]), reverse=True)),
        tuple((word, instead) for word, instead in words if len(word) > 2),
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return Path.home().name


def _without(text: str, secrets: _Secrets) -> str:
    """The text without what is secret."""
    for name in sorted((name for name in secrets.images if _WORD.fullmatch(name) is None), key=len, reverse=True):
        text = text.replace(name, "[image]")
    text = _IMAGE_PATH.sub("[image]", text)
    text = _IMAGE_NAME.sub(" [image]", text)
    text = _WORD.sub(lambda match: "[image]" if match[0].rstrip(".") in secrets.images else match[0], text)
    for folder, instead in secrets.folders:
        if len(folder) > 1:
            text = re.sub(re.escape(folder) + r"(?![\w-])", instead, text)
    for pattern in (_QUOTED_PATH, _PATH):
        text = pattern.sub(lambda match: match[0] if _is_program(match[0]) else "[path]", text)
    for word, instead in secrets.words:
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", instead, text)
    return text


def _is_program(path: str) -> bool:
    """Whether a path leads into Python, its packages or SkinKD itself, as the lines of a traceback do."""
    home = str(Path.home())
    roots = (sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parents[2]))
    return path.startswith(tuple(root.replace(home, "~", 1) if root.startswith(home) else root for root in roots))
