"""Where the runs of a study are executed: in this process, or on a cluster. `ENGINES` holds them by name.

Others may use

- `engine`: what an engine is, and what it can be told
"""

from core.registry import Registry
from core.study.engines.cluster import RAY
from core.study.engines.engine import StudyEngine
from core.study.engines.serial import SERIAL

ENGINES: Registry[StudyEngine] = Registry("engine", (SERIAL, RAY))
"""In the order in which they are offered; the first is the usual one."""

__all__ = ["ENGINES", "SERIAL"]
