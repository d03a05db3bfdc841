"""Why weights could not be fetched, and what to do about each cause."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_NOT_THERE = ("Connect", "Timeout", "gaierror")
_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNREACHED = (errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ECONNRESET)


@dataclass(frozen=True)
class FetchFailure:
    """What went wrong: the errors from the first that was seen to the one that caused it, which server was asked for
    which file, and through which proxy ("" without one)."""

    errors: tuple[BaseException, ...]
    server: str
    file: str
    proxy: str

    @property
    def status(self) -> int | None:
        """The server's answer as a number of HTTP; None where it gave none."""
        found = (getattr(getattr(error, "response", None), "status_code", None) for error in self.errors)
        return next((status for status in found if isinstance(status, int)), None)

    def has(self, *kinds: type[BaseException]) -> bool:
        """Whether an error of these kinds is among them."""
        return any(isinstance(error, kinds) for error in self.errors)

    def named(self, *parts: str) -> bool:
        """Whether the kind of an error has such a name; libraries share no classes, but name them alike."""
        return any(part in kind.__name__ for error in self.errors for kind in type(error).__mro__ for part in parts)

    def numbered(self, *numbers: int) -> bool:
        """Whether the system gave one of these numbers."""
        return any(isinstance(error, OSError) and error.errno in numbers for error in self.errors)


@dataclass(frozen=True)
class _Cause:
    is_it: Callable[[FetchFailure], bool]
    why: Callable[[FetchFailure], str]
    what_to_do: str


def explain(error: BaseException, server: str, file: str, proxy: str = "") -> tuple[str, str]:
    """Why fetching `file` from `server` (through `proxy`, without its password) failed: a sentence; and what to do: the
    beginning of one."""
    failure = FetchFailure(tuple(_chain(error)), server, file, proxy)
    cause = next(cause for cause in CAUSES if cause.is_it(failure))
    return cause.why(failure), cause.what_to_do


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _missing_certificates() -> str:
    """The environment variable that names certificates which are not there, with what it names; empty where none."""
    named = ((name, os.environ.get(name, "")) for name in _CERTIFICATES)
    return next((f"{name} ({path})" for name, path in named if path and not Path(path).exists()), "")


CAUSES: tuple[_Cause, ...] = (
    _Cause(
        lambda failure: failure.named("OfflineMode"),
        lambda failure: "offline mode is on: the environment variable HF_HUB_OFFLINE or TRANSFORMERS_OFFLINE is set.",
        "Unset it and try again",
    ),
    _Cause(
        lambda failure: failure.numbered(*_FULL),
        lambda failure: "the disk is full where fetched weights are kept.",
        "Free some space, or let HF_HOME name another folder, and try again",
    ),
    _Cause(
        lambda failure: failure.has(PermissionError),
        lambda failure: "the folder where fetched weights are kept can not be written.",
        "Let HF_HOME name a folder of yours and try again",
    ),
    _Cause(
        lambda failure: bool(_missing_certificates()) and (failure.has(FileNotFoundError) or failure.named("SSL")),
        lambda failure: f"certificates are not there that the environment names: {_missing_certificates()}.",
        "Correct or unset that variable and try again",
    ),
    _Cause(
        lambda failure: failure.named("SSLError", "SSLCert"),
        lambda failure: (
            f"the certificate of {failure.server} is not trusted on this computer; a proxy or a virus "
            "scanner may look into connections under one of its own."
        ),
        "Let SSL_CERT_FILE name the file of your network's certificates (whoever runs it has that), check the "
        "computer's date, and try again",
    ),
    _Cause(
        lambda failure: failure.status == 407 or failure.named("ProxyError"),
        lambda failure: f"the proxy {failure.proxy} refused the connection.",
        "Let HTTPS_PROXY name it with your user name and password, and try again",
    ),
    _Cause(
        lambda failure: bool(failure.proxy) and failure.status is None and failure.named(*_NOT_THERE),
        lambda failure: f"the proxy {failure.proxy} does not answer.",
        "Correct or unset HTTPS_PROXY (on Windows and macOS, the system's proxy) and try again",
    ),
    _Cause(
        lambda failure: failure.named("gaierror"),
        lambda failure: f"no address is known for {failure.server}; there is no internet, or no name server.",
        "Connect to the internet and try again",
    ),
    _Cause(
        lambda failure: failure.has(TimeoutError) or failure.named("Timeout"),
        lambda failure: f"{failure.server} did not answer in time; a slow network or a firewall may be why.",
        "Try again later or in another network",
    ),
    _Cause(
        lambda failure: failure.status in (401, 403),
        lambda failure: f"{failure.server} has no {failure.file}, or not for everybody (answer {failure.status}).",
        "Look there who may have it, or choose another network",
    ),
    _Cause(
        lambda failure: failure.status in (404, 410),
        lambda failure: f"{failure.server} has no {failure.file} (any more).",
        "Choose another network, or update SkinKD",
    ),
    _Cause(
        lambda failure: failure.status == 429,
        lambda failure: f"{failure.server} was asked too often from here.",
        "Try again in some minutes",
    ),
    _Cause(
        lambda failure: failure.status is not None,
        lambda failure: f"{failure.server} is out of order (answer {failure.status}).",
        "Try again later",
    ),
    _Cause(
        lambda failure: failure.numbered(*_UNREACHED) or failure.named("ConnectError"),
        lambda failure: f"{failure.server} can not be reached: there is no internet, or a firewall forbids it.",
        "Connect to the internet, or have that server allowed, and try again",
    ),
    _Cause(
        lambda failure: failure.named("ReadError", "RemoteProtocolError", "IncompleteRead", "ChunkedEncoding"),
        lambda failure: "the connection broke off.",
        "Try again; what is there already is not fetched again",
    ),
    _Cause(
        lambda failure: True,
        lambda failure: "the download failed, and the library's own message (in the details) is all that is known.",
        "Try again",
    ),
)
"""The first that it is, is told."""
