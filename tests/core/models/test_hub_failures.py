"""Each cause of weights that can not be fetched has its own sentence and its own remedy."""

from __future__ import annotations

import errno
import socket
import ssl
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.models.hub import _proxy
from core.models.hub_failures import explain

SERVER, FILE = "hub.example", "timm/test_resnet"


class ConnectError(Exception):
    """As HTTP libraries name it."""


class ProxyError(ConnectError):
    """As HTTP libraries name it."""


class OfflineModeIsEnabled(ConnectionError):  # noqa: N818
    """As the library of the hub names it."""


class ReadTimeout(Exception):  # noqa: N818
    """As HTTP libraries name it."""


class HTTPStatusError(Exception):
    """An answer that is no file."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answer {status}")
        self.response = SimpleNamespace(status_code=status)


def after(cause: BaseException, error: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    for name in names:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("error", "why", "what_to_do"),
    [
        (OfflineModeIsEnabled("no"), "HF_HUB_OFFLINE", "Unset it"),
        (after(socket.gaierror(-2, "Name or service not known"), ConnectError("x")), "no address", "internet"),
        (after(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), ConnectError("x")), "firewall", "allowed"),
        (TimeoutError("no answer"), "did not answer in time", "another network"),
        (ReadTimeout("slow"), "did not answer in time", "another network"),
        (after(ssl.SSLCertVerificationError(1, "self-signed"), ConnectError("x")), "not trusted", "SSL_CERT_FILE"),
        (HTTPStatusError(404), f"no {FILE}", "another network"),
        (HTTPStatusError(403), "not for everybody", "who may"),
        (HTTPStatusError(429), "too often", "some minutes"),
        (HTTPStatusError(503), "answer 503", "later"),
        (HTTPStatusError(407), "refused", "user name"),
        (ProxyError("407"), "refused", "user name"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full", "HF_HOME"),
        (PermissionError(errno.EACCES, "Permission denied"), "can not be written", "HF_HOME"),
        (RuntimeError("what nobody knows"), "the details", "Try again"),
    ],
)
def test_each_cause_is_said_with_its_remedy(error: BaseException, why: str, what_to_do: str) -> None:
    said, remedy = explain(error, SERVER, FILE)
    assert why in said
    assert what_to_do in remedy


def test_a_dead_proxy_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:secret@proxy.clinic:3128")
    proxy = _proxy()
    refused = after(ConnectionRefusedError(errno.ECONNREFUSED, "refused"), ConnectError("x"))
    said, remedy = explain(refused, SERVER, FILE, proxy)
    assert "proxy.clinic:3128 does not answer" in said
    assert "secret" not in said + remedy
    assert "HTTPS_PROXY" in remedy
    assert "no timm" in explain(HTTPStatusError(404), SERVER, FILE, proxy)[0]  # the server answered through it


def test_certificates_that_are_not_there_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = tmp_path / "nowhere.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(missing))
    said, remedy = explain(FileNotFoundError(errno.ENOENT, "No such file or directory"), SERVER, FILE)
    assert f"SSL_CERT_FILE ({missing})" in said
    assert "that variable" in remedy
    missing.touch()
    assert "SSL_CERT_FILE" not in explain(FileNotFoundError(errno.ENOENT, "No such file"), SERVER, FILE)[0]
