"""Fetching timm's pretrained weights: the only thing in SkinKD that uses the network, and only when asked to."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.errors import WeightsUnavailableError
from core.models.hub_failures import explain

_FILE = "model.safetensors"
_SECONDS = 10
"""How long the server may take to answer at all. The library by itself tries for most of a minute."""


def fetch_weights(architecture: str, config: Any) -> Path:
    """The safetensors file of timm's pretrained weights, from the local cache or fetched.

    `config` is timm's PretrainedCfg. Raises `WeightsUnavailableError`, within some 10 s when there is no network.
    """
    import huggingface_hub

    repository, name = getattr(config, "hf_hub_id", None), _FILE
    if not repository:
        raise unavailable(architecture, "timm offers none for this network.")
    if (getattr(config, "hf_hub_filename", None) or "").startswith("open_clip"):
        name = "open_clip_model.safetensors"
    cached = huggingface_hub.try_to_load_from_cache(repository, name)
    if isinstance(cached, str):
        return Path(cached)
    url = huggingface_hub.hf_hub_url(repository, name)
    try:
        _ask(url)
        return Path(_download(repository, name))
    except Exception as error:  # the library's errors have no common root and change between its versions
        why, what_to_do = explain(error, urlsplit(url).hostname or url, repository, _proxy())
        raise unavailable(architecture, why, what_to_do, f"{url}: {error or type(error).__name__}") from error


def unavailable(architecture: str, why: str, what_to_do: str = "", details: str = "") -> WeightsUnavailableError:
    """The error that names the other ways."""
    ways = f"{what_to_do}, or set" if what_to_do else "Set"
    return WeightsUnavailableError(
        "Pretrained weights are not available",
        f"The pretrained weights of {architecture} could not be fetched: {why} {ways} the weights to a .safetensors "
        "file on this computer, or to none (training then starts from nothing and needs far more images and time).",
        details,
    )


def _proxy() -> str:
    """The proxy that the environment or the system names, without user and password; empty where there is none."""
    from urllib.request import getproxies

    found = getproxies()
    parts = urlsplit(found.get("https") or found.get("all") or "")
    return parts.netloc.rpartition("@")[2] or parts.path.rpartition("@")[2]


def _ask(url: str) -> None:
    """Ask for the head of `url` once; whatever the server answers is well. Raises what went wrong, TimeoutError where
    nothing came."""
    import huggingface_hub.utils

    library: Any = huggingface_hub.utils
    outcome: list[Exception | None] = [TimeoutError(f"no answer from {url} within {_SECONDS} seconds")]

    def ask() -> None:
        try:
            library.get_session().head(url, timeout=_SECONDS)
        except Exception as error:  # as above
            outcome[0] = error
        else:
            outcome[0] = None

    # Looking the name up can take far longer than the timeout on a broken network, and can not be interrupted.
    asking = threading.Thread(target=ask, name="skinkd-hub", daemon=True)
    asking.start()
    asking.join(_SECONDS + 2)
    if outcome[0] is not None:
        raise outcome[0]


def _download(repository: str, name: str) -> str:
    import huggingface_hub.utils

    library: Any = huggingface_hub.utils
    silent = library.are_progress_bars_disabled()
    library.disable_progress_bars()  # a window program may have no standard error to draw them on
    try:
        return str(huggingface_hub.hf_hub_download(repository, name, etag_timeout=_SECONDS))
    finally:
        if not silent:
            library.enable_progress_bars()
