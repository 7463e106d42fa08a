"""The orders' API from outside: shapes, roles, refusals, the whole life."""

import json
import uuid

import pytest
from django.test import Client

from marketplace import crypto
from marketplace.api import hash_token
from marketplace.models import ApiToken, ReadLog, Role
from orders import fulfilment
from orders.models import Order
from tests.orders import factories as make


class Caller:
    """A program with a token."""

    def __init__(self, user, language: str = "en"):
        from django.utils import timezone

        self.http, self.language = Client(), language
        if user is not None:
            token = uuid.uuid4().hex
            expires = timezone.now() + timezone.timedelta(days=400)
            ApiToken.objects.create(user=user, token_hash=hash_token(token), expires_at=expires)
            self.auth = {"authorization": f"Bearer {token}"}
        else:
            self.auth = {}

    def get(self, path: str, **params):
        return self.http.get(f"/api/v1{path}", params, headers={"accept-language": self.language, **self.auth})

    def send(self, method: str, path: str, body=None, raw: bytes | None = None, **headers: str):
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.generic(
            method, f"/api/v1{path}", data, content_type="application/json",
            headers={"accept-language": self.language, **self.auth, **named},
        )  # fmt: skip

    def post(self, path: str, body=None, **more):
        return self.send("POST", path, body, **more)


@pytest.fixture
def call(family):
    return Caller


def code_of(order: Order) -> str:
    return crypto.code("delivery", order.number)


def test_entitlements_have_the_shape_of_the_contract(family, call):
    answer = call(family.aigul).get("/entitlements").json()
    assert answer["count"] == 2 and answer["next"] is None
    diapers = answer["results"][0]
    assert diapers["type"] == {"code": "child-diapers", "iso_code": "09 30", "name": "child-diapers en"}
    expected = {
        "status": "active", "remaining_quantity": 365, "unit": "piece", "period": "year",
        "next_date": "2027-01-01", "valid_to": "2029-12-31", "refusal": None,
        "guaranteed_sum": {"amount": "69350.00", "currency": "KZT"},
        "guaranteed_unit_sum": {"amount": "190.00", "currency": "KZT"},
        "remaining_sum": {"amount": "69350.00", "currency": "KZT"},
    }  # fmt: skip
    assert {name: diapers[name] for name in expected} == expected
    assert diapers["tranches"][0] == {
        "opens_on": "2026-10-01", "closes_on": "2026-12-31", "quantity": 365, "remaining_quantity": 365, "open": True,
    }  # fmt: skip
    family.order(2)
    assert call(family.aigul).get("/entitlements").json()["results"][0]["remaining_quantity"] == 305


def test_the_office_sees_its_own_people_and_leaves_a_trace(family, call):
    rows = call(family.gulnar).get("/entitlements").json()["results"]
    assert {row["beneficiary"]["id"] for row in rows} == {family.alihan.pk}
    assert ReadLog.objects.get(actor=family.gulnar).person == family.alihan
    assert call(family.gulnar).get("/entitlements", beneficiary=family.alihan.pk).json()["count"] == 2
    assert call(family.gulnar).get("/entitlements", beneficiary=999999).status_code == 404
    assert call(family.dina).get("/entitlements", beneficiary=family.alihan.pk).status_code == 404
    assert call(family.dina).get("/entitlements").json()["count"] == 0
    assert call(family.gulnar).get("/entitlements", beneficiary="x").status_code == 422
    assert call(None).get("/entitlements").status_code == 401


