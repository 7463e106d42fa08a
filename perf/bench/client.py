"""Load from one process: prepared requests over kept-alive connections to 127.0.0.1, closed or open loop.

Closed loop: each of N users asks again as soon as the answer is there; says how much a server can do. Open loop:
requests come at a fixed rate whatever the server does, a latency counts from the moment at which the request was
due, and who waits longer than ``patience`` has left; says what people see in an overload. Locust measures journeys;
this measures servers, because it costs a fraction of what it measures.
"""

import random
import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"
GIVEN_UP, BROKEN = 0, -1  # instead of a status
MOST_CONNECTIONS = 4_000


def prepared(
    method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"", port: int = 80
) -> bytes:
    """The bytes of one request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}:{port}", "Connection: keep-alive"]
    if body or method not in {"GET", "HEAD"}:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Result:
    """What happened: latencies of good answers in seconds, statuses (0 given up, -1 connection broken), bytes."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    late: int = 0  # good answers after the window
    unnamed: int = 0  # refusals that do not say when to come again
    received: int = 0
    sample: bytes = b""
    odd: dict[int, bytes] = field(default_factory=dict)  # status → first answer that was not good

    @property
    def other_failures(self) -> dict[str, int]:
        """Status → how many; refusals and those who gave up are counted apart."""
        known = (503, GIVEN_UP)
        return {
            str(status): n for status, n in self.statuses.items() if not 200 <= status < 400 and status not in known
        }

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    @property
    def failed(self) -> int:
        return sum(number for status, number in self.statuses.items() if not 200 <= status < 400 and status != 503)

    def percentile(self, share: float) -> float:
        """Milliseconds that ``share`` of the good answers stay below; 0 without answers."""
        return _percentile(self.latencies, share)

    def refusal_percentile(self, share: float) -> float:
        """The same for refusals (503)."""
        return _percentile(self.refusals, share)

    @property
    def page_bytes(self) -> int:
        return round(self.received / max(1, len(self.latencies)))


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


