#!/usr/bin/env bash
# Cold starts: what a function does between exec and asking Lambda for its first event.
#
#   infra/cold.sh                 builds all functions and `hello`, and prints the table of docs/PERFORMANCE.md: time
#                                 against `hello` (100 pairs in turn), bytes, instructions, system calls
#   infra/cold.sh measure         the same of what is built already
#   infra/cold.sh check           what CI holds: bytes and instructions within infra/cold/budget.tsv, and nothing looked
#                                 up: no name, no metadata service, no certificate, no file but the libraries
#   infra/cold.sh budget          writes the lines of that file anew
#
# All but the first are about what infra/build.sh built last: all functions after `infra/build.sh --all`.
#
# valgrind and strace count; both are Debian packages, installed where that is possible.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_tools

what=${1:-all}
if [ "$what" = all ]; then
    infra/build.sh --hello
    what=measure
fi
baton_counters valgrind strace
exec python3 infra/cold/starts.py "$what" "$(baton_target)/lambda"
