"""An SMS provider on a loopback port: takes messages as marketplace/notices/gateways.py describes it, or is sick."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class SmsGateway(ThreadingHTTPServer):
    """``status`` is what it answers, after ``seconds``; ``taken`` counts its good answers by the message's id."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/messages"
        self.status, self.seconds = 202, 0.0
        self.taken: Counter[str] = Counter()
        self.over = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmsGateway

    def do_POST(self) -> None:
        said = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.server.over.wait(self.server.seconds)
        status = self.server.status
        if status < 300:
            self.server.taken[said["id"]] += 1
        answer = json.dumps({"id": f"sms-{said['id']}"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def sms_gateway() -> Iterator[SmsGateway]:
    """A well one."""
    with SmsGateway() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
