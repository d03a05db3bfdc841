#!/bin/sh
# Looks up the locked packages in a public list of known vulnerabilities. Fails on one that audit-ignore.txt does not
# name. Where the list can not be reached it says so in one line and does not fail: a check must work without a network.
set -eu
cd "$(dirname "$0")/.."
. installers/uv.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# uv audits projects and scripts, not lock files: a script that asks for exactly what is locked.
{
    printf '# /// script\n# requires-python = ">=3.11,<3.15"\n# dependencies = [\n'
    sed -n 's/^\([A-Za-z0-9._-]*==[^\\]*[^\\ ]\) *\\$/#   "\1",/p' requirements.lock requirements-extras.lock | sort -u
    printf '# ]\n# ///\n'
} >"$folder/locked.py"

set -- audit --preview-features audit --script "$folder/locked.py"
while read -r name reason; do
    case $name in
    '' | '#'*) ;;
    *)
        [ -n "$reason" ] || die "installers/audit-ignore.txt: $name stands there without a reason"
        set -- "$@" --ignore "$name"
        ;;
    esac
done <installers/audit-ignore.txt

status=0
UV_HTTP_RETRIES="${UV_HTTP_RETRIES:-1}" "$UV" "$@" >"$folder/answer" 2>&1 || status=$?
case $status in
0) tail -n 1 "$folder/answer" ;;
1)
    cat "$folder/answer"
    die "Packages with known vulnerabilities are locked: LOCK_ARGS=--upgrade make lock, or name them in installers/audit-ignore.txt"
    ;;
*) say "The locked packages were not audited; uv could not look them up: $(tail -n 1 "$folder/answer" | sed 's/^ *//')" ;;
esac
