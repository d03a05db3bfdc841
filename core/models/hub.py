"""Fetching timm's pretrained weights: the only thing in SkinKD that uses the network, and only when asked to."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from core.errors import WeightsUnavailableError

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
        raise unavailable(architecture, "timm offers none for this network.", connect=False)
    if (getattr(config, "hf_hub_filename", None) or "").startswith("open_clip"):
        name = "open_clip_model.safetensors"
    cached = huggingface_hub.try_to_load_from_cache(repository, name)
    if isinstance(cached, str):
        return Path(cached)
    failure = _connection_error(huggingface_hub.hf_hub_url(repository, name))
    if failure:
        raise unavailable(architecture, "the server did not answer.", failure)
    try:
        return Path(_download(repository, name))
    except Exception as error:  # the library's errors have no common root and change between its versions
        raise unavailable(architecture, "the download failed.", f"{repository}: {error}") from error


def unavailable(architecture: str, why: str, details: str = "", *, connect: bool = True) -> WeightsUnavailableError:
    """The error that names the other ways."""
    ways = "Connect to the internet and try again, or set" if connect else "Set"
    return WeightsUnavailableError(
        "Pretrained weights are not available",
        f"The pretrained weights of {architecture} could not be fetched: {why} {ways} the weights to a .safetensors "
        "file on this computer, or to none (training then starts from nothing and needs far more images and time).",
        details,
    )


def _connection_error(url: str) -> str:
    """Ask for the head of `url` once. Empty when the server answered, whatever it said; otherwise what went wrong."""
    import huggingface_hub.utils

    library: Any = huggingface_hub.utils
    outcome = [f"no answer from {url} within {_SECONDS} seconds"]

    def ask() -> None:
        try:
            library.get_session().head(url, timeout=_SECONDS)
        except Exception as error:  # as above
            outcome[0] = f"{url}: {error or type(error).__name__}"
        else:
            outcome[0] = ""

    # Looking the name up can take far longer than the timeout on a broken network, and can not be interrupted.
    asking = threading.Thread(target=ask, name="skinkd-hub", daemon=True)
    asking.start()
    asking.join(_SECONDS + 2)
    return outcome[0]


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
