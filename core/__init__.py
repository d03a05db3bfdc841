"""SkinKD's core: everything a distillation run needs, without a window and without Qt.

A room is a package; its docstring names the modules that other rooms may use, everything else is its own. From the top
floor down: `cli`, `demo`, `reporting`, `study`, `runs`, `inference`, `evaluation`, `training`, `teachers`, `models`,
`recipe`, `data`, `distillation`, `classes`. Between and below them lie single modules:

- `settings`, `registry`: what sections of recipes and entries of choices are made of
- `errors`, `events`, `progress`: `SkinKDError`; what a job reports, and how it is asked to stop; work on many items
- `documents`, `atomic`, `digests`, `checksums`, `twin_names`, `locks`: small documents of any version, files that are
  whole or not there, what names their bytes and what proves them, names that are one on another disk, who holds what
- `paths`, `user_paths`, `quantities`: where SkinKD writes; paths and numbers as people write and read them
- `process_group`: the processes that make one run together
- `visible_text`, `terminal`, `machine_errors`: names made fit to be shown and written; what terminals and logs get;
  what is said where memory or disk run out
- `program`, `licences`, `system_libraries`, `awake`, `allocator`: the program itself, and the computer that it runs on
"""

import os

from core.allocator import keep_freed_memory

__version__ = "0.1.0"

# OpenMP's threads spin while they wait for each other, by default so long that beside anything else that computes (a
# window, a browser) a training step takes many times as long. Spinning this briefly and then sleeping is as fast on an
# idle computer and loses little on a busy one. Read when torch is loaded, so it is said before anything can load it.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# NumPy's products take threads of their own, which spin too, and so take the cores from the network's next batch:
# classifying a folder was a third slower with them. What SkinKD computes with NumPy is small.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The official onnxruntime tells its maker of every process and model (on Linux and macOS since 1.29), and keeps a
# number for this computer. Nothing leaves this computer, so it is switched off before it can be loaded; see also
# `core.inference.onnx_network`, for Windows.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

keep_freed_memory()
