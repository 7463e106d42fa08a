"""ogg: RFC 3533."""

import struct
from dataclasses import dataclass, field
from typing import IO

from marketplace.recordings.whole import NotWhole, Steps


@dataclass
class _Stream:
    """One of the streams of an ogg file: its first bytes, how many packets are over, where its comment stands."""

    first: bytes = b""
    packet: int = 0
    comment: list[tuple[int, int, int, int]] = field(default_factory=list)  # page, its end, the comment's bytes in it


def cleaned(content: IO[bytes], size: int) -> tuple[str, str]:
    """RFC 3533: pages to the last byte, first packets of codecs that we know, comments without a word."""
    steps, at = Steps(), 0
    streams: dict[bytes, _Stream] = {}
    while at < size:
        steps.one()
        content.seek(at)
        head = content.read(27)
        if len(head) < 27 or head[:5] != b"OggS\0":
            raise NotWhole
        lacing = content.read(head[26])
        stream = streams.setdefault(head[14:18], _Stream())
        stream.first = stream.first or content.read(8)
        begun, place = at, at + 27 + len(lacing)
        at = place + sum(lacing)
        for length in lacing:
            if stream.packet == 1:
                stream.comment.append((begun, at, place, place + length))
            place += length
            stream.packet += length < 255
    if at != size:
        raise NotWhole
    kinds = [_comment_out(content, stream) for stream in streams.values()]
    found = next((kind for kind in _OGG_KINDS if kind in kinds), None)
    if found is None:
        raise NotWhole
    return found


def _comment_out(content: IO[bytes], stream: _Stream) -> tuple[str, str] | None:
    """What the stream is; None for one that is neither sound nor picture."""
    for mark, (lead, tail, kind) in _OGG_CODECS.items():
        if stream.first.startswith(mark):
            _empty_comment(content, stream.comment, lead, tail)
            return kind
    if stream.first.startswith(b"fishead"):  # an index of the others
        return None
    raise NotWhole


_OGG_KINDS = [("video/ogg", "ogv"), ("audio/ogg", "ogg")]
# How a stream begins; how its second packet, the comment, begins and ends; what it is.
_OGG_CODECS = {
    b"\x80theora": (b"\x81theora", b"", _OGG_KINDS[0]),
    b"OpusHead": (b"OpusTags", b"", _OGG_KINDS[1]),
    b"\x01vorbis": (b"\x03vorbis", b"\x01", _OGG_KINDS[1]),
    b"Speex": (b"", b"", _OGG_KINDS[1]),
}


def _empty_comment(content: IO[bytes], parts: list[tuple[int, int, int, int]], lead: bytes, tail: bytes) -> None:
    """The comment keeps its length: no maker's name, no comment, the mark of its end, nothing. Its pages are summed anew."""
    length = sum(end - start for _page, _end, start, end in parts)
    empty = (lead + bytes(8) + tail).ljust(length, b"\0")
    content.seek(parts[0][2] if parts else 0)
    if len(empty) > length or content.read(len(lead)) != lead:
        raise NotWhole
    for _page, _end, start, end in parts:
        content.seek(start)
        content.write(empty[: end - start])
        empty = empty[end - start :]
    for begun, end in {(page, end) for page, end, _start, _until in parts}:
        content.seek(begun)
        page = content.read(end - begun)
        content.seek(begun + 22)
        content.write(struct.pack("<I", page_sum(page[:22] + bytes(4) + page[26:])))


def page_sum(page: bytes) -> int:
    """CRC-32 of RFC 3533: polynomial 0x04C11DB7, neither turned round nor inverted."""
    found = 0
    for byte in page:
        found = (found << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[found >> 24 ^ byte]
    return found


def _row_of_sums(number: int) -> int:
    found = number << 24
    for _bit in range(8):
        found = found << 1 & 0xFFFFFFFF ^ (0x04C11DB7 if found & 0x80000000 else 0)
    return found


_OGG_TABLE = [_row_of_sums(number) for number in range(256)]
