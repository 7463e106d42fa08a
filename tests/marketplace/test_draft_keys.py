"""The draft key (docs/adr/0012-draft-key.md): saving goes on without a session, and nothing else does."""

import hashlib
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from marketplace.drafts import keys, saving
from marketplace.models import Draft, DraftKey, DraftSave, Guardianship, Rule, User
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch, saved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_kind", "key_days")]

SignIn = Callable[[User], Client]


@pytest.fixture
def key_days() -> None:
    """The one rule that keys need: seven days."""
    Rule.objects.create(code="draft.key_days", valid_from="2024-01-01", value={"days": 7}, mark="D", legal_basis={})


@pytest.fixture
def marats(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> Client:
    """Marat's browser with a draft that holds his name."""
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"))
    return client


def key_for(client: Client, draft_id: uuid.UUID, device: str = "phone") -> str:
    response = client.post(f"{ROUTE}{draft_id}/key", {"device": device}, content_type="application/json")
    assert response.status_code == 200, response.content
    return response.json()["key"]


def by_key(draft_id: uuid.UUID, key: str, *ops: dict[str, Any], idempotency_key: str | None = None, **more: Any) -> Any:
    """A save of a device without session, cookies and CSRF token."""
    client = Client(enforce_csrf_checks=True)
    return patch(client, draft_id, body_of(*ops, **more), key=idempotency_key, **{"Draft-Key": key})


def same_as_no_key(response: Any, draft_id: uuid.UUID) -> bool:
    """A refusal must not tell one wrong key from another."""
    plain = patch(Client(), draft_id, body_of(op("name", "x")))
    return (response.status_code, response.content) == (401, plain.content)


# --- Giving it out ----------------------------------------------------------------------------


def test_who_fills_in_the_draft_gets_a_key_for_a_week_and_only_its_hash_is_kept(
    marats: Client, marat: User, draft_id: uuid.UUID
) -> None:
    with time_machine.travel(datetime(2026, 11, 22, 5, 0, tzinfo=UTC), tick=False):
        response = marats.post(f"{ROUTE}{draft_id}/key", {"device": "phone"}, content_type="application/json")

    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {"key", "expires_at"}
    assert datetime.fromisoformat(answer["expires_at"]) == datetime(2026, 11, 29, 5, 0, tzinfo=UTC)
    assert len(answer["key"]) == 22, "128 bits in 64 letters"
    row = DraftKey.objects.get()
    assert (row.draft_id, row.user, row.device) == (draft_id, marat, "phone")
    assert bytes(row.key_hash) == hashlib.sha256(answer["key"].encode()).digest()
    assert answer["key"] not in str(row.__dict__)


def test_strangers_missing_drafts_and_visitors_get_none(
    signed_in: SignIn, dina: User, marats: Client, draft_id: uuid.UUID
) -> None:
    stranger = signed_in(dina)
    for client, draft, status in (
        (stranger, draft_id, 404),
        (stranger, uuid.uuid4(), 404),
        (marats, uuid.uuid4(), 404),
        (Client(), draft_id, 401),
    ):
        response = client.post(f"{ROUTE}{draft}/key", {"device": "phone"}, content_type="application/json")
        assert response.status_code == status
    assert not DraftKey.objects.exists()


def test_a_key_for_a_draft_that_is_closed_is_refused(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    saving.discard(draft_id=draft_id, actor=marat)
    response = marats.post(f"{ROUTE}{draft_id}/key", {"device": "phone"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (409, "draft_closed")


def test_giving_out_a_key_needs_the_csrf_token(marat: User, draft_id: uuid.UUID, marats: Client) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(marat, "django.contrib.auth.backends.ModelBackend")
    response = browser.post(f"{ROUTE}{draft_id}/key", {"device": "phone"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (403, "csrf")


def test_a_new_key_takes_the_place_of_the_former_one_of_that_device_alone(marats: Client, draft_id: uuid.UUID) -> None:
    first, tablet = key_for(marats, draft_id), key_for(marats, draft_id, device="tablet")
    second = key_for(marats, draft_id)

    assert same_as_no_key(by_key(draft_id, first, op("note", "a")), draft_id)
    assert by_key(draft_id, second, op("note", "b")).status_code == 200
    assert by_key(draft_id, tablet, op("phone", "8 701")).status_code == 200


# --- What it can ------------------------------------------------------------------------------


def test_saving_goes_on_after_the_session_is_gone(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    key = key_for(marats, draft_id)
    Session.objects.all().delete()
    assert patch(marats, draft_id, body_of(op("name", "Марат Ә.", base=1))).status_code == 401, "control"

    response = by_key(draft_id, key, op("name", "Марат Әбенов", base=1), op("note", "көмек"))

    assert response.status_code == 200
    assert response.json()["r"] == {"name": {"s": "applied", "ver": 2}, "note": {"s": "applied", "ver": 1}}
    assert response["ETag"] == '"2"'
    draft = Draft.objects.get(pk=draft_id)
    assert draft.value("name") == "Марат Әбенов"
    assert draft.fields["name"]["by"] == marat.pk
    assert list(draft.saves.order_by("pk").values_list("via", "actor__username", "device")) == [
        ("", "marat", "phone"),
        ("key", "marat", "phone"),
    ]


def test_history_says_that_a_save_came_by_key(
    signed_in: SignIn, marats: Client, marat: User, draft_id: uuid.UUID
) -> None:
    by_key(draft_id, key_for(marats, draft_id), op("note", "a"))
    history = signed_in(marat).get(f"{ROUTE}{draft_id}/history").json()["results"]
    assert [save["via"] for save in history] == ["", "key"]


def test_the_device_is_the_keys_own_whatever_the_request_says(marats: Client, draft_id: uuid.UUID) -> None:
    key = key_for(marats, draft_id, device="tablet")
    response = by_key(draft_id, key, op("name", "Самат"), device="phone")
    assert response.json()["r"] == {"name": {"s": "conflict", "ver": 1}}, "the tablet has not seen version 1"
    assert DraftSave.objects.get(via="key").device == "tablet"


def test_a_request_that_is_repeated_without_its_session_has_one_effect(marats: Client, draft_id: uuid.UUID) -> None:
    key, body = key_for(marats, draft_id), body_of(op("name", "Марат Ә.", base=1))
    first = patch(marats, draft_id, body, key="k-1")

    again = patch(Client(), draft_id, body, key="k-1", **{"Draft-Key": key})

    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert again.json() == first.json()
    assert Draft.objects.get(pk=draft_id).fields["name"]["ver"] == 2
    assert DraftSave.objects.count() == 2

    other = body_of(op("note", "a"))
    by_device = patch(Client(), draft_id, other, key="k-2", **{"Draft-Key": key})
    by_session = patch(marats, draft_id, other, key="k-2")
    assert by_session["Idempotent-Replayed"] == "true"
    assert by_session.json() == by_device.json()
    assert DraftSave.objects.count() == 3


def test_a_session_sees_more_than_the_key_it_sends_along(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    key = key_for(marats, draft_id)
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    response = patch(marats, draft_id, body_of(op("phone", "8 701")), **{"Draft-Key": key})
    assert response.json()["r"]["phone"] == {"s": "conflict", "ver": 1, "theirs": "8 777", "by": gulnar.pk}
    assert not DraftSave.objects.filter(via="key").exists()


def test_a_session_without_its_csrf_token_saves_by_the_key(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    key, browser = key_for(marats, draft_id), Client(enforce_csrf_checks=True)
    browser.force_login(marat, "django.contrib.auth.backends.ModelBackend")
    assert patch(browser, draft_id, body_of(op("note", "a"))).status_code == 403, "control"
    assert patch(browser, draft_id, body_of(op("note", "a")), **{"Draft-Key": key}).status_code == 200
    assert DraftSave.objects.filter(via="key").count() == 1


# --- What it cannot ---------------------------------------------------------------------------


def test_nothing_but_saving_takes_a_key(marats: Client, draft_id: uuid.UUID) -> None:
    key, client = key_for(marats, draft_id), Client()
    given = {"Draft-Key": key, "Idempotency-Key": "k-9", "If-Match": '"1"'}
    for path in ("", "/history"):
        assert client.get(f"{ROUTE}{draft_id}{path}", headers=given).status_code == 401
    assert client.get(ROUTE.rstrip("/"), headers=given).status_code == 401
    for action, body in (
        ("resolve", {"f": "name", "pick": "mine", "base": 1}),
        ("bring-back", {"f": "name", "rev": 1}),
        ("submit", {}),
        ("discard", {}),
        ("restore", {}),
        ("key", {"device": "phone"}),
    ):
        response = client.post(f"{ROUTE}{draft_id}/{action}", body, content_type="application/json", headers=given)
        assert response.status_code == 401, action
    assert Draft.objects.get(pk=draft_id).status == "open"


def test_a_key_is_for_one_draft_and_creates_none(marats: Client, draft_id: uuid.UUID) -> None:
    key, other = key_for(marats, draft_id), uuid.uuid4()
    saved(marats, other, op("name", "x"))
    for draft in (other, uuid.uuid4()):
        assert same_as_no_key(by_key(draft, key, op("note", "a")), draft_id)
    assert Draft.objects.count() == 2


@pytest.mark.parametrize("wrong", ["x", "Ә" * 22, "a" * 22, " ", "A" * 5000])
def test_wrong_keys_answer_like_no_key(marats: Client, draft_id: uuid.UUID, wrong: str) -> None:
    key_for(marats, draft_id)
    assert same_as_no_key(by_key(draft_id, wrong, op("note", "a")), draft_id)
    assert DraftSave.objects.count() == 1


def test_a_key_runs_out_after_its_week(marats: Client, draft_id: uuid.UUID) -> None:
    started = timezone.now()
    key = key_for(marats, draft_id)
    with time_machine.travel(started + timedelta(days=6, hours=23)):
        assert by_key(draft_id, key, op("note", "a")).status_code == 200
    with time_machine.travel(started + timedelta(days=7, minutes=1)):
        assert same_as_no_key(by_key(draft_id, key, op("note", "b")), draft_id)


def test_a_conflict_tells_nothing_of_the_other_answer(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    key = key_for(marats, draft_id)
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")

    response = by_key(draft_id, key, op("phone", "8 701"))

    assert response.json()["r"] == {"phone": {"s": "conflict", "ver": 1}}
    assert "777" not in response.content.decode()
    assert Draft.objects.get(pk=draft_id).conflicts["phone"]["v"] == "8 701", "the question waits for a person"


@pytest.mark.parametrize("base", [0, 1, 7])
def test_values_cannot_be_found_by_guessing(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID, base: int
) -> None:
    """The right guess and a wrong one get the same answer, whatever version is claimed."""
    key = key_for(marats, draft_id)
    answers = []
    for guess in ("8 777", "8 700"):
        with_a_number = uuid.uuid4()
        saved(signed_in(gulnar), with_a_number, op("phone", "8 777"), device="office", beneficiary=marat_of(draft_id))
        key = key_for(marats, with_a_number)
        response = by_key(with_a_number, key, op("phone", guess, base=base))
        answers.append((response.json()["r"], response.json()["rev"], response["ETag"]))
    assert answers[0] == answers[1]


def marat_of(draft_id: uuid.UUID) -> int:
    beneficiary = Draft.objects.get(pk=draft_id).beneficiary_id
    assert beneficiary is not None
    return beneficiary


def test_control_a_session_is_told_that_a_value_is_the_same(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    assert saved(marats, draft_id, op("phone", "8 777"))["phone"]["s"] == "same"


def test_the_right_guess_of_an_old_version_asks_nobody_anything(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    key = key_for(marats, draft_id)
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    by_key(draft_id, key, op("phone", "8 777"))
    draft = Draft.objects.get(pk=draft_id)
    assert (draft.conflicts, draft.fields["phone"]["ver"]) == ({}, 1)
    assert DraftSave.objects.get(via="key").ops[0]["s"] == "same", "the log says what was"


def test_receipts_cannot_be_used_to_guess_what_was_saved(marats: Client, draft_id: uuid.UUID) -> None:
    """Another body under a known Idempotency-Key says "not this one": after five of them the key ends."""
    key = key_for(marats, draft_id)
    patch(marats, draft_id, body_of(op("phone", "8 701", base=0)), key="k-1")
    for number in range(keys.MAX_STRIKES):
        response = by_key(draft_id, key, op("phone", f"8 70{number + 2}"), idempotency_key="k-1")
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert same_as_no_key(by_key(draft_id, key, op("phone", "8 701"), idempotency_key="k-1"), draft_id)


def test_a_caseworkers_key_cannot_give_the_persons_consent(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    key = key_for(signed_in(gulnar), draft_id, device="office")
    assert by_key(draft_id, key, op("consent", True)).json()["r"] == {"consent": {"s": "locked", "ver": 0}}
    assert "consent" not in Draft.objects.get(pk=draft_id).fields


# --- When it ends -----------------------------------------------------------------------------


def ended(draft_id: uuid.UUID, key: str) -> bool:
    count = DraftSave.objects.count()
    return same_as_no_key(by_key(draft_id, key, op("note", "later")), draft_id) and DraftSave.objects.count() == count


def test_it_ends_when_the_draft_is_sent(marats: Client, draft_id: uuid.UUID) -> None:
    key = key_for(marats, draft_id)
    marats.post(
        f"{ROUTE}{draft_id}/submit", {}, content_type="application/json",
        headers={"Idempotency-Key": "s-1", "If-Match": '"1"'},
    )  # fmt: skip
    assert Draft.objects.get(pk=draft_id).status == "submitted"
    assert ended(draft_id, key)


def test_it_ends_when_the_draft_is_put_aside_and_stays_so_after_it_is_restored(
    marats: Client, draft_id: uuid.UUID
) -> None:
    key = key_for(marats, draft_id)
    marats.post(f"{ROUTE}{draft_id}/discard")
    assert ended(draft_id, key)
    assert marats.post(f"{ROUTE}{draft_id}/restore").status_code == 200
    assert ended(draft_id, key)


def test_it_ends_when_the_person_signs_out_on_that_device_alone(
    signed_in: SignIn, marats: Client, marat: User, draft_id: uuid.UUID
) -> None:
    here, there = key_for(marats, draft_id), key_for(signed_in(marat), draft_id, device="tablet")
    marats.post("/ru/account/logout/")
    assert ended(draft_id, here)
    assert by_key(draft_id, there, op("note", "a")).status_code == 200


def test_another_password_ends_every_key(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    key = key_for(marats, draft_id)
    marat.set_password("another long password")
    marat.save()
    assert ended(draft_id, key)


def test_an_account_that_is_closed_ends_every_key(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    key = key_for(marats, draft_id)
    User.objects.filter(pk=marat.pk).update(is_active=False)
    assert ended(draft_id, key)


def test_it_ends_with_the_right_to_the_draft(
    signed_in: SignIn, aigul: User, alikhan: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(aigul)
    saved(client, draft_id, op("name", "Әлихан"), beneficiary=alikhan.pk)
    key = key_for(client, draft_id)
    assert by_key(draft_id, key, op("note", "a")).status_code == 200, "control"
    Guardianship.objects.update(valid_to="2026-01-01")
    assert ended(draft_id, key)


def test_what_ends_between_the_look_and_the_save_is_refused_alike(
    marats: Client, marat: User, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, look = key_for(marats, draft_id), keys.holder_of

    def look_then_discard(*found: Any) -> keys.Holder | None:
        holder = look(*found)
        saving.discard(draft_id=draft_id, actor=marat)
        return holder

    monkeypatch.setattr(keys, "holder_of", look_then_discard)
    response = by_key(draft_id, key, op("note", "late"))
    monkeypatch.undo()
    assert same_as_no_key(response, draft_id)
    assert "note" not in Draft.objects.get(pk=draft_id).fields


# --- Too many wrong ones ----------------------------------------------------------------------


def test_wrong_keys_of_an_address_are_limited_and_good_ones_are_not(marats: Client, draft_id: uuid.UUID) -> None:
    cache.clear()
    key, body = key_for(marats, draft_id), body_of(op("note", "a"))

    def wrong(address: str) -> int:
        return Client(REMOTE_ADDR=address).patch(
            f"{ROUTE}{draft_id}", body, content_type="application/json",
            headers={"Draft-Key": "wrong", "Idempotency-Key": "k"},
        ).status_code  # fmt: skip

    assert {wrong("203.0.113.7") for _number in range(60)} == {401}
    assert wrong("203.0.113.7") == 429
    assert wrong("203.0.113.8") == 401, "another address has its own count"
    good = Client(REMOTE_ADDR="203.0.113.7")
    assert patch(good, draft_id, body, **{"Draft-Key": key}).status_code == 200
    cache.clear()
