"""Voice and video that people record: looked through box by box, freed of the place, otherwise kept as they came.

There is no re-encoding here, so a recording is only taken when its container is whole and of a kind that browsers
play. Telephones write where a film was taken into mp4, mov, m4a and 3gp: every box that can hold it (``udta``,
``meta``, ``uuid``, spare room) becomes an empty ``free`` box of the same size, and a track that is neither sound nor
picture is emptied with its samples, so that nothing else moves. The other containers are not changed.
"""

import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext_lazy as _

BEGINNING = 12  # bytes that tell the container
IN_MEMORY = 1024 * 1024  # bytes; a larger recording is looked through on the disk
MOST_PARTS = 50_000  # boxes, pages or rows of one recording: more than an hour has
REFUSALS = {
    "recording": _("We cannot play this recording. We can play mp4, m4a, 3gp, mov, webm, ogg, mp3 and wav."),
    "type_or_recording": _(
        "We can read photos (JPEG, PNG, WebP) and play recordings (mp4, m4a, 3gp, mov, webm, ogg, mp3, wav)."
        " If it is a document, take a photo of its page."
    ),
    "together": _("All files together are too large. Remove one, or make the recording shorter."),
    "long": _("The recording is too large. Make it shorter, or send it in several parts."),
}

# Where boxes that concern us stand, by the box around them; b"" is the file itself.
_INSIDE = {b"": (b"moov", b"moof"), b"moov": (b"trak",), b"trak": (b"mdia",), b"moof": (b"traf",)}
_TELLING = {b"udta", b"meta", b"uuid", b"free", b"skip"}
_BRANDS = (b"isom", b"iso", b"mp4", b"avc1", b"M4A", b"M4V", b"3g", b"qt", b"MSNV", b"dash", b"mmp4")
_MP3_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # kbit/s of version 1, layer III
_MP3_RATES_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # of the versions 2 and 2.5
_WAV_FORMATS = {1, 3, 6, 7, 0xFFFE}  # PCM, float, A-law, µ-law, extensible


class _NotWhole(Exception):
    """The container is not what its first bytes say, or something is missing."""


@dataclass(frozen=True)
class Recording:
    """A recording that was looked through, ready to be kept: a file of its own, open at its beginning."""

    content: IO[bytes]
    content_type: str
    extension: str


def is_one(content_type: str) -> bool:
    """Whether a kept or promised file of this type is voice or video."""
    return content_type.startswith(("audio/", "video/"))


def container_of(beginning: bytes) -> str | None:
    """mp4, webm, ogg, wav or mp3 by the first ``BEGINNING`` bytes; None for anything else."""
    if beginning[4:8] == b"ftyp" and beginning[8:12].startswith(_BRANDS):
        return "mp4"
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WAVE":
        return "wav"
    if beginning[:3] == b"ID3" or (beginning[:1] == b"\xff" and _mp3_frame(beginning[:4])):
        return "mp3"
    return {b"\x1a\x45\xdf\xa3": "webm", b"OggS": "ogg"}.get(beginning[:4])


def look_through(parts: Iterable[bytes]) -> Recording | None:
    """The recording whose bytes come in ``parts``, without the place; None when it is none that we can keep."""
    content = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - it lives as long as the recording
    for part in parts:
        content.write(part)
    size = content.tell()
    content.seek(0)
    container = container_of(content.read(BEGINNING))
    try:
        found = _CONTAINERS[container](content, size) if container and size > BEGINNING else None
    except (_NotWhole, struct.error):
        found = None
    if found is None:
        content.close()
        return None
    content.seek(0)
    return Recording(content, *found)


# --- mp4, m4a, mov, 3gp: ISO 14496-12 ---------------------------------------------------------------


@dataclass(frozen=True)
class _Box:
    name: bytes
    at: int
    head: int  # bytes of size and name
    end: int

    @property
    def inside(self) -> tuple[int, int]:
        return self.at + self.head, self.end


