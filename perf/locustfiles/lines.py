"""The line between a phone and the portal: its own address, and how slow it is.

A slow line is played inside the client: it waits for the round trip, sends at the line's pace and takes the answer from a
small receive buffer at the line's pace, so that whoever sends feels it as from a real slow phone. What the line itself took
is added up: a journey's time without it is the portal's.
"""

import ipaddress
import random
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gevent
import requests
from requests.adapters import HTTPAdapter

PART = 512  # bytes that are taken from the line at a time
BUFFER = 4096  # bytes that may wait in the kernel of the phone


@dataclass(frozen=True)
class Line:
    """``down`` and ``up`` in bytes a second, 0 for as fast as the machine; ``round_trip`` in seconds."""

    down: float = 0.0
    up: float = 0.0
    round_trip: float = 0.0

    @property
    def slow(self) -> bool:
        return bool(self.down or self.up or self.round_trip)

    def seconds(self, *, sent: int, received: int) -> float:
        """What one request of so many bytes and its answer take on the line alone."""
        return self.round_trip + (sent / self.up if self.up else 0) + (received / self.down if self.down else 0)


FAST = Line()
# As people have them, kilobits a second down and up: 50/20 with half a second, 250/50, 400/400.
LINES = {
    "gprs": Line(50_000 / 8, 20_000 / 8, 0.5),
    "2g": Line(250_000 / 8, 50_000 / 8, 0.3),
    "3g": Line(400_000 / 8, 400_000 / 8, 0.4),
}


class Phone(HTTPAdapter):
    """One phone on one line. ``taken``: seconds that the line itself took until now."""

    def __init__(self, line: Line = FAST, address: str = "") -> None:
        self.line, self.address, self.taken = line, address, 0.0
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        if self.address:
            more["source_address"] = (self.address, 0)
        options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
        if self.line.down:
            options.append((socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER))
        super().init_poolmanager(*arguments, **more, socket_options=options)

    def send(self, request: requests.PreparedRequest, *arguments: Any, **more: Any) -> requests.Response:
        if self.line.slow:
            self._wait(self.line.seconds(sent=size_of(request), received=0))
        response = super().send(request, *arguments, **more)
        if self.line.down:
            self._pace(response.raw)
        return response

    def _pace(self, raw: Any) -> None:
        """Let the body come at the line's pace, counted as it is on the wire."""
        stream = raw.stream

        def paced(_amount: int = PART, decode_content: bool | None = None) -> Iterator[bytes]:
            seen = raw.tell()
            for part in stream(PART, decode_content):
                # What comes in chunks is not counted on the way: then as long as it is when it is unpacked.
                wire = len(part) if raw.chunked else raw.tell() - seen
                seen = raw.tell()
                self._wait(wire / self.line.down)
                yield part

        raw.stream = paced

    def _wait(self, seconds: float) -> None:
        began = time.perf_counter()
        gevent.sleep(seconds)
        self.taken += time.perf_counter() - began  # a generator that oversleeps is not the portal's fault either


def size_of(request: requests.PreparedRequest) -> int:
    """Bytes of a request on the wire, nearly."""
    head = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    return len(request.method or "") + len(request.path_url) + 12 + head + len(request.body or b"")


def own_address(host: str) -> str:
    """An address for one phone, where the portal is on this machine and its loopback has many (Linux); else "".

    The portal counts tries by address: a crowd behind a single one would be refused as one person who does too much.
    """
    try:
        if not ipaddress.ip_address(host).is_loopback:
            return ""
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(2, 254)}"
        with socket.socket() as probe:
            probe.bind((address, 0))
    except (ValueError, OSError):
        return ""
    return address
