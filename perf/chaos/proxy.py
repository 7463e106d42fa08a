"""A TCP proxy that is as bad as a line or a server can be: slow, cut, silent, rude.

Between the portal and one of its services, or between a person and the portal. ``line`` may be changed while
connections are open: they feel it at once.
"""

import asyncio
import socket
import struct
import threading
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit

HOST = "127.0.0.1"
PART = 16_384


@dataclass(frozen=True)
class Line:
    """How the line is now.

    ``latency``: seconds before each part goes on; ``bandwidth``: bytes a second, 0 for no limit; ``silent``: a black
    hole, which takes everything and says nothing; ``half_open``: what people send arrives, the answer never comes
    back; ``refuses``: a new connection is reset at once; ``cut_after``: bytes of an answer after which the
    connection is reset, -1 for never.
    """

    latency: float = 0.0
    bandwidth: float = 0.0
    silent: bool = False
    half_open: bool = False
    refuses: bool = False
    cut_after: int = -1


GOOD = Line()
BLACK_HOLE = Line(silent=True)


class Proxy:
    """Listens on a free port of 127.0.0.1 and hands everything on to ``target``; a context manager."""

    def __init__(self, target: int | str) -> None:
        port = urlsplit(target).port if isinstance(target, str) else target
        assert port is not None
        self.target, self.line, self.port, self.connections = port, GOOD, 0, 0
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self._ready = threading.Event()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def cut(self) -> None:
        """Reset every connection that is open now."""
        self._loop.call_soon_threadsafe(self._cut)

    # In the proxy's own thread ...........................................................

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, HOST, 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        self._stop = asyncio.Event()
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._cut()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _cut(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.line.refuses:
            _reset(writer)
            return
        self._open.add(writer)
        try:
            while self.line.silent:
                await asyncio.sleep(0.05)
            there_reader, there_writer = await asyncio.open_connection(HOST, self.target)
            self._open.add(there_writer)
            try:
                await asyncio.gather(
                    self._pump(reader, there_writer, answers=False), self._pump(there_reader, writer, answers=True)
                )
            finally:
                self._open.discard(there_writer)
                there_writer.close()
        except (OSError, asyncio.CancelledError):
            pass  # cut, or the proxy stops
        finally:
            self._open.discard(writer)
            writer.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        passed = 0
        while data := await reader.read(PART):
            line = self.line
            if line.latency:
                await asyncio.sleep(line.latency)
            if line.bandwidth:
                await asyncio.sleep(len(data) / line.bandwidth)
            while self.line.silent or (answers and self.line.half_open):
                await asyncio.sleep(0.05)
            passed += len(data)
            if answers and 0 <= line.cut_after < passed:
                _reset(writer)
                return
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    # From outside ........................................................................

    def __enter__(self) -> "Proxy":
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with a RST, as a killed machine's neighbour does: unsent data is thrown away."""
    connection = writer.get_extra_info("socket")
    if connection is not None and connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
