#!/usr/bin/env bash
# Cold starts: what a function does between exec and asking Lambda for its first event.
#
#   infra/cold.sh                 builds all functions and `hello`, and prints the table of docs/PERFORMANCE.md: time
#                                 against `hello` (100 pairs in turn), bytes, instructions, system calls
#   infra/cold.sh measure         the same of what is built already
#   infra/cold.sh check           what CI holds: bytes and instructions within infra/cold/budget.tsv, and nothing looked
#                                 up: no name, no metadata service, no certificate, no file but the libraries
#   infra/cold.sh budget          writes that file anew
#
# valgrind and strace count; both are Debian packages, installed where that is possible.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_tools

counters() {
    command -v valgrind >/dev/null && command -v strace >/dev/null && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing valgrind and strace" >&2
        apt-get install --yes --quiet --no-install-recommends valgrind strace >/dev/null 2>&1 ||
            { apt-get update --quiet && apt-get install --yes --quiet --no-install-recommends valgrind strace; } >/dev/null 2>&1 ||
            echo "they cannot be installed here" >&2
    fi
}

what=${1:-all}
if [ "$what" = all ]; then
    infra/build.sh --hello
    what=measure
fi
counters
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
exec python3 infra/cold/starts.py "$what" "$target/lambda"
