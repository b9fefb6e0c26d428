#!/usr/bin/env bash
# Plants one mistake after another in the code that guards the house (.cargo/mutants.toml names it) and counts how many the
# unit tests notice. Fails below 95 %. Everything takes hours on two cores; what has changed, minutes:
#
#   infra/mutants.sh                               all of it
#   infra/mutants.sh --changed [REF]               what differs from REF (main)
#   infra/mutants.sh -F egress/guard.rs --iterate  any option of cargo-mutants; -F takes a pattern of what it lists
#
# What was tried, and how each went, is in mutants.out. The mistakes are made in a copy of the tree.
set -euo pipefail
cd "$(dirname "$0")/.."
. infra/tools.sh
baton_mutants
# The copy has no builds of its own: dependencies are built once, here.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

options=()
if [ "${1:-}" = --changed ]; then
    shift
    ref=main
    case ${1:--} in
    -*) ;;
    *)
        ref=$1
        shift
        ;;
    esac
    git diff --no-color --no-ext-diff --src-prefix=a/ --dst-prefix=b/ --merge-base "$ref" -- shared >"$work/diff"
    options+=(--in-diff "$work/diff")
    # Without any change there is nothing to try, and an empty diff is refused.
    [ -s "$work/diff" ] || { echo "nothing under shared/ differs from $ref"; exit 0; }
fi

touch "$work/before"
code=0
cargo mutants --package shared --no-times --colors never "${options[@]}" "$@" || code=$?
# 2 and 3: some were missed, some ran out of time. That is what the count below is about.
case $code in
0 | 2 | 3) ;;
*) exit "$code" ;;
esac

outcomes=mutants.out/outcomes.json
[ "$outcomes" -nt "$work/before" ] || { echo 'nothing to try'; exit 0; }
python3 - "$outcomes" <<'PYTHON'
import collections
import json
import sys

NEEDED = 0.95
COLUMNS = {"CaughtMutant": "caught", "Timeout": "timed out", "MissedMutant": "missed", "Unviable": "unviable"}

with open(sys.argv[1]) as file:
    outcomes = json.load(file)["outcomes"]
counts = collections.defaultdict(collections.Counter)
for outcome in outcomes:
    # The run without a mistake is an outcome too.
    if outcome["summary"] in COLUMNS and isinstance(outcome["scenario"], dict):
        counts[outcome["scenario"]["Mutant"]["file"]][outcome["summary"]] += 1


def line(name, count):
    print(f"{name:40}" + "".join(f"{count[summary]:>11}" for summary in COLUMNS))


print(f"{'':40}" + "".join(f"{column:>11}" for column in COLUMNS.values()))
for name in sorted(counts):
    line(name, counts[name])
total = sum(counts.values(), collections.Counter())
line("all", total)
# A test that never ends has noticed as well. What does not compile was no mistake.
noticed = total["CaughtMutant"] + total["Timeout"]
tried = noticed + total["MissedMutant"]
ratio = noticed / tried if tried else 1.0
print(f"{noticed} of {tried} noticed: {ratio:.1%}, {NEEDED:.0%} needed")
sys.exit(ratio < NEEDED)
PYTHON
