"""What all containers share: the sign that one is not whole, a bound of the work, the eraser."""

from typing import IO

IN_MEMORY = 1024 * 1024  # bytes; a larger recording is looked through on the disk
MOST_PARTS = 50_000  # boxes, pages or rows of one recording: more than an hour has


class NotWhole(Exception):
    """The container is not what its first bytes say, or something is missing."""


class Steps:
    """Counts what was read, so that a file of nothing but headers ends soon."""

    def __init__(self, most: int = MOST_PARTS) -> None:
        self.left = most

    def one(self, count: int = 1) -> None:
        self.left -= count
        if self.left < 0:
            raise NotWhole


def zero(content: IO[bytes], at: int, length: int) -> None:
    content.seek(at)
    while length > 0:
        part = min(length, IN_MEMORY)
        content.write(bytes(part))
        length -= part