def test_submit_through_the_api(family, call):
    parent, draft = call(family.aigul), uuid.uuid4()
    fields = make.fields_for((family.walker, family.walker_offer, 1), (family.diapers, family.diaper_offer, 2))
    ops = [{"f": name, "v": value, "base": 0, "seq": 1} for name, value in fields.items()]
    body = {"device": "d", "schema": 1, "ops": ops}
    saved = parent.send("PATCH", f"/drafts/{draft}", body, idempotency_key="s1").json()
    path, rev = f"/drafts/{draft}/submit", f'"{saved["rev"]}"'
    assert parent.post(path, if_match=rev).status_code == 400
    assert parent.post(path, idempotency_key="k").status_code == 400
    assert parent.post(path, idempotency_key="k", if_match='"77"').status_code == 412
    answer = parent.post(path, idempotency_key="k", if_match=rev)
    assert answer.status_code == 201
    orders = answer.json()["orders"]
    assert [set(row) for row in orders] == [
        {"number", "supplier", "total", "state_pays", "you_pay", "delivery_price"}
    ] * 2
    again = parent.post(path, idempotency_key="k", if_match=rev)
    assert (again.status_code, again["Idempotent-Replayed"], again.json()) == (201, "true", answer.json())
    other = parent.post(path, idempotency_key="k2", if_match=rev)
    assert other.status_code == 409 and other.json()["orders"] == orders
    assert parent.get(f"/drafts/{draft}").json()["orders"] == orders
    assert Order.objects.count() == 2


