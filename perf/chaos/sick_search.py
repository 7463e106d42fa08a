"""Servers that answer as a well or a sick Elasticsearch does, on a loopback port of their own."""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WELL = (200, {"hits": {"hits": [{"_id": "7"}]}, "_shards": {"failed": 0}})


class FakeElastic(ThreadingHTTPServer):
    """``search`` and ``version`` say what it answers; ``searches`` counts what it was asked."""

    daemon_threads = True

    def __init__(self, alias: str, version: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.search: tuple[int, object] = WELL
        self.alias, self.version = alias, version
        self.silent = threading.Event()  # set: nobody gets an answer
        self.over = threading.Event()
        self.searches = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A line that was cut is what the faults are for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FakeElastic

    def do_GET(self) -> None:
        body = self.rfile.read(
            int(self.headers.get("Content-Length") or 0)
        )  # what is unread would stand before the next request
        if self.server.silent.is_set():
            self.server.over.wait(10)
            self.close_connection = True
            return
        name = f"{self.server.alias}-1"
        if self.path.startswith("/_alias"):
            self._answer(200, {name: {"aliases": {self.server.alias: {}}}})
        elif "_mapping" in self.path:
            self._answer(200, {name: {"mappings": {"_meta": {"version": self.server.version}}}})
        elif "_search" in self.path:
            self.server.searches += 1
            self._answer(*self.server.search)
        else:
            self._answer(404, {"error": {"type": "unexpected", "reason": f"{self.path} {body[:80]!r}"}, "status": 404})

    do_POST = do_GET

    def _answer(self, status: int, content: object) -> None:
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/vnd.elasticsearch+json;compatible-with=8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def fake_elastic(alias: str, version: str) -> Iterator[FakeElastic]:
    """With an index of this name and of this version of the mapping."""
    with FakeElastic(alias, version) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()


@contextmanager
def nobody_accepts() -> Iterator[str]:
    """The address of a host whose connections hang: its queue is full and nobody takes from it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _connection in range(3):
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
            waiting.append(client)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for client in waiting:
            client.close()
