"""The servers that the proof starts.

One rule: whatever was started is ended, however the run ends."""

import atexit
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

_running: set["Server"] = set()


class Server:
    """One child in its own process group, writing to one log file that every start appends to."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], folder: Path):
        self.name, self.command, self.env, self.folder = name, command, env, folder
        self.log = folder / f"{name}.log"
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        _running.add(self)

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self, seconds: float = 20) -> None:
        """Asks it to end, and kills the whole group when it has not ended in time."""
        if self.process and self.alive():
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the process and all its children: nothing gets to tidy up."""
        if not self.process:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        _running.discard(self)

    def tail(self, lines: int, hide: list[str]) -> str:
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else "(no log)"
        for secret in hide:
            text = text.replace(secret, "<hidden>")
        return "\n".join(text.splitlines()[-lines:])


def kill_all() -> None:
    for server in list(_running):
        server.kill()


def guard() -> None:
    """Ends every child at exit, and turns the usual signals into an exit."""
    atexit.register(kill_all)
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(one, lambda number, _frame: sys.exit(128 + number))
