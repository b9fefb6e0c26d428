#!/usr/bin/env bash
# Builds functions as they are deployed and prints their sizes:
#
#   infra/build.sh            for x86_64: the functions whose own crate or features changed since their budget was taken
#                             (infra/cold/changed.py), and a fixed sample of three; what CI builds
#   infra/build.sh --all      for x86_64: every function
#   infra/build.sh --hello    the same, and infra/cold/hello with them, which cold starts are measured against
#   infra/build.sh --arm64    every function for arm64, as the template deploys; needs: rustup target add aarch64-unknown-linux-gnu
#
# One build for all, so that what they share is compiled once. `sam build` makes the same of the release profile:
# the functions' manifests say what it has to differ in, and infra/lint.sh that they say the same.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_tools

architecture=--x86-64
# A ceiling that should only come down: each MB costs about 4 ms of every cold start, and the goal is 6 MB. The largest holds
# every engine (docs/PERFORMANCE.md). It went up once, from 8 MB, when installations became what is deleted, listed on a miss and
# watched: to come down again, that is to be split.
most=$((9 * 1024 * 1024))
names=$(baton_functions)
case "${1:-}" in
    '') names=$(python3 infra/cold/changed.py) ;;
    --all | --hello) ;;
    --arm64)
        architecture=--arm64
        if [ ! -d "$(rustc --print sysroot)/lib/rustlib/aarch64-unknown-linux-gnu/lib" ]; then
            echo "the target is missing: rustup target add aarch64-unknown-linux-gnu" >&2
            exit 2
        fi
        ;;
    *)
        sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac

packages=()
for name in $names; do
    packages+=(--package "$name")
done
if [ "${1:-}" = --hello ]; then
    packages+=(--package hello)
fi
cargo lambda build --profile deploy --locked "$architecture" "${packages[@]}"

target=$(baton_target)
# What the parts after this one may look at: a function of an earlier build is none of this one.
printf '%s\n' $names >"$target/lambda/built"
too_large=0
for name in $names; do
    size=$(stat -c %s "$target/lambda/$name/bootstrap")
    printf '%-18s %6d KB\n' "$name" "$((size / 1024))"
    if [ "$size" -gt "$most" ]; then
        too_large=1
    fi
done
if [ "$too_large" = 1 ]; then
    echo "larger than $((most / 1024)) KB" >&2
    exit 1
fi
