"""Bringing a former value back, and taking up a draft that was put aside, through the API."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketplace.models import Draft, DraftSave, Event, User
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch, saved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_kind")]

SignIn = Callable[[User], Client]


def bring_back(client: Client, draft_id: uuid.UUID, field: str, rev: int, key: str = "b-1", **more: Any) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    body = {"f": field, "rev": rev, **more}
    return client.post(f"{ROUTE}{draft_id}/bring-back", body, content_type="application/json", headers=headers)


@pytest.fixture
def marats(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> Client:
    """The note was "first" (1), "second" (2), "third" (3)."""
    client = signed_in(marat)
    for base, note in enumerate(("first", "second", "third")):
        saved(client, draft_id, op("note", note, base=base))
    return client


def test_a_former_value_comes_back_as_a_new_version(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    response = bring_back(marats, draft_id, "note", 1, device="tablet")

    assert (response.status_code, response["ETag"]) == (200, '"4"')
    assert response.json()["fields"]["note"]["v"] == "first"
    draft = Draft.objects.get(pk=draft_id)
    entry = draft.fields["note"]
    assert (entry["v"], entry["ver"], entry["by"], entry["dev"]) == ("first", 4, marat.pk, "tablet")
    last = draft.saves.order_by("-pk")[0]
    assert (last.rev, last.ops) == (
        4,
        [{"f": "note", "v": "first", "base": 3, "seq": 0, "from": 1, "s": "brought_back", "ver": 4}],
    )


def test_what_it_takes_the_place_of_can_be_brought_back_as_well(marats: Client, draft_id: uuid.UUID) -> None:
    bring_back(marats, draft_id, "note", 1)
    assert bring_back(marats, draft_id, "note", 3, key="b-2").json()["fields"]["note"]["v"] == "third"
    assert bring_back(marats, draft_id, "note", 4, key="b-3").json()["fields"]["note"]["v"] == "first"
    assert Draft.objects.get(pk=draft_id).fields["note"]["ver"] == 6


def test_the_same_key_again_changes_nothing_and_another_decision_under_it_is_refused(
    marats: Client, draft_id: uuid.UUID
) -> None:
    first = bring_back(marats, draft_id, "note", 1)
    again = bring_back(marats, draft_id, "note", 1)
    assert (again.status_code, again.json()["rev"]) == (200, first.json()["rev"])
    assert DraftSave.objects.count() == 4
    other = bring_back(marats, draft_id, "note", 2)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Draft.objects.get(pk=draft_id).value("note") == "first"


def test_the_live_value_again_is_no_new_version(marats: Client, draft_id: uuid.UUID) -> None:
    assert bring_back(marats, draft_id, "note", 3)["ETag"] == '"3"'
    assert Draft.objects.get(pk=draft_id).fields["note"]["ver"] == 3


@pytest.mark.parametrize(("field", "rev"), [("note", 9), ("note", 0), ("note", -1), ("phone", 1), ("nothing", 1)])
def test_a_value_that_never_was_cannot_come_back(marats: Client, draft_id: uuid.UUID, field: str, rev: int) -> None:
    response = bring_back(marats, draft_id, field, rev)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "rev")
    assert DraftSave.objects.count() == 3


def test_it_needs_a_key(marats: Client, draft_id: uuid.UUID) -> None:
    response = bring_back(marats, draft_id, "note", 1, key="")
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    assert Draft.objects.get(pk=draft_id).value("note") == "third"


def test_a_set_aside_value_comes_back_and_settles_its_question(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(gulnar), draft_id, op("note", "of the office", base=1), device="office")
    assert "note" in Draft.objects.get(pk=draft_id).conflicts

    response = bring_back(marats, draft_id, "note", 4)

    draft = Draft.objects.get(pk=draft_id)
    assert (response.status_code, draft.value("note"), draft.conflicts) == (200, "of the office", {})


def test_another_value_leaves_the_question_open(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(gulnar), draft_id, op("note", "of the office", base=1), device="office")
    bring_back(marats, draft_id, "note", 1)
    draft = Draft.objects.get(pk=draft_id)
    assert (draft.value("note"), draft.conflicts["note"]["v"]) == ("first", "of the office")


def test_a_specialist_answers_a_question_with_a_reason_only(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    office = signed_in(gulnar)
    saved(office, draft_id, op("note", "of the office", base=1), device="office")
    bring_back(office, draft_id, "note", 4)
    assert "note" in Draft.objects.get(pk=draft_id).conflicts


def test_a_field_that_the_actor_may_not_set_stays_refused(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(marats, draft_id, op("consent", True))
    saved(marats, draft_id, op("consent", False, base=1))
    assert bring_back(signed_in(gulnar), draft_id, "consent", 4).status_code == 403
    assert Draft.objects.get(pk=draft_id).value("consent") is False
    assert bring_back(marats, draft_id, "consent", 4).status_code == 200, "control: the person may"


def test_what_was_never_accepted_does_not_come_back(
    signed_in: SignIn, marats: Client, gulnar: User, draft_id: uuid.UUID
) -> None:
    """A refused consent of the office, and a field of an old form, stand in the log and stay there."""
    saved(signed_in(gulnar), draft_id, op("consent", True), op("old.field", "x"), device="office")
    for field in ("consent", "old.field"):
        assert bring_back(marats, draft_id, field, 3).status_code == 422


def test_a_closed_draft_and_a_foreign_one_are_refused(
    signed_in: SignIn, marats: Client, dina: User, draft_id: uuid.UUID
) -> None:
    assert bring_back(signed_in(dina), draft_id, "note", 1).status_code == 404
    marats.post(f"{ROUTE}{draft_id}/discard")
    response = bring_back(marats, draft_id, "note", 1)
    assert (response.status_code, response.json()["code"]) == (409, "draft_closed")
    assert Draft.objects.get(pk=draft_id).value("note") == "third"


# --- Restore ----------------------------------------------------------------------------------


def test_a_draft_that_was_put_aside_comes_back_whole(marats: Client, marat: User, draft_id: uuid.UUID) -> None:
    before = Draft.objects.get(pk=draft_id).fields
    marats.post(f"{ROUTE}{draft_id}/discard")
    refused = patch(marats, draft_id, body_of(op("note", "later", base=3)))
    assert (refused.status_code, refused.json()["code"]) == (409, "draft_closed")
    assert refused.json()["title"] != "", "it says that the draft was put aside, not that it was sent"

    response = marats.post(f"{ROUTE}{draft_id}/restore")

    assert (response.status_code, response.json()["status"], response["ETag"]) == (200, "open", '"3"')
    draft = Draft.objects.get(pk=draft_id)
    assert (draft.status, draft.discarded_at, draft.fields) == ("open", None, before)
    assert saved(marats, draft_id, op("note", "later", base=3))["note"]["s"] == "applied"
    events = Event.objects.filter(subject=f"draft:{draft_id}").order_by("pk")
    assert list(events.values_list("kind", "actor__username")) == [
        ("draft.discarded", "marat"),
        ("draft.restored", "marat"),
    ]


def test_restoring_an_open_draft_changes_nothing(marats: Client, draft_id: uuid.UUID) -> None:
    assert marats.post(f"{ROUTE}{draft_id}/restore").status_code == 200
    assert not Event.objects.exists()


def test_what_was_sent_is_not_restored(marats: Client, draft_id: uuid.UUID) -> None:
    marats.post(
        f"{ROUTE}{draft_id}/submit", {}, content_type="application/json",
        headers={"Idempotency-Key": "s-1", "If-Match": '"3"'},
    )  # fmt: skip
    response = marats.post(f"{ROUTE}{draft_id}/restore")
    assert (response.status_code, response.json()["orders"]) == (409, [{"number": "4000000001"}])
    assert Draft.objects.get(pk=draft_id).status == "submitted"


def test_a_stranger_restores_nothing(signed_in: SignIn, marats: Client, dina: User, draft_id: uuid.UUID) -> None:
    marats.post(f"{ROUTE}{draft_id}/discard")
    assert signed_in(dina).post(f"{ROUTE}{draft_id}/restore").status_code == 404
    assert Draft.objects.get(pk=draft_id).status == "discarded"
