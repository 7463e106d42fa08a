"""wav: RIFF chunks."""

import struct
from typing import IO

from marketplace.recordings.whole import NotWhole, Steps, zero

_NEEDED = {b"fmt ", b"fact"}
_FORMATS = {1, 3, 6, 7, 0xFFFE}  # PCM, float, A-law, µ-law, extensible


def cleaned(content: IO[bytes], size: int) -> tuple[str, str]:
    """What is no sound (names, places, dates of the maker) becomes JUNK of the same size."""
    steps, at, spoken, sound = Steps(), 12, False, False
    while at + 8 <= size:
        steps.one()
        content.seek(at)
        name, length = struct.unpack("<4sI", content.read(8))
        if name == b"fmt ":
            (form,) = struct.unpack("<H", content.read(2))
            spoken = form in _FORMATS
        if name == b"data":
            sound = True
            if not length or at + 8 + length > size:
                break  # it was cut, or is longer than the head can say: all the rest is sound
        elif name not in _NEEDED:
            content.seek(at)
            content.write(b"JUNK")
            zero(content, at + 8, min(length, size - at - 8))
        at += 8 + length + length % 2
    if not spoken or not sound:
        raise NotWhole
    return "audio/wav", "wav"
