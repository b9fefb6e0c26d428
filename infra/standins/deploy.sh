#!/usr/bin/env bash
# Deploys the template with the functions that infra/build.sh has built (for x86_64) on a local stand-in for AWS, and
# uses what was deployed:
#
#   infra/build.sh && infra/standins/deploy.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
. infra/tools.sh
baton_tools

target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What an operator uses on a stack. Set aside, because other builds put another one in its place.
cargo build --quiet -p baton --features aws
cp "$target/debug/baton" "$work/baton"
infra/standins/run.sh python3 infra/standins/deploy.py "$target" "$work/baton"
