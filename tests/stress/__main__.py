"""`make stress`: the window's tests again and again while Python's collector runs in foreign threads.

Each way of collecting (see collecting.py) and each group of tests is a process that does all rounds; freed memory is
overwritten, so that what is used afterwards is found out at once. Ends with 1 when one of them did not end well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GROUPS = {
    "exceptions": ("tests/gui/test_exceptions.py",),
    "results": ("tests/gui/results",),
    "training": ("tests/gui/training",),
    "all": ("tests/gui",),
}
WAYS = ("thread", "automatic")


def main() -> int:
    """Do the rounds."""
    parser = argparse.ArgumentParser(prog="make stress", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=["exceptions", "results", "training"])
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    asked = parser.parse_args()
    bad = 0
    for group in asked.groups:
        for way in asked.ways:
            begin = time.monotonic()
            result = run(way, *GROUPS[group], rounds=asked.rounds)
            bad += result.returncode != 0
            last = result.stdout.strip().splitlines()[-1:] or [""]
            sys.stdout.write(
                f"{group} {way}: status {result.returncode}, {time.monotonic() - begin:.0f} s; {last[0]}\n"
            )
            if result.returncode:
                sys.stdout.write(f"{result.stdout}\n{result.stderr}\n")
            sys.stdout.flush()
    return 1 if bad else 0


def run(way: str, *tests: str, rounds: int = 1, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
    """Some tests in a process of their own, collecting in this way."""
    plugin = ("-p", "tests.stress.collecting", f"--collecting={way}", f"--rounds={rounds}", "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "pytest", *plugin, *tests],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "MALLOC_PERTURB_": "165"},
        timeout=seconds,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
