"""Voice and video: what is taken, that the place where it was made goes, and that nothing else changes."""

import struct
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace import recordings
from marketplace.recordings import ogg as ogg_pages
from tests.recordings import PLACE, box, element, every_kind, mp3, mp4, ogg, track, wav, webm


def kept(content: bytes) -> bytes:
    """What is kept of a recording that is taken."""
    found = recordings.look_through([content[:7], content[7:]])
    assert found is not None
    with found.content as whole:
        return whole.read()


@pytest.mark.parametrize(("content", "expected"), every_kind())
def test_what_people_record_is_taken_as_what_it_is(content: bytes, expected: tuple[str, str]) -> None:
    found = recordings.look_through([content])
    assert found is not None and (found.content_type, found.extension) == expected
    found.content.close()
    assert recordings.container_of(content[: recordings.BEGINNING]) is not None
    assert recordings.is_one(expected[0])


def test_the_place_goes_and_everything_else_stays_where_it_was() -> None:
    before = mp4()
    assert before.count(PLACE) == 7, "udta of the track, ©xyz, loci, meta, uuid, spare room and the track of places"
    after = kept(before)
    assert PLACE not in after and b"GPS" not in after and b"location" not in after and b"\xa9xyz" not in after
    assert len(after) == len(before)
    assert after.count(b"sound and picture") == 20
    # Only what tells of the place differs: the boxes of sound and picture are the same to the byte.
    for mark in (b"ftyp", b"mvhd", b"vide", b"soun", b"stco"):
        assert after.index(mark) == before.index(mark)
    assert after.count(b"free") == 5, "udta and meta of the film, the track of places, uuid, the spare room"
    assert kept(after) == after, "what was made clean is taken as it is"


def test_a_film_without_the_place_stays_as_it_is() -> None:
    film = mp4(place=False)
    assert kept(film) == film
    for content in (webm(tags=False), wav(), mp3()):
        assert kept(content) == content


def info(content: bytes) -> bytes:
    """A wav with names behind the sound."""
    return content + b"LIST" + struct.pack("<I", 4 + len(PLACE)) + b"INFO" + PLACE


@pytest.mark.parametrize(
    ("content", "heard"),
    [
        (webm(), b"frames" * 30),
        (webm(2), b"frames" * 30),
        (ogg(), b"voice" * 40),
        (ogg(comment=PLACE * 40), b"voice" * 40),
        (ogg(b"\x01vorbis"), b"voice" * 40),
        (ogg(b"\x80theora") + ogg(serial=8), b"voice" * 40),
        (info(wav()), b"data" + struct.pack("<I", 400)),
        (mp3(words=PLACE), b"\xff\xfb\x90\x64"),
        (mp3() + b"APETAGEX" + PLACE, b"\xff\xfb\x90\x64"),
        (mp3() + (b"TAG" + PLACE).ljust(128, b"\0"), b"\xff\xfb\x90\x64"),
    ],
)
def test_tags_go_and_no_byte_of_the_sound_moves(content: bytes, heard: bytes) -> None:
    after = kept(content)
    assert PLACE in content and PLACE not in after and b"maker" not in after
    assert len(after) == len(content) and after.rindex(heard) == content.rindex(heard)
    assert after.count(heard) == content.count(heard)
    assert kept(after) == after


def test_pages_of_ogg_are_summed_as_the_standard_says() -> None:
    """The known answer of this CRC-32; a player drops a page with another sum."""
    assert ogg_pages.page_sum(b"123456789") == 0x89A1897F
    after = kept(ogg())
    start = after.index(b"OpusTags") - 28
    end = after.index(b"OggS", start + 1)
    page = after[start:end]
    assert page[:4] == b"OggS"
    assert struct.unpack("<I", page[22:26])[0] == ogg_pages.page_sum(page[:22] + bytes(4) + page[26:])


def fragmented(kind: bytes) -> bytes:
    moov = box(b"moov", box(b"mvhd", bytes(100)) + track(b"vide") + (track(kind) if kind else b""))
    part = box(b"moof", box(b"traf", box(b"udta", PLACE))) + box(b"mdat", b"frames")
    return box(b"ftyp", b"iso5" + bytes(4)) + moov + part


def test_a_film_in_fragments_is_taken_when_it_has_sound_and_picture_only() -> None:
    after = kept(fragmented(b""))
    assert PLACE not in after and after.endswith(box(b"mdat", b"frames"))
    assert recordings.look_through([fragmented(b"meta")]) is None


WRONG = {
    "nothing": b"",
    "a page": b"<html><script>alert(1)</script></html>",
    "a picture": b"\xff\xd8\xff\xe0" + bytes(100),
    "cut off": mp4()[:-1],
    "without sound and picture": mp4(kinds=()),
    "without an index": box(b"ftyp", b"isom" + bytes(4)) + box(b"mdat", b"frames"),
    "another kind of boxes": mp4(brand=b"heic"),
    "a page behind": mp4() + b"<html>",
    "a box larger than the film": mp4(place=False) + struct.pack(">I4s", 9, b"udta"),
    "places beyond the film": mp4(place=False) + box(b"moov", track(b"vide") + track(b"meta", at=10**6, size=9)),
    "Matroska": webm(doctype=b"matroska"),
    "webm without a track": webm(17),
    "webm of one element": element(0x1A45DFA3, element(0x4282, b"webm")),
    "an unknown codec": ogg(b"\x01unknown"),
    "ogg and something": ogg() + b"GIF89a",
    "wav of an unknown form": wav(0x55),
    "wav without sound": wav()[:36],
    "one frame": mp3(frames=1),
    "a tag alone": mp3(frames=0),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_played_or_looked_through_is_not_taken(content: bytes) -> None:
    assert recordings.look_through([content]) is None


def test_a_file_of_nothing_but_headers_ends_soon() -> None:
    begun = time.monotonic()
    for content in (
        box(b"ftyp", b"isom") + box(b"free") * 1_000_000,
        element(0x1A45DFA3, element(0x4282, b"webm")) + element(0x18538067, b"\xec\x80" * 3_000_000, unknown=True),
        # One track that asks for the whole film to be emptied again and again.
        box(b"ftyp", b"isom") + box(b"mdat", bytes(10_000))
        + box(b"moov", track(b"vide") + box(b"trak", _greedy())),
    ):  # fmt: skip
        assert recordings.look_through([content]) is None
    assert time.monotonic() - begun < 10


def _greedy() -> bytes:
    chunks = b"".join(struct.pack(">I", 12) for _chunk in range(100_000))
    samples = (
        box(b"stsc", bytes(4) + struct.pack(">IIII", 1, 1, 1, 1))
        + box(b"stsz", bytes(4) + struct.pack(">II", 9_000, 100_000))
        + box(b"stco", bytes(4) + struct.pack(">I", 100_000) + chunks)
    )
    return box(b"mdia", box(b"hdlr", bytes(8) + b"meta" + bytes(13)) + box(b"minf", box(b"stbl", samples)))


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_damage_is_refused_or_kept_without_an_error(data: st.DataObject) -> None:
    content, _expected = data.draw(st.sampled_from(every_kind()))
    broken = bytearray(content)
    for _time in range(data.draw(st.integers(1, 4))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(broken)))
    found = recordings.look_through([bytes(broken[:cut])])
    if found is not None:
        with found.content as whole:
            assert len(whole.read()) == cut
