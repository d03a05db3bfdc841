"""A study is stopped by a file in its folder, from any window and any computer: whatever works on it looks for that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core import atomic
from core.errors import SkinKDError
from core.events import CancelSource, CancelToken
from core.study.folder import StudyFolder

_SECONDS = 1.0


def ask_to_stop(folder: StudyFolder) -> None:
    """Let whatever works on the study stop within a batch; its runs can be gone on with. Raises `SkinKDError`."""
    try:
        atomic.write_text(
            folder.stop_file, "Whatever works on this study stops. It is removed when the study begins.\n"
        )
    except OSError as error:
        raise SkinKDError(
            "The study can not be stopped from here",
            f"{folder.stop_file} could not be written. Stop the program that works on it.",
            str(error),
        ) from error


def stop_asked(folder: StudyFolder) -> bool:
    """Whether the study is to stop."""
    return folder.stop_file.is_file()


def forget_stop(folder: StudyFolder) -> None:
    """The study may begin again. Raises `SkinKDError`."""
    if not stop_asked(folder):
        return
    try:
        folder.stop_file.unlink(missing_ok=True)
    except OSError as error:
        raise SkinKDError(
            "The study can not begin", f"{folder.stop_file} asks it to stop, and can not be removed.", str(error)
        ) from error


@contextmanager
def heeding(folder: StudyFolder, token: CancelToken) -> Iterator[None]:
    """Inside the block, `token` is cancelled as soon as the study is to stop."""
    source, over = CancelSource(token), threading.Event()

    def watch() -> None:
        while not over.wait(_SECONDS):
            if stop_asked(folder):
                source.cancel()

    thread = threading.Thread(target=watch, name="skinkd-stop", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
