"""`python -m core.cli`: the command line where the script skinkd-cli is not installed."""

import multiprocessing

if __name__ == "__main__":
    multiprocessing.freeze_support()  # before anything is loaded: a process that Python starts comes through here too

    from core.cli.main import main

    main()
