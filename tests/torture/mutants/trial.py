"""One trial: the tests of a module, in a forked process that imports a mutant in its place.

The process is forked from one that has imported what is large and not ours, so a trial costs the tests and little more.
"""

from __future__ import annotations

import importlib
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.torture.mutants.installing import install
from tests.torture.mutants.strata import ROOT

_MOST_BYTES = 24 << 30
_LARGE = (
    *("core", "hypothesis", "numpy", "PIL.Image", "PySide6.QtTest", "PySide6.QtWidgets", "pytest", "scipy.special"),
    *("scipy.stats", "sklearn.metrics", "timm", "torch"),
)
"""What is imported once for all trials; `core` first, which says how threads wait, and nothing else of it."""
_PLUGINS = ("no:cacheprovider", "pytestqt.plugin", "pytest_timeout", "_hypothesis_pytestplugin")
_BETWEEN_LOOKS = 0.05
DIED, LIVED, LATE, BROKEN = "died", "lived", "late", "broken"
"""A test failed; none did; no end within the limit; the tests could not be run (none were found, wrong options)."""
_FATES = {0: LIVED, 1: DIED, 2: DIED, 3: BROKEN, 4: BROKEN, 5: BROKEN}
"""By pytest's exit status. 2: the tests could not even be collected, as the mutant raises when it is imported."""


@dataclass(frozen=True)
class Trial:
    """How a trial ended, after how many seconds, and the last lines that the tests printed."""

    fate: str
    seconds: float
    said: str


def get_ready() -> None:
    """Import what is large and not ours, so that forked processes have it; the program's own modules stay out."""
    for name in _LARGE:
        importlib.import_module(name)


def tried(module: str, content: bytes, tests: tuple[str, ...], limit: float) -> Trial:
    """Run the tests (paths below the root) with `content` in the module's place, at most `limit` seconds."""
    folder = Path(tempfile.mkdtemp(prefix="mutant-"))
    file, said = folder / "changed.py", folder / "said"
    file.write_bytes(content)
    begin = time.monotonic()
    child = os.fork()
    if child == 0:
        _live(module, file, tests, folder, said)
    try:
        fate = _ended(child, begin + limit)
        return Trial(fate, time.monotonic() - begin, said.read_text("utf-8", "replace")[-600:])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ended(child: int, end: float) -> str:
    """Wait for the child; what is left of its group is ended with it."""
    fate = LATE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            # A process that a signal ends did not get through its tests.
            fate = DIED if os.WIFSIGNALED(status) else _FATES.get(os.WEXITSTATUS(status), BROKEN)
            break
        time.sleep(_BETWEEN_LOOKS)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return fate
    if fate == LATE:
        os.waitpid(child, 0)
    return fate


def _live(module: str, file: Path, tests: tuple[str, ...], folder: Path, said: Path) -> None:
    """The child's life; never returns."""
    status = 3
    try:
        os.setsid()
        with said.open("wb", buffering=0) as out:
            for descriptor in (1, 2):
                os.dup2(out.fileno(), descriptor)
        os.closerange(3, 256)  # a lock that the parent was started under is not this process's to keep
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
        (folder / "tmp").mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
        os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
        os.environ["SKINKD_MUTANT"] = f"{module}={file}"
        os.environ["SKINKD_MUTANT_ROOT"] = str(ROOT)
        before = [item for item in os.environ.get("PYTHONPATH", "").split(os.pathsep) if item]
        os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).with_name("child")), *(before or [str(ROOT)])])
        install(module, str(file))
        os.chdir(ROOT)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of others want to be imported first
        import pytest
        from hypothesis import Phase, settings

        # A failure is enough, the simplest one is not looked for.
        settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate], database=None)
        settings.load_profile("mutants")
        options = ["-x", "-q", "--tb=line", "--hypothesis-seed=0"]
        options += [part for plugin in _PLUGINS for part in ("-p", plugin)]
        status = int(pytest.main([*options, "--basetemp", str(folder / "base"), *tests]))
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        status = 1 if isinstance(error, MemoryError) else 3
    finally:
        os._exit(status)
