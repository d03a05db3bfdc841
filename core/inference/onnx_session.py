"""onnxruntime itself: sessions with bounded memory that spin for nothing and tell nobody."""

from __future__ import annotations

from functools import cache
from typing import Any

from core.errors import SkinKDError

_SILENT = 4  # onnxruntime's severity "fatal": what goes wrong is raised, and shown once
CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def open_session(content: bytes, providers: list[str], threads: int, memory: int = 0) -> Any:
    """An onnxruntime session of a serialised model with this many threads, in a process of which all sessions together
    take `memory` bytes at most (0: half of the computer's). onnxruntime's errors pass through."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(_SILENT)
    _bound_memory(memory)
    onnxruntime.disable_telemetry_events()  # Windows does not look at the setting that core/__init__.py makes
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    # Threads that wait are to sleep: by default they spin, and take the cores from those that decode images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # x86 processors without VNNI add products of 8 bits up in 16, which overflow: other kernels are used there.
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(content, options, providers=providers)


def providers_for(device: str) -> list[str]:
    """The parts of onnxruntime that compute on a device (auto, cpu, cuda), in order. Raises `SkinKDError` for one that
    it does not have here."""
    import onnxruntime

    has_cuda = CUDA in onnxruntime.get_available_providers()
    if device not in ("auto", "cpu") and not (device == "cuda" and has_cuda):
        raise SkinKDError(
            f"Exported files do not run on {device} here",
            f"The onnxruntime on this computer has no {device}. Choose the CPU, or the run's model.safetensors.",
        )
    return [CUDA, CPU] if has_cuda and device != "cpu" else [CPU]


def most_memory() -> int:
    """How many bytes networks may take: half of the computer's memory."""
    import psutil

    return int(psutil.virtual_memory().total) // 2


@cache
def _bound_memory(memory: int) -> None:
    """Asking for more is an error, and not the end of the program."""
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(memory or most_memory(), -1, -1, -1))
