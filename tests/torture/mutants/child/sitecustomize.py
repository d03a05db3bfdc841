"""Python reads this at its start where the folder is on its path: programs that a test starts know the mutant too."""

import os

if "SKINKD_MUTANT" in os.environ:
    import sys

    sys.path.insert(0, os.environ["SKINKD_MUTANT_ROOT"])
    from tests.torture.mutants.installing import install

    install(*os.environ["SKINKD_MUTANT"].split("=", 1))
    sys.path.remove(os.environ["SKINKD_MUTANT_ROOT"])
