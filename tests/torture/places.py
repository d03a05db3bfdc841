"""Where a tortured run lies: a small disk, an exFAT or FAT drive, an overlay, each made for it and taken away again.

They need the right to mount (root), and the drives a driver: the kernel's own, or exFAT's for FUSE (Debian: exfat-fuse
and exfatprogs). What a machine lacks is said, and the fault then counts as not tried.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

SMALL_DISK = 420
"""Megabytes: enough for a run, its images and the spare that SkinKD keeps free."""
_DRIVE = 1024
"""Megabytes of a drive; its file is sparse."""


Opened = Callable[[Path], AbstractContextManager[object]]


@dataclass(frozen=True)
class Place:
    """`lacks(folder)` says why this machine can not make one ("" when it can); `open(folder)` makes it at an empty
    folder and takes it away when the block ends."""

    lacks: Callable[[Path], str]
    open: Opened


def _run(*command: str | Path) -> str:
    """What the command complains of; nothing when it succeeds."""
    if shutil.which(str(command[0]), path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        return f"{command[0]} is not installed"
    ended = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
    if ended.returncode == 0:
        return ""
    said = [line for line in (ended.stderr or ended.stdout).splitlines() if line.strip()]
    return said[0].rpartition(": ")[2].rstrip(".")[:120] if said else f"{command[0]} failed"


@contextmanager
def _mounted(folder: Path, *command: str | Path) -> Iterator[None]:
    if complaint := _run(*command):
        raise OSError(complaint)
    try:
        yield
    finally:
        _umount(folder)


def _umount(folder: Path) -> None:
    if complaint := _run("umount", folder):
        raise OSError(complaint)


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    with _mounted(folder, "mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}m", "tmpfs", folder):
        yield


@contextmanager
def _overlay(folder: Path) -> Iterator[None]:
    """An empty lower layer under one that is written to, both beside the folder."""
    layers = {name: folder.with_name(f"{folder.name}-{name}") for name in ("lower", "upper", "work")}
    for layer in layers.values():
        layer.mkdir()
    options = f"lowerdir={layers['lower']},upperdir={layers['upper']},workdir={layers['work']}"
    try:
        with _mounted(folder, "mount", "-t", "overlay", "-o", options, "overlay", folder):
            yield
    finally:
        for layer in layers.values():
            shutil.rmtree(layer, ignore_errors=True)


def _drive(make: str, kinds: tuple[tuple[str, ...], ...]) -> Opened:
    """A drive on a loop device, formatted by `make`, mounted by the first of `kinds` that this machine has."""

    @contextmanager
    def opened(folder: Path) -> Iterator[None]:
        with ExitStack() as after:
            image = after.enter_context(tempfile.NamedTemporaryFile(suffix=".img"))
            os.truncate(image.name, _DRIVE << 20)
            if complaint := _run(make, image.name):
                raise OSError(complaint)
            found = subprocess.run(["losetup", "-f", "--show", image.name], check=True, capture_output=True, text=True)
            device = found.stdout.strip()
            after.callback(subprocess.run, ["losetup", "-d", device], check=False)
            complaints = []
            for kind in kinds:
                complaint = _run(*kind, device, folder)
                if not complaint:
                    break
                complaints.append(complaint)
            else:
                raise OSError("; ".join(complaints))
            after.callback(_umount, folder)
            assert _is_case_insensitive(folder), "the drive tells a from A"
            yield

    return opened


def _is_case_insensitive(folder: Path) -> bool:
    (folder / "Trial").touch()
    found = (folder / "tRIAL").exists()
    (folder / "Trial").unlink()
    return found


def _by_trying(opened: Opened) -> Callable[[Path], str]:
    def lacks(folder: Path) -> str:
        place = folder / "trial-of-a-place"
        place.mkdir()
        try:
            with opened(place):
                return ""
        except (OSError, subprocess.CalledProcessError) as error:
            return str(error)
        finally:
            place.rmdir()

    return lacks


_EXFAT = _drive("mkfs.exfat", (("mount", "-t", "exfat"), ("mount.exfat-fuse",)))
_FAT = _drive("mkfs.vfat", (("mount", "-t", "vfat"),))

PLACES = {
    "": Place(lambda folder: "", lambda folder: nullcontext()),
    "small disk": Place(_by_trying(_small_disk), _small_disk),
    "overlay": Place(_by_trying(_overlay), _overlay),
    "exFAT": Place(_by_trying(_EXFAT), _EXFAT),
    "FAT": Place(_by_trying(_FAT), _FAT),
}
"""By name; "" is an ordinary folder."""
