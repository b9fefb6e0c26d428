#!/usr/bin/env python3
"""Which functions CI builds as they are deployed, one a line: those whose own crate or features changed since their line of
budget.tsv was written, and a fixed sample of three.

    changed.py             what is to be built
    changed.py why         every function, and whether and why it is to be built

A function's mark is a hash of what is its alone: the files of its crate, the packages and features that it is linked from, and
the profile. What all functions share changes with nearly every commit; the sample stands for that, and `infra/build.sh --all`
builds all. The mark is kept in budget.tsv and not in git's history, so that a shallow clone knows it too.
"""

import hashlib
import pathlib
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
BUDGET = HERE / "budget.tsv"
# The least that answers HTTP, a worker, and the largest. infra/watch.sh runs the first two.
SAMPLE = ("installations", "meta", "poll-executions")


def functions():
    return sorted(manifest.parent.name for manifest in ROOT.glob("functions/*/Cargo.toml"))


def features(name):
    """The packages that a function is linked from, each with its features. Without versions: what an update does to starts
    the sample shows."""
    tree = ("cargo", "tree", "--locked", "--package", name, "--edges", "normal,build", "--prefix", "none", "--format", "{lib} {f}")
    lines = subprocess.run(tree, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return sorted({line.removesuffix("(*)").strip() for line in lines})


def mark(name):
    made_of = hashlib.sha256()
    for path in sorted(path for path in (ROOT / "functions" / name).rglob("*") if path.is_file()):
        made_of.update(f"{path.relative_to(ROOT)}\n".encode())
        made_of.update(path.read_bytes())
    made_of.update("\n".join(features(name)).encode())
    profiles = tomllib.loads((ROOT / "Cargo.toml").read_text())["profile"]
    made_of.update(repr((profiles["release"], profiles["deploy"])).encode())
    return made_of.hexdigest()[:12]


def kept():
    """The marks of budget.tsv."""
    rows = [line.split("\t") for line in BUDGET.read_text().splitlines()[1:]]
    return {row[0]: row[3] for row in rows}


def reasons():
    """Why each function is to be built; none where it is not."""
    known = kept()
    for name in functions():
        if name in SAMPLE:
            yield name, "sample"
        elif name not in known:
            yield name, "new"
        else:
            yield name, None if known[name] == mark(name) else "changed"


def main(what=""):
    for name, why in reasons():
        if what == "why":
            print(f"{name:18} {why or '-'}")
        elif why:
            print(name)


if __name__ == "__main__":
    main(*sys.argv[1:])
