#!/bin/sh
# Builds the installers that this platform can build, and tries them. Called by make installer; EDITION=gpu: the other one.
# One line per step; what a step printed is in build/EDITION/STEP.log when it fails.
set -eu
cd "$(dirname "$0")/.."
. installers/uv.sh

edition=${EDITION:-cpu}
python=.venv/bin/python
logs=build/$edition
mkdir -p "$logs"

# step NAME WORDS... : runs a command, prints its last line and the seconds; its whole output only when it fails.
step() {
    name=$1; shift
    log=$logs/$name.log
    begin=$(date +%s)
    status=0
    "$@" >"$log" 2>&1 || status=$?
    if [ "$status" != 0 ] && [ "$status" != 3 ]; then
        tail -n 40 "$log" >&2
        die "$name failed; all that it said is in $log"
    fi
    say "$name ($(($(date +%s) - begin)) s): $(tail -n 1 "$log")"
}

self_test() { # the frozen program where it was built, before it is packed
    home=$(mktemp -d "${TMPDIR:-/tmp}/Prüfung mit Leerzeichen.XXXXXX")
    status=0
    HOME=$home XDG_CONFIG_HOME=$home XDG_CACHE_HOME=$home XDG_DATA_HOME=$home XDG_STATE_HOME=$home HF_HUB_OFFLINE=1 \
        QT_QPA_PLATFORM="${QT_QPA_PLATFORM:-offscreen}" "dist/$edition/skinkd/skinkd" --self-test || status=$?
    rm -rf "$home"
    return "$status"
}

case $(uname -s) in
Linux)
    # pip may be told of a folder with torch's CPU build; uv does not look there by itself.
    SKINKD_CPU_TORCH=${SKINKD_CPU_TORCH:-${PIP_FIND_LINKS:-}}
    export SKINKD_CPU_TORCH
    step freeze sh -c "'$python' installers/build.py $edition && du -sh dist/$edition/skinkd"
    step self-test self_test
    step package "$python" installers/linux/package.py "$edition"
    cat "$logs/package.log"
    step clean-debian sh installers/linux/check.sh "$(ls -t dist/skinkd*.deb | head -n 1)"
    step wheel sh installers/wheel.sh
    say "Not built here: Windows (installers/windows/build.ps1, on Windows), macOS (installers/macos/build.sh, on a Mac)"
    ;;
Darwin)
    step macos sh installers/macos/build.sh
    say "Not built here: Linux (make installer, on Linux), Windows (installers/windows/build.ps1, on Windows)"
    ;;
*) die "On Windows run: powershell -ExecutionPolicy Bypass -File installers\\windows\\build.ps1" ;;
esac
