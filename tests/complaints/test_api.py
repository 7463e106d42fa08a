"""The API as a program meets it: shapes, bad input in three languages, rights, steps."""

import json

import pytest

from complaints import tracking
from complaints.models import Complaint
from marketplace.models import Event, Role
from tests.complaints.factories import (
    make_caseworker,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
    make_user,
)  # fmt: skip

API = "/api/v1"


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def supplier():
    return make_supplier()


@pytest.fixture
def line(aigul, supplier):
    return make_line(person=aigul, supplier=supplier)


def post(client, path, body=None, *, key="", language="en", raw=None):
    headers = {"Accept-Language": language} | ({"Idempotency-Key": key} if key else {})
    content = raw if raw is not None else json.dumps(body or {})
    return client.post(f"{API}{path}", content, content_type="application/json", headers=headers)


def told(line, **more):
    return {"order_line": line.pk, "subject": "defect", "text": "The wheel broke."} | more


def test_preview_says_who_why_by_which_law_and_until_when(client, aigul, line):
    client.force_login(aigul)
    answer = post(client, "/complaints/route", {"order_line": line.pk, "subject": "defect"})
    body = answer.json()
    assert answer.status_code == 200
    assert body["addressee"] == {"code": "jarqyn-med", "name": "Жарқын Мед", "kind": "supplier"}
    assert (body["rule"], body["escalates_to"]["code"], body["template"]) == ("R2", "dtzpp-KZ-79", "T2")
    assert "42-4" in body["legal_basis"]
    assert body["why"]
    assert body["deadline"]["explained"]
    assert not Complaint.objects.exists()


