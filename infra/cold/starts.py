#!/usr/bin/env python3
"""How the functions start, against a fake Lambda Runtime API on loopback. infra/cold.sh calls it and says more.

    starts.py measure BOOTSTRAPS          times against `hello`, bytes, instructions, system calls: a table
    starts.py check BOOTSTRAPS            bytes, instructions and what is touched against budget.tsv
    starts.py budget BOOTSTRAPS           writes their lines of budget.tsv anew

BOOTSTRAPS is the directory of cargo-lambda: <function>/bootstrap, and in `built` the names of those that infra/build.sh
built last; the others are left alone. Runs with the Python of infra/tools.sh, which brings
SAM's template reader.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from samtranslator.yaml_helper import yaml_parse

import changed

HERE = pathlib.Path(__file__).parent
TEMPLATE = HERE.parents[1] / "template.yaml"
BUDGET = HERE / "budget.tsv"
HELLO = "hello"
PAIRS = 100
# Instructions differ by what the dynamic linker of a machine does, bytes by what its linker does.
MORE_INSTRUCTIONS = 1.05
MORE_BYTES = 1.02
# Beyond this a start would be waiting for something.
PATIENCE = 60

# What a start may open: the program's own libraries, and what the standard library and tokio ask the kernel about this
# process. A resolver's files, a directory of certificates or a profile of the AWS tools are not among it.
ALLOWED = re.compile(
    r"/etc/ld\.so\.(cache|preload)$"
    r"|(/usr)?/lib(64)?/([a-z0-9_]+-linux-gnu/)?(glibc-hwcaps/.*|tls/.*)?(lib(c|m|dl|rt|pthread|gcc_s)\.so\.\d|ld-linux-.*\.so\.\d)$"
    r"|/proc/self/(maps|cgroup|mountinfo|exe)$"
    r"|/sys/fs/cgroup/.*cpu\.max$"
    r"|/sys/devices/system/cpu/online$"
)
CALL = re.compile(r"^\d+ +(\w+)\(")
PATH = re.compile(r'"([^"]*)"')


class Api:
    """The Runtime API: hears the first `next` and never answers it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.listener.settimeout(PATIENCE)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def next(self):
        """Waits for a process to ask for its first event; the moment it did."""
        connection, _ = self.listener.accept()
        connection.settimeout(PATIENCE)
        heard = b""
        while b"\r\n" not in heard:
            more = connection.recv(4096)
            if not more:
                raise SystemExit("the process hung up before it asked for an event")
            heard += more
        at = time.perf_counter_ns()
        if not heard.startswith(b"GET /2018-06-01/runtime/invocation/next "):
            raise SystemExit(f"unexpected first request: {heard[:80]!r}")
        return at, connection


def settings():
    """Of each function, the variables that the template gives it, by the name of its directory."""
    template = yaml_parse(TEMPLATE.read_text())
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    found = {}
    for resource in template["Resources"].values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        of = resource["Properties"]
        own = of.get("Environment", {}).get("Variables", {})
        memory = of.get("MemorySize", template["Globals"]["Function"]["MemorySize"])
        name = resource["Metadata"]["BuildProperties"]["Binary"]
        variables = {key: value(key, given, template) for key, given in {**common, **own}.items()}
        found[name] = {**variables, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)}
    return found


def value(key, given, template):
    """What CloudFormation would put in, near enough: the right shape and length."""
    if isinstance(given, str):
        return given
    if key.startswith("BATON_QUEUE_URL_"):
        return f"https://sqs.eu-central-1.amazonaws.com/123456789012/baton-{given['Ref']}-1A2B3C4D5E6F"
    if key == "BATON_KMS_KEY":
        return "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000000"
    if key == "BATON_PUBLIC_URL":
        return "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
    parameter = template["Parameters"].get(given.get("Ref"))
    return str(parameter["Default"]) if parameter else f"baton-{given['Ref'].lower()}-1a2b3c4d5e6f"


def environment(name, given, api):
    """As Lambda starts a process: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>."""
    return {
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AWS_SESSION_TOKEN": "IQoJb3JpZ2luX2VjEXAMPLE" * 40,
        "AWS_LAMBDA_FUNCTION_NAME": f"baton-{name}",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/baton/functions",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_LAMBDA_LOG_LEVEL": "INFO",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "AWS_XRAY_DAEMON_ADDRESS": "169.254.79.129:2000",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": "bootstrap",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin",
        **given,
    }


