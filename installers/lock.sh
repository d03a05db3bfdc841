#!/bin/sh
# Resolves pyproject.toml for every platform into requirements.lock, and with all extras into requirements-extras.lock. No addresses: the user's own index serves the files.
# Versions that are locked already stay; `LOCK_ARGS=--upgrade make lock` takes the newest.
set -eu
cd "$(dirname "$0")/.."
. installers/uv.sh

"$UV" pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
    --no-header --no-annotate ${LOCK_ARGS:-} --output-file requirements.lock --quiet
"$UV" pip compile installers/requirements-build.in --constraint requirements.lock --universal --generate-hashes \
    --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate ${LOCK_ARGS:-} \
    --output-file installers/requirements-build.lock --quiet
"$UV" pip compile pyproject.toml --group dev --all-extras --constraint requirements.lock --universal --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate ${LOCK_ARGS:-} \
    --output-file requirements-extras.lock --quiet
say "requirements.lock is up to date"
