"""The Qt application: draws what core computes, asks what core needs; holds no rule about data or models.

It starts in `app` (an `application`, a `main_window`, `end_requests` of the system); the `tabs` hold rooms: `classify`,
`training`, `results`, `data`. `demo` goes through them by itself. Work runs in `workers`; `widgets` and `settings` are
for all. `undo` takes what the user may regret.
"""

import sys

if sys.platform == "win32":  # before anything of this package imports Qt
    from skinkd_gui.windows_libraries import load_torch_libraries

    load_torch_libraries()
