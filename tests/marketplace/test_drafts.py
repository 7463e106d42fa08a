"""The save protocol of drafts, through the API (contract 3, guarantees G1 and G2)."""

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketplace.models import Draft, DraftSave, User
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch, saved

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_kind")]

SignIn = Callable[[User], Client]


def test_the_first_save_creates_the_draft_and_gives_a_receipt(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    body = body_of(op("name", "Марат"), op("phone", "8 701"))

    response = patch(signed_in(marat), draft_id, body)

    assert response.status_code == 200
    assert response["ETag"] == '"1"'
    assert response.json() == {
        "rev": 1,
        "sha256": hashlib.sha256(body.encode()).hexdigest(),
        "r": {"name": {"s": "applied", "ver": 1}, "phone": {"s": "applied", "ver": 1}},
    }
    draft = Draft.objects.get(pk=draft_id)
    assert (draft.kind, draft.status, draft.beneficiary, draft.author) == ("sample", "open", marat, marat)
    assert draft.fields["name"]["v"] == "Марат"
    assert draft.saves.get().device == "phone"


def test_only_the_sent_fields_change(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"), op("phone", "8 701"))

    assert saved(client, draft_id, op("phone", "8 702", base=1)) == {"phone": {"s": "applied", "ver": 2}}

    fields = Draft.objects.get(pk=draft_id).fields
    assert {name: entry["v"] for name, entry in fields.items()} == {"name": "Марат", "phone": "8 702"}


def test_incomplete_and_odd_values_are_saved_too(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    values = ["", "2026-12-", None, True, 0, ["a", "b"], {"x": [1]}, "Ә" * 3000]
    client = signed_in(marat)
    for base, value in enumerate(values):
        assert saved(client, draft_id, op("note", value, base=base))["note"]["s"] == "applied"
        assert client.get(f"{ROUTE}{draft_id}").json()["fields"]["note"]["v"] == value


def test_the_same_key_again_gives_the_same_answer_and_changes_nothing(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    client, body = signed_in(marat), body_of(op("name", "Марат"))
    first = patch(client, draft_id, body, key="k-1")
    patch(client, draft_id, body_of(op("name", "Марат Ә.", base=1)), key="k-2")

    again = patch(client, draft_id, body, key="k-1")

    assert again.status_code == 200
    assert again.content == first.content
    assert again["ETag"] == first["ETag"]
    assert again["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат Ә."
    assert DraftSave.objects.count() == 2


def test_a_key_stands_for_one_body(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    client = signed_in(marat)
    patch(client, draft_id, body_of(op("name", "Марат")), key="k-1")

    response = patch(client, draft_id, body_of(op("name", "Самат", base=1)), key="k-1")

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "idempotency_key_reused"
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат"


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_save_needs_a_key_of_decent_length(signed_in: SignIn, marat: User, draft_id: uuid.UUID, key: str) -> None:
    response = patch(signed_in(marat), draft_id, body_of(op("name", "Марат")), key=key)
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{broken", 400, "bad_request"),
        (b"", 400, "bad_request"),
        (b"[1, 2]", 400, "bad_request"),
        (b'{"device": "d", "ops": [{"f": "name", "v": NaN}]}', 400, "bad_request"),
        (b'{"ops": ' + b"[" * 30_000 + b"]" * 30_000 + b"}", 400, "bad_request"),
        (b'\xff{"device": "d", "ops": []}', 400, "bad_request"),
        (body_of(op("name", 1), op("name", 2)), 400, "field_repeated"),
        (body_of(op("", 1)), 400, "field_name"),
        (body_of(op("n" * 121, 1)), 400, "field_name"),
        (body_of(op("na\nme", 1)), 400, "field_name"),
        (json.dumps({"device": "d", "ops": [{"v": 1}]}), 422, "invalid"),
        (json.dumps({"device": "d", "ops": "name"}), 422, "invalid"),
        (json.dumps({"device": "d", "ops": [], "schema": 99_999}), 422, "invalid"),
        (json.dumps({"device": "d", "ops": [], "kind": "no-such-kind"}), 422, "invalid"),
        (b'{"device": "d", "ops": [{"f": "note", "v": "' + b"x" * 65_536 + b'"}]}', 413, "too_large"),
    ],
)
def test_unreadable_saves_are_refused_in_words(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID, body: bytes | str, status: int, code: str
) -> None:
    response = patch(signed_in(marat), draft_id, body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["title"]
    assert not Draft.objects.exists()


def test_a_body_of_exactly_64_kb_is_accepted(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    empty = body_of(op("note", ""))
    body = body_of(op("note", "x" * (64 * 1024 - len(empty))))
    assert len(body) == 64 * 1024
    assert patch(signed_in(marat), draft_id, body).status_code == 200


def test_what_the_database_cannot_hold_is_dropped_and_the_rest_kept(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(marat)
    body = '{"device": "d\\u0000", "kind": "sample", "ops": [{"f": "note", "v": "a\\u0000b\\ud83d"}]}'
    assert patch(client, draft_id, body).json()["r"]["note"]["s"] == "applied"
    assert Draft.objects.get(pk=draft_id).value("note") == "ab"
    assert DraftSave.objects.get().device == "d"


def test_numbers_beyond_every_column_are_no_error_of_ours(signed_in: SignIn, aigul: User, draft_id: uuid.UUID) -> None:
    body = body_of(op("name", "x", base=10**30, seq=10**30), beneficiary=10**30)
    assert patch(signed_in(aigul), draft_id, body).status_code == 404


def test_saving_the_live_value_again_is_no_new_version(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"))

    response = patch(client, draft_id, body_of(op("name", "Марат", base=1), device="tablet"))

    assert response.json()["r"] == {"name": {"s": "same", "ver": 1}}
    assert response["ETag"] == '"1"'


@pytest.mark.parametrize(("left", "right"), [(1, True), (0, False), ("1", 1), ([], None)])
def test_values_of_different_kinds_differ(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID, left: object, right: object
) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("note", left))
    assert saved(client, draft_id, op("note", right, base=1)) == {"note": {"s": "applied", "ver": 2}}


def test_unknown_fields_are_kept_in_the_log_not_in_the_form(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(marat)
    assert saved(client, draft_id, op("old.field", "text of an old page")) == {"old.field": {"s": "unknown", "ver": 0}}
    assert Draft.objects.get(pk=draft_id).fields == {}
    assert DraftSave.objects.get().ops[0]["v"] == "text of an old page"


def test_a_caseworker_cannot_give_the_persons_consent(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(marat), draft_id, op("name", "Марат"))
    results = saved(signed_in(gulnar), draft_id, op("consent", True), op("note", "helped"), device="office")
    assert results == {"consent": {"s": "locked", "ver": 0}, "note": {"s": "applied", "ver": 1}}
    assert "consent" not in Draft.objects.get(pk=draft_id).fields


def test_an_office_names_the_person_at_the_first_save(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(gulnar)
    refused = patch(client, draft_id, body_of(op("name", "Марат")))
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "beneficiary")

    saved(client, draft_id, op("name", "Марат"), beneficiary=marat.pk)

    draft = Draft.objects.get(pk=draft_id)
    assert (draft.beneficiary, draft.author) == (marat, gulnar)
    assert [item["id"] for item in signed_in(marat).get(ROUTE.rstrip("/")).json()["results"]] == [str(draft_id)]


@pytest.mark.parametrize("who", ["dina", "aigul"])
def test_foreign_and_missing_drafts_answer_alike(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID, who: str, request: pytest.FixtureRequest
) -> None:
    stranger = request.getfixturevalue(who)
    saved(signed_in(marat), draft_id, op("name", "Марат"))
    client, missing = signed_in(stranger), uuid.uuid4()

    for suffix in ("", "/history"):
        foreign, absent = client.get(f"{ROUTE}{draft_id}{suffix}"), client.get(f"{ROUTE}{missing}{suffix}")
        assert (foreign.status_code, foreign.content) == (404, absent.content)
    answer = {"f": "name", "pick": "mine", "base": 1}
    for action, data in (("resolve", answer), ("discard", None)):
        foreign = client.post(f"{ROUTE}{draft_id}/{action}", data, content_type="application/json")
        assert foreign.status_code == 404
    assert patch(client, draft_id, body_of(op("name", "чужой"), beneficiary=marat.pk)).status_code == 404
    assert client.get(ROUTE.rstrip("/")).json()["count"] == 0
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат"
    assert DraftSave.objects.count() == 1


def test_unchanged_drafts_are_not_sent_twice(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"))
    first = client.get(f"{ROUTE}{draft_id}")
    assert (first["ETag"], first["Cache-Control"]) == ('"1"', "private, no-store")
    assert first.json()["fields"]["name"].keys() == {"v", "ver", "by", "at"}

    assert client.get(f"{ROUTE}{draft_id}", headers={"If-None-Match": '"1"'}).status_code == 304

    saved(client, draft_id, op("name", "Марат Ә.", base=1))
    assert client.get(f"{ROUTE}{draft_id}", headers={"If-None-Match": '"1"'}).status_code == 200


def test_history_says_who_changed_what_from_where(
    signed_in: SignIn, marat: User, gulnar: User, draft_id: uuid.UUID
) -> None:
    saved(signed_in(marat), draft_id, op("name", "Марат"), device="phone")
    saved(signed_in(gulnar), draft_id, op("address", "Өскемен"), device="office")

    history = signed_in(marat).get(f"{ROUTE}{draft_id}/history").json()

    assert history["count"] == 2
    assert [(save["rev"], save["by_name"], save["device"]) for save in history["results"]] == [
        (1, "Марат Әбенов", "phone"),
        (2, "Гүлнар Оспанова", "office"),
    ]
    assert history["results"][1]["ops"] == [
        {"f": "address", "v": "Өскемен", "base": 0, "seq": 1, "s": "applied", "ver": 1}
    ]


def test_submitting_needs_the_reviewed_revision_and_happens_once(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"))

    def submit(key: str, rev: str | None) -> Any:
        headers = {"Idempotency-Key": key} | ({"If-Match": rev} if rev else {})
        return client.post(f"{ROUTE}{draft_id}/submit", content_type="application/json", headers=headers)

    assert submit("s-0", None).status_code == 400
    assert submit("", '"1"').status_code == 400
    assert submit("s-0", '"0"').status_code == 412
    assert Draft.objects.get(pk=draft_id).status == "open"

    first = submit("s-1", '"1"')
    assert (first.status_code, first.json()) == (201, {"orders": [{"number": "4000000001"}]})
    again = submit("s-1", '"1"')
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, first.content, "true")
    other = submit("s-2", '"1"')
    assert (other.status_code, other.json()["code"], other.json()["orders"]) == (
        409,
        "draft_closed",
        [{"number": "4000000001"}],
    )


def test_a_closed_draft_takes_no_new_answers_but_repeats_its_receipts(
    signed_in: SignIn, marat: User, draft_id: uuid.UUID
) -> None:
    client, body = signed_in(marat), body_of(op("name", "Марат"))
    receipt = patch(client, draft_id, body, key="k-1")
    client.post(
        f"{ROUTE}{draft_id}/submit",
        content_type="application/json",
        headers={"Idempotency-Key": "s-1", "If-Match": '"1"'},
    )

    late = patch(client, draft_id, body_of(op("name", "Самат", base=1)))

    assert (late.status_code, late.json()["code"]) == (409, "draft_closed")
    assert late.json()["orders"] == [{"number": "4000000001"}]
    assert patch(client, draft_id, body, key="k-1").content == receipt.content
    assert Draft.objects.get(pk=draft_id).value("name") == "Марат"


def test_a_discarded_draft_leaves_the_list(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> None:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"))
    assert client.post(f"{ROUTE}{draft_id}/discard").json() == {"status": "discarded"}
    assert client.get(ROUTE.rstrip("/")).json()["count"] == 0
    assert client.get(f"{ROUTE.rstrip('/')}?status=all").json()["count"] == 1


def test_the_list_reads_a_fixed_number_of_rows(
    signed_in: SignIn, marat: User, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(marat)
    for _number in range(6):
        saved(client, uuid.uuid4(), op("name", "Марат"))
    with django_assert_max_num_queries(6):
        data = client.get(ROUTE.rstrip("/")).json()
    assert (data["count"], len(data["results"]), data["next"]) == (6, 6, None)


def test_drafts_need_a_signed_in_person(draft_id: uuid.UUID) -> None:
    response = patch(Client(), draft_id, body_of(op("name", "x")))
    assert (response.status_code, response.json()["code"]) == (401, "sign_in")
    assert response["WWW-Authenticate"] == "Bearer"
