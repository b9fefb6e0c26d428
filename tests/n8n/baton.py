"""The Baton under test: its process, its command line and its API as a customer calls them."""

import json
import os
import secrets
import subprocess
import time
from pathlib import Path
from typing import Any

from procs import Server
from wire import Relay, Reply, call, eventually, free_ports


def default_binary() -> Path:
    """The newest of release and debug under CARGO_TARGET_DIR, or this repository's target folder."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parents[2] / "target")
    built = [path for path in (target / "release" / "baton", target / "debug" / "baton") if path.exists()]
    if not built:
        raise SystemExit(f"no baton in {target}: build it first (cargo build --release), or name it with --baton")
    return max(built, key=lambda path: path.stat().st_mtime)


class Baton:
    """One `baton serve` on a data folder that outlives it. Workflows reach it through the relay, the proof directly."""

    def __init__(self, binary: Path, folder: Path):
        port, relay_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self.relay = Relay(relay_port, port)
        self.env = dict(os.environ) | {"BATON_ADDR": f"127.0.0.1:{port}", "BATON_DATA_DIR": str(folder / "baton-data"),
                                      "BATON_PUBLIC_URL": self.relay.url}
        self.binary = binary
        self.server = Server("baton", [str(binary), "serve"], self.env, folder)
        self.api_key = ""

    def start(self) -> None:
        self.server.start()

        def ready() -> bool:
            if not self.server.alive():
                raise AssertionError("baton ended while starting")
            return call("GET", self.url + "/health", timeout=5).status == 200

        eventually(ready, 60, "Baton's /health", every=0.05)
        self.relay.up()

    def sigkill(self) -> None:
        self.server.kill()

    def create_organization(self) -> None:
        """Beside the running server, as an operator does it."""
        done = subprocess.run([str(self.binary), "org", "create", "n8n proof", "--admin-email", "owner@example.com",
                               f"--admin-password={secrets.token_urlsafe(18)}", "--json"],
                              env=self.env, cwd=self.server.folder, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"baton org create: {done.returncode} {done.stderr.strip()}"
        self.api_key = json.loads(done.stdout)["api_key"]

    def call(self, method: str, path: str, body: Any = None, timeout: float = 60) -> Reply:
        return call(method, self.url + path, body, {"X-API-Key": self.api_key}, timeout)

    def patient(self, method: str, path: str, body: Any = None) -> Reply:
        """Like `call`, but waits out a 429, so that cases do not disturb each other."""
        answer = self.call(method, path, body)
        while answer.status == 429:
            time.sleep(float(answer.headers["retry-after"]))
            answer = self.call(method, path, body)
        return answer

    def decide(self, verb: str, entity_id: Any, notes: str = "", entity_type: str = "custom_payload") -> Reply:
        return self.call("POST", f"/automation/{verb}", {"entity_id": entity_id, "entity_type": entity_type, "notes": notes})

    def payload(self, entity_id: Any) -> dict[str, Any]:
        answer = self.call("GET", f"/api/payloads/{entity_id}")
        assert answer.status == 200, f"payload {entity_id}: {answer.status} {answer.body}"
        return answer.body

    def until_resumed(self, entity_id: Any, states: tuple[str, ...], seconds: float) -> str:
        """Waits until the entity's resume is in one of `states`."""
        seen: list[str] = []

        def reached() -> bool:
            now = self.payload(entity_id)["resume"]["state"]
            if now not in seen:
                seen.append(now)
            return now in states

        try:
            eventually(reached, seconds, f"resume of payload {entity_id} is {' or '.join(states)}")
        except AssertionError as late:
            raise AssertionError(f"{late}; it was {' then '.join(seen)}") from None
        return seen[-1]

    def stats(self, workflow_id: str) -> dict[str, Any]:
        answer = self.call("GET", f"/api/token-usage/{workflow_id}/stats")
        if answer.status == 404:  # nothing was ever recorded for it
            return {"total_records": 0, "total_tokens": 0, "total_cost": 0}
        assert answer.status == 200, f"stats: {answer.status} {answer.body}"
        return answer.body["stats"]
