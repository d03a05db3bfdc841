"""Exported ONNX files answer through onnxruntime, behind the same interface as networks of torch."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SkinKDError
from core.events import Emit, Notice, ignore
from core.inference.export.onnx_file import FEATURES, IMAGES, LOGITS
from core.inference.export.onnx_guard import read_checked
from core.models.info import ModelInfo

_SILENT = 4  # onnxruntime's severity "fatal": what goes wrong is raised, and shown once
_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


class OnnxNetwork:
    """A network in an onnxruntime session; normalises in its graph. `device` is cpu or cuda."""

    def __init__(self, session: Any, outputs: tuple[str, ...], device: str) -> None:
        self.session = session
        self.outputs = outputs
        self.device = device

    def infer(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """As `Network.infer`. Raises `SkinKDError` when the file's network can not compute, TypeError for images
        that are not uint8."""
        if images.dtype != np.uint8:
            raise TypeError(f"expected uint8 images, got {images.dtype}")
        try:
            found = self.session.run(list(self.outputs), {IMAGES: np.ascontiguousarray(images)})
        except Exception as error:  # onnxruntime raises a dozen classes of its own, which share no other base
            raise SkinKDError(
                "The model can not compute", "onnxruntime could not run the exported file on an image.", str(error)
            ) from error
        answers = dict(zip(self.outputs, found, strict=True))
        return answers[LOGITS], answers.get(FEATURES)


def load_onnx(path: Path, device: str = "auto", threads: int = 0, emit: Emit = ignore) -> tuple[OnnxNetwork, ModelInfo]:
    """The network of a file that SkinKD exported, ready, and its description.

    `device` auto, cpu or cuda: CUDA is taken where this onnxruntime has it, and said. `threads` 0: all cores. The file
    is checked as one from a stranger: see `core.inference.export.onnx_guard`. Raises `SkinKDError`.
    """
    content, info, outputs = read_checked(path)
    session = _session(content, path, device, threads, emit)
    network = OnnxNetwork(session, outputs, "cuda" if session.get_providers()[0] == _CUDA else "cpu")
    logits, features = network.infer(np.zeros((1, *2 * (info.preprocessing.image_size,), 3), np.uint8))
    if logits.shape != (1, len(info.classes)) or (features is not None and features.ndim != 2):
        raise SkinKDError(
            "The model file can not be used", f"{path.name}: its answers do not have the shape that it promises."
        )
    return network, info


def open_session(content: bytes, providers: list[str], threads: int) -> Any:
    """An onnxruntime session of a serialised model with this many threads. onnxruntime's errors pass through."""
    import onnxruntime

    _bound_memory()
    onnxruntime.disable_telemetry_events()  # Windows does not look at the setting that core/__init__.py makes
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    # Threads that wait are to sleep: by default they spin, and take the cores from those that decode images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=providers)


@cache
def _bound_memory() -> None:
    """Let onnxruntime take half of the computer's memory at most: a stranger's network may want any amount, and shapes
    that depend on the picture do not tell it beforehand. Asking for more is an error, and not the end of SkinKD."""
    import onnxruntime
    import psutil

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    most = psutil.virtual_memory().total // 2
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(most, -1, -1, -1))


def _session(content: bytes, path: Path, device: str, threads: int, emit: Emit) -> Any:
    import onnxruntime

    from core.training.hardware import available_cores, cpu_name

    onnxruntime.set_default_logger_severity(_SILENT)
    threads = threads or available_cores()
    has_cuda = _CUDA in onnxruntime.get_available_providers()
    if device not in ("auto", "cpu") and not (device == "cuda" and has_cuda):
        raise SkinKDError(
            f"Exported files do not run on {device} here",
            f"The onnxruntime on this computer has no {device}. Choose the CPU, or the run's model.safetensors.",
        )
    wanted = [_CUDA, _CPU] if has_cuda and device != "cpu" else [_CPU]
    try:
        session = open_session(content, wanted, threads)
    except Exception as error:  # see `infer`
        raise SkinKDError(
            "The model file can not be used", f"{path.name}: onnxruntime can not open it.", str(error)
        ) from error
    on = "CUDA" if session.get_providers()[0] == _CUDA else f"{cpu_name()} ({threads} threads)"
    emit(Notice(f"Computing with onnxruntime on {on}."))
    return session
