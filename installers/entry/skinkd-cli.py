"""The program `skinkd-cli` of the installers: the command line."""

import multiprocessing

if __name__ == "__main__":
    multiprocessing.freeze_support()  # before anything else: a process that Python starts comes through here too

    from core.cli.main import main

    main()
