"""A scanner for malware, asked about every upload before anything else looks at it (the protocol of clamd).

``SCANNER`` names it: ``tcp://host:3310``, ``unix:///run/clamav/clamd.ctl``, or nobody. What it knows as harmful is
refused. While it is away pictures are taken all the same, since only their points are kept, drawn anew; what is kept as
it came waits in quarantine until the scanner has looked (``files.look_at_held``), or is asked for again.
"""

import socket
import struct
from collections.abc import Iterable
from enum import StrEnum
from urllib.parse import urlsplit

import structlog
from django.conf import settings

from marketplace.breaker import Breaker

log = structlog.get_logger(__name__)

SECONDS = 4.0  # for each wait; a request has ten in all
PART = 64 * 1024
LONGEST_ANSWER = 1024
breaker = Breaker(seconds=30)


class Verdict(StrEnum):
    """What the scanner says; UNKNOWN is no answer at all."""

    CLEAN = "clean"
    HARMFUL = "harmful"
    UNKNOWN = "unknown"


def verdict(parts: Iterable[bytes]) -> Verdict:
    """What the scanner says of these bytes. CLEAN without asking where no scanner is named."""
    if not settings.SCANNER:
        return Verdict.CLEAN
    if not breaker.admits():
        return Verdict.UNKNOWN
    try:
        answer = _ask(parts)
    except OSError as error:
        breaker.trip()
        log.warning("scanner_away", error=type(error).__name__)
        return Verdict.UNKNOWN
    breaker.reset()
    if answer.endswith(b" FOUND"):
        log.warning("upload_harmful")
        return Verdict.HARMFUL
    if answer == b"stream: OK":
        return Verdict.CLEAN
    # It did not look to the end: a size that is larger than it takes, no signatures, a fault of its own.
    log.warning("scanner_refused", error=answer.decode("ascii", "replace")[:100])
    return Verdict.UNKNOWN


def _ask(parts: Iterable[bytes]) -> bytes:
    """clamd's INSTREAM: parts with their length in front, an empty one at the end. Raises OSError."""
    with _connected() as connection:
        connection.settimeout(SECONDS)
        connection.sendall(b"zINSTREAM\0")
        for part in parts:
            for at in range(0, len(part), PART):
                piece = part[at : at + PART]
                connection.sendall(struct.pack(">I", len(piece)) + piece)
        connection.sendall(struct.pack(">I", 0))
        answer = b""
        while not answer.endswith(b"\0") and len(answer) < LONGEST_ANSWER:
            got = connection.recv(LONGEST_ANSWER)
            if not got:
                break
            answer += got
    if not answer:
        raise ConnectionResetError
    return answer.rstrip(b"\0\n")


def _connected() -> socket.socket:
    target = urlsplit(settings.SCANNER)
    if target.scheme == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(SECONDS)
        try:
            connection.connect(target.path)
        except OSError:
            connection.close()
            raise
        return connection
    return socket.create_connection((target.hostname or "", target.port or 3310), timeout=SECONDS)
