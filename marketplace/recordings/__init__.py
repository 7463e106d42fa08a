"""Voice and video that people record: looked through box by box, freed of the place, otherwise kept as they came.

There is no re-encoding here, so a recording is only taken when its container is whole and of a kind that browsers
play. Telephones write where a film was taken into mp4, mov, m4a and 3gp: every box that can hold it (``udta``,
``meta``, ``uuid``, spare room) becomes an empty ``free`` box of the same size, and a track that is neither sound nor
picture is emptied with its samples, so that nothing else moves. The other containers lose their tags in the same way:
no byte of sound or picture changes its place.
"""

import struct
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO

from django.utils.translation import gettext_lazy as _

from marketplace.recordings import mp3, mp4, ogg, wav, webm
from marketplace.recordings.whole import IN_MEMORY, NotWhole

BEGINNING = 12  # bytes that tell the container
REFUSALS = {
    "recording": _("We cannot play this recording. We can play mp4, m4a, 3gp, mov, webm, ogg, mp3 and wav."),
    "type_or_recording": _(
        "We can read photos (JPEG, PNG, WebP) and play recordings (mp4, m4a, 3gp, mov, webm, ogg, mp3, wav)."
        " If it is a document, take a photo of its page."
    ),
    "together": _("All files together are too large. Remove one, or make the recording shorter."),
    "long": _("The recording is too large. Make it shorter, or send it in several parts."),
}


@dataclass(frozen=True)
class Recording:
    """A recording that was looked through, ready to be kept: a file of its own, open at its beginning."""

    content: IO[bytes]
    content_type: str
    extension: str
    held: bool = False  # no scanner has looked at it yet


def is_one(content_type: str) -> bool:
    """Whether a kept or promised file of this type is voice or video."""
    return content_type.startswith(("audio/", "video/"))


def container_of(beginning: bytes) -> str | None:
    """mp4, webm, ogg, wav or mp3 by the first ``BEGINNING`` bytes; None for anything else."""
    if beginning[4:8] == b"ftyp" and beginning[8:12].startswith(mp4.BRANDS):
        return "mp4"
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WAVE":
        return "wav"
    if beginning[:3] == b"ID3" or (beginning[:1] == b"\xff" and mp3.frame(beginning[:4])):
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
    except (NotWhole, struct.error):
        found = None
    if found is None:
        content.close()
        return None
    content.seek(0)
    return Recording(content, *found)


_CONTAINERS: dict[str, Callable[[IO[bytes], int], tuple[str, str]]] = {
    "mp4": mp4.cleaned,
    "webm": webm.cleaned,
    "ogg": ogg.cleaned,
    "wav": wav.cleaned,
    "mp3": mp3.cleaned,
}
