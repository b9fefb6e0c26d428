#!/usr/bin/env python3
"""Holds Baton to its own API documents with schemathesis: all checks, all phases, seeded.

    run.py                         as CI runs it
    run.py --examples 500          longer
    run.py --dialects bd             some of them alone
    run.py --dialects a -- --include-operation-id create_lead     what follows `--` goes to schemathesis

Starts the newest build on a fresh data folder. Fails when a check fails, and when an operation was never answered with
a 2xx. Needs Python 3.11; schemathesis is installed into the tools cache (BATON_TOOLS_CACHE)."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "n8n"))

import procs  # noqa: E402
from baton import default_binary  # noqa: E402
from wire import call, eventually, free_ports  # noqa: E402

OWNER = "owner@example.com"
USER, PASSWORD = "john.doe@example.com", "correct horse battery"
# The run is one caller; the limits of a real one would end it after a minute. The rest is as it is delivered.
SETTINGS = {"BATON_TRIGGER_LIMIT": "1000000", "BATON_POLL_LIMIT": "1000000", "BATON_DEFAULT_PLAN": "unlimited",
            "BATON_LOG": "warn"}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=5, help="of each operation in the fuzzing phase (default %(default)s)")
    parser.add_argument("--seed", type=int, default=20261122, help="default %(default)s")
    parser.add_argument("--dialects", default="bcdea", help="letters of those to look at, A last: it changes the password (default: all)")
    parser.add_argument("--baton", type=Path, metavar="PATH", help="the binary (default: the newest build of this repository)")
    parser.add_argument("more", nargs="*", help="for schemathesis, after `--`")
    return parser.parse_args()


def schemathesis() -> Path:
    base = os.environ.get("BATON_TOOLS_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "baton-tools"
    pinned = (HERE / "requirements.txt").read_text().strip()
    home = Path(base) / pinned.replace("==", "-")
    if not (home / "ready").exists():
        print(f"installing {pinned} into {home}", flush=True)
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                        HERE / "requirements.txt"], check=True)
        (home / "ready").touch()
    return home / "bin" / "schemathesis"


def main() -> int:
    given = arguments()
    tool, binary = schemathesis(), (given.baton or default_binary()).resolve()
    procs.guard()
    folder = Path(tempfile.mkdtemp(prefix="baton-api-"))
    try:
        return run(given, tool, binary, folder)
    finally:
        procs.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def run(given: argparse.Namespace, tool: Path, binary: Path, folder: Path) -> int:
    port = free_ports(1)[0]
    url = f"http://127.0.0.1:{port}"
    env = dict(os.environ) | SETTINGS | {"BATON_ADDR": f"127.0.0.1:{port}", "BATON_DATA_DIR": str(folder / "data")}
    server = procs.Server("baton", [str(binary), "serve"], env, folder)
    server.start()
    eventually(lambda: server.alive() and call("GET", f"{url}/health", timeout=5).status == 200, 60, "Baton's /health", every=0.05)
    key = admin(binary, env, ["org", "create", "API", "--admin-email", OWNER, f"--admin-password={PASSWORD}"])["api_key"]
    # Whoever logs in renews his key on the way: not the one that the run goes by.
    admin(binary, env, ["user", "create", "--user", OWNER, "--email", USER, "--role", "admin", f"--password={PASSWORD}"])
    judged = {letter: judge(given, tool, folder, env | {"BATON_RUN_URL": url, "BATON_RUN_KEY": key}, letter) for letter in given.dialects}
    failed = [letter for letter, well in judged.items() if not well]
    if failed:
        print(f"FAIL: dialects {', '.join(failed)}")
        print(server.tail(20, [key]))
    return 1 if failed else 0


def judge(given: argparse.Namespace, tool: Path, folder: Path, env: dict[str, str], letter: str) -> bool:
    """One dialect by its document. Every request names the dialect, since some paths have several."""
    document, seen = ROOT / "docs" / "openapi" / f"{letter}.json", folder / f"seen-{letter}.json"
    if not operations(document):
        print(f"dialect {letter}: no operations yet")
        return True
    command = [tool, "--config-file", HERE / "schemathesis.toml", "run", document, "--url", env["BATON_RUN_URL"], "--checks", "all",
               "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", str(given.examples), "--seed", str(given.seed),
               "--continue-on-failure", "--no-shrink", "--suppress-health-check", "all", *given.more]
    if letter == "c":
        # It takes PUT wherever its document has PATCH. That every other method is a 405 is a test of the house.
        command += ["--exclude-checks", "unsupported_method"]
    started = time.monotonic()
    code = subprocess.run(command, cwd=folder, env=env | {
        "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "BATON_RUN_SEEN": str(seen), "BATON_RUN_DIALECT": letter}).returncode
    asked = {name: Counter(counts) for name, counts in (json.loads(seen.read_text()) if seen.exists() else {}).items()}
    if given.more:
        return code == 0
    broken = [f"{name} answered {status}" for name, counts in asked.items() for status in counts if status in ("500", "503")]
    never = [name for name in operations(document) if not any(status.startswith("2") for status in asked.get(name, ()))]
    total = sum(sum(counts.values()) for counts in asked.values())
    print(f"dialect {letter}: {total} requests to {len(asked)} operations in {time.monotonic() - started:.0f} s, seed {given.seed}")
    for problem in [*broken, *(f"{name} was never answered with a 2xx: {dict(asked.get(name, {}))}" for name in never)]:
        print(f"FAIL {problem}")
    return code == 0 and not never and not broken


def admin(binary: Path, env: dict[str, str], command: list[str]) -> dict[str, str]:
    done = subprocess.run([str(binary), *command, "--json"], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"baton {command[0]}: {done.stderr.strip()}"
    return json.loads(done.stdout)


def operations(document: Path) -> list[str]:
    paths = json.loads(document.read_text())["paths"]
    return [operation["operationId"] for item in paths.values() for operation in item.values()]


if __name__ == "__main__":
    sys.exit(main())
