"""What the requests of the run are about: things that exist in the Baton under test, and a fake n8n.

One rule: a thing that a request may use up is made for that request."""

import base64
import contextlib
import hmac
import http.client
import itertools
import json
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable
from urllib.parse import urlsplit

FILE = b"ten bytes!"
USER, PASSWORD = "john.doe@example.com", "correct horse battery"


def totp(secret: str) -> str:
    """The code of this half minute (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at:at + 4], 'big') & 0x7fffffff) % 1_000_000:06}"


class FakeN8n:
    """As much of n8n as Baton asks for: workflows, executions, webhooks."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                status, body = reply(urlsplit(self.path).path)
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                with contextlib.suppress(OSError):  # it waited for no answer
                    self.wfile.write(data)

            do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = answer

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def reply(path: str) -> tuple[int, Any]:
    if path == "/api/v1/workflows":
        nodes = [{"type": "n8n-nodes-base.webhook", "parameters": {"path": "start", "httpMethod": "POST"}}]
        return 200, {"data": [{"id": "abc123", "name": "Monthly report", "active": True, "nodes": nodes}], "nextCursor": None}
    if path == "/api/v1/executions":
        return 200, {"data": [{"id": "551", "workflowId": "abc123", "status": "success", "finished": True,
                               "startedAt": "2026-11-22T09:00:00Z", "stoppedAt": "2026-11-22T09:00:05Z"}], "nextCursor": None}
    if path.startswith("/webhook"):
        return 200, {"message": "Workflow was started"}
    if path == "/api/v1/credentials":
        return 200, {"id": "R2DjclaysHbqn778", "name": "Baton API key", "type": "httpHeaderAuth"}
    return 404, {"message": "not found"}


