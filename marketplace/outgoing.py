"""One request to somebody outside: bounded in time and size, no redirects, nothing of the address in an error."""

import http.client
import socket
import ssl
import threading
from contextlib import suppress
from urllib.parse import urlsplit

SECONDS = 5.0
ANSWER_LIMIT = 64 * 1024


def ask(
    url: str,
    *,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    seconds: float = SECONDS,
    limit: int = ANSWER_LIMIT,
) -> tuple[int, bytes]:
    """Status of a POST (a GET without ``body``) and the first ``limit`` bytes of its answer.

    Redirects are not followed: secrets stay with the host. A time-out of the socket bounds single reads; the timer
    bounds the whole. Raises OSError (TimeoutError when the time is over), http.client.HTTPException.
    """
    target = urlsplit(url)
    connection, late = _connection(target.scheme, target.hostname or "", target.port, seconds), threading.Event()
    timer = threading.Timer(seconds, cut, [connection, late])
    path = f"{target.path or '/'}{'?' + target.query if target.query else ''}"
    try:
        connection.connect()
        timer.start()
        connection.request("GET" if body is None else "POST", path, body, headers or {})
        response = connection.getresponse()
        answer = response.read(limit)
        if late.is_set():  # half an answer looks like a whole one to http.client
            raise TimeoutError
        return response.status, answer
    except (OSError, http.client.HTTPException):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()
        connection.close()


def _connection(scheme: str, host: str, port: int | None, seconds: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(host, port, timeout=seconds, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, port, timeout=seconds)


def cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    """Ends a conversation that takes too long; the reading side wakes up at once."""
    late.set()
    if connection.sock is not None:
        with suppress(OSError):  # it ended by itself at the same moment
            connection.sock.shutdown(socket.SHUT_RDWR)
