"""Identity numbers and what hides them; payloads and machines: the small rules of the lowest layer."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.db import models
from django.utils import timezone
from pytest_django import Settings

from marketplace import crypto, identity, payloads
from marketplace.errors import IllegalStep
from marketplace.machine import Machine, Step
from marketplace.models import Draft, User

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
ROW = "personrecord.iin:17"


# --- Identity numbers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "iin", "bin_"),
    [
        ("841317301336", True, False),  # demo: month 13, so nobody's
        ("921308401469", True, False),
        ("201314501598", True, False),
        ("841317301337", False, False),  # wrong check digit
        ("941240001234", False, False),
        ("84131730133", False, False),
        ("8413173013360", False, False),
        ("84131730133a", False, False),
        ("٨٤١٣١٧٣٠١٣٣٦", False, False),  # digits of another script
        ("", False, False),
    ],
)
def test_identity_numbers(number: str, iin: bool, bin_: bool) -> None:
    assert (identity.is_iin(number), identity.is_bin(number)) == (iin, bin_)


def test_the_second_pass_of_the_checksum() -> None:
    """The first weights give 10 here: the second row of weights decides; where it gives 10 too, no digit is right."""
    stem = next(
        f"95010130{tail:03d}"
        for tail in range(1000)
        if sum(weight * int(digit) for weight, digit in zip(range(1, 12), f"95010130{tail:03d}", strict=True)) % 11
        == 10
    )
    second = sum(w * int(d) for w, d in zip((3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2), stem, strict=True)) % 11
    right = [digit for digit in "0123456789" if identity.has_valid_checksum(stem + digit)]
    assert right == ([str(second)] if second < 10 else [])


def test_a_slip_of_the_eleventh_digit_goes_unnoticed_others_hardly() -> None:
    """Its weight is 11, nothing modulo 11: that is why pages show the name to a number."""
    number = "841317301336"
    passed = [
        (place, digit)
        for place in range(12)
        for digit in "0123456789"
        if digit != number[place] and identity.has_valid_checksum(number[:place] + digit + number[place + 1 :])
    ]
    assert [place for place, _digit in passed] == [5] + [10] * 9


def test_every_number_of_the_demonstration_is_valid() -> None:
    people = json.loads(Path("orders/data/people.json").read_text(encoding="utf-8"))["people"]
    numbers = [person["iin"] for person in people if person.get("iin")]
    assert len(numbers) == len(set(numbers)) > 0
    assert all(identity.is_iin(number) and number[2:4] == "13" for number in numbers)


# --- Encryption ------------------------------------------------------------------------------


def test_a_ciphertext_belongs_to_its_row(settings: Settings) -> None:
    settings.FIELD_KEYS = f"k1:{OLD}"
    stored = crypto.encrypt("841317301336", bound_to=ROW)

    assert crypto.decrypt(stored, bound_to=ROW) == "841317301336"
    assert b"841317301336" not in stored
    with pytest.raises(InvalidTag):
        crypto.decrypt(stored, bound_to="personrecord.iin:18")
    changed = stored[:-1] + bytes([stored[-1] ^ 1])
    with pytest.raises(InvalidTag):
        crypto.decrypt(changed, bound_to=ROW)


def test_equal_numbers_have_different_ciphertexts_and_equal_indexes(settings: Settings) -> None:
    settings.FIELD_KEYS, settings.BLIND_INDEX_KEY = f"k1:{OLD}", NEW
    assert crypto.encrypt("841317301336", bound_to=ROW) != crypto.encrypt("841317301336", bound_to=ROW)
    assert crypto.blind_index("841317301336") == crypto.blind_index("841317301336")
    assert crypto.blind_index("841317301336") != crypto.blind_index("921308401469")
    index = crypto.blind_index("841317301336")
    settings.BLIND_INDEX_KEY = OLD
    assert crypto.blind_index("841317301336") != index


def test_keys_rotate(settings: Settings) -> None:
    settings.FIELD_KEYS = f"k1:{OLD}"
    old = crypto.encrypt("841317301336", bound_to=ROW)

    settings.FIELD_KEYS = f"k2:{NEW},k1:{OLD}"
    new = crypto.encrypt("841317301336", bound_to=ROW)
    assert (old[:3], new[:3]) == (b"k1:", b"k2:")
    assert crypto.decrypt(memoryview(old), bound_to=ROW) == crypto.decrypt(new, bound_to=ROW) == "841317301336"

    settings.FIELD_KEYS = f"k2:{NEW}"
    assert crypto.decrypt(new, bound_to=ROW) == "841317301336"
    with pytest.raises(KeyError):
        crypto.decrypt(old, bound_to=ROW)


def test_codes_are_stable_and_differ_by_purpose_and_thing() -> None:
    code = crypto.code("delivery", "4000000001")
    assert code == crypto.code("delivery", "4000000001")
    assert len(code) == 6
    assert code.isdigit()
    others = {crypto.code("delivery", str(number)) for number in range(200)} | {crypto.code("track", "4000000001")}
    assert len(others) > 195


# --- Payloads --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'"a\\u0000b"', "ab"),
        (b'"\\ud83d"', ""),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'{"a\\u0000": ["\\u0000", 1, null, true]}', {"a": ["", 1, None, True]}),
        ('"Қазақ"'.encode(), "Қазақ"),
        (b'"\\\\u0000"', "\\u0000"),
        (b"1.5e3", 1500.0),
    ],
)
def test_payloads_become_storable(body: bytes, value: Any) -> None:
    assert payloads.read(body) == value


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"[Infinity]", b"1e999", b"[" * 50_000, b"\xff\xfe\xfd", b"9" * 5000]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        payloads.read(body)


# --- Machines --------------------------------------------------------------------------------


class Light(models.TextChoices):
    RED = "red", "Red"
    GREEN = "green", "Green"
    DARK = "dark", "Dark"


STEPS = [
    Step("go", ("red",), "green", ("driver", "clock"), "Go"),
    Step("stop", ("green",), "red", ("driver",), "Stop"),
    Step("fail", ("red", "green"), "dark", ("clock",), "Fail"),
]


def test_a_machine_knows_who_may_do_what_when() -> None:
    machine = Machine("light", Light, STEPS)
    assert machine.actions("red", ["driver"]) == ["go"]
    assert machine.actions("red", ["clock", "driver"]) == ["go", "fail"]
    assert machine.actions("dark", ["driver", "clock"]) == []
    assert machine.actions("red", []) == []
    assert machine.find("go", "red", ["driver"]).target == "green"


@pytest.mark.parametrize(
    ("action", "state", "party"), [("stop", "red", "driver"), ("fail", "red", "driver"), ("x", "red", "clock")]
)
def test_an_illegal_step_names_the_legal_ones(action: str, state: str, party: str) -> None:
    machine = Machine("light", Light, STEPS)
    with pytest.raises(IllegalStep) as refusal:
        machine.find(action, state, [party])
    assert refusal.value.extra == {"action": action, "allowed": machine.actions(state, [party])}
    assert "Red" in str(refusal.value)


def test_a_step_into_an_unknown_state_is_a_mistake_in_the_table() -> None:
    with pytest.raises(ValueError, match="yellow"):
        Machine("light", Light, [Step("wait", ("red",), "yellow", ("driver",), "Wait")])


@pytest.mark.django_db
def test_taking_a_step_is_decided_by_the_row(marat: User) -> None:
    machine = Machine("draft", Draft.Status, [step := Step("discard", ("open",), "discarded", ("owner",), "Discard")])
    draft = Draft.objects.create(kind="sample", author=marat, updated_at=timezone.now())
    row = Draft.objects.filter(pk=draft.pk)

    machine.take(row, step, "open", rev=5)
    assert row.values_list("status", "rev").get() == ("discarded", 5)

    with pytest.raises(IllegalStep):
        machine.take(row, step, "open", rev=6)
    assert row.values_list("status", "rev").get() == ("discarded", 5)