def _mp4(content: IO[bytes], size: int) -> tuple[str, str]:
    """Content type and extension; the boxes that tell more than sound and picture are emptied."""
    steps = _Steps()
    found = list(_tree(content, (0, size), b"", steps))
    names = {box.name for box in found}
    if found[0].name != b"ftyp" or not {b"moov", b"mdat"} <= names:
        raise _NotWhole
    for box in found:
        if box.name in _TELLING:
            _make_free(content, box)
    kinds: set[bytes] = set()
    for track in (box for box in found if box.name == b"trak"):
        kind = _handler(content, track, steps)
        if kind in (b"vide", b"soun"):
            kinds.add(kind)
        elif b"moof" in names:
            raise _NotWhole  # its samples stand in the fragments, where we do not look for them
        else:  # text, places, faces: whatever else a telephone writes beside the film
            _empty_samples(content, track, size, steps)
            _make_free(content, track)
    if not kinds:
        raise _NotWhole
    return ("video/mp4", "mp4") if b"vide" in kinds else ("audio/mp4", "m4a")


class _Steps:
    """Counts what was read, so that a file of nothing but headers ends soon."""

    def __init__(self) -> None:
        self.left = MOST_PARTS

    def one(self, count: int = 1) -> None:
        self.left -= count
        if self.left < 0:
            raise _NotWhole


def _boxes(content: IO[bytes], within: tuple[int, int], steps: _Steps) -> Iterator[_Box]:
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
            raise _NotWhole
        yield _Box(name, at, head, at + size)
        at += size


def _tree(content: IO[bytes], within: tuple[int, int], around: bytes, steps: _Steps) -> Iterator[_Box]:
    """The boxes of a span, and those inside the ones that concern us."""
    for box in _boxes(content, within, steps):
        yield box
        if box.name in _INSIDE.get(around, ()):
            yield from _tree(content, box.inside, box.name, steps)


def _child(content: IO[bytes], box: _Box, path: tuple[bytes, ...], steps: _Steps) -> _Box:
    for name in path:
        found = next((child for child in _boxes(content, box.inside, steps) if child.name == name), None)
        if found is None:
            raise _NotWhole
        box = found
    return box


def _handler(content: IO[bytes], track: _Box, steps: _Steps) -> bytes:
    box = _child(content, track, (b"mdia", b"hdlr"), steps)
    content.seek(box.at + box.head + 8)  # version, flags, an unused word
    return content.read(4)


def _numbers(content: IO[bytes], box: _Box, skipped: int, form: str, steps: _Steps) -> list[tuple[int, ...]]:
    """The rows of a table box: ``skipped`` bytes, how many rows, the rows."""
    start, end = box.inside
    content.seek(start + skipped)
    (count,) = struct.unpack(">I", content.read(4))
    width = struct.calcsize(form)
    if start + skipped + 4 + count * width > end:
        raise _NotWhole
    steps.one(count)
    return list(struct.iter_unpack(form, content.read(count * width)))


def _empty_samples(content: IO[bytes], track: _Box, size: int, steps: _Steps) -> None:
    """Overwrite with zeros what the track's tables point to; together never more than the file has."""
    tables = _child(content, track, (b"mdia", b"minf", b"stbl"), steps)
    by_name = {box.name: box for box in _boxes(content, tables.inside, steps)}
    if not {b"stsc", b"stsz"} <= by_name.keys() or not {b"stco", b"co64"} & by_name.keys():
        raise _NotWhole
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
            raise _NotWhole
        count = runs[run][1]
        length = same * count if same else sum(sizes[sample : sample + count])
        sample += count
        left -= length
        if left < 0 or offset + length > size:
            raise _NotWhole
        _zero(content, offset, length)


def _make_free(content: IO[bytes], box: _Box) -> None:
    content.seek(box.at + 4)
    content.write(b"free")
    start, end = box.inside
    _zero(content, start, end - start)


def _zero(content: IO[bytes], at: int, length: int) -> None:
    content.seek(at)
    while length > 0:
        part = min(length, IN_MEMORY)
        content.write(bytes(part))
        length -= part


# --- webm: EBML, RFC 8794 ---------------------------------------------------------------------------

_EBML, _SEGMENT, _TRACKS, _CLUSTER = 0x1A45DFA3, 0x18538067, 0x1654AE6B, 0x1F43B675
_DOC_TYPE, _TRACK_ENTRY, _TRACK_TYPE = 0x4282, 0xAE, 0x83


