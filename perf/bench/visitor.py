"""One visitor with cookies: pages, forms and saves over one kept-alive socket, without a library that costs more
than what it measures."""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from perf.bench.client import HOST

CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PATIENCE = 30.0  # seconds


class Refused(Exception):
    """An answer that was not the expected one; says which, with its first words."""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def found(self, pattern: str | re.Pattern[str]) -> str:
        """The first group of ``pattern`` in the page. Raises Refused."""
        match = re.search(pattern, self.text)
        if match is None:
            raise Refused(f"{pattern!r} is not in the page: {self.text[:300]}")
        return match.group(1)


@dataclass
class Visitor:
    """Counts its requests and the bytes of answers; ``csrf`` is the token of the last form or of the API."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    requests: int = 0
    received: int = 0
    _socket: socket.socket | None = None
    _rest: bytes = b""

    def get(self, path: str, expected: int = 200) -> Answer:
        return self.send("GET", path, expected=expected)

    def page(self, path: str, expected: int = 200) -> Answer:
        """A page, redirects followed; remembers the token of its first form."""
        answer = self.send("GET", path)
        for _turn in range(5):
            if answer.status not in (301, 302):
                break
            answer = self.send("GET", _local(answer.headers["location"]))
        if answer.status != expected:
            raise Refused(f"GET {path}: {answer.status} {answer.text[:300]}")
        token = CSRF_FIELD.search(answer.text)
        if token:
            self.csrf = token.group(1)
        return answer

    def post(self, path: str, fields: Mapping[str, Any], expected: int = 302) -> Answer:
        """Send a form with the token of the last page."""
        body = urlencode({"csrfmiddlewaretoken": self.csrf, **fields}).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": f"http://{HOST}:{self.port}{path}",
        }
        return self.send("POST", path, body, headers, expected)

    def call(self, method: str, path: str, body: Any = None, expected: int | None = None, **headers: str) -> Answer:
        """A call of the API with the session's token; ``idempotency_key="…"`` becomes a header."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        return self.send(
            method,
            path,
            sent,
            {"Content-Type": "application/json", "X-CSRFToken": self.csrf, **named},
            expected,
        )

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        expected: int | None = None,
    ) -> Answer:
        """One request, its whole answer. Raises Refused for another status than ``expected``, OSError."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{self.port}"]
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        if self.cookies:
            lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        kept = self._socket is not None
        try:
            answer = self.exchange(request)
        except OSError:
            if not kept:
                raise
            answer = self.exchange(request)  # the server closed a kept-alive connection
        self.requests += 1
        self.received += len(answer.body)
        if expected is not None and answer.status != expected:
            raise Refused(f"{method} {path}: {answer.status} instead of {expected}: {answer.text[:600]}")
        return answer

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def exchange(self, request: bytes) -> Answer:
        """Send the bytes of a request as they are."""
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self.port), timeout=PATIENCE)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._rest = b""
        try:
            self._socket.sendall(request)
            return self._read()
        except OSError:
            self.close()
            raise

    def _read(self) -> Answer:
        head, _end, self._rest = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split()[1])
        headers: dict[str, str] = {}
        for line in lines[1:]:
            name, _colon, value = line.partition(":")
            name, value = name.lower(), value.strip()
            if name == "set-cookie":
                self._remember(value)
            headers[name] = value
        if headers.get("transfer-encoding") == "chunked":
            body = self._chunks()
        elif "content-length" in headers:
            body = self._exactly(int(headers["content-length"]))
        elif status in (204, 304):
            body = b""
        else:  # until the server closes
            body = self._to_the_end()
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    def _remember(self, cookie: str) -> None:
        name, _equals, value = cookie.partition(";")[0].partition("=")
        self.cookies[name] = value

    def _receive(self) -> bytes:
        assert self._socket is not None
        data = self._socket.recv(262_144)
        if not data:
            raise ConnectionResetError("closed before the answer was whole")
        return data

    def _until(self, mark: bytes) -> bytes:
        buffer = self._rest
        while mark not in buffer:
            buffer += self._receive()
        return buffer

    def _exactly(self, length: int) -> bytes:
        buffer = self._rest
        while len(buffer) < length:
            buffer += self._receive()
        self._rest = buffer[length:]
        return buffer[:length]

    def _chunks(self) -> bytes:
        body = b""
        while True:
            head, _end, self._rest = self._until(b"\r\n").partition(b"\r\n")
            length = int(head.split(b";")[0], 16)
            part = self._exactly(length + 2)[:-2]
            if not length:
                return body
            body += part

    def _to_the_end(self) -> bytes:
        body = self._rest
        assert self._socket is not None
        while data := self._socket.recv(262_144):
            body += data
        self.close()
        return body


def _local(address: str) -> str:
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")
