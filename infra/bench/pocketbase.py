#!/usr/bin/env python3
"""The local host against PocketBase: who answers more, how fast, in how much memory. `pocketbase.sh` runs it.

Both serve the same records on the same disk, side by side; one thread of wrk asks them in turn, slice by slice. What counts
is the median of the ratios of such pairs, with its 95 % interval by bootstrap. Nothing measured is left out. Ends with an
error when a reply was no 2xx, when fewer records are stored than were acknowledged, or when a record was acknowledged
without a flush of the disk; a missed goal is told and is none."""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "n8n"))

import procs  # noqa: E402
from baton import Baton  # noqa: E402
from wire import call, eventually, free_ports  # noqa: E402

RECORDS = 1000
"""Records that are there before anything is measured, and that single reads go through in turn."""

CONTENT = {"domain": "example.com", "backlinks": 342, "domain_authority": 45, "keywords": ["n8n automation", "workflow tool"],
           "summary": "Visibility rose by a tenth over the month; two pages lost their first place and need new titles."}
RECORD = {"title": "Monthly SEO Report", "task_type": "seo-report", "human_interaction": True, "workflow_id": "abc123",
          "payload": CONTENT}
"""What is created, on both sides. Baton fills in the rest of what it keeps; PocketBase is given it."""

FLUSHED = 200
"""Records over which flushes of the disk are counted."""

GOALS = {"read one by id": (5, 0.5), "list of 20": (5, 0.5), "create": (3, 0.5)}
"""At least so many times the requests, at most that part of the p99."""
MEMORY_GOAL = 0.5


class OfBaton:
    """As it is delivered: one API key, a log line for each request."""

    name, header = "Baton", "X-API-Key"

    def __init__(self, binary: Path, folder: Path):
        self.host = Baton(binary, folder)
        self.server, self.url = self.host.server, self.host.url

    def start(self) -> None:
        self.host.start()
        self.host.create_organization()
        self.credential = self.host.api_key

    def requests(self) -> dict[str, list[str]]:
        ids = many(self.create)
        return {"read one by id": [f"GET /api/payloads/{one}" for one in ids],
                "list of 20": ["GET /api/payloads/list?limit=20"],
                "create": [f"POST /api/payloads {json.dumps(RECORD)}"]}

    def create(self) -> int:
        return good(self.host.call("POST", "/api/payloads", RECORD), 201)["id"]

    def stored(self) -> int:
        """How many there are, by going through all pages."""
        count, cursor = 0, ""
        while True:
            page = good(self.host.call("GET", f"/api/payloads/list?limit=500{cursor}"), 200)
            count += page["count"]
            if not page["next_cursor"]:
                return count
            cursor = f"&cursor={page['next_cursor']}"

    def durable(self, _level: str) -> None:
        """It has no other setting than a flush before each reply."""


class OfPocketBase:
    """As it is delivered, with a user's token and rules that ask for one."""

    name, header = "PocketBase", "Authorization"
    path = "/api/collections/payloads/records"

    def __init__(self, binary: Path, folder: Path):
        port = free_ports(1)[0]
        self.url, self.data, self.binary, self.folder = f"http://127.0.0.1:{port}", folder / "pocketbase", binary, folder
        hooks = HERE / "pocketbase" / "hooks"
        command = [str(binary), "serve", f"--http=127.0.0.1:{port}", f"--dir={self.data}", f"--hooksDir={hooks}", "--hooksWatch=false"]
        self.server = procs.Server("pocketbase", command, dict(os.environ), folder)

    def start(self) -> None:
        person = {"email": "owner@example.com", "password": "correct horse battery"}
        subprocess.run([self.binary, "superuser", "upsert", *person.values(), f"--dir={self.data}"], check=True,
                       cwd=self.folder, capture_output=True)
        self.server.start()
        eventually(lambda: call("GET", f"{self.url}/api/health", timeout=5).status == 200, 60, "PocketBase's health", every=0.05)
        self.superuser = {"Authorization": self.log_in("_superusers", person)}
        named = "@request.auth.id != ''"
        kinds = {"title": "text", "task_type": "text", "automation_status": "text", "human_interaction": "bool",
                 "allow_regenerate": "bool", "workflow_id": "text", "group_id": "number", "payload": "json"}
        fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
        fields += [{"name": "created", "type": "autodate", "onCreate": True},
                   {"name": "changed", "type": "autodate", "onCreate": True, "onUpdate": True}]
        good(call("POST", f"{self.url}/api/collections", {
            "name": "payloads", "type": "base", "fields": fields, "listRule": named, "viewRule": named,
            "createRule": named}, self.superuser), 200)
        good(call("POST", f"{self.url}/api/collections/users/records",
                  person | {"passwordConfirm": person["password"]}, self.superuser), 200)
        self.credential = self.log_in("users", person)

    def log_in(self, collection: str, person: dict[str, str]) -> str:
        return good(call("POST", f"{self.url}/api/collections/{collection}/auth-with-password",
                         {"identity": person["email"], "password": person["password"]}), 200)["token"]

    @property
    def record(self) -> dict:
        return RECORD | {"automation_status": "pending", "allow_regenerate": True, "group_id": 7232716800003}

    def requests(self) -> dict[str, list[str]]:
        ids = many(self.create)
        # Newest first by SQLite's own row number, which needs no index and no sorting; and without counting them all.
        return {"read one by id": [f"GET {self.path}/{one}" for one in ids],
                "list of 20": [f"GET {self.path}?perPage=20&skipTotal=1&sort=-@rowid"],
                "create": [f"POST {self.path} {json.dumps(self.record)}"]}

    def create(self) -> str:
        return good(call("POST", self.url + self.path, self.record, {self.header: self.credential}), 200)["id"]

    def stored(self) -> int:
        page = call("GET", f"{self.url}{self.path}?perPage=1", headers={self.header: self.credential})
        return good(page, 200)["totalItems"]

    def durable(self, level: str) -> None:
        answer = call("POST", f"{self.url}/bench/synchronous/{level}", {}, self.superuser)
        assert good(answer, 200)["synchronous"] == {"NORMAL": 1, "FULL": 2}[level], answer