def test_filing_and_its_repetition(client, aigul, line):
    client.force_login(aigul)
    first = post(client, "/complaints", told(line), key="k1")
    again = post(client, "/complaints", told(line), key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replayed"] == "true"
    assert {"number", "tracking_code", "addressee", "due_at", "due_explained"} <= set(first.json())
    other_body = post(client, "/complaints", told(line, text="Another story."), key="k1")
    assert other_body.status_code == 422
    twice = post(client, "/complaints", told(line), key="k2")
    assert (twice.status_code, twice.json()["number"]) == (409, first.json()["number"])
    assert Complaint.objects.count() == 1


def test_a_key_is_needed(client, aigul, line):
    client.force_login(aigul)
    answer = post(client, "/complaints", told(line))
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize(
    ("language", "message"),
    [("en", "Tell in your own words what happened."), ("ru", None), ("kk", None)],
)
def test_bad_input_is_named_field_by_field(client, aigul, line, language, message):
    client.force_login(aigul)
    answer = post(client, "/complaints", told(line, text="", subject="??", channel="??"), key="k1", language=language)
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    errors = {error["field"]: error["message"] for error in answer.json()["errors"]}
    assert set(errors) == {"text", "subject", "channel"}
    assert all(errors.values())
    if message:
        assert errors["text"] == message
    assert not Complaint.objects.exists()


def test_broken_and_foreign_things(client, aigul, line):
    client.force_login(aigul)
    assert post(client, "/complaints", raw="{", key="k").status_code == 400
    assert post(client, "/complaints", raw="[]", key="k").status_code == 422
    for line_id in (999_999, 10**30, -1):
        answer = post(client, "/complaints", {"order_line": line_id, "subject": "defect", "text": "x"}, key="k")
        assert answer.status_code == 404, line_id
    assert post(client, "/complaints", told(line, order_line="abc"), key="k").status_code == 422
    assert client.get(f"{API}/complaints/C-2026-999999").status_code == 404
    assert client.get(f"{API}/complaints/%00").status_code in {400, 404}
    assert client.get(f"{API}/complaints/track?number=%00&code=1").status_code in {400, 404}
    assert client.get(f"{API}/complaints?status=%00&page=-4").status_code in {200, 400}
    assert client.get(f"{API}/complaints?page=999999999999999999999").status_code in {200, 422}
    nul = post(client, "/complaints", told(line, text="a\x00b", fields={"serial": "\x00"}), key="k3")
    assert nul.status_code == 201
    assert Complaint.objects.get().text == "ab"


def test_a_visitor_complains_about_a_supplier(client, supplier):
    answer = post(
        client, "/complaints",
        {"supplier": "jarqyn-med", "subject": "defect", "sphere": "durable", "text": "It broke.", "channel": "qr"},
        key="v1",
    )  # fmt: skip
    assert answer.status_code == 201
    body = answer.json()
    tracked = client.get(f"{API}/complaints/track", {"number": body["number"], "code": body["tracking_code"]})
    assert tracked.json()["status"] == "with_seller"
    assert tracked.json()["due_at"] == body["due_at"]
    assert "text" not in tracked.json()
    assert client.get(f"{API}/complaints/track?number={body['number']}&code=0000000000").status_code == 404
    assert client.get(f"{API}/complaints/{body['number']}").status_code == 401


def test_every_side_sees_its_part(client, aigul, supplier, line):
    complaint = make_complaint(person=aigul, line=line)
    number = complaint.number
    expected = {
        "person": (aigul, 200, True, {"phone": "+77000000001", "channel": "sms", "name": "Aigul"}),
        "supplier": (make_seller(supplier), 200, True, {"phone": "+77000000001", "channel": "sms", "name": "Aigul"}),
        "caseworker": (make_caseworker(), 200, True, {"phone": "+77000000001", "channel": "sms", "name": "Aigul"}),
        "ministry": (make_reviewer(), 200, True, None),
        "hotline": (make_user("hotline-user", Role.HOTLINE), 200, False, {"phone": "+7 ••• ••• 00 01"}),
        "auditor": (make_user("auditor", Role.AUDITOR), 200, False, None),
        "inspector": (make_inspector(), 404, None, None),
        "other supplier": (make_seller(make_supplier("altyn-qol", "Алтын Қол"), "gani"), 404, None, None),
        "other person": (make_person("zhanar"), 404, None, None),
        "other office": (make_caseworker("asel", "almaty"), 404, None, None),
    }
    for who, (user, status, texts, contact) in expected.items():
        client.force_login(user)
        answer = client.get(f"{API}/complaints/{number}")
        assert answer.status_code == status, who
        listed = client.get(f"{API}/complaints").json()
        assert listed["count"] == (1 if status == 200 else 0), who
        if status == 200:
            assert (answer.json()["text"] is not None) == texts, who
            assert answer.json()["contact"] == contact, who


def test_the_ministry_reaches_the_person_while_it_has_to_answer_itself(client, aigul, line):
    number = make_complaint(person=aigul, line=line).number
    client.force_login(make_reviewer())
    path = f"{API}/complaints/{number}"
    assert (client.get(path).json()["person"], client.get(path).json()["contact"]) == (None, None)
    Complaint.objects.filter(number=number).update(status="outcome_panel")
    assert client.get(path).json()["contact"]["phone"] == "+77000000001"


def test_the_supplier_does_not_see_a_hidden_name(client, aigul, supplier, line):
    complaint = make_complaint(person=aigul, line=line, hide_name=True)
    client.force_login(make_seller(supplier))
    body = client.get(f"{API}/complaints/{complaint.number}").json()
    assert (body["person"], body["contact"]) == (None, None)
    assert "Aigul" not in json.dumps(body)
    assert "+77000000001" not in json.dumps(body)


def test_looking_at_somebody_elses_case_is_logged(client, aigul, line):
    complaint = make_complaint(person=aigul, line=line)
    client.force_login(aigul)
    client.get(f"{API}/complaints/{complaint.number}")
    assert aigul.reads.count() == 0
    client.force_login(make_reviewer())
    client.get(f"{API}/complaints/{complaint.number}")
    row = aigul.reads.get()
    assert (row.actor.username, row.subject) == ("ministry", f"complaint:{complaint.number}")


def test_steps_through_the_api(client, aigul, supplier, line):
    number = make_complaint(person=aigul, line=line).number
    client.force_login(make_seller(supplier))
    assert client.get(f"{API}/complaints/{number}").json()["allowed"] == ["answer", "offer"]
    empty = post(client, f"/complaints/{number}/answer")
    assert (empty.status_code, empty.json()["errors"][0]["field"]) == (422, "text")
    answered = post(client, f"/complaints/{number}/answer", {"text": "Worn out."}, key="s1")
    replayed = post(client, f"/complaints/{number}/answer", {"text": "Worn out."}, key="s1")
    assert (answered.status_code, answered.json()["status"], answered.json()["whose_turn"]) == (
        200,
        "answered",
        "owner",
    )
    assert replayed["Idempotent-Replayed"] == "true"
    late = post(client, f"/complaints/{number}/offer", {"text": "A wheel"})
    assert (late.status_code, late.json()["code"], late.json()["allowed"]) == (409, "illegal_step", [])
    assert post(client, f"/complaints/{number}/confirm-outcome").status_code == 403

    client.force_login(aigul)
    rejected = post(client, f"/complaints/{number}/reject-answer", {"text": "It was new."}).json()
    assert (rejected["status"], rejected["addressee"]["code"]) == ("escalated", "dtzpp-KZ-79")
    client.force_login(make_inspector())
    decided = post(
        client, f"/complaints/{number}/decide", {"outcome": "satisfied", "text": "Replaced.", "returned": "100"}
    )
    assert decided.json()["proposed_outcome"] == "satisfied"
    client.force_login(aigul)
    closed = post(client, f"/complaints/{number}/confirm-outcome").json()
    assert (closed["status"], closed["outcome"], closed["confirmed_by_person"]) == ("closed", "satisfied", True)
    assert [step["after"] for step in closed["timeline"]] == [
        "with_seller",
        "answered",
        "escalated",
        "decided",
        "closed",
    ]
    assert Event.objects.filter(subject=f"complaint:{number}").count() == 5


def test_reports_are_public_and_checked(client, aigul, line):
    make_complaint(person=aigul, line=line)
    body = client.get(f"{API}/reports/complaints?from=2026-11-01&to=2026-11-30&region=kz-79").json()
    assert (body["examined"], body["outcomes"]["carried_over"], body["self_check"]) == (1, 1, "ok")
    published = client.get(f"{API}/reports/complaints?from=2024-01&to=2024-05&region=KZ-79").json()
    assert (published["examined"], published["imported"]) == (1902, True)
    for query in ("from=yesterday", "from=2026-11-30&to=2026-11-01", "region=atlantis", "from=0000-00"):
        assert client.get(f"{API}/reports/complaints?{query}").status_code == 422, query


def test_templates(client):
    body = client.get(
        f"{API}/complaint-templates?subject=defect&sphere=consumable", headers={"Accept-Language": "ru"}
    ).json()
    assert [form["code"] for form in body["results"]] == ["T1"]
    assert body["results"][0]["fields"][0]["label"] == "Номер партии (серии)"
    assert client.get(f"{API}/complaint-templates").json()["count"] == 21


def test_a_complaint_draft_becomes_a_complaint_once(client, aigul, line):
    client.force_login(aigul)
    url = f"{API}/drafts/6f1c9a52-3b52-4c8e-9f43-0d7d3a3f5a11"

    def save(fields, key):
        ops = [{"f": name, "v": value, "base": 0, "seq": 1} for name, value in fields.items()]
        return client.patch(
            url, json.dumps({"device": "d", "schema": 1, "kind": "complaint", "ops": ops}),
            content_type="application/json", headers={"Idempotency-Key": key},
        )  # fmt: skip

    saved = save({"line": line.pk, "subject": "defect", "answer.serial": 77, "nonsense": 1}, "a").json()
    assert (saved["r"]["line"]["s"], saved["r"]["nonsense"]["s"]) == ("applied", "unknown")

    def submit(rev, key):
        return client.post(f"{url}/submit", headers={"Idempotency-Key": key, "If-Match": f'"{rev}"'})

    empty = submit(1, "s1")
    assert (empty.status_code, [error["field"] for error in empty.json()["errors"]]) == (422, ["text"])
    save({"text": "The wheel broke."}, "b")
    assert submit(1, "s2").status_code == 412
    sent = submit(2, "s3")
    assert sent.status_code == 201
    assert sent.json()["tracking_code"] == tracking.code_of(sent.json()["number"])
    assert submit(2, "s3").json() == sent.json()
    closed = submit(2, "s4")
    assert (closed.status_code, closed.json()["number"]) == (409, sent.json()["number"])
    assert Complaint.objects.get().fields == {"serial": "77"}
