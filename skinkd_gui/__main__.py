"""`python -m skinkd_gui` opens the window."""

import sys

from skinkd_gui.app import main

if __name__ == "__main__":
    sys.exit(main())
