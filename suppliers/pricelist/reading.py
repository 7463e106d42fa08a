"""Price lists as rows: the reader's process (``sheet``) started, watched and believed in nothing."""

import json
import math
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from suppliers.pricelist import sheet
from suppliers.pricelist.sheet import Refused

__all__ = ["HEAD", "Refused", "Row", "Sheet", "TooSlow", "column_letter", "opened"]

HEAD = sheet.HEAD
READER = Path(sheet.__file__)
MOST_BYTES = 20 * 1024 * 1024
SECONDS = 25  # until the first row


class TooSlow(Exception):
    """The reader gave no rows in time."""


@dataclass(frozen=True)
class Row:
    """``number`` as the spreadsheet counts, from 1; cells as ``sheet`` prints them."""

    number: int
    cells: list[Any]

    def cell(self, column: int) -> Any:
        return self.cells[column] if column < len(self.cells) else None

    def name(self, column: int) -> str:
        """The cell as people name it: ``D17``."""
        return f"{column_letter(column)}{self.number}"


@dataclass(frozen=True)
class Sheet:
    """``count``: rows that are not empty. ``rows`` can be walked once."""

    kind: str
    count: int
    rows: Iterator[Row]


def column_letter(column: int) -> str:
    """0 → A, 25 → Z, 26 → AA."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@contextmanager
def opened(path: Path, after: int = 0, seconds: float = SECONDS) -> Iterator[Sheet]:
    """The sheet of a file, with its first HEAD rows and those behind row ``after``.

    Raises Refused, also while the rows are walked, and TooSlow when no row came in ``seconds``.
    """
    command = [sys.executable, "-I", str(READER), str(path), str(after)]
    reader = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/"
    )
    assert reader.stdout is not None
    late = threading.Event()

    def give_up() -> None:
        late.set()
        reader.kill()

    timer = threading.Timer(seconds, give_up)
    timer.start()
    try:
        first = _line(reader, late)
        timer.cancel()
        yield Sheet(first["kind"], first["rows"], _rows(reader, late))
    finally:
        timer.cancel()
        reader.kill()
        reader.stdout.close()
        reader.wait()


def _rows(reader: "subprocess.Popen[bytes]", late: threading.Event) -> Iterator[Row]:
    while isinstance(line := _line(reader, late), list):
        yield Row(line[0], line[1])


def _line(reader: "subprocess.Popen[bytes]", late: threading.Event) -> Any:
    """The next line; a reader that died without a word had run against its limits."""
    stream: IO[bytes] = reader.stdout  # type: ignore[assignment]
    line = stream.readline()
    if not line.endswith(b"\n"):
        if late.is_set():
            raise TooSlow
        raise Refused("too_heavy")
    value = json.loads(line, parse_constant=lambda _name: math.nan)
    if isinstance(value, dict) and "refused" in value:
        raise Refused(value["refused"], **value["params"])
    return value
