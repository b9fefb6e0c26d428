#!/usr/bin/env bash
# Looks for bytes that a parser of Baton's does not stand: `infra/fuzz.sh [seconds] [target ..]` (60 s each of all targets).
# What is found breaks off the run and stays in fuzz/artifacts; `infra/fuzz.sh --small [target ..]` takes the best of the new
# inputs into the corpora.
#
# Stable Rust: RUSTC_BOOTSTRAP lets it take the flags of the coverage. Without a sanitizer, because there is no unsafe code
# here; overflows and assertions are on.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_cargo_tool cargo-fuzz 0.13.2

export RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
flags=(--sanitizer none --fuzz-dir fuzz)
small=
seconds=60
case ${1:-} in
--small) small=yes && shift ;;
[0-9]*) seconds=$1 && shift ;;
esac
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list --fuzz-dir fuzz)

# Each target reads inputs as large as its parser usually gets them.
longest() {
    case $1 in
    execution) echo 16384 ;;
    request | fields | item) echo 4096 ;;
    *) echo 1024 ;;
    esac
}

cargo fuzz build "${flags[@]}"
host=$(rustc -vV | sed -n 's/^host: //p')
for target in "${targets[@]}"; do
    echo "== $target"
    if [ -n "$small" ]; then
        mkdir -p "fuzz/found/$target"
        python3 fuzz/small.py "$CARGO_TARGET_DIR/$host/release/$target" "fuzz/corpus/$target" "fuzz/found/$target"
        continue
    fi
    # New inputs go beside the corpus that is kept, which is only read.
    mkdir -p "fuzz/found/$target"
    cargo fuzz run "${flags[@]}" "$target" "fuzz/found/$target" "fuzz/corpus/$target" -- \
        "-max_total_time=$seconds" "-max_len=$(longest "$target")" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
done
