"""A real n8n, started in a folder of its own and spoken to as a user would: its REST set-up, public API and webhooks.

One rule: loopback only, nothing of n8n is patched or replaced."""

import http.cookiejar
import json
import urllib.request
from pathlib import Path
from typing import Any

from install import n8n_home, node_env
from procs import Server
from wire import Relay, Reply, call, eventually, free_ports

OWNER = {"email": "owner@example.com", "firstName": "Test", "lastName": "Owner", "password": "Peer-passw0rd"}

# Newer versions would look for MCP servers, AI models and packages on the network at start.
OFFLINE_MODULES = "mcp-registry,mcp,instance-ai,agents,agent-evals,chat-hub,community-packages,workflow-builder"

QUIET = {
    "N8N_DIAGNOSTICS_ENABLED": "false", "N8N_VERSION_NOTIFICATIONS_ENABLED": "false", "N8N_TEMPLATES_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false", "N8N_HIRING_BANNER_ENABLED": "false", "N8N_LICENSE_AUTO_RENEW_ENABLED": "false",
    "N8N_COMMUNITY_PACKAGES_ENABLED": "false", "N8N_PUBLIC_API_SWAGGERUI_DISABLED": "true", "EXTERNAL_FRONTEND_HOOKS_URLS": "",
    "N8N_SSRF_PROTECTION_ENABLED": "false", "N8N_SECURE_COOKIE": "false", "N8N_LOG_LEVEL": "warn", "NODE_ENV": "production",
    "GENERIC_TIMEZONE": "UTC", "TZ": "UTC", "DB_TYPE": "sqlite",
}


