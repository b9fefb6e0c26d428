#!/usr/bin/env python3
"""Proves Baton on a real n8n: installs a pinned n8n, starts both, imports the workflows of this folder and runs the cases.

    run.py install                 n8n into the cache, nothing else
    run.py all                     every case
    run.py case NAME...            some of them
    run.py list                    their names

Needs Python 3.11 and Node.js with npm; see README.md beside this file."""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import baton
import procs
from cases import CASES
from install import DEFAULT_VERSION, VERSIONS, install
from stage import Stage

TAIL = 40


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["install", "all", "case", "list"])
    parser.add_argument("names", nargs="*", metavar="NAME", help="for `case`: which ones")
    parser.add_argument("--version", choices=list(VERSIONS), default=DEFAULT_VERSION, help="of n8n (default %(default)s)")
    parser.add_argument("--baton", type=Path, metavar="PATH", help="the binary (default: the newest build of this repository)")
    parser.add_argument("--keep", action="store_true", help="keep the data and the logs of both servers")
    given = parser.parse_args()
    if given.command == "case" and not given.names:
        parser.error("case needs at least one NAME; `list` shows them")
    if unknown := [name for name in given.names if name not in CASES]:
        parser.error(f"no such case: {', '.join(unknown)}; `list` shows them")
    return given


def main() -> int:
    given = arguments()
    if given.command == "list":
        for name, case in CASES.items():
            print(f"{name:40} {(case.__doc__ or '').strip()}")
        return 0
    binary = given.baton.resolve() if given.baton else None if given.command == "install" else baton.default_binary()
    install(given.version)
    if binary is None:
        return 0

    procs.guard()
    folder = Path(tempfile.mkdtemp(prefix="baton-n8n-"))
    stage = Stage(given.version, binary, folder)
    try:
        return run(stage, given.names or list(CASES), given.version)
    finally:
        stage.tear_down()
        if given.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def run(stage: Stage, names: list[str], version: str) -> int:
    print(f"n8n {version}, baton {stage.baton.binary}", flush=True)
    if not step(stage, "set_up", stage.set_up):
        return 1
    passed = failed = 0
    for name in names:
        if step(stage, name, lambda: (stage.between_cases(), CASES[name](stage))):
            passed += 1
        else:
            failed += 1
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


def step(stage: Stage, name: str, work) -> bool:
    """Runs one thing and prints its line; on failure also why, and the end of both logs."""
    started = time.monotonic()
    try:
        work()
    except Exception as error:
        print(f"FAIL {name} ({time.monotonic() - started:.1f} s)")
        text = "".join(traceback.format_exception(error)) if not isinstance(error, AssertionError) else where(error) + str(error) + "\n"
        for server in (stage.baton.server, stage.n8n.server):
            text += f"--- last lines of {server.name}\n{server.tail(TAIL, [])}\n"
        for secret in stage.secrets():
            text = text.replace(secret, "<hidden>")
        print("\n".join("  " + line for line in text.splitlines()), flush=True)
        return False
    print(f"ok   {name} ({time.monotonic() - started:.1f} s)", flush=True)
    return True


def where(error: AssertionError) -> str:
    """The line that asked: the innermost frame in cases/ or stage.py."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "cases" in Path(frame.filename).parts or frame.filename.endswith("stage.py")]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}: {frames[-1].line}\n" if frames else ""


if __name__ == "__main__":
    sys.exit(main())
