"""Recordings as telephones, browsers and offices make them, built box by box: no camera is needed to test."""

import struct
from typing import Any

PLACE = b"+42.3417+069.5901/"  # Shymkent, as a telephone writes it


def box(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def table(name: bytes, form: str, *rows: tuple[int, ...], lead: bytes = bytes(4)) -> bytes:
    return box(name, lead + struct.pack(">I", len(rows)) + b"".join(struct.pack(form, *row) for row in rows))


def track(kind: bytes, *, at: int = 0, size: int = 0, more: bytes = b"") -> bytes:
    """A track of one sample of ``size`` bytes at ``at``."""
    samples = box(
        b"stbl",
        table(b"stsc", ">III", (1, 1, 1)) + table(b"stsz", ">I", (size,), lead=bytes(8)) + table(b"stco", ">I", (at,)),
    )
    handler = box(b"hdlr", bytes(8) + kind + bytes(12) + b"\0")
    return box(b"trak", more + box(b"mdia", handler + box(b"minf", samples)))


def mp4(*, brand: bytes = b"isom", kinds: tuple[bytes, ...] = (b"vide", b"soun"), place: bool = True) -> bytes:
    """A film whose maker wrote the place everywhere it can: udta, loci, meta, uuid, spare room, a track of places."""
    begins = box(b"ftyp", brand + bytes(4) + brand)
    seen, places = b"sound and picture" * 20, b"GPS " + PLACE
    first = len(begins) + 8
    media = box(b"mdat", seen + (places if place else b""))
    tracks = b"".join(track(kind, at=first, size=len(seen)) for kind in kinds)
    if place:
        tracks += track(b"meta", at=first + len(seen), size=len(places), more=box(b"udta", PLACE))
        tracks += box(b"udta", box(b"\xa9xyz", b"\0\x12\x15\xc7" + PLACE) + box(b"loci", bytes(6) + PLACE))
        tracks += box(b"meta", box(b"keys", b"com.apple.quicktime.location.ISO6709") + box(b"ilst", PLACE))
    rest = box(b"uuid", b"\xbe\x7a" * 8 + PLACE) + box(b"free", b"freeGPS " + PLACE) if place else b""
    return begins + media + box(b"moov", box(b"mvhd", bytes(100)) + tracks) + rest


def element(name: int, content: bytes, *, unknown: bool = False) -> bytes:
    size = b"\x01" + b"\xff" * 7 if unknown else (len(content) | 1 << 56).to_bytes(8, "big")
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + size + content


def webm(kind: int = 1, *, doctype: bytes = b"webm", tags: bool = True) -> bytes:
    """As a browser's recorder writes it: segment and cluster of unknown size; with a title, and with tags behind the film."""
    tracks = element(0x1654AE6B, element(0xAE, element(0xD7, b"\x01") + element(0x83, bytes([kind]))))
    info = element(
        0x1549A966, element(0x2AD7B1, b"\x0f\x42\x40") + (element(0x7BA9, b"At home " + PLACE) if tags else b"")
    )
    cluster = element(
        0x1F43B675, element(0xE7, b"\0") + element(0xA3, b"\x81\0\0\x80" + b"frames" * 30) * 3, unknown=True
    )
    words = element(0x7373, element(0x67C8, element(0x45A3, b"LOCATION") + element(0x4487, PLACE)))
    behind = element(0x1254C367, words) if tags else b""
    head = element(0x1A45DFA3, element(0x4282, doctype))
    return head + element(0x18538067, info + tracks + cluster + behind, unknown=True)


OGG_COMMENTS = {b"OpusHead": b"OpusTags", b"\x80theora": b"\x81theora", b"\x01vorbis": b"\x03vorbis"}


def ogg(packet: bytes = b"OpusHead\x01\x01", *, comment: bytes = b"LOCATION=" + PLACE, serial: int = 7) -> bytes:
    """A head, a comment that names the place, sound. The sums of the pages are left out: nobody reads them before us."""

    def page(content: bytes, kind: int) -> bytes:
        lacing = bytes([255] * (len(content) // 255) + [len(content) % 255])
        head = b"OggS\0" + bytes([kind]) + bytes(8) + struct.pack("<I", serial) + bytes(8)
        return head + bytes([len(lacing)]) + lacing + content

    lead = next((found for mark, found in OGG_COMMENTS.items() if packet.startswith(mark)), b"")
    words = struct.pack("<I", 5) + b"maker" + struct.pack("<II", 1, len(comment)) + comment
    end = b"\x01" if lead == b"\x03vorbis" else b""
    return page(packet, 2) + page(lead + words + end, 0) + page(b"voice" * 40, 4)


def wav(form: int = 1) -> bytes:
    chunks = b"fmt " + struct.pack("<IHHIIHH", 16, form, 1, 8000, 16000, 2, 16) + b"data" + struct.pack("<I", 400)
    content = b"WAVE" + chunks + bytes(400)
    return b"RIFF" + struct.pack("<I", len(content)) + content


def mp3(*, tag: bool = True, frames: int = 4, words: bytes = b"") -> bytes:
    """Frames of 128 kbit/s at 44,100 Hz: 417 bytes each."""
    frame = b"\xff\xfb\x90\x64" + bytes(413)
    inside = words or bytes(10)
    return (b"ID3\x04\0\0\0\0\0" + bytes([len(inside)]) + inside if tag else b"") + frame * frames


def every_kind() -> list[tuple[bytes, Any]]:
    """Content, and the content type and extension that it is kept under."""
    return [
        (mp4(), ("video/mp4", "mp4")),
        (mp4(brand=b"3gp4"), ("video/mp4", "mp4")),
        (mp4(brand=b"qt  "), ("video/mp4", "mp4")),
        (mp4(brand=b"M4A ", kinds=(b"soun",)), ("audio/mp4", "m4a")),
        (webm(), ("video/webm", "webm")),
        (webm(2), ("audio/webm", "weba")),
        (ogg(), ("audio/ogg", "ogg")),
        (ogg(b"\x80theora"), ("video/ogg", "ogv")),
        (wav(), ("audio/wav", "wav")),
        (mp3(), ("audio/mpeg", "mp3")),
        (mp3(tag=False), ("audio/mpeg", "mp3")),
    ]
