#!/usr/bin/env bash
# What reading foreign bytes costs: instructions of every parser of `properties::effort`, at 16 KB and at 64 KB.
#
#   infra/effort.sh               the table, and a failure where four times the bytes took more than 4.6 times the
#                                 instructions, or a byte more of them than its row says
#
# Counts and not times, so that a busy machine finds the same. valgrind counts; it is a Debian package, installed where
# that is possible.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_counters valgrind

# The counted function needs its name; the flag is the last target's alone, so that nothing else is built twice.
cargo rustc --release --quiet -p baton --example effort -- -C strip=none
target=$(baton_target)
exec python3 infra/effort/count.py "$target/release/examples/effort"