class _Connection:
    """One socket with at most one request under way."""

    __slots__ = (
        "body_left",
        "buffer",
        "chunked",
        "closing",
        "due",
        "fresh",
        "head",
        "out",
        "request",
        "sock",
        "status",
    )

    def __init__(self) -> None:
        self.sock: socket.socket | None = None
        self.due = 0.0
        self.request = b""
        self.reset()

    def reset(self) -> None:
        self.buffer = bytearray()
        self.out = memoryview(b"")
        self.status = 0
        self.head = False
        self.body_left = 0
        self.chunked = self.closing = False
        self.fresh = False

    def finished(self) -> bool:
        """Take what has arrived apart; true when the answer is whole."""
        if not self.head:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self.buffer[:end]).lower()
            self.head = True
            self.status = int(head[9:12])
            self.closing = b"\r\nconnection: close" in head or head.startswith(b"http/1.0")
            self.chunked = b"\r\ntransfer-encoding: chunked" in head
            at = head.find(b"\r\ncontent-length:")
            length = int(head[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if self.status in (204, 304):
                length = 0
            self.body_left = end + 4 + length
        if self.chunked:
            return self.buffer.endswith(b"0\r\n\r\n")
        return len(self.buffer) >= self.body_left


Next = Callable[[], bytes]
# Told of every answer: the request, its status. Also of those that are not counted.
Heard = Callable[[bytes, int], None] | None


def in_turn(requests: list[bytes], seed: int = 1) -> Next:
    """The requests in an order that is mixed once, again and again."""
    mixed = list(requests)
    random.Random(seed).shuffle(mixed)

    def turns() -> Iterator[bytes]:
        while True:
            yield from mixed

    return turns().__next__


class _Load:
    def __init__(self, address: tuple[str, int], result: Result, patience: float, heard: Heard = None) -> None:
        self.address, self.result, self.patience, self.heard = address, result, patience, heard
        self.selector = selectors.DefaultSelector()
        self.counted_from, self.counted_until, self.over = 0.0, float("inf"), False
        self.idle: list[_Connection] = []
        self.busy: set[_Connection] = set()

    def send(self, connection: _Connection, request: bytes, due: float) -> None:
        sock = connection.sock
        connection.reset()
        connection.due, connection.request = due, request
        connection.out = memoryview(request)
        connection.fresh = sock is None
        if sock is None:
            sock = socket.socket()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            connection.sock = sock
            sock.connect_ex(self.address)
            self.selector.register(sock, selectors.EVENT_WRITE, connection)
        else:
            self._write(connection, sock)
        self.busy.add(connection)

    def _write(self, connection: _Connection, sock: socket.socket) -> None:
        try:
            sent = sock.send(connection.out)
        except BlockingIOError:
            sent = 0
        except OSError:
            sent = 0  # reading will tell
        connection.out = connection.out[sent:]
        events = selectors.EVENT_READ if not connection.out else selectors.EVENT_READ | selectors.EVENT_WRITE
        if self.selector.get_key(sock).events != events:
            self.selector.modify(sock, events, connection)

    def turn(self, wait: float) -> list[_Connection]:
        """Let the sockets work for at most ``wait`` seconds; the connections that got their answer."""
        done = []
        for key, events in self.selector.select(max(0.0, wait)):
            connection: _Connection = key.data
            sock = connection.sock
            if sock is None:
                continue
            if events & selectors.EVENT_WRITE:
                self._write(connection, sock)
            if events & selectors.EVENT_READ and self._read(connection, sock):
                done.append(connection)
        return done

    def _read(self, connection: _Connection, sock: socket.socket) -> bool:
        try:
            data = sock.recv(262_144)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data and not connection.buffer and not connection.fresh:
            self._close(connection)  # it was kept alive longer than the server wanted: ask once more
            self.send(connection, connection.request, connection.due)
            return False
        if not data:
            self.drop(connection, BROKEN)
            return True
        connection.buffer += data
        if not connection.finished():
            return False
        self.record(connection, time.perf_counter())
        if connection.closing:
            self._close(connection)
        self.busy.discard(connection)
        return True

    def record(self, connection: _Connection, now: float) -> None:
        if self.heard is not None:
            self.heard(connection.request, connection.status)
        if now < self.counted_from or self.over:
            return
        result, status = self.result, connection.status
        if now > self.counted_until and 200 <= status < 400:
            result.late += 1
            return
        result.statuses[status] += 1
        if 200 <= status < 400:
            result.latencies.append(now - connection.due)
            result.received += len(connection.buffer)
            result.sample = result.sample or bytes(connection.buffer)
        else:
            result.odd.setdefault(status, bytes(connection.buffer[:2000]))
            if status == 503:
                result.refusals.append(now - connection.due)
                result.unnamed += b"\r\nretry-after:" not in connection.buffer.split(b"\r\n\r\n", 1)[0].lower()

    def drop(self, connection: _Connection, status: int) -> None:
        if connection in self.busy and not self.over and time.perf_counter() >= self.counted_from:
            self.result.statuses[status] += 1
        self.busy.discard(connection)
        self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if connection.sock is not None:
            self.selector.unregister(connection.sock)
            connection.sock.close()
            connection.sock = None

    def give_up(self, now: float) -> list[_Connection]:
        late = [connection for connection in self.busy if now - connection.due > self.patience]
        for connection in late:
            self.drop(connection, GIVEN_UP)
        return late

    def close(self) -> None:
        for connection in [*self.busy, *self.idle]:
            self._close(connection)
        self.selector.close()


def closed_loop(
    port: int,
    requests: Next,
    *,
    users: int,
    seconds: float,
    warm_up: float = 1.0,
    patience: float = 30.0,
    at_least: int = 0,
) -> Result:
    """``users`` at a time, each asking again at once; what came during ``warm_up`` is not counted.

    Goes on beyond ``seconds`` until there are ``at_least`` good answers or failures. Answers that are under way at
    the end are waited for and not counted: the server is idle again for the next measurement.
    """
    result = Result(seconds)
    load = _Load((HOST, port), result, patience)
    start = time.perf_counter()
    load.counted_from = begin = start + warm_up
    end = begin + seconds
    now = start
    for _ in range(users):
        load.send(_Connection(), requests(), time.perf_counter())
    while (now := time.perf_counter()) < end or sum(result.statuses.values()) < at_least:
        for connection in [*load.turn(min(0.1, max(0.01, end - now))), *load.give_up(now)]:
            load.send(connection, requests(), time.perf_counter())
    load.over = True
    result.seconds = now - begin
    while load.busy:
        load.turn(0.1)
        load.give_up(time.perf_counter())
    load.close()
    return result


def open_loop(
    port: int,
    requests: Next,
    *,
    rate: float,
    seconds: float,
    warm_up: float = 1.0,
    patience: float = 5.0,
    heard: Heard = None,
) -> Result:
    """``rate`` requests a second, come what may. Who still waits at the end is waited for, but counts as late.

    Given up are those who waited longer than ``patience``,
    and those for whom not even a connection was left (``MOST_CONNECTIONS``).
    """
    result = Result(seconds)
    load = _Load((HOST, port), result, patience, heard)
    start = time.perf_counter()
    load.counted_from = start + warm_up
    load.counted_until = end = start + warm_up + seconds
    step, sent, checked = 1.0 / rate, 0, start
    while (now := time.perf_counter()) < end or load.busy:
        while now < end and start + sent * step <= now:
            due = start + sent * step
            sent += 1
            if not load.idle and len(load.busy) >= MOST_CONNECTIONS:
                if due >= load.counted_from:
                    result.statuses[GIVEN_UP] += 1
                continue
            load.send(load.idle.pop() if load.idle else _Connection(), requests(), due)
        ahead = start + sent * step - time.perf_counter() if now < end else 0.05
        load.idle += load.turn(min(0.05, ahead))
        if now - checked > 0.05:
            checked = now
            load.idle += load.give_up(now)
    load.close()
    return result
