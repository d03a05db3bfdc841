"""SkinKD's core: everything a distillation run needs, without a window and without Qt."""

import os

__version__ = "0.1.0"

# OpenMP's threads spin while they wait for each other, by default so long that beside anything else that computes (a
# window, a browser) a training step takes many times as long. Spinning this briefly and then sleeping is as fast on an
# idle computer and loses little on a busy one. Read when torch is loaded, so it is said before anything can load it.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
