"""`make check` looks the locked packages up among known vulnerabilities, and setup installs by hash only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "requirements-extras.lock")
needs_sh = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what the audit reads."""
    (tmp_path / "installers").mkdir()
    for name in ("installers/audit.sh", "installers/audit-ignore.txt", "installers/uv.sh", *LOCKS):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def audit(checkout: Path, status: int, words: str = "") -> subprocess.CompletedProcess[str]:
    """Run the audit with a uv that says `words` and ends with `status`; what it was asked is in the folder."""
    uv = checkout / ".tools" / "uv-env" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    lines = [
        "#!/bin/sh",
        'if [ "$1" = --version ]; then exit 0; fi',
        'printf "%s\\n" "$@" >asked',
        'for word in "$@"; do case $word in *.py) cp "$word" locked.py ;; esac; done',
        f"echo '{words}'",
        f"exit {status}",
    ]
    uv.write_text("\n".join(lines) + "\n")
    uv.chmod(0o755)
    return subprocess.run(
        ["sh", str(checkout / "installers" / "audit.sh")], capture_output=True, text=True, timeout=60, check=False
    )


@needs_sh
def test_every_locked_package_is_looked_up(checkout: Path) -> None:
    result = audit(checkout, 0, "Found no known vulnerabilities")
    assert result.returncode == 0
    assert result.stdout.strip() == "Found no known vulnerabilities"
    locks = "".join((ROOT / name).read_text(encoding="utf-8") for name in LOCKS)
    locked = set(re.findall(r"^[\w.-]+==[^\s;\\]+", locks, re.MULTILINE))
    asked = re.findall(r'^#   "([\w.-]+==[^\s;"]+)', (checkout / "locked.py").read_text(), re.MULTILINE)
    assert set(asked) == locked


@needs_sh
def test_a_known_vulnerability_fails_the_check(checkout: Path) -> None:
    result = audit(checkout, 1, "jinja2 has 1 known vulnerability: GHSA-1")
    assert result.returncode == 1
    assert "GHSA-1" in result.stdout
    assert "LOCK_ARGS=--upgrade make lock" in result.stderr


@needs_sh
def test_without_a_network_the_check_says_so_in_one_line_and_goes_on(checkout: Path) -> None:
    result = audit(checkout, 2, "error: failed to lookup address information")
    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        "The locked packages were not audited; uv could not look them up: error: failed to lookup address information"
    ]


@needs_sh
def test_what_does_not_touch_skinkd_is_passed_over_with_a_reason(checkout: Path) -> None:
    ignored = checkout / "installers" / "audit-ignore.txt"
    ignored.write_text(ignored.read_text() + "GHSA-2 only servers are affected\n")
    assert audit(checkout, 0).returncode == 0
    assert (checkout / "asked").read_text().splitlines()[-2:] == ["--ignore", "GHSA-2"]
    shutil.rmtree(checkout / ".tools")
    ignored.write_text("GHSA-2\n")
    result = audit(checkout, 0)
    assert result.returncode == 1
    assert "without a reason" in result.stderr


def test_make_check_audits() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    assert "installers/audit.sh" in recipe


def test_setup_installs_nothing_whose_hash_is_not_locked() -> None:
    setup = (ROOT / "installers" / "setup.sh").read_text(encoding="utf-8")
    installs = [line for line in setup.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert "lock=${2:-requirements.lock}" in setup
    assert '--require-hashes -r "$lock"' in installs[0]
    # SkinKD itself, built by what is locked, and nothing with it
    assert "--no-deps --no-build-isolation --editable ." in installs[1]


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_of_the_lock_has_hashes(name: str) -> None:
    lock = (ROOT / name).read_text(encoding="utf-8")
    packages = re.split(r"^(?=[\w.-]+==)", lock, flags=re.MULTILINE)[1:]
    assert len(packages) > 50
    assert [text.splitlines()[0] for text in packages if "--hash=sha256:" not in text] == []
