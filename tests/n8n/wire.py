"""HTTP between the proof and its two servers: a small client, and relays that stand in front of n8n and Baton.

One rule: a relay forwards bytes as they are, records what passed, and misbehaves only when a case asks it to."""

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

HOP_HEADERS = {"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection"}


@dataclass
class Reply:
    status: int  # 0: no connection, or it broke
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


def call(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None,
         timeout: float = 60, opener: urllib.request.OpenerDirector | None = None) -> Reply:
    data = None if body is None else json.dumps(body).encode()
    sent = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if data else {}) | (headers or {})
    request = urllib.request.Request(url, data=data, headers=sent, method=method)
    try:
        with (opener or urllib.request.build_opener()).open(request, timeout=timeout) as answer:
            return reply(answer.status, answer.read(), answer.headers)
    except urllib.error.HTTPError as error:
        return reply(error.code, error.read(), error.headers)
    except (OSError, http.client.HTTPException) as error:
        return Reply(0, str(error))


def reply(status: int, raw: bytes, headers: Any) -> Reply:
    low = {name.lower(): value for name, value in headers.items()}
    try:
        return Reply(status, json.loads(raw), low)
    except ValueError:
        return Reply(status, raw.decode("utf-8", "replace"), low)


def eventually(check: Callable[[], Any], seconds: float, what: str, every: float = 0.2) -> Any:
    """The first truthy answer of `check`; AssertionError with what it last said when time is up."""
    deadline, last = time.monotonic() + seconds, None
    while time.monotonic() < deadline:
        if last := check():
            return last
        time.sleep(every)
    raise AssertionError(f"{what}: not within {seconds:.0f} s")


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_sockets:
        # Held open together, so that no port is handed out twice.
        held = [open_sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]


@dataclass
class Passed:
    """One request that went through a relay."""
    method: str
    path: str  # without the query
    status: int  # what the upstream (or the fault) answered; 0: nothing reached the caller or the upstream was down
    headers: dict[str, str]
    body: bytes
    fault: str | None = None


# A fault looks at a request and names what to do with it, or None:
#   "refuse"  answer 503 without forwarding
#   "401"     answer as n8n does to a key that it does not take, without forwarding
#   "drop"    forward, then break the connection: the work is done, the caller does not learn it
#   "hold"    forward, then keep the caller waiting until `release` (or for ever)
Fault = Callable[[Passed], str | None]


class Relay:
    """A reverse proxy on a fixed port. `down()` makes that port refuse connections, as a stopped server does."""

    def __init__(self, port: int, upstream_port: int):
        self.port, self.upstream_port = port, upstream_port
        self.url = f"http://127.0.0.1:{port}"
        self.passed: list[Passed] = []
        self.fault: Fault | None = None
        self.released = threading.Event()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()

    def up(self) -> None:
        if self._server:
            return
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def down(self) -> None:
        if not self._server:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        # Kept-alive connections would otherwise still reach the upstream.
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def heal(self) -> None:
        """No fault any more, and whoever is held goes on."""
        self.fault = None
        self.released.set()
        self.released = threading.Event()

    def count(self, method: str, path: str, status: int | None = None) -> int:
        with self._lock:
            return sum(1 for one in self.passed if one.method == method and one.path == path
                       and (status is None or one.status == status))

    def mark(self) -> int:
        return len(self.passed)

    def since(self, mark: int) -> list[Passed]:
        with self._lock:
            return self.passed[mark:]

    def note(self, one: Passed) -> None:
        with self._lock:
            self.passed.append(one)

    def forward(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, list, bytes]:
        upstream = http.client.HTTPConnection("127.0.0.1", self.upstream_port, timeout=120)
        try:
            upstream.request(method, target, body=body or None, headers=headers)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()


def _handler(relay: Relay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            relay._open.add(self.connection)

        def finish(self) -> None:
            relay._open.discard(self.connection)
            with contextlib.suppress(OSError):
                super().finish()

        def log_message(self, *_: Any) -> None:
            pass

        def read_body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                whole = b""
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return whole
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def handle_any(self) -> None:
            body = self.read_body()
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_HEADERS}
            passed = Passed(self.command, self.path.split("?")[0], 0, {n.lower(): v for n, v in headers.items()}, body)
            fault, released = relay.fault, relay.released
            passed.fault = fault(passed) if fault else None
            if passed.fault == "401":
                passed.status = 401
                relay.note(passed)
                return self.answer(401, [("Content-Type", "application/json")], b'{"message":"Unauthorized"}')
            if passed.fault == "refuse":
                passed.status = 503
                relay.note(passed)
                return self.answer(503, [("Content-Type", "application/json")], b'{"message":"refused by the test relay"}')
            try:
                status, reply_headers, raw = relay.forward(self.command, self.path, headers, body)
            except (OSError, http.client.HTTPException):
                relay.note(passed)
                self.close_connection = True
                return None
            passed.status = status
            relay.note(passed)
            if passed.fault == "hold":
                released.wait()
            if passed.fault in ("drop", "hold"):
                self.close_connection = True
                with contextlib.suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)
                return None
            return self.answer(status, reply_headers, raw)

        def answer(self, status: int, headers: list, raw: bytes) -> None:
            with contextlib.suppress(OSError):
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in HOP_HEADERS:
                        self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

    return Handler
