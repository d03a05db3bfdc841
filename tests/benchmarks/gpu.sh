#!/usr/bin/env bash
# What only a GPU can show, in at most 8 minutes: tests marked gpu, steps against the bare step, an epoch of a student of
# the paper, the teacher's answers. Needs no network and no window: the Python, torch, torchvision, timm and lightning
# that are there, and wheels of what else is missing in a folder (about 50 MB, for that machine's Python):
#
#   pip download --no-deps -d WHEELS lightning-fabric lightning-utilities timm safetensors huggingface-hub pydantic \
#       pydantic-core annotated-types typing-inspection tomlkit platformdirs filelock psutil scipy pytest pluggy iniconfig packaging
#   tests/benchmarks/gpu.sh [--dry] [WHEELS]     results go to $OUT (default: gpu-results); $PYTHON is the Python
#
# Without a GPU, or with --dry, all runs on the CPU in tiny sizes. Each step has its own time limit; one that fails is
# told at the end, and the others still count. It ends with 1 where one failed.
set -u
repository=$(cd "$(dirname "$0")/../.." && pwd)
dry=
if [ "${1:-}" = --dry ]; then dry=yes; shift; fi
wheels=${1:-${WHEELS:-}}
out=${OUT:-gpu-results}
mkdir -p "$out" && out=$(cd "$out" && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
rm -f "$out"/*.failed

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$python is older than 3.11; set PYTHON"; exit 1; }
export PYTHONPATH="$repository" PYTHONDONTWRITEBYTECODE=1 HF_HUB_OFFLINE=1 OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1
export SKINKD_RUNS="$work/runs" SKINKD_CACHE="$work/cache" SKINKD_STATE="$work/state" SKINKD_SHARED="$work/none"
[ -n "$dry" ] && export CUDA_VISIBLE_DEVICES=

# Only what is not there comes from the wheels: the torch of this machine fits its driver.
needed="torch torchvision timm lightning_fabric lightning_utilities safetensors PIL numpy scipy pydantic tomlkit platformdirs"
needed="$needed filelock psutil pytest"
missing=$("$python" - $needed <<'EOS'
import importlib.util, sys
print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name) is None))
EOS
)
if [ -n "$missing" ]; then
    echo "Not there: $missing"
    if [ -n "$wheels" ]; then
        mkdir "$work/site" "$work/wheels"
        for wheel in "$wheels"/*.whl; do  # by the name that is imported, or a part of what is missing
            name=$(basename "$wheel" | cut -d- -f1)
            "$python" -c 'import importlib.metadata, sys; importlib.metadata.version(sys.argv[1])' "$name" 2>/dev/null ||
                cp "$wheel" "$work/wheels"
        done
        "$python" -m pip install --quiet --no-index --no-deps --target "$work/site" "$work"/wheels/*.whl || exit 1
        export PYTHONPATH="$repository:$work/site"
    fi
fi

step() {  # NAME SECONDS COMMAND...
    local name=$1 limit=$2 left=$((475 - SECONDS)) code
    shift 2
    [ "$limit" -gt "$left" ] && limit=$left
    [ "$limit" -lt 5 ] && limit=5
    echo "== $name (at most $limit s)"
    (cd "$out" && timeout -k 5 "$limit" "$@") >"$out/$name.log" 2>&1
    code=$?
    tail -n 12 "$out/$name.log"
    if [ $code -ne 0 ]; then
        [ $code -eq 124 ] && code="it took longer than $limit s"
        echo "$code" >"$out/$name.failed"
        echo "== $name FAILED: $code"
        failed=1
    fi
}

bench=$repository/tests/benchmarks
step facts 30 "$python" "$bench/gpu_report.py" facts "$out/facts.json"
step tests 170 "$python" -m pytest -c "$bench/gpu.ini" --rootdir "$repository" --junitxml "$out/tests.xml" \
    "$repository/tests/core/training/test_on_gpu.py"
step steps 60 "$python" "$bench" --only steps
step teacher-pass 50 "$python" "$bench" --only teacher-pass
step paper-epoch 130 "$python" "$bench" --only paper-epoch
[ "$(grep -c generation "$out/facts.json" 2>/dev/null || true)" -gt 1 ] 2>/dev/null && step scaling 120 "$python" "$bench" --only scaling --turns 2
step summary 10 "$python" "$bench/gpu_report.py" summary "$out"
exit $failed