def start(api, program, env):
    """Seconds from exec to the first `next`."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
    began = time.perf_counter_ns()
    pid = os.posix_spawn(program, [program], env, file_actions=quiet)
    try:
        at, connection = api.next()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    connection.close()
    return (at - began) / 1e9


def ratio(api, ours, hello):
    """PAIRS starts of both in turn: the medians, and the median of the paired ratios with its 95 % interval."""
    for one in (ours, hello) * 3:
        start(api, *one)
    times = ([], [])
    for pair in range(PAIRS):
        order = (0, 1) if pair % 2 == 0 else (1, 0)
        for which in order:
            times[which].append(start(api, *(ours, hello)[which]))
    ratios = [mine / its for mine, its in zip(*times)]
    draw = random.Random(1)
    resampled = sorted(statistics.median(draw.choices(ratios, k=PAIRS)) for _ in range(2000))
    low, high = resampled[50], resampled[-51]
    return statistics.median(times[0]), statistics.median(times[1]), statistics.median(ratios), low, high


def until_next(api, command, env, work):
    """Runs a tool around a start, and ends both when the first event was asked for."""
    with open(work / "log", "w+") as log:
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        tool = subprocess.Popen(command, env=env, start_new_session=True, **quiet)
        try:
            _, connection = api.next()
            # Until the process sleeps.
            time.sleep(0.3)
        except TimeoutError:
            log.seek(0)
            raise SystemExit(f"{command[0]}: nothing asked for an event\n{log.read()}")
        finally:
            # To both: strace itself does not hear it.
            os.killpg(tool.pid, signal.SIGTERM)
            tool.wait(PATIENCE)
        connection.close()


def instructions(api, program, env):
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        counted = work / "callgrind"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counted}", program]
        until_next(api, command, env, work)
        return int(re.search(r"^(?:summary|totals): (\d+)", counted.read_text(), re.MULTILINE).group(1))


def touched(api, program, env):
    """The number of system calls of a start, and those that it should not make."""
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        until_next(api, ["strace", "-f", "-s", "256", "-o", str(work / "calls"), program], env, work)
        calls = [line for line in (work / "calls").read_text().splitlines() if CALL.match(line)]
    port = api.address.rpartition(":")[2]
    home = f'sin_port=htons({port}), sin_addr=inet_addr("127.0.0.1")'
    strange = []
    asked = len(calls)
    for number, line in enumerate(calls):
        call = CALL.match(line).group(1)
        if "/runtime/invocation/next" in line:
            asked = number + 1
            break
        if call in ("connect", "sendto", "sendmsg", "sendmmsg") and "sa_family=" in line and home not in line:
            strange.append(line)
        if call in ("open", "openat", "openat2", "stat", "newfstatat", "statx", "access", "readlink", "readlinkat"):
            path = PATH.search(line)
            if path and path.group(1) not in ("", program) and not ALLOWED.match(path.group(1)):
                strange.append(line)
    return asked, strange


def needs(*tools):
    """Those of the tools that are here; says so of the others."""
    here = [tool for tool in tools if shutil.which(tool)]
    for tool in tools:
        if tool not in here:
            print(f"{tool} is not on this machine (a Debian package of that name): what it shows is NOT CHECKED")
    return here


def load():
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def measure(api, programs):
    print(f"load average before: {load()}")
    tools = needs("valgrind", "strace")
    print("| function | bytes | × hello [95 %] | ms | hello ms | instructions | system calls |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, (program, env) in programs.items():
        mine, its, middle, low, high = ratio(api, (program, env), programs[HELLO])
        count = instructions(api, program, env) if "valgrind" in tools else 0
        calls, _ = touched(api, program, env) if "strace" in tools else (0, [])
        print(
            f"| {name} | {os.path.getsize(program):,} | {middle:.2f} [{low:.2f}, {high:.2f}] |"
            f" {mine * 1000:.2f} | {its * 1000:.2f} | {count:,} | {calls} |",
            flush=True,
        )
    print(f"load average after: {load()}")


def check(api, programs):
    tools = needs("valgrind", "strace")
    budget = {}
    for line in BUDGET.read_text().splitlines()[1:]:
        name, size, count, _ = line.split("\t")
        budget[name] = (int(size), int(count))
    wrong = [f"{name} is not in {BUDGET.name}" for name in programs if name not in budget]
    for name, (program, env) in programs.items():
        most_bytes, most_instructions = budget.get(name, (0, 0))
        size = os.path.getsize(program)
        if size > most_bytes * MORE_BYTES:
            wrong.append(f"{name}: {size:,} bytes, budget {most_bytes:,}")
        count = instructions(api, program, env) if "valgrind" in tools else 0
        if count > most_instructions * MORE_INSTRUCTIONS:
            wrong.append(f"{name}: {count:,} instructions before its first event, budget {most_instructions:,}")
        calls, strange = touched(api, program, env) if "strace" in tools else (0, [])
        wrong += [f"{name} touches before its first event: {line}" for line in strange]
        print(f"{name:18} {size:>10,} bytes {count:>12,} instructions {calls:>5} system calls", flush=True)
    if wrong:
        print("\n".join(wrong))
        raise SystemExit("a start has become slower. If that is meant: infra/cold.sh budget")


def budget(api, programs):
    rows = {line.split("\t")[0]: line for line in BUDGET.read_text().splitlines()[1:]}
    for name, (program, env) in programs.items():
        rows[name] = f"{name}\t{os.path.getsize(program)}\t{instructions(api, program, env)}\t{changed.mark(name)}"
    rows = [rows[name] for name in changed.functions() if name in rows]
    BUDGET.write_text("\n".join(["function\tbytes\tinstructions\tmade of", *rows]) + "\n")


def main(what, bootstraps):
    api = Api()
    given = settings()
    programs = {}
    built = set(pathlib.Path(bootstraps, "built").read_text().split())
    for name in sorted(built & set(given)) + [HELLO]:
        program = pathlib.Path(bootstraps, name, "bootstrap")
        if name == HELLO and what != "measure":
            continue
        if not program.exists():
            raise SystemExit(f"{name} is not built: infra/build.sh --hello")
        programs[name] = (str(program), environment(name, given.get(name, {}), api))
    {"measure": measure, "check": check, "budget": budget}[what](api, programs)


if __name__ == "__main__":
    main(*sys.argv[1:])
