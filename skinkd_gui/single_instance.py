"""One window per user: a second start brings the first one's window to the front and ends.

A lock in the user's runtime folder says whether there is a window; it is free again when the program ends, however it
ends. The second start connects to a local socket; nothing that it sends is read. What it was to open it names in a file
beside the lock, where nobody but the user can write.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from PySide6.QtCore import QObject, Signal, Slot

from core import atomic
from core.locks import Lock, facts_file, words

if TYPE_CHECKING:
    from PySide6.QtNetwork import QLocalServer

_CONNECT_MILLISECONDS = 2_000
_REPLY_MILLISECONDS = 5_000
_LONGEST_REPLY = 8_192
INSTALLER_MUTEX = "SkinKD"
"""What the Windows installer and uninstaller look for (AppMutex in installers/windows/skinkd.iss)."""
_LONGEST_PATH = 32_767  # characters, on Windows
_LONGEST_SOCKET_NAME = 100  # bytes; systems allow 104 to 108

_log = logging.getLogger(__name__)


def raise_first(runs: Path | None = None, opened: Path | None = None) -> tuple[int, str] | None:
    """Bring the window that is open to the front; the exit status of this start and the sentence that says what
    happened, or None when there is no window yet. `runs`: the folder of runs that this start was given, `opened`: the
    file or folder that it was to open (absolute), which is handed to that window.

    Takes no time where no window is open.
    """
    path = _lock_file()
    try:
        if not facts_file(path).exists():
            return None
        lock = Lock(path)
        if not lock.held_by_another():  # a killed program has left it
            return None
        holder = lock.holder
    except OSError:
        _log.warning("cannot tell whether another window is open", exc_info=True)
        return None
    if opened is not None:
        _hand_over(opened)
    answer = _ask(holder.process if holder is not None and holder.here else 0)
    if answer is None:
        _take_over()
        text = f"SkinKD is open already ({words(holder)}), but it does not answer: it may be closing or very busy."
        return 1, f"{text} Try again in a moment; if it hangs, end that process."
    text = f"SkinKD is open already ({words(holder)}); its window was brought to the front."
    if runs is not None and runs.expanduser().absolute() != Path(answer):
        text += f" It shows the runs in {answer}: to work in {runs}, close it first or change its preferences."
    return 0, text


class SingleInstance(QObject):
    """Holds the place of the user's one window. Lives in the GUI thread."""

    open_requested = Signal(object)  # Path: another start was to open it
    raise_requested = Signal()  # another start wants the window to be seen
    refused = Signal()  # another start was faster: this window is one too many

    def __init__(self, runs_root: Callable[[], Path], parent: QObject | None = None) -> None:
        """`runs_root` tells which runs the window shows, for the answer to another start."""
        super().__init__(parent)
        self._runs_root = runs_root
        self._lock: Lock | None = None
        self._server: QLocalServer | None = None

    @Slot()
    def claim(self) -> None:
        """Take the place, once the window can be seen; where another start was faster, its window is raised."""
        if not self.take():
            raise_first()
            self.refused.emit()

    def take(self) -> bool:
        """Become the user's one window; False when there is another. True also where no place can be taken (a runtime
        folder that can not be written): that keeps nobody from working."""
        path = _lock_file()
        lock = Lock(path)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_owner(path.parent)
            if not lock.acquire():
                return False
        except OSError:
            _log.warning("a second window can not be told from the first", exc_info=True)
            return True
        self._lock = lock
        self._listen()
        return True

    def release(self) -> None:
        """Make room for another window."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _listen(self) -> None:
        from PySide6.QtNetwork import QLocalServer

        name = _socket_name()
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(name)  # one that a killed program left: the lock says that nobody listens
        server.newConnection.connect(self._reply)
        self._server = server
        if len(os.fsencode(name)) > _LONGEST_SOCKET_NAME or not server.listen(name):
            _log.warning("a second start can not raise this window: %s %s", name, server.errorString())

    @Slot()
    def _reply(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.write(json.dumps({"runs": str(self._runs_root())}).encode())
            socket.disconnectFromServer()  # after what is written
            self.raise_requested.emit()
            opened = _take_over()
            if opened is not None:
                self.open_requested.emit(opened)


def _ask(process: int) -> str | None:
    """The runs folder of the window that was raised; None when it did not answer in time."""
    from PySide6.QtNetwork import QLocalSocket

    _allow_to_come_forward(process)
    socket = QLocalSocket()
    socket.connectToServer(_socket_name(), QLocalSocket.OpenModeFlag.ReadOnly)
    try:
        if not socket.waitForConnected(_CONNECT_MILLISECONDS) or not socket.waitForReadyRead(_REPLY_MILLISECONDS):
            return None
        answer = json.loads(bytes(socket.read(_LONGEST_REPLY).data()))
        return str(answer["runs"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    finally:
        socket.abort()


def _hand_over(opened: Path) -> None:
    try:
        atomic.write_bytes(_asked_file(), os.fsencode(opened))
    except OSError:
        _log.warning("%s can not be handed to the window that is open", opened, exc_info=True)


def _take_over() -> Path | None:
    """What another start was to open, once."""
    try:
        content = _asked_file().read_bytes()
        _asked_file().unlink()
    except OSError:
        return None
    return Path(os.fsdecode(content)) if content and len(content) <= _LONGEST_PATH and b"\0" not in content else None


def _allow_to_come_forward(process: int) -> None:
    """Windows lets a program bring its window to the front only when the one that the user started just now allows."""
    if sys.platform == "win32" and process:
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(process)


def tell_installer() -> None:
    """On Windows, let an installer see that SkinKD runs, until the process ends: it then asks to close the window."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.CreateMutexW(None, False, INSTALLER_MUTEX)


def _folder() -> Path:
    """The user's runtime folder of this computer; where `SKINKD_STATE` moves the application's memory, that."""
    moved = os.environ.get("SKINKD_STATE", "").strip()
    return Path(moved).expanduser() if moved else platformdirs.user_runtime_path("SkinKD", appauthor=False)


def _lock_file() -> Path:
    return _folder() / "window.lock"


def _asked_file() -> Path:
    return _folder() / "window.opens"


def _socket_name() -> str:
    if sys.platform == "win32":  # a pipe: these have no folders
        return f"skinkd-{zlib.crc32(str(_folder()).lower().encode()):08x}"
    return str(_folder().absolute() / "window.socket")


def _check_owner(folder: Path) -> None:
    """Raise PermissionError for a folder that someone else made, as anybody can in a common temporary folder."""
    if sys.platform != "win32" and folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user")
