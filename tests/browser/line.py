"""The line between a browser and the portal, which a test can cut, jam, and answer on."""

import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

from tests.patience import PATIENCE

SECONDS = 20
# What belongs to one connection is not passed on.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class Line:
    """A proxy on a port of its own: for the browser it is the portal.

    ``cut()`` is a dead server (nobody answers at the port), ``mend()`` brings it back. ``delay`` makes it slow (seconds),
    ``busy`` lets it answer 503, ``canned`` answers an address by itself.
    """

    def __init__(self, portal_url: str):
        self.target = urlsplit(portal_url).netloc
        self.delay = 0.0
        self.busy = False
        self.canned: dict[str, bytes] = {}
        self._server: _Server | None = None
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self._server = _Server(self, self.port)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def cut(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, line: Line, port: int):
        self.line = line
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def stop(self) -> None:
        """Nothing is answered any more, also not on connections that are open."""
        self.shutdown()
        self.server_close()
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def process_request(self, request: socket.socket, client_address: object) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that goes away in the middle is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def _serve(self) -> None:
        line = self.server.line
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        threading.Event().wait(line.delay)
        path = urlsplit(self.path).path
        if path in line.canned:
            self._answer(200, [("Content-Type", "text/javascript"), ("Cache-Control", "no-cache")], line.canned[path])
        elif line.busy:
            self._answer(503, [("Content-Type", "text/html"), ("Retry-After", "1")], b"<h1>Busy</h1>")
        else:
            self._pass_on(body)

    def _pass_on(self, body: bytes) -> None:
        portal = http.client.HTTPConnection(self.server.line.target, timeout=SECONDS)
        # The name the browser used stays: cookies and the check of the origin depend on it.
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        portal.request(self.command, self.path, body or None, headers)
        answer = portal.getresponse()
        content = answer.read()
        portal.close()
        self._answer(answer.status, answer.getheaders(), content)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def eventually(read: Callable[[], object], wanted: object, seconds: float = PATIENCE) -> None:
    """Waits until ``read()`` is what is wanted: people do not wait for a fixed time either."""
    deadline = time.monotonic() + seconds
    while (seen := read()) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    assert seen == wanted