def many(create) -> list:
    with ThreadPoolExecutor(16) as hands:
        return list(hands.map(lambda _: create(), range(RECORDS)))


def good(reply, status: int):
    assert reply.status == status, f"{reply.status} {reply.body}"
    return reply.body


@dataclass
class Seen:
    """The slices of one contender."""
    rates: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    requests: int = 0


def slice_of(side, requests: Path, seconds: float, connections: int) -> dict:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / "request.lua", side.url, "--"]
    done = subprocess.run([*command, requests, side.header, side.credential], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["bad"] == 0 and result["requests"] > 0, f"{side.name}, {requests.name}: {done.stdout}"
    return result


def pairs_of(sides, files: dict, given: argparse.Namespace, level: str) -> list[Seen]:
    seen = [Seen() for _ in sides]
    for number in range(-1, given.pairs):
        for side, into in zip(sides, seen):
            side.durable(level)
            # What fills the caches is not counted as a pair, but what it creates is there.
            before = cpu_time(side)
            result = slice_of(side, files[side.name], given.seconds if number >= 0 else 1, given.connections)
            spent = cpu_time(side) - before
            into.requests += result["requests"]
            if number >= 0:
                into.rates.append(result["requests"] / result["seconds"])
                into.p50.append(result["p50"])
                into.p99.append(result["p99"])
                into.cpu.append(spent * 1e6 / result["requests"])
    return seen


def ratio(ours: list[float], theirs: list[float]) -> tuple[float, float, float]:
    """Median of the paired ratios, and its 95 % interval."""
    ratios = [a / b for a, b in zip(ours, theirs)]
    dice = random.Random(20261122)
    medians = sorted(statistics.median(dice.choices(ratios, k=len(ratios))) for _ in range(10_000))
    return statistics.median(ratios), medians[249], medians[9750]


def cpu_time(side) -> float:
    """Seconds of a processor that the process has used: what others do on the machine disturbs it least."""
    numbers = Path(f"/proc/{side.server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")


def memory(side) -> tuple[float, float]:
    """Megabytes that the process holds now, and the most that it ever held."""
    text = Path(f"/proc/{side.server.process.pid}/status").read_text()
    now, most = (int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def flushes(side, creates: int) -> int | None:
    """How often the process has the disk flushed while it acknowledges so many records, one after the other."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile("r") as lines:
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o", lines.name, "-p",
                                   str(side.server.process.pid)], stderr=subprocess.PIPE, text=True)
        try:
            status = Path(f"/proc/{side.server.process.pid}/status")
            eventually(lambda: tracer.poll() is not None or "TracerPid:\t0" not in status.read_text(), 10, "strace", every=0.05)
            if tracer.poll() is not None:
                return None
            time.sleep(0.2)  # all threads, not the first alone
            for _ in range(creates):
                side.create()
        finally:
            with contextlib.suppress(ProcessLookupError):
                tracer.terminate()
            tracer.wait()
        # A call that another thread interrupts takes two lines, of which only the second has its result.
        return sum(1 for line in lines if re.search(r"= 0$", line.strip()))


def load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


def row(*cells: object) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def table(name: str, seen: list[Seen], goals: tuple[float, float] | None) -> list[str]:
    """Prints its rows; says which goals were missed. A goal is met when the whole interval meets it."""
    missed = []
    measures = [("requests/s", "rates", 0), ("p50 ms", "p50", 2), ("p99 ms", "p99", 1), ("CPU µs", "cpu", 0)]
    for measure, attribute, digits in measures:
        ours, theirs = (getattr(one, attribute) for one in seen)
        middle, low, high = ratio(ours, theirs)
        goal, met = "", ""
        if goals and attribute == "rates":
            goal, met = f"≥ {goals[0]}", low >= goals[0]
        elif goals and attribute == "p99":
            goal, met = f"≤ {goals[1]}", high <= goals[1]
        if met is False:
            missed.append(f"{name}, {measure}: {middle:.2f}, {goal} wanted")
        row(name, measure, *(f"{statistics.median(one):,.{digits}f}" for one in (ours, theirs)),
            f"{middle:.2f} [{low:.2f}, {high:.2f}]", goal, {True: "yes", False: "no", "": ""}[met])
    return missed


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baton", type=Path, required=True, metavar="PATH")
    parser.add_argument("--pocketbase", type=Path, required=True, metavar="PATH")
    parser.add_argument("--pairs", type=int, default=10, help="of slices (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=3, help="of a slice (default %(default)s)")
    parser.add_argument("--connections", type=int, default=64, help="that wrk holds (default %(default)s)")
    parser.add_argument("--only", choices=GOALS, help="one kind of request")
    parser.add_argument("--folder", type=Path, default=Path("."), help="where both keep their data meanwhile: a real disk (default: here)")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    procs.guard()
    folder = Path(tempfile.mkdtemp(prefix=".bench-", dir=given.folder)).resolve()
    try:
        return run(given, folder)
    finally:
        procs.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


def run(given: argparse.Namespace, folder: Path) -> int:
    sides = [OfBaton(given.baton.resolve(), folder), OfPocketBase(given.pocketbase.resolve(), folder)]
    before, idle, files, bytes_of = load(), [], {name: {} for name in GOALS}, {name: [] for name in GOALS}
    for side in sides:
        side.start()
        idle.append(memory(side)[0])
        for name, requests in side.requests().items():
            files[name][side.name] = folder / f"{side.name}-{name}.txt"
            files[name][side.name].write_text("\n".join(requests))
            if requests[0].startswith("GET "):
                asked = urllib.request.Request(side.url + requests[0].split()[1], headers={side.header: side.credential})
                with urllib.request.urlopen(asked, timeout=10) as answer:
                    bytes_of[name].append(len(answer.read()))
    chosen = [given.only] if given.only else list(GOALS)
    print(f"{given.pairs} pairs of {given.seconds} s, wrk with 1 thread and {given.connections} connections, "
          f"{os.cpu_count()} cores, load average {before} before\n")
    row("request", "measure", "Baton", "PocketBase", "ratio [95 %]", "goal", "met")
    row("---", "---", "---:", "---:", "---:", "---", "---")
    missed, held = [], [side.stored() for side in sides] if "create" in chosen else []
    for name in chosen:
        seen = pairs_of(sides, files[name], given, "FULL")
        missed += table(name, seen, GOALS[name])
        if name == "create":
            shipped = pairs_of(sides, files[name], given, "NORMAL")
            table("create, PocketBase not durable", shipped, None)
            made = [one.requests + other.requests for one, other in zip(seen, shipped)]
    after = [memory(side) for side in sides]
    for measure, (ours, theirs), goal in [("after the start", idle, None), ("the most", [most for _, most in after], MEMORY_GOAL)]:
        met = goal and ours / theirs <= goal
        if met is False:
            missed.append(f"memory: {ours / theirs:.2f}, ≤ {goal} wanted")
        row("memory", f"MB, {measure}", f"{ours:.0f}", f"{theirs:.0f}", f"{ours / theirs:.2f}", f"≤ {goal}" if goal else "",
            {True: "yes", False: "no", None: ""}[met])
    print(f"\nload average {load()} after; bytes of a reply: "
          + ", ".join(f"{name} {ours:,} and {theirs:,}" for name, (ours, theirs) in ((n, b) for n, b in bytes_of.items() if b)))
    wrong = []
    if "create" in chosen:
        wrong += [f"{side.name}: {before + created} acknowledged, {now} stored" for side, before, created in zip(sides, held, made)
                  if (now := side.stored()) < before + created]
        for level in ("FULL", "NORMAL"):
            counts = []
            for side in sides:
                side.durable(level)
                counts.append(flushes(side, FLUSHED))
            print(f"flushes of the disk for {FLUSHED} records, one after the other: Baton {counts[0]}, PocketBase ({level}) {counts[1]}")
            if level == "FULL":
                wrong += [f"{side.name} acknowledged {FLUSHED} records with {count} flushes" for side, count in zip(sides, counts)
                          if count is not None and count < FLUSHED]
    print("\nall goals met" if not missed else "\nmissed:\n  " + "\n  ".join(missed))
    for problem in wrong:
        print(f"FAIL {problem}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
