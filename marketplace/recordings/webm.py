"""webm: EBML, RFC 8794."""

from collections.abc import Iterator
from typing import IO

from marketplace.recordings.whole import NotWhole, Steps, zero

_EBML, _SEGMENT, _TRACKS, _CLUSTER, _INFO = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0x1F43B675, 0x1549A966
_DOC_TYPE, _TRACK_ENTRY, _TRACK_TYPE = 0x4282, 0xAE, 0x83
_TAGS, _ATTACHMENTS, _CHAPTERS = 0x1254C367, 0x1941A469, 0x1043A770
_TITLE, _FILE_NAME, _DATE, _SUM = 0x7BA9, 0x7373, 0x4461, 0xBF
_MOST_BLOCKS = 500_000  # of a film of unknown length: an hour has 200,000


def cleaned(content: IO[bytes], size: int) -> tuple[str, str]:
    """Tags, titles and attached files become empty space; the last of them stand behind the film."""
    steps = Steps(_MOST_BLOCKS)
    top = _elements(content, (0, size), steps)
    head, body = next(top, None), next(top, None)
    if head is None or body is None or (head[0], body[0]) != (_EBML, _SEGMENT):
        raise NotWhole
    for name, start, end in _elements(content, head[1:], steps):
        content.seek(start)
        if name == _DOC_TYPE and content.read(end - start).rstrip(b"\0") != b"webm":
            raise NotWhole
    kinds: set[int] = set()
    telling: list[tuple[int, int]] = []
    at = body[1]
    for name, start, end in _elements(content, body[1:], steps, into=_CLUSTER):
        if name in {_TAGS, _ATTACHMENTS, _CHAPTERS}:
            telling.append((at, end))
        elif name == _INFO:
            begun = start
            for part, _start, until in _elements(content, (start, end), steps):
                if part in {_TITLE, _FILE_NAME, _DATE, _SUM}:
                    telling.append((begun, until))
                begun = until
        at = end
        if name != _TRACKS:
            continue
        for entry, begins, ends in _elements(content, (start, end), steps):
            for part, at, until in _elements(content, (begins, ends), steps) if entry == _TRACK_ENTRY else ():
                content.seek(at)
                if part == _TRACK_TYPE and 0 < until - at <= 8:
                    kinds.add(int.from_bytes(content.read(until - at), "big"))
    if not kinds & {1, 2}:
        raise NotWhole
    for begun, end in telling:
        _make_void(content, begun, end)
    return ("video/webm", "webm") if 1 in kinds else ("audio/webm", "weba")


def _make_void(content: IO[bytes], begun: int, end: int) -> None:
    """An element as empty space of the same size."""
    width = 8 if end - begun >= 9 else 1
    length = end - begun - 1 - width
    content.seek(begun)
    content.write(b"\xec" + (length | 1 << 7 * width).to_bytes(width, "big"))
    zero(content, begun + 1 + width, length)


def _elements(
    content: IO[bytes], within: tuple[int, int], steps: Steps, *, into: int = 0
) -> Iterator[tuple[int, int, int]]:
    """Id, first byte and end of each element of a span. One of unknown size, as recorders write, goes to the end.

    ``into``: of one of these what is in it comes next, as if it stood beside it: only so is found what follows.
    """
    at, end = within
    while at < end:
        steps.one()
        content.seek(at)
        name, after = _vint(content, at, keep_mark=True)
        length, start = _vint(content, after, keep_mark=False)
        unknown = length == (1 << 7 * (start - after)) - 1
        until = start if name == into and unknown else end if unknown else start + length
        if until > end:
            raise NotWhole
        yield name, start, until
        at = until


def _vint(content: IO[bytes], at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    first = content.read(1)
    if not first or not first[0]:
        raise NotWhole
    width = 9 - first[0].bit_length()
    rest = content.read(width - 1)
    if len(rest) < width - 1:
        raise NotWhole
    value = int.from_bytes(first + rest, "big")
    return (value if keep_mark else value & ((1 << 7 * width) - 1)), at + width
