"""Ray itself: started for this computer alone, or met where it is. Nobody else in SkinKD imports it.

Ray trusts whoever reaches it and runs what they send. A cluster of this computer's own listens on the loopback device
alone, and asks for a token that only this program and its own processes know; it ends with this program, however that
ends. Ray's telemetry and dashboard stay off.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

from core.atomic import HERE
from core.errors import SkinKDError

Ray = Any
"""The module ray, which has no types."""

_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",  # what it writes to this program's output; `core.study.engines.cluster` says it
}
_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray takes 127.0.0.1 for another name of an address that others reach; where it makes no clusters of several computers
it does not."""

_AS_URGENT = {"RAY_worker_niceness": "0"}
"""As runs that this program makes itself; without it they wait for whatever else the computer does."""

_NAME = f"skinkd-{HERE}-"
_SECONDS_TO_REACH = 10
_OBJECT_BYTES = 100 * 2**20
"""Of shared memory: only orders and reports pass through it."""


@dataclass(frozen=True)
class Computer:
    """One that belongs to the cluster: Ray's name of it, its own, and what runs may use of it."""

    node: str
    name: str
    cores: float
    gpus: float


@contextmanager
def connected(address: str) -> Iterator[Ray]:
    """Ray, connected to the cluster at an address, or without one to a new one of this computer's.

    Raises `SkinKDError` where Ray is not installed, or the cluster can not be reached.
    """
    if "://" in address:
        raise SkinKDError(
            "The address is none of a cluster",
            f"{address}: give HOST:PORT, or auto, on a computer that belongs to the cluster (ray start).",
        )
    os.environ.update(_QUIET)
    _clear(_short_folder())
    prefix = f"{_NAME}{os.getpid()}-"
    with TemporaryDirectory(prefix=prefix, dir=_short_folder(), ignore_cleanup_errors=True) as private:
        ray = _started(_for_an_address(address) if address else _for_this_computer(private), address)
        try:
            yield ray
        finally:
            ray.shutdown()


def computers(ray: Ray) -> list[Computer]:
    """Those that are there now."""
    return [
        Computer(
            node["NodeID"],
            node["NodeManagerHostname"],
            node["Resources"].get("CPU", 0.0),
            node["Resources"].get("GPU", 0.0),
        )
        for node in ray.nodes()
        if node["Alive"]
    ]


def _short_folder() -> Path:
    """Where names of sockets are short enough for the system."""
    return Path("/tmp") if Path("/tmp").is_dir() else Path(gettempdir())


def _clear(above: Path) -> None:
    """Remove what killed programs left here; of other users nothing goes."""
    import psutil

    for folder in above.glob(f"{_NAME}*"):
        number = folder.name.removeprefix(_NAME).partition("-")[0]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _for_this_computer(private: str) -> dict[str, Any]:
    from core.training.hardware import available_cores

    os.environ.update({**_LOOPBACK, **_AS_URGENT, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)})
    return {
        "address": "local",
        "num_cpus": available_cores(),
        "object_store_memory": _OBJECT_BYTES,
        "include_dashboard": False,
        "_temp_dir": f"{private}/r",  # Ray opens its own folder to everybody; the one around it stays closed
    }


def _for_an_address(address: str) -> dict[str, Any]:
    _check_reachable(address)
    if address.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]"):
        os.environ.update(_LOOPBACK)
    return {"address": address}


def _check_reachable(address: str) -> None:
    """Ray itself tries for minutes to reach what is not there. Raises `SkinKDError`."""
    host, _, port = address.rpartition(":")
    if not port.isdecimal():
        return  # `auto`, or what Ray alone can read
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _SECONDS_TO_REACH):
            pass
    except (OSError, OverflowError) as error:
        raise SkinKDError(
            "The cluster can not be reached",
            f"Nothing answers at {address} ({getattr(error, 'strerror', None) or error}). Start it there with `ray "
            "start`, look at the address and the firewall, or leave --address out.",
            str(error),
        ) from error


def _started(options: dict[str, Any], address: str) -> Ray:
    try:
        import ray
    except ImportError as error:
        raise SkinKDError(
            "Ray is not installed",
            'A study on a cluster needs the extra cluster: pip install "skinkd[cluster]", on every computer. The '
            "installed program has none.",
            str(error),
        ) from error
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        told = f"There is no cluster at {address} that lets this program in" if address else "Ray could not be started"
        ray.shutdown()
        summary = f"{told}: {str(error)[:300]}. Start it there with `ray start`, or leave --address out."
        raise SkinKDError("The cluster can not be reached", summary, str(error)) from error
    finally:
        if in_main:  # Ray ends the program at once where it is asked to end in order
            signal.signal(signal.SIGTERM, before)
    return ray
