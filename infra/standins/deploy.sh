#!/usr/bin/env bash
# Deploys the template with the functions that infra/build.sh has built (for x86_64) on a local stand-in for AWS, and
# uses what was deployed. A function that was not built comes from the debug profile: what is tried here is the template.
#
#   infra/build.sh && infra/standins/deploy.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
. infra/tools.sh
baton_tools

target=$(baton_target)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
baton_programs
# What an operator uses on a stack, and every function. Set aside, because other builds put others in their place.
for name in baton $(baton_functions); do
    strip --output-file "$work/$name" "$target/debug/$name"
done
for name in $(cat "$target/lambda/built"); do
    cp "$target/lambda/$name/bootstrap" "$work/$name"
done
infra/standins/run.sh python3 infra/standins/deploy.py "$work"