class N8n:
    """One n8n with its data in `folder`. Its public address is the relay's, as behind any reverse proxy."""

    def __init__(self, version: str, folder: Path):
        port, broker_port, relay_port = free_ports(3)
        self.version, self.url = version, f"http://127.0.0.1:{port}"
        self.relay = Relay(relay_port, port)
        self.api_key = ""
        (folder / "n8n-user").mkdir(parents=True)
        env = node_env(version) | QUIET | {
            "N8N_HOST": "127.0.0.1", "N8N_LISTEN_ADDRESS": "127.0.0.1", "N8N_PORT": str(port), "N8N_PROTOCOL": "http",
            "N8N_RUNNERS_BROKER_PORT": str(broker_port), "N8N_USER_FOLDER": str(folder / "n8n-user"),
            "N8N_ENCRYPTION_KEY": "for-tests-only", "WEBHOOK_URL": self.relay.url + "/", "N8N_EDITOR_BASE_URL": self.relay.url + "/",
        }
        if version != "2.8.4":
            env["N8N_DISABLED_MODULES"] = OFFLINE_MODULES
        self.server = Server("n8n", [str(n8n_home(version) / "node_modules" / ".bin" / "n8n"), "start"], env, folder)

    def start(self) -> None:
        """Returns when REST routes answer; `healthz/readiness` says 200 before they exist."""
        self.server.start()

        def ready() -> bool:
            if not self.server.alive():
                raise AssertionError("n8n ended while starting")
            answer = call("GET", self.url + "/rest/settings", timeout=5)
            return answer.status == 200 and isinstance(answer.body, dict)

        eventually(ready, 180, "n8n's REST routes")
        self.relay.up()

    def stop(self) -> None:
        self.relay.down()
        self.server.stop()

    def set_up(self) -> None:
        """The owner, and an API key with every scope that the owner has."""
        session = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        must(call("POST", self.url + "/rest/owner/setup", OWNER, opener=session), "n8n owner")
        scopes = must(call("GET", self.url + "/rest/api-keys/scopes", opener=session), "n8n scopes")["data"]
        made = must(call("POST", self.url + "/rest/api-keys", {"label": "baton", "expiresAt": None, "scopes": scopes}, opener=session),
                    "n8n API key")
        self.api_key = made["data"]["rawApiKey"]

    def api(self, method: str, path: str, body: Any = None) -> Reply:
        return call(method, self.url + "/api/v1" + path, body, {"X-N8N-API-KEY": self.api_key})

    def credential(self, name: str, kind: str, data: dict[str, Any]) -> dict[str, str]:
        """Makes a credential; returns how a node names it."""
        made = must(self.api("POST", "/credentials", {"name": name, "type": kind, "data": data}), f"credential {name}")
        return {"id": made["id"], "name": name}

    def import_workflow(self, definition: dict[str, Any]) -> str:
        """Creates an inactive workflow. The API refuses keys beside these four; credentials are found by their name."""
        body = {key: definition[key] for key in ("name", "nodes", "connections", "settings")}
        return must(self.api("POST", "/workflows", body), f"import of {definition['name']}")["id"]

    def replace_workflow(self, workflow_id: str, definition: dict[str, Any]) -> None:
        body = {key: definition[key] for key in ("name", "nodes", "connections", "settings")}
        must(self.api("PUT", f"/workflows/{workflow_id}", body), f"update of {definition['name']}")

    def activate(self, workflow_id: str, path: str) -> None:
        """2.41 registers the webhook some time after it has answered. A method that no workflow uses tells without
        starting anything."""
        must(self.api("POST", f"/workflows/{workflow_id}/activate"), "activation")
        eventually(lambda: "Did you mean" in json.dumps(call("DELETE", f"{self.url}/webhook/{path}").body),
                   20, f"webhook {path} registered", every=0.05)

    def run(self, path: str, body: Any) -> str:
        """Starts a workflow by its webhook and returns the execution's id."""
        return str(must(call("POST", f"{self.url}/webhook/{path}", body), f"webhook {path}")["execution_id"])

    def execution(self, execution_id: str, data: bool = False) -> dict[str, Any]:
        return must(self.api("GET", f"/executions/{execution_id}" + ("?includeData=true" if data else "")), f"execution {execution_id}")

    def until(self, execution_id: str, status: str, seconds: float = 30) -> dict[str, Any]:
        """Waits for a status and returns the execution with its data."""
        def reached() -> bool:
            now = self.execution(execution_id)["status"]
            if now != status and now in ("success", "error", "crashed", "canceled"):
                raise AssertionError(f"execution {execution_id} ended with {now}, not {status}: {self.error(execution_id)}")
            return now == status
        eventually(reached, seconds, f"execution {execution_id} is {status}")
        return self.execution(execution_id, data=True)

    def error(self, execution_id: str) -> str:
        found = self.execution(execution_id, data=True)["data"]["resultData"].get("error") or {}
        return f"{found.get('message')} {found.get('description') or ''}"

    def parked(self, execution_id: str, node: str, seconds: float = 30) -> dict[str, Any]:
        """Waits until the execution sleeps in `node`. In 2.8.4 a flow that has just been woken still reads `waiting`."""
        def asleep() -> dict[str, Any] | None:
            found = self.until(execution_id, "waiting", seconds)
            return found if found["data"]["resultData"].get("lastNodeExecuted") == node else None
        return eventually(asleep, seconds, f"execution {execution_id} waits in {node}")

    def survived(self, execution_id: str) -> None:
        """Waits until an execution sleeps again after a restart. At its start n8n writes `crashed` into every execution
        that it had left, waiting ones too, and takes it back a moment later; a resume in that moment gets a 500."""
        eventually(lambda: self.execution(execution_id)["status"] == "waiting", 20, f"execution {execution_id} waits after the restart")

    def resume_url(self, execution: dict[str, Any]) -> str:
        """The address that wakes this execution's wait, made by hand and not through the relay."""
        token = execution["data"].get("resumeToken")
        return f"{self.url}/webhook-waiting/{execution['id']}" + (f"?signature={token}" if token else "")

    def resumes(self, execution_id: str, status: int | None = 200) -> int:
        """How often Baton woke this execution (calls that came through the relay)."""
        return self.relay.count("POST", f"/webhook-waiting/{execution_id}", status)


def runs(execution: dict[str, Any], node: str) -> int:
    """How often a node ran in an execution read with its data."""
    return len(execution["data"]["resultData"]["runData"].get(node, []))


def output(execution: dict[str, Any], node: str, run: int = -1) -> list[dict[str, Any]]:
    """The items that a node's run gave on its first branch that has any."""
    branches = execution["data"]["resultData"]["runData"][node][run]["data"]["main"]
    return [item["json"] for branch in branches if branch for item in branch]


def must(answer: Reply, what: str) -> Any:
    assert answer.status in (200, 201), f"{what}: {answer.status} {answer.body}"
    return answer.body
