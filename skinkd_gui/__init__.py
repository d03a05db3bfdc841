"""The Qt application: draws what core computes, asks what core needs."""

import sys

if sys.platform == "win32":  # before anything of this package imports Qt
    from skinkd_gui.windows_libraries import load_torch_libraries

    load_torch_libraries()
