"""mp3: MPEG audio frames, with the tags before and behind them."""

from typing import IO

from marketplace.recordings.whole import NotWhole, zero

_RATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # kbit/s of version 1, layer III
_RATES_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # of the versions 2 and 2.5
_MOST_OF_TAIL = 64 * 1024  # bytes of tags behind an mp3


def cleaned(content: IO[bytes], size: int) -> tuple[str, str]:
    """Three frames in a row after the tag, which tells a recording from noise that has the mark of one."""
    content.seek(0)
    head = content.read(10)
    at = 0
    if head[:3] == b"ID3":
        at = 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        if at > size:
            raise NotWhole
        zero(content, 10, at - 10)  # its length stays: it is all padding now
        content.seek(5)
        content.write(b"\0")
    content.seek(at)
    lead = content.read(4096)
    at += len(lead) - len(lead.lstrip(b"\0"))
    for _frame in range(3):
        content.seek(at)
        length = frame(content.read(4))
        if not length or at + length > size:
            raise NotWhole
        at += length
    begun = max(at, size - _MOST_OF_TAIL)
    content.seek(begun)
    tail = content.read(_MOST_OF_TAIL).find(b"APETAGEX")
    if tail >= 0:
        zero(content, begun + tail, size - begun - tail)
    content.seek(max(0, size - 128))
    if content.read(3) == b"TAG":  # ID3v1 behind the last frame
        zero(content, size - 128, 128)
    return "audio/mpeg", "mp3"


def frame(head: bytes) -> int:
    """Bytes of the layer III frame with this head; 0 when it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0
    version, place, rate = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or place in (0, 15) or rate == 3:
        return 0
    speed = (44100, 48000, 32000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bits = (_RATES if version == 3 else _RATES_LOW)[place] * 1000
    return (144 if version == 3 else 72) * bits // speed + (head[2] >> 1 & 1)
