# Sourced by the other scripts, from the repository's root. Sets UV to a working uv: the one on the PATH, or one
# installed by name from the Python package index into the private folder .tools/.

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# A Python that SkinKD runs on, or nothing. pyenv has shims for versions that do not run, hence the trial.
find_python() {
    for name in ${SKINKD_PYTHON:-} python3 python3.13 python3.12 python3.11 python3.14 python; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
            "$name" -c 'import sys; print(sys.executable)'
            return 0
        fi
    done
    return 1
}

# Prints a path to uv, installing it when there is none.
find_uv() {
    for candidate in .tools/uv-env/bin/uv .tools/uv/bin/uv; do
        if [ -x "$candidate" ] && "$candidate" --version >/dev/null 2>&1; then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    if command -v uv >/dev/null 2>&1; then
        command -v uv
        return 0
    fi
    python=$(find_python) || python=$(command -v python3) || return 1
    say "Installing uv into .tools/" >&2
    mkdir -p .tools
    # Debian's python3 may come without venv, and a bare python3 without pip: take what is there.
    if "$python" -m venv .tools/uv-env >/dev/null 2>&1 && .tools/uv-env/bin/python -m pip install --quiet uv >&2; then
        printf '%s\n' .tools/uv-env/bin/uv
        return 0
    fi
    rm -rf .tools/uv-env
    "$python" -m pip install --quiet --target .tools/uv uv >&2 || return 1
    printf '%s\n' .tools/uv/bin/uv
}

UV=$(find_uv) || die "uv could not be installed: it needs Python 3 with pip and a network. On Debian: apt-get install python3-pip python3-venv"
