"""SkinKD's core: everything a distillation run needs, without a window and without Qt."""

import os

__version__ = "0.1.0"

# OpenMP's threads spin while they wait for each other. Beside anything else that computes (a window, a browser) on two
# cores, a training step then takes 20 to 40 times as long; threads that sleep while they wait cost nothing of the kind.
# Read when torch is loaded, so it is said before anything can load it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