class World:
    """The organization under test, as the API shows it."""

    def __init__(self, url: str, key: str, n8n: str) -> None:
        self.address, self.key, self.n8n = urlsplit(url).netloc, key, n8n
        self.number = itertools.count(1)
        self.password = PASSWORD
        self.token: str | None = None
        self.keys: list[int] = []
        self.projects: list[int] = []
        self.members: list[int] = []
        self.groups: list[int] = []
        self.installation = self.post("/api/installs/register", {"instance_id": "fake", "host": n8n, "api_key": "n8n-api-key",
                                                                   "title": "Fake n8n"})["installation_id"]
        self.nid = self.listed()[0]["nid"]
        self.post("/api/token-usage", {"workflow_id": "abc123", "execution_id": "1", "model_id": "gpt-4", "input_tokens": 1,
                                       "output_tokens": 1})

    def listed(self) -> list[Any]:
        """The workflows of the n8n, which are read after it is registered."""
        for _ in range(100):
            workflows = self.call("GET", f"/api/installed/{self.installation}")[1]["workflows"]
            if workflows:
                return workflows
            time.sleep(0.1)
        raise AssertionError("the workflows of n8n were not listed within ten seconds")

    def call(self, method: str, path: str, body: Any = None, source: str = "127.0.0.1", key: str | None = None,
             headers: dict[str, str] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(self.address, timeout=60, source_address=(source, 0))
        credential = headers or {"X-API-Key": key or self.key}
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json", **credential})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text) if text else None

    def post(self, path: str, body: Any) -> Any:
        status, answer = self.call("POST", path, body)
        assert status in (200, 201), f"POST {path}: {status} {answer}"
        return answer

    def session(self) -> str:
        """A token of the person; another address than the run's, whose failed logins are counted."""
        if self.token is None:
            status, answer = self.call("POST", "/api/v1/auth/login", {"username": USER, "password": self.password}, "127.0.0.9")
            assert status == 200, f"login: {status} {answer}"
            self.token = answer["token"]
        return self.token

    def invited(self) -> dict[str, Any]:
        """Somebody who was asked to come, with the token; there may be so many."""
        email = f"person{next(self.number)}@run.example"
        invited = self.post("/api/v1/team_members", {"email": email, "role": "viewer"})
        self.members.append(invited["id"])
        if len(self.members) > 50:
            self.call("DELETE", f"/api/v1/team_members/{self.members.pop(0)}")
        return {"id": invited["id"], "email": email, "token": invited["invitation"]["token"]}

    def joined(self) -> dict[str, Any]:
        somebody = self.invited()
        self.post("/api/v1/invitations/accept", {"token": somebody["token"], "password": PASSWORD})
        return somebody

    def forgotten(self) -> str:
        """A token for another password."""
        return self.post(f"/api/v1/team_members/{self.joined()['id']}/password_reset", {})["password_reset"]["token"]

    def beginner(self) -> tuple[str, str]:
        """A session of somebody who has begun with a second factor, and the code that confirms it."""
        login = {"username": self.joined()["email"], "password": PASSWORD}
        bearer = f"Bearer {self.post('/api/v1/auth/login', login)['token']}"
        _, begun = self.call("POST", "/api/v1/second_factor", {}, headers={"Authorization": bearer})
        return bearer, totp(begun["secret"])

    def enrolled(self) -> str:
        """A session of somebody who has a second factor, to give up."""
        bearer, code = self.beginner()
        status, _ = self.call("POST", "/api/v1/second_factor/confirm", {"code": code}, headers={"Authorization": bearer})
        assert status == 200, f"confirming a second factor: {status}"
        return bearer

    def group(self) -> int:
        """There may be so many."""
        self.groups.append(self.post("/api/groups", {"name": self.unique("group")})["group"]["id"])
        if len(self.groups) > 50:
            self.call("DELETE", f"/api/groups/{self.groups.pop(0)}")
        return self.groups[-1]

    def unique(self, what: str) -> str:
        return f"{what} {next(self.number)} of the run"

    def api_key(self) -> int:
        return self.post("/api/v1/api_keys", {"name": self.unique("key")})["id"]

    def project(self) -> int:
        """There may be a thousand: one goes for each that comes."""
        self.projects.append(self.post("/api/v1/projects", {"name": self.unique("project")})["id"])
        if len(self.projects) > 50:
            self.call("DELETE", f"/api/v1/projects/{self.projects.pop(0)}")
        return self.projects[-1]

    def payload(self) -> int:
        return self.post("/api/payloads", {"title": "x", "human_interaction": True, "allow_regenerate": True})["id"]

    def media(self) -> int:
        return self.post("/api/media", {"title": "x", "media_type": "image"})["id"]

    def collection(self) -> int:
        return self.post("/api/collections", {"title": self.unique("collection")})["id"]

    def lead(self) -> int:
        address = f"lead{next(self.number)}@run.example"
        return self.post("/api/leads", {"first_name": "Jane", "last_name": "Doe", "email": address})["id"]

    def invoice(self) -> int:
        return self.post("/api/invoices", {"invoice_number": self.unique("INV"), "amount": 1})["id"]

    def notification(self) -> int:
        return self.post("/api/notifications", {"title": "x", "message": "y"})["id"]

    def logged(self) -> dict[str, Any]:
        return self.post("/api/chats/message", {"session_id": self.unique("chat"), "role": "user", "content": "x"})

    def chat(self) -> int:
        return self.logged()["session"]["id"]

    def status(self) -> int:
        """There may be no more than a hundred: one goes where there is no room."""
        return self.limited("/api/lead-statuses", "statuses", lambda one: not one["is_default"], {"label": self.unique("status")})

    def custom_field(self) -> int:
        return self.limited("/api/lead-custom-fields", "fields", lambda _: True,
                            {"label": self.unique("field"), "field_type": "text"})

    def alert(self) -> int:
        self.make_room("/api/alerts", "alerts")
        return self.post("/api/alerts", {"kind": "failing"})["id"]

    def budget(self) -> int:
        self.make_room("/api/budgets", "budgets")
        return self.post("/api/budgets", {"amount": 10, "period": "day"})["id"]

    def api_key(self) -> int:
        """There may be so many that work."""
        self.keys.append(self.post("/api/v1/api_keys", {"name": self.unique("key")})["id"])
        if len(self.keys) > 50:
            self.call("DELETE", f"/api/v1/api_keys/{self.keys.pop(0)}/revoke")
        return self.keys[-1]

    def member(self) -> int:
        """There may be so many."""
        email = f"member{next(self.number)}@run.example"
        self.members.append(self.post("/api/v1/team_members", {"email": email, "role": "viewer"})["id"])
        if len(self.members) > 50:
            self.call("DELETE", f"/api/v1/team_members/{self.members.pop(0)}")
        return self.members[-1]

    def another_installation(self) -> int:
        n8n = {"instance_id": self.unique("n8n"), "host": f"{self.n8n}/{next(self.number)}", "api_key": "n8n-api-key", "title": "x"}
        return self.post("/api/installs/register", n8n)["installation_id"]

    def upload(self) -> dict[str, Any]:
        made = self.post("/api/media/uploads", {"file_name": "a.txt", "bytes": len(FILE)})
        return made | {"token": urlsplit(made["url"]).path.rsplit("/", 1)[1]}

    def file(self) -> str:
        """The token of a file that is there."""
        upload = self.upload()
        connection = http.client.HTTPConnection(self.address, timeout=60)
        connection.request("PUT", f"/files/{upload['token']}", FILE, upload.get("headers") or {})
        assert connection.getresponse().status < 300
        connection.close()
        media = self.post("/api/media", {"title": "x", "media_type": "file", "upload_id": upload["upload_id"]})["id"]
        shown = self.call("GET", f"/api/media/{media}")[1]
        return urlsplit(shown["download_url"]).path.rsplit("/", 1)[1]

    def make_room(self, path: str, name: str) -> None:
        """There may be so many: some go before there is no room."""
        there = self.call("GET", path)[1][name]
        for one in there[:20] if len(there) > 80 else []:
            self.call("DELETE", f"{path}/{one['id']}")

    def limited(self, path: str, name: str, may_go: Callable[[Any], bool], body: Any) -> int:
        status, answer = self.call("POST", path, body)
        if status == 409:
            for one in [one for one in self.call("GET", path)[1][name] if may_go(one)][:20]:
                self.call("DELETE", f"{path}/{one['id']}")
            status, answer = self.call("POST", path, body)
        assert status == 201, f"POST {path}: {status} {answer}"
        return answer["id"]
