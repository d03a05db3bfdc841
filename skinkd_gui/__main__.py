"""`python -m skinkd_gui` opens the window."""

import multiprocessing

if __name__ == "__main__":
    multiprocessing.freeze_support()  # before anything is loaded: a process that Python starts comes through here too

    import sys

    from skinkd_gui.app import main

    sys.exit(main())