def _webm(content: IO[bytes], size: int) -> tuple[str, str]:
    steps = _Steps()
    top = _elements(content, (0, size), steps)
    head, body = next(top, None), next(top, None)
    if head is None or body is None or (head[0], body[0]) != (_EBML, _SEGMENT):
        raise _NotWhole
    for name, start, end in _elements(content, head[1:], steps):
        content.seek(start)
        if name == _DOC_TYPE and content.read(end - start).rstrip(b"\0") != b"webm":
            raise _NotWhole
    kinds: set[int] = set()
    for name, start, end in _elements(content, body[1:], steps):
        if name == _CLUSTER:
            break
        if name != _TRACKS:
            continue
        for entry, begins, ends in _elements(content, (start, end), steps):
            for part, at, until in _elements(content, (begins, ends), steps) if entry == _TRACK_ENTRY else ():
                content.seek(at)
                if part == _TRACK_TYPE and 0 < until - at <= 8:
                    kinds.add(int.from_bytes(content.read(until - at), "big"))
    if not kinds & {1, 2}:
        raise _NotWhole
    return ("video/webm", "webm") if 1 in kinds else ("audio/webm", "weba")


def _elements(content: IO[bytes], within: tuple[int, int], steps: _Steps) -> Iterator[tuple[int, int, int]]:
    """Id, first byte and end of each element of a span. One of unknown size, as recorders write, goes to the end."""
    at, end = within
    while at < end:
        steps.one()
        content.seek(at)
        name, after = _vint(content, at, keep_mark=True)
        length, start = _vint(content, after, keep_mark=False)
        unknown = length == (1 << 7 * (start - after)) - 1
        until = end if unknown else start + length
        if until > end:
            raise _NotWhole
        yield name, start, until
        at = until


def _vint(content: IO[bytes], at: int, *, keep_mark: bool) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    first = content.read(1)
    if not first or not first[0]:
        raise _NotWhole
    width = 9 - first[0].bit_length()
    rest = content.read(width - 1)
    if len(rest) < width - 1:
        raise _NotWhole
    value = int.from_bytes(first + rest, "big")
    return (value if keep_mark else value & ((1 << 7 * width) - 1)), at + width


# --- ogg, wav, mp3 ----------------------------------------------------------------------------------


def _ogg(content: IO[bytes], size: int) -> tuple[str, str]:
    """RFC 3533: pages to the last byte, and a first packet of a codec that we know."""
    steps, at, first = _Steps(), 0, b""
    while at < size:
        steps.one()
        content.seek(at)
        head = content.read(27)
        if len(head) < 27 or head[:5] != b"OggS\0":
            raise _NotWhole
        lacing = content.read(head[26])
        first = first or content.read(8)
        at += 27 + len(lacing) + sum(lacing)
    if at != size:
        raise _NotWhole
    if first.startswith(b"\x80theora"):
        return "video/ogg", "ogv"
    if first.startswith((b"OpusHead", b"\x01vorbis", b"\x7fFLAC", b"Speex")):
        return "audio/ogg", "ogg"
    raise _NotWhole


def _wav(content: IO[bytes], size: int) -> tuple[str, str]:
    steps, at, spoken = _Steps(), 12, False
    while at + 8 <= size:
        steps.one()
        content.seek(at)
        name, length = struct.unpack("<4sI", content.read(8))
        if name == b"fmt ":
            (form,) = struct.unpack("<H", content.read(2))
            spoken = form in _WAV_FORMATS
        if name == b"data":
            break
        at += 8 + length + length % 2
    else:
        raise _NotWhole
    if not spoken:
        raise _NotWhole
    return "audio/wav", "wav"


def _mp3(content: IO[bytes], size: int) -> tuple[str, str]:
    """Three frames in a row after the tag, which tells a recording from noise that has the mark of one."""
    content.seek(0)
    head = content.read(10)
    at = 0
    if head[:3] == b"ID3":
        at = 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    content.seek(at)
    lead = content.read(4096)
    at += len(lead) - len(lead.lstrip(b"\0"))
    for _frame in range(3):
        content.seek(at)
        length = _mp3_frame(content.read(4))
        if not length or at + length > size:
            raise _NotWhole
        at += length
    return "audio/mpeg", "mp3"


def _mp3_frame(head: bytes) -> int:
    """Bytes of the layer III frame with this head; 0 when it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, place, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or place in (0, 15) or rate == 3:
        return 0
    speed = (44100, 48000, 32000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = (_MP3_RATES if version == 3 else _MP3_RATES_LOW)[place] * 1000
    return (144 if version == 3 else 72) * bits // speed + (head[2] >> 1 & 1)


_CONTAINERS: dict[str, Callable[[IO[bytes], int], tuple[str, str]]] = {
    "mp4": _mp4,
    "webm": _webm,
    "ogg": _ogg,
    "wav": _wav,
    "mp3": _mp3,
}
