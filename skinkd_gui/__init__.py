"""The Qt application: draws what core computes, asks what core needs; holds no rule about data or models.

It starts in `app`. `main_window` has the `tabs`, whose contents are rooms: `classify`, `training`, `results`. Work runs
in `workers`; `widgets` and `settings` are for all of them.
"""

import sys

if sys.platform == "win32":  # before anything of this package imports Qt
    from skinkd_gui.windows_libraries import load_torch_libraries

    load_torch_libraries()
