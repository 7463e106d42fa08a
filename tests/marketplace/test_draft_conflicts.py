"""Two people, one field: neither value is lost, a person decides (guarantee G1)."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketplace import outbox
from marketplace.models import Draft, Event, Notice, OutboxRow, User
from tests.marketplace.sample_draft import ROUTE, op, saved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_kind")]

SignIn = Callable[[User], Client]


def test_a_device_is_never_in_conflict_with_its_own_lost_answer(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "М"))
    saved(client, draft_id, op("name", "Мар", base=1))  # the answer with version 2 never arrived

    assert saved(client, draft_id, op("name", "Марат", base=1)) == {"name": {"s": "applied", "ver": 3}}


def test_a_newer_foreign_value_is_never_overwritten(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701", base=0))

    results = saved(signed_in(gulnar), draft_id, op("phone", "8 777", base=0), op("name", "Марат"), device="office")

    assert results == {
        "phone": {"s": "conflict", "ver": 1, "theirs": "8 701", "by": marat.pk},
        "name": {"s": "applied", "ver": 1},
    }
    draft = Draft.objects.get(pk=draft_id)
    assert draft.value("phone") == "8 701"
    assert draft.conflicts["phone"]["v"] == "8 777"

    mine = signed_in(marat).get(f"{ROUTE}{draft_id}").json()["conflicts"][0]
    assert (mine["f"], mine["yours"], mine["theirs"], mine["by"]) == ("phone", "8 701", "8 777", gulnar.pk)
    hers = signed_in(gulnar).get(f"{ROUTE}{draft_id}").json()["conflicts"][0]
    assert (hers["yours"], hers["theirs"], hers["by"]) == ("8 777", "8 701", marat.pk)


@pytest.mark.parametrize(
    ("who", "pick", "kept"), [("marat", "mine", "8 701"), ("marat", "theirs", "8 777"), ("gulnar", "mine", "8 777")]
)
def test_a_person_settles_a_conflict(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID, who: str, pick: str, kept: str
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701"))
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    client = signed_in({"marat": marat, "gulnar": gulnar}[who])

    def resolve() -> Any:
        return client.post(
            f"{ROUTE}{draft_id}/resolve",
            {"f": "phone", "pick": pick, "base": 1} | ({"reason": "phone"} if who == "gulnar" else {}),
            content_type="application/json",
            headers={"Idempotency-Key": "r-1"},
        )

    response = resolve()

    assert response.status_code == 200
    data = response.json()
    assert data["conflicts"] == []
    assert (data["fields"]["phone"]["v"], data["fields"]["phone"]["ver"]) == (kept, 2)
    assert response["ETag"] == '"3"'
    assert resolve().json()["rev"] == 3, "the same key again changes nothing"
    last = client.get(f"{ROUTE}{draft_id}/history").json()["results"][-1]
    assert (last["by"], last["ops"][0]["s"], last["ops"][0]["v"]) == (
        client_user(who, marat, gulnar).pk,
        "resolved",
        kept,
    )
    assert {last["ops"][0]["other"], kept} == {"8 701", "8 777"}


def client_user(who: str, marat: User, gulnar: User) -> User:
    return marat if who == "marat" else gulnar


def test_a_conflict_can_be_settled_by_a_third_value(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701"))
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    answer = {"f": "phone", "pick": "edit", "base": 1, "v": "8 705"}
    response = signed_in(marat).post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json")
    assert response.json()["fields"]["phone"]["v"] == "8 705"


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        ({"f": "phone", "pick": "mine", "base": 7}, 409, "changed"),
        ({"f": "name", "pick": "mine", "base": 1}, 409, "no_question"),
        ({"f": "phone", "pick": "nobody's", "base": 1}, 422, "invalid"),
        ({"f": "phone"}, 422, "invalid"),
    ],
)
def test_wrong_settlements_change_nothing(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID, answer: dict[str, Any], status: int, code: str
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701"))
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    before = Draft.objects.values().get(pk=draft_id)

    response = signed_in(marat).post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert Draft.objects.values().get(pk=draft_id) == before


def test_a_caseworker_does_not_settle_a_question_about_consent(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("consent", True))
    saved(client, draft_id, op("consent", False), device="tablet")
    answer = {"f": "consent", "pick": "edit", "base": 1, "v": True}
    response = signed_in(gulnar).post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json")
    assert response.status_code == 403
    assert "consent" in Draft.objects.get(pk=draft_id).conflicts


@pytest.mark.parametrize("reason", ["", "she said so", "PHONE"])
def test_a_specialist_decides_only_with_the_person(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID, reason: str
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701"))
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    before = Draft.objects.values().get(pk=draft_id)
    answer = {"f": "phone", "pick": "mine", "base": 1, "reason": reason}

    response = signed_in(gulnar).post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json")

    assert response.status_code == 422
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("reason", "required")]
    assert Draft.objects.values().get(pk=draft_id) == before
    assert not OutboxRow.objects.filter(topic="draft.decided_for_person").exists()


@pytest.mark.parametrize("reason", ["present", "phone"])
def test_the_person_reads_both_answers_and_how_it_was_decided(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID, reason: str
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701"))
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    answer = {"f": "phone", "pick": "mine", "base": 1, "reason": reason}
    client = signed_in(gulnar)
    assert client.post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json").status_code == 200

    event = Event.objects.get(kind="draft.decided_for_person")
    assert (event.actor, event.on_behalf_of, event.reason) == (gulnar, marat, reason)
    assert "8 7" not in str(event.data) + str(OutboxRow.objects.get(topic="draft.decided_for_person").payload)
    outbox.drain()
    notice = Notice.objects.get(kind="draft.decided_for_person")
    assert (notice.recipient, notice.channel) == (marat, "sms")
    assert "8 777" in notice.text and "8 701" in notice.text and "Гүлнар Оспанова" in notice.text
    last = client.get(f"{ROUTE}{draft_id}/history").json()["results"][-1]["ops"][0]
    assert (last["v"], last["other"], last["reason"]) == ("8 777", "8 701", reason)


def test_a_specialist_settles_her_own_two_answers_alone(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(gulnar)
    saved(client, draft_id, op("phone", "8 701"), device="desk", beneficiary=marat.pk)
    saved(client, draft_id, op("phone", "8 777"), device="tablet")
    answer = {"f": "phone", "pick": "mine", "base": 1}
    assert client.post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json").status_code == 200
    assert not Event.objects.filter(kind="draft.decided_for_person").exists()


def test_the_person_decides_without_saying_why(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(marat), draft_id, op("phone", "8 701"))
    saved(signed_in(gulnar), draft_id, op("phone", "8 777"), device="office")
    answer = {"f": "phone", "pick": "theirs", "base": 1}
    client = signed_in(marat)
    assert client.post(f"{ROUTE}{draft_id}/resolve", answer, content_type="application/json").status_code == 200
    assert not OutboxRow.objects.filter(topic="draft.decided_for_person").exists()
