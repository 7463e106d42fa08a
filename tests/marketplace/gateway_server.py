"""An SMS provider on this machine: answers as it is told, remembers what it was asked."""

import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class SmsProvider:
    """``status`` and ``answer`` of the next replies; ``silent`` seconds before them; ``dripping`` bytes of a header."""

    def __init__(self) -> None:
        self.status, self.answer, self.headers = 200, b'{"id": "sms-1"}', {}
        self.silent = 0.0
        self.dripping = False
        self.asked: list[Asked] = []
        self.stopped = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1/send"

    def stop(self) -> None:
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                provider.asked.append(Asked(self.path, dict(self.headers), json.loads(self.rfile.read(length))))
                provider.stopped.wait(provider.silent)
                if provider.dripping:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not provider.stopped.wait(0.05):
                        try:
                            self.wfile.write(b"x")
                        except OSError:
                            return
                    return
                with suppress(OSError):  # whoever asked may be gone by now
                    self.send_response(provider.status)
                    for name, value in provider.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(provider.answer)))
                    self.end_headers()
                    self.wfile.write(provider.answer)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler
