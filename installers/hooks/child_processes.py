"""Gives programs that SkinKD starts (a browser, ldd) the library path that the user has, not that of the bundle.

PyInstaller's start-up sets LD_LIBRARY_PATH to the bundle's folder; the loader of this process has read it by now.
"""

import os
import sys

if sys.platform == "linux":
    _users = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if _users is None:
        os.environ.pop("LD_LIBRARY_PATH", None)
    else:
        os.environ["LD_LIBRARY_PATH"] = _users
