#!/bin/sh
# Builds the wheel and the sdist into dist/ and tries them: what is in them, that both are the same, and that the wheel
# works in a clean environment, installed by `uv pip install` and by `uv tool install`. Takes some minutes.
# SKINKD_FIND_LINKS: a folder of wheels or an index to take packages from as well, where the usual one has not all.
set -eu
cd "$(dirname "$0")/.."
. installers/uv.sh

python=${SKINKD_PYTHON:-.venv/bin/python}
[ -x "$python" ] || die "installers/wheel.sh needs .venv: make setup"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export UV_TOOL_DIR="$folder/tools" UV_TOOL_BIN_DIR="$folder/bin" OMP_NUM_THREADS="${OMP_NUM_THREADS:-2}"
if [ -n "${SKINKD_FIND_LINKS:-}" ]; then
    export UV_FIND_LINKS="$SKINKD_FIND_LINKS"
fi

# Everything of the user's is moved: nothing that a program leaves behind can come from, or go, anywhere else.
users() {
    env -u DISPLAY -u WAYLAND_DISPLAY -u PYTHONPATH HOME="$folder/home" XDG_CONFIG_HOME="$folder/home/config" \
        XDG_CACHE_HOME="$folder/home/cache" XDG_DATA_HOME="$folder/home/data" XDG_STATE_HOME="$folder/home/state" \
        SKINKD_RUNS= SKINKD_CACHE= SKINKD_STATE= "$@"
}

try() { # FOLDER-OF-THE-PROGRAMS: both programs work from somewhere else than the repository
    (
        cd "$folder/home"
        users "$1/skinkd-cli" --version
        users "$1/skinkd" --version
        # 0 also where there is no screen; what is missing on this computer is said.
        users "$1/skinkd-cli" doctor >"$folder/doctor" 2>&1 || { cat "$folder/doctor"; die "skinkd-cli doctor found faults"; }
        users "$1/skinkd" --self-test
    )
}

say "Building the wheel and the sdist"
mkdir -p dist "$folder/home"
rm -f dist/skinkd-*.whl dist/skinkd-*.tar.gz
"$UV" build --quiet --no-build-isolation --python "$python" --sdist --wheel --out-dir "$folder/built" .
"$UV" build --quiet --no-build-isolation --python "$python" --wheel --out-dir "$folder/again" "$folder"/built/*.tar.gz
"$python" installers/wheel_contents.py "$folder"/built/*.whl "$folder"/again/*.whl "$folder"/built/*.tar.gz
cp "$folder"/built/*.whl "$folder"/built/*.tar.gz dist/
wheel=$(ls "$PWD"/dist/skinkd-*.whl)

say "Installing the wheel into a clean environment: uv pip install"
"$UV" venv --quiet --python "$python" "$folder/env"
"$UV" pip install --quiet --python "$folder/env/bin/python" --constraint requirements.lock "$wheel"
try "$folder/env/bin"
rm -rf "$folder/env"

say "Installing the wheel as a tool: uv tool install"
"$UV" tool install --quiet --python "$python" --constraints requirements.lock "$wheel"
try "$folder/bin"
"$UV" tool uninstall --quiet skinkd
say "The wheel and the sdist are right: $(cd dist && ls skinkd-*.whl skinkd-*.tar.gz | tr '\n' ' ')"
