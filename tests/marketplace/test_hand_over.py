"""A person tells a specialist six digits: help with one draft, for hours, stopped when she likes."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from marketplace import crypto, limits, outbox
from marketplace.drafts import hand_over, presence
from marketplace.models import ContinueCode, Draft, Event, HelpGrant, Notice, Office, ReadLog, User
from tests.concurrency.threads import Meeting
from tests.marketplace.racing import together
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch, saved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_kind", "master_data")]

SignIn = Callable[[User], Client]
CONTINUE = f"{ROUTE}continue"


@pytest.fixture(autouse=True)
def fresh_counts() -> Iterator[None]:
    """Tries of earlier tests do not count here."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ust_kamenogorsk(master_data: None) -> Office:
    return Office.objects.filter(region_id="KZ-63").order_by("pk")[0]


@pytest.fixture
def shymkent(master_data: None) -> Office:
    return Office.objects.filter(region_id="KZ-79").order_by("pk")[0]


@pytest.fixture
def saule(db: None) -> User:
    """An operator of 1414."""
    return User.objects.create(username="saule", full_name="Сәуле Ахметова", role="hotline", language="ru")


@pytest.fixture
def draft(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> Draft:
    saved(signed_in(marat), draft_id, op("name", "Марат"), op("phone", "8 701"))
    return Draft.objects.get(pk=draft_id)


def code_for(client: Client, draft: Draft) -> str:
    response = client.post(f"{ROUTE}{draft.pk}/continue-code")
    assert response.status_code == 201, response.content
    return str(response.json()["code"])


def enter(client: Client, code: str) -> Any:
    return client.post(CONTINUE, {"code": code}, content_type="application/json")


def wrong_one(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_code_opens_this_one_draft_and_no_other(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    other = uuid.uuid4()
    saved(signed_in(marat), other, op("name", "Марат"))
    helper = signed_in(dina)
    assert helper.get(f"{ROUTE}{draft.pk}").status_code == 404

    response = enter(helper, code_for(signed_in(marat), draft))

    assert (response.status_code, response.json()) == (200, {"draft": str(draft.pk)})
    assert helper.get(f"{ROUTE}{draft.pk}").json()["fields"]["name"]["v"] == "Марат"
    assert saved(helper, draft.pk, op("phone", "8 702", base=1), device="desk") == {"phone": {"s": "applied", "ver": 2}}
    assert helper.get(f"{ROUTE}{other}").status_code == 404
    assert [row["id"] for row in helper.get(ROUTE.rstrip("/")).json()["results"]] == [str(draft.pk)]


def test_the_digits_are_stored_nowhere_and_the_consent_is_an_event(
    signed_in: SignIn, marat: User, draft: Draft
) -> None:
    code = code_for(signed_in(marat), draft)

    assert len(code) == 6 and code.isdigit()
    row = ContinueCode.objects.get()
    assert bytes(row.digest) == crypto.digest("continue-code", code) and code.encode() not in bytes(row.digest)
    assert row.expires_at - row.made_at == timedelta(minutes=15)
    consent = Event.objects.get(kind="draft.help_agreed")
    assert (consent.actor, consent.subject, row.consent) == (marat, f"draft:{draft.pk}", consent)
    assert (consent.data["text"], consent.data["help_hours"], consent.data["code_minutes"]) == ("help-1", 24, 15)
    assert code not in str(Event.objects.values_list("data", flat=True))


def test_a_look_of_the_helper_is_logged_with_its_purpose(
    signed_in: SignIn, marat: User, saule: User, draft: Draft
) -> None:
    helper = signed_in(saule)
    enter(helper, code_for(signed_in(marat), draft))
    helper.get(f"{ROUTE}{draft.pk}")
    helper.get(f"{ROUTE}{draft.pk}", headers={"If-None-Match": '"1"'})

    rows = ReadLog.objects.filter(actor=saule)
    assert [(row.person, row.purpose, row.subject) for row in rows] == [(marat, "help", f"draft:{draft.pk}")] * 2


def test_used_replaced_expired_and_unknown_codes_answer_alike(
    signed_in: SignIn, marat: User, dina: User, gulnar: User, draft: Draft
) -> None:
    owner, helper = signed_in(marat), signed_in(dina)
    replaced = code_for(owner, draft)
    used = code_for(owner, draft)
    assert enter(helper, used).status_code == 200
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=16)):
        expired = code_for(signed_in(marat), draft)

    answers = [enter(signed_in(gulnar), code) for code in (replaced, used, expired, wrong_one(expired))]

    assert {answer.status_code for answer in answers} == {422}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["errors"][0]["code"] == "wrong"
    assert Event.objects.filter(kind="draft.code_refused", actor=gulnar).count() == 4
    assert HelpGrant.objects.count() == 1


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12a456", "١٢٣٤٥٦"])
def test_what_is_no_code_is_no_try(signed_in: SignIn, dina: User, typed: str) -> None:
    answer = enter(signed_in(dina), typed)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "digits")
    assert not Event.objects.filter(kind="draft.code_refused").exists()