def test_refusals_are_problems_in_the_callers_language(family, call):
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 13)))
    path, headers = f"/drafts/{draft.pk}/submit", {"idempotency_key": "k", "if_match": f'"{draft.rev}"'}
    answers = {code: call(family.aigul, code).post(path, **headers) for code in ("kk", "ru", "en")}
    for answer in answers.values():
        assert answer.status_code == 409 and answer["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["code"] == "ran_out" and problem["errors"][0]["field"] == "line.a.quantity"
        assert problem["alternatives"][0] == {"field": "line.a.quantity", "value": 12}
    make.save(draft.pk, family.aigul, {"line.a.quantity": "x", "contact.phone": ""})
    draft.refresh_from_db()
    answer = call(family.aigul).post(path, idempotency_key="k", if_match=f'"{draft.rev}"')
    assert answer.status_code == 422
    assert {(row["field"], row["code"]) for row in answer.json()["errors"]} == {
        ("line.a.quantity", "number"), ("contact.phone", "required"),
    }  # fmt: skip


def test_the_whole_life_through_the_api(family, call):
    order = family.order()
    parent, supplier, office = call(family.aigul), call(family.yerlan), call(family.gulnar)
    path = f"/orders/{order.number}"
    sent = supplier.get(path).json()
    assert sent["allowed"] == ["confirm", "decline"] and sent["whose_turn"] == "supplier"
    assert not {"delivery_code", "contact", "delivery", "beneficiary", "fallback"} & set(sent)
    assert sent["region"] == {"code": "KZ-63", "name": "East Kazakhstan Region"}
    assert "entitlement" not in sent["lines"][0]

    refused = supplier.post(f"{path}/ship")
    assert refused.status_code == 409 and refused.json()["allowed"] == ["confirm", "decline"]
    assert refused.json()["code"] == "illegal_step"
    assert supplier.post(f"{path}/confirm").json()["status"] == "confirmed"
    assert supplier.get(path).json()["contact"]["phone"] == "+77000000011"
    assert supplier.post(f"{path}/ship", {}).json()["status"] == "in_delivery"
    code = parent.get(path).json()["delivery_code"]
    assert code == code_of(order) and "delivery_code" not in office.get(path).json()
    wrong = supplier.post(f"{path}/deliver", {"code": "000000" if code != "000000" else "111111"})
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "code"
    assert supplier.post(f"{path}/deliver", {}).status_code == 422
    lots = {str(order.lines.get().pk): "L-1"}
    delivered = supplier.post(f"{path}/deliver", {"code": code, "lots": lots}).json()
    assert delivered["status"] == "delivered" and delivered["lines"][0]["lot"] == "L-1"
    assert parent.post(f"{path}/reject", {}).status_code == 422
    assert office.post(f"{path}/accept").status_code == 403
    accepted = parent.post(f"{path}/accept").json()
    assert accepted["status"] == "accepted" and accepted["allowed"] == []
    pdf = parent.get(f"{path}/act.pdf")
    assert pdf.status_code == 200 and pdf.content.startswith(b"%PDF") and pdf["Content-Type"] == "application/pdf"
    assert supplier.post(f"{path}/sign-act").json()["status"] == "reimbursement_pending"
    paid = office.post(f"{path}/pay").json()
    assert paid["status"] == "paid"
    assert [row["kind"] for row in paid["events"]] == [
        "order.sent", "order.confirmed", "order.shipped", "order.wrong_code", "order.delivered",
        "order.accepted", "order.act_signed", "order.paid",
    ]  # fmt: skip
    assert {row["by"] for row in paid["events"]} == {"guardian", "supplier", "caseworker"}


def test_lists_by_role(family, call):
    order = family.order()
    walker = make.make_orders(family.aigul, make.fields_for((family.walker, family.walker_offer, 1)))[0]
    expected = {
        family.aigul: {order.number, walker.number}, family.gulnar: {order.number, walker.number},
        family.yerlan: {order.number}, family.natalya: {walker.number}, family.marat: set(), family.dina: set(),
        make.make_user("roza", Role.HOTLINE): set(), make.make_user("viktor", Role.AUDITOR): {order.number, walker.number},
    }  # fmt: skip
    for user, numbers in expected.items():
        answer = call(user).get("/orders").json()
        assert {row["number"] for row in answer["results"]} == numbers, user
        assert answer["count"] == len(numbers)
    assert call(family.aigul).get("/orders", status="paid").json()["count"] == 0
    auditor = call(make.make_user("kim", Role.AUDITOR)).get(f"/orders/{order.number}").json()
    assert not {"contact", "delivery", "beneficiary", "delivery_code"} & set(auditor)


def test_foreign_and_missing_orders_answer_alike(family, call):
    order = family.order()
    marat = call(family.marat)
    for method, path in (("GET", ""), ("POST", "/confirm"), ("POST", "/accept"), ("GET", "/act.pdf")):
        foreign = marat.send(method, f"/orders/{order.number}{path}")
        missing = marat.send(method, f"/orders/1234567890{path}")
        assert foreign.status_code == missing.status_code == 404
        assert foreign.json() == missing.json()
    assert call(family.aigul).get(f"/orders/{order.number}/act.pdf").status_code == 404
    order.refresh_from_db()
    assert order.status == "sent"


def test_bad_bodies(family, call):
    order = family.order()
    supplier = call(family.yerlan)
    path = f"/orders/{order.number}"
    assert supplier.post(f"{path}/decline", raw=b"{broken").status_code == 400
    assert supplier.post(f"{path}/decline", {"reason": 5}).status_code == 422
    assert supplier.post(f"{path}/decline", {"reason": "x" * 1001}).status_code == 422
    assert supplier.post(f"{path}/no-such-step").status_code == 404
    assert supplier.get(f"{path}/confirm").status_code == 405
    assert call(None).post(f"{path}/confirm").status_code == 401
    order.refresh_from_db()
    assert order.status == "sent"


@pytest.mark.parametrize("size", [1, 8])
def test_the_list_needs_six_queries_for_any_number_of_orders(family, call, django_assert_max_num_queries, size):
    for _number in range(size):
        order = family.order(1)
        fulfilment.confirm(number=order.number, actor=family.yerlan)
        fulfilment.ship(number=order.number, actor=family.yerlan)
        fulfilment.fail_delivery(number=order.number, actor=family.yerlan)
    for user in (family.aigul, family.yerlan, family.gulnar):
        caller = call(user)
        with django_assert_max_num_queries(6):
            assert caller.get("/orders").json()["count"] == size
    with django_assert_max_num_queries(6):
        call(family.aigul).get("/entitlements")
