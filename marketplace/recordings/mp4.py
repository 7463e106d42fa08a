"""mp4, m4a, mov, 3gp: ISO 14496-12."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from marketplace.recordings.whole import NotWhole, Steps, zero

# Where boxes that concern us stand, by the box around them; b"" is the file itself.
_INSIDE = {b"": (b"moov", b"moof"), b"moov": (b"trak",), b"trak": (b"mdia",), b"moof": (b"traf",)}
_TELLING = {b"udta", b"meta", b"uuid", b"free", b"skip"}
BRANDS = (b"isom", b"iso", b"mp4", b"avc1", b"M4A", b"M4V", b"3g", b"qt", b"MSNV", b"dash", b"mmp4")


@dataclass(frozen=True)
class _Box:
    name: bytes
    at: int
    head: int  # bytes of size and name
    end: int

    @property
    def inside(self) -> tuple[int, int]:
        return self.at + self.head, self.end


def cleaned(content: IO[bytes], size: int) -> tuple[str, str]:
    """Content type and extension; the boxes that tell more than sound and picture are emptied."""
    steps = Steps()
    found = list(_tree(content, (0, size), b"", steps))
    names = {box.name for box in found}
    if found[0].name != b"ftyp" or not {b"moov", b"mdat"} <= names:
        raise NotWhole
    for box in found:
        if box.name in _TELLING:
            _make_free(content, box)
    kinds: set[bytes] = set()
    for track in (box for box in found if box.name == b"trak"):
        kind = _handler(content, track, steps)
        if kind in (b"vide", b"soun"):
            kinds.add(kind)
        elif b"moof" in names:
            raise NotWhole  # its samples stand in the fragments, where we do not look for them
        else:  # text, places, faces: whatever else a telephone writes beside the film
            _empty_samples(content, track, size, steps)
            _make_free(content, track)
    if not kinds:
        raise NotWhole
    return ("video/mp4", "mp4") if b"vide" in kinds else ("audio/mp4", "m4a")


def _boxes(content: IO[bytes], within: tuple[int, int], steps: Steps) -> Iterator[_Box]:
    at, end = within
    while at < end:
        steps.one()
        content.seek(at)
        size, name = struct.unpack(">I4s", content.read(8))
        head = 8
        if size == 1:
            (size,) = struct.unpack(">Q", content.read(8))
            head = 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            raise NotWhole
        yield _Box(name, at, head, at + size)
        at += size


def _tree(content: IO[bytes], within: tuple[int, int], around: bytes, steps: Steps) -> Iterator[_Box]:
    """The boxes of a span, and those inside the ones that concern us."""
    for box in _boxes(content, within, steps):
        yield box
        if box.name in _INSIDE.get(around, ()):
            yield from _tree(content, box.inside, box.name, steps)


def _child(content: IO[bytes], box: _Box, path: tuple[bytes, ...], steps: Steps) -> _Box:
    for name in path:
        found = next((child for child in _boxes(content, box.inside, steps) if child.name == name), None)
        if found is None:
            raise NotWhole
        box = found
    return box


def _handler(content: IO[bytes], track: _Box, steps: Steps) -> bytes:
    box = _child(content, track, (b"mdia", b"hdlr"), steps)
    content.seek(box.at + box.head + 8)  # version, flags, an unused word
    return content.read(4)


def _numbers(content: IO[bytes], box: _Box, skipped: int, form: str, steps: Steps) -> list[tuple[int, ...]]:
    """The rows of a table box: ``skipped`` bytes, how many rows, the rows."""
    start, end = box.inside
    content.seek(start + skipped)
    (count,) = struct.unpack(">I", content.read(4))
    width = struct.calcsize(form)
    if start + skipped + 4 + count * width > end:
        raise NotWhole
    steps.one(count)
    return list(struct.iter_unpack(form, content.read(count * width)))


def _empty_samples(content: IO[bytes], track: _Box, size: int, steps: Steps) -> None:
    """Overwrite with zeros what the track's tables point to; together never more than the file has."""
    tables = _child(content, track, (b"mdia", b"minf", b"stbl"), steps)
    by_name = {box.name: box for box in _boxes(content, tables.inside, steps)}
    if not {b"stsc", b"stsz"} <= by_name.keys() or not {b"stco", b"co64"} & by_name.keys():
        raise NotWhole
    runs = _numbers(content, by_name[b"stsc"], 4, ">III", steps)  # first chunk, samples in each, description
    content.seek(by_name[b"stsz"].inside[0] + 4)
    (same,) = struct.unpack(">I", content.read(4))
    sizes = [] if same else [row[0] for row in _numbers(content, by_name[b"stsz"], 8, ">I", steps)]
    large = b"co64" in by_name
    chunks = _numbers(content, by_name[b"co64" if large else b"stco"], 4, ">Q" if large else ">I", steps)
    sample, run, left = 0, 0, size
    for place, (offset,) in enumerate(chunks, start=1):
        while run + 1 < len(runs) and runs[run + 1][0] <= place:
            run += 1
        if not runs:
            raise NotWhole
        count = runs[run][1]
        length = same * count if same else sum(sizes[sample : sample + count])
        sample += count
        left -= length
        if left < 0 or offset + length > size:
            raise NotWhole
        zero(content, offset, length)


def _make_free(content: IO[bytes], box: _Box) -> None:
    content.seek(box.at + 4)
    content.write(b"free")
    start, end = box.inside
    zero(content, start, end - start)