@pytest.mark.parametrize("written", ["{0} {1}", "{0}-{1}", " {0}\u00a0{1} "])
def test_a_code_is_understood_as_people_write_it(
    signed_in: SignIn, marat: User, dina: User, draft: Draft, written: str
) -> None:
    code = code_for(signed_in(marat), draft)
    assert enter(signed_in(dina), written.format(code[:3], code[3:])).status_code == 200


def test_only_specialists_enter_codes_and_only_the_person_makes_them(
    signed_in: SignIn, marat: User, aigul: User, gulnar: User, dina: User, draft: Draft
) -> None:
    code = code_for(signed_in(marat), draft)
    assert enter(signed_in(aigul), code).status_code == 403
    assert enter(signed_in(marat), code).status_code == 403
    assert signed_in(gulnar).post(f"{ROUTE}{draft.pk}/continue-code").status_code == 403
    assert signed_in(dina).post(f"{ROUTE}{draft.pk}/continue-code").status_code == 404
    assert enter(Client(), code).status_code == 401
    assert ContinueCode.objects.get().used_at is None


def test_the_tenth_wrong_code_is_the_last_try_also_for_the_right_one(
    signed_in: SignIn, marat: User, dina: User, gulnar: User, draft: Draft
) -> None:
    code = code_for(signed_in(marat), draft)
    helper = signed_in(dina)
    for _number in range(10):
        assert enter(helper, wrong_one(code)).status_code == 422

    refused = enter(helper, code)

    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
    assert refused["Retry-After"] == "900"
    assert Event.objects.filter(kind="draft.code_refused", actor=dina).count() == 10
    assert enter(signed_in(gulnar), code).status_code == 200, "another specialist is not kept waiting"


