#!/bin/sh
# Makes .venv with the versions of requirements.lock and SkinKD itself. Called by make; can be run alone, any number of times.
# `setup.sh .venv-extras requirements-extras.lock` makes the one in which the optional extras are tested.
set -eu
cd "$(dirname "$0")/.."
. installers/uv.sh

venv=${1:-.venv}
lock=${2:-requirements.lock}
ready=$venv/.skinkd-ready

if ! "$venv/bin/python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' 2>/dev/null; then
    if python=$(find_python); then
        say "Making $venv with $python"
    else
        python='>=3.11,<3.15'
        say "No Python 3.11 to 3.14 found; uv fetches one"
    fi
    rm -rf "$venv"
    "$UV" venv --quiet --python "$python" "$venv"
    say "Installing what SkinKD needs: about 3 GB to download on Linux, some minutes"
fi

"$UV" pip install --python "$venv/bin/python" --require-hashes -r "$lock"
"$UV" pip install --python "$venv/bin/python" --quiet --no-deps --no-build-isolation --editable .

sh installers/system-libraries.sh "$venv/bin/python"

touch "$ready"
