"""On Windows torch's libraries must be loaded before Qt's: afterwards `import torch` fails (WinError 1114).

See pytorch issue 166628. Loading c10.dll alone is enough and takes milliseconds; importing torch would take seconds.
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
from pathlib import Path

_log = logging.getLogger(__name__)


def load_torch_libraries() -> None:
    """Load torch's first library if torch is installed; a failure is left to the import of torch to explain."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return
    library = Path(spec.origin).parent / "lib" / "c10.dll"
    if library.is_file():
        try:
            ctypes.CDLL(str(library))
        except OSError:
            _log.warning("%s can not be loaded", library, exc_info=True)