def test_right_codes_do_not_count_as_tries(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    owner, helper = signed_in(marat), signed_in(dina)
    for _number in range(11):
        assert enter(helper, code_for(owner, draft)).status_code == 200
    assert HelpGrant.objects.filter(ended_at=None).count() == 1


def test_without_a_count_of_tries_no_code_is_looked_at(
    signed_in: SignIn, marat: User, dina: User, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_for(signed_in(marat), draft)
    monkeypatch.setattr(limits.cache, "get", lambda *args, **kwargs: None)
    assert enter(signed_in(dina), code).status_code == 503
    assert ContinueCode.objects.get().used_at is None


def test_help_ends_after_its_hours(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    enter(signed_in(dina), code_for(signed_in(marat), draft))
    until = HelpGrant.objects.get().until
    with time_machine.travel(until - timedelta(minutes=1)):
        assert signed_in(dina).get(f"{ROUTE}{draft.pk}").status_code == 200
    with time_machine.travel(until + timedelta(minutes=1)):
        helper = signed_in(dina)
        assert helper.get(f"{ROUTE}{draft.pk}").status_code == 404
        assert patch(helper, draft.pk, body_of(op("phone", "8 703", base=1))).status_code == 404
    assert Draft.objects.get(pk=draft.pk).value("phone") == "8 701"


def test_the_person_stops_the_help_at_once(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    owner, helper = signed_in(marat), signed_in(dina)
    enter(helper, code_for(owner, draft))
    waiting = code_for(owner, draft)

    assert owner.delete(f"{ROUTE}{draft.pk}/help").json() == {"status": "stopped"}

    assert helper.get(f"{ROUTE}{draft.pk}").status_code == 404
    assert patch(helper, draft.pk, body_of(op("phone", "8 703", base=1))).status_code == 404
    assert enter(helper, waiting).status_code == 422
    assert HelpGrant.objects.get().ended_because == "stopped"
    again = owner.delete(f"{ROUTE}{draft.pk}/help")
    assert (again.status_code, again.json()["code"]) == (409, "nobody_helps")


def test_the_helper_stops_nothing(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    enter(signed_in(dina), code_for(signed_in(marat), draft))
    assert signed_in(dina).delete(f"{ROUTE}{draft.pk}/help").status_code == 403
    assert HelpGrant.objects.get().ended_at is None


def test_help_ends_with_the_draft_and_does_not_come_back_with_it(
    signed_in: SignIn, marat: User, dina: User, draft: Draft
) -> None:
    owner, helper = signed_in(marat), signed_in(dina)
    enter(helper, code_for(owner, draft))
    waiting = code_for(owner, draft)
    owner.post(f"{ROUTE}{draft.pk}/discard")
    assert helper.get(f"{ROUTE}{draft.pk}").status_code == 404
    Draft.objects.filter(pk=draft.pk).update(status="open", discarded_at=None)
    assert helper.get(f"{ROUTE}{draft.pk}").status_code == 404
    assert enter(helper, waiting).status_code == 422
    assert HelpGrant.objects.get().ended_because == "discarded"


def test_a_sent_draft_is_closed_to_the_helper(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    owner, helper = signed_in(marat), signed_in(dina)
    enter(helper, code_for(owner, draft))
    headers = {"Idempotency-Key": "k", "If-Match": '"1"'}
    assert owner.post(f"{ROUTE}{draft.pk}/submit", headers=headers).status_code == 201
    assert helper.get(f"{ROUTE}{draft.pk}").status_code == 404
    assert helper.get(ROUTE.rstrip("/")).json()["count"] == 0


def test_the_helper_neither_puts_aside_nor_consents(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    helper = signed_in(dina)
    enter(helper, code_for(signed_in(marat), draft))

    refused = helper.post(f"{ROUTE}{draft.pk}/discard")

    assert (refused.status_code, refused.json()["code"]) == (403, "only_helps")
    assert saved(helper, draft.pk, op("consent", True), device="desk") == {"consent": {"s": "locked", "ver": 0}}
    draft.refresh_from_db()
    assert (draft.status, draft.value("consent")) == ("open", None)


def test_the_person_hears_who_began_to_help(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    enter(signed_in(dina), code_for(signed_in(marat), draft))
    outbox.drain()
    notice = Notice.objects.get(kind="draft.help_began")
    assert (notice.recipient, notice.language) == (marat, "ru")
    assert "Дина Жақыпова" in notice.text and "dina" not in notice.text


# --- Who else is here ---------------------------------------------------------------------------------------


def here(client: Client, draft: Draft, device: str = "phone", language: str = "ru") -> Any:
    return client.post(
        f"{ROUTE}{draft.pk}/presence",
        {"device": device},
        content_type="application/json",
        headers={"Accept-Language": language},
    )


def test_people_see_who_else_has_the_draft_open(signed_in: SignIn, marat: User, gulnar: User, draft: Draft) -> None:
    owner, office = signed_in(marat), signed_in(gulnar)
    assert here(owner, draft).json() == {"others": []}
    assert here(office, draft, "desk").json() == {"others": [{"name": "Марат Әбенов", "role": "beneficiary"}]}
    assert here(owner, draft, "tablet", "en").json() == {
        "others": [{"name": "A specialist of the social office", "role": "caseworker"}]
    }
    assert "gulnar" not in here(owner, draft).content.decode()


def test_who_was_silent_for_half_a_minute_is_gone(signed_in: SignIn, marat: User, gulnar: User, draft: Draft) -> None:
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        here(signed_in(marat), draft)
        clock.shift(timedelta(seconds=29))
        assert len(here(signed_in(gulnar), draft).json()["others"]) == 1
        clock.shift(timedelta(seconds=2))
        assert here(signed_in(gulnar), draft).json() == {"others": []}


def test_without_the_cache_nobody_is_there(
    signed_in: SignIn, marat: User, gulnar: User, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    here(signed_in(marat), draft)
    monkeypatch.setattr(presence.cache, "get", lambda *args, **kwargs: None)
    monkeypatch.setattr(presence.cache, "set", lambda *args, **kwargs: None)
    assert here(signed_in(gulnar), draft).json() == {"others": []}


def test_strangers_are_not_told_who_is_there(signed_in: SignIn, marat: User, dina: User, draft: Draft) -> None:
    here(signed_in(marat), draft)
    assert here(signed_in(dina), draft).status_code == 404


# --- At the same moment -----------------------------------------------------------------------------------


@pytest.fixture
def specialists(transactional_db: None, signed_in: SignIn, dina: User, gulnar: User) -> list[Client]:
    return [signed_in(dina), signed_in(gulnar)]


def both_enter(specialists: list[Client], code: str, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Both have looked the code up before either goes on."""
    meeting, look = Meeting(2), hand_over._waiting_with

    def look_together(digest: bytes, now: datetime) -> ContinueCode | None:
        found = look(digest, now)
        meeting.wait()
        return found

    monkeypatch.setattr(hand_over, "_waiting_with", look_together)
    return sorted(together(lambda number: enter(specialists[number], code).status_code, 2))


@pytest.mark.django_db(transaction=True)
def test_two_who_enter_one_code_at_once_one_wins(
    specialists: list[Client], signed_in: SignIn, marat: User, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert both_enter(specialists, code_for(signed_in(marat), draft), monkeypatch) == [200, 422]
    assert HelpGrant.objects.count() == 1
    assert Event.objects.filter(kind="draft.code_refused").count() == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_row_count_one_code_lets_two_in(
    specialists: list[Client], signed_in: SignIn, marat: User, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_only(code: ContinueCode, actor: User, now: datetime) -> bool:
        ContinueCode.objects.filter(pk=code.pk).update(used_at=now, used_by=actor)
        return True

    monkeypatch.setattr(hand_over, "_take", write_only)
    assert both_enter(specialists, code_for(signed_in(marat), draft), monkeypatch) == [200, 200]
    assert HelpGrant.objects.count() == 2
