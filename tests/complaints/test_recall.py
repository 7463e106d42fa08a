"""A stop of a sale reaches whoever has the goods, and marks the applications that name them."""

import uuid

import pytest

from complaints.measures import deciding
from marketplace import outbox
from marketplace.models import Draft, Notice
from orders import recalled
from orders.models import Delivery
from suppliers.models import StockRecord
from tests.complaints.factories import (
    at,
    make_complaint,
    make_guardian,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_supplier,
)

NOW = at("2026-12-04 10:00")
LAW = "Law No. 274-IV, article 42-4"


@pytest.fixture
def aigul():
    return make_person(language="en")


@pytest.fixture
def shop():
    return make_supplier()


@pytest.fixture
def line(aigul, shop):
    return delivered(make_line(person=aigul, supplier=shop), "L-17")


@pytest.fixture
def offer(line, shop):
    return StockRecord.objects.create(
        product=line.product, partner=shop, partner_sku="w", price=100, num_in_stock=5, num_allocated=0,
        status="published",
    )  # fmt: skip


@pytest.fixture
def danger(aigul, line):
    return make_complaint(person=aigul, line=line, subject="danger")


def delivered(line, lot, outcome=Delivery.Outcome.DELIVERED):
    Delivery.objects.create(order=line.order, attempt=1, outcome=outcome, at=NOW, by=line.order.user)
    line.lot = lot
    line.save(update_fields=["lot"])
    return line


def another(name, shop, product, lot, **more):
    made = make_line(person=make_person(name, phone="", language="en"), supplier=shop)
    made.product = product
    made.save(update_fields=["product"])
    return delivered(made, lot, **more)


def application(person, **fields):
    return Draft.objects.create(
        pk=uuid.uuid4(), kind="order", beneficiary=person, author=person, updated_at=NOW,
        fields={name: {"v": value, "ver": 1, "dev": "x", "by": person.pk, "at": NOW.isoformat()} for name, value in fields.items()},
    )  # fmt: skip


def stop(case, actor=None, **more):
    words = {"text": "The frame breaks.", "legal_basis": LAW}
    deciding.stop_sale(number=case.number, actor=actor or make_inspector(), now=NOW, **(words | more))
    outbox.drain()


def told(kind="order.recalled"):
    rows = Notice.objects.filter(kind=kind).order_by("pk")
    return {notice.recipient.username: notice.text for notice in rows}


def test_everybody_who_has_the_lot_is_told_and_nobody_else(danger, line, shop):
    another("same", shop, line.product, "l-17")
    another("other-lot", shop, line.product, "L-18")
    another("no-lot", shop, line.product, "")
    another("never-came", shop, line.product, "L-17", outcome=Delivery.Outcome.FAILED)
    another("other-shop", make_supplier("qadam", "Qadam"), line.product, "L-17")
    delivered(make_line(person=make_person("other-goods"), supplier=shop), "L-17")
    stop(danger, lot="L-17")
    found = told()
    assert set(found) == {"aigul", "same", "no-lot"}
    assert "Do not use" in found["same"] and "lot L-17: it may be dangerous" in found["same"]
    assert found["no-lot"].startswith("Look at the label")
    assert f"/en/orders/{line.order.number}/" in found["aigul"]


def test_without_a_lot_everybody_who_has_the_goods_of_this_supplier(danger, line, shop):
    another("other-lot", shop, line.product, "L-18")
    another("other-shop", make_supplier("qadam", "Qadam"), line.product, "L-17")
    stop(danger)
    assert set(told()) == {"aigul", "other-lot"}


def test_stopped_everywhere_it_is_everybodys(danger, line):
    another("other-shop", make_supplier("qadam", "Qadam"), line.product, "L-17")
    stop(danger, make_reviewer(), everywhere=True)
    assert set(told()) == {"aigul", "other-shop"}


def test_a_child_s_guardian_is_told(aigul, danger):
    guardian = make_guardian(aigul)
    stop(danger, lot="L-17")
    assert set(told()) == {guardian.username}


def test_who_has_the_goods_is_told_also_when_nobody_sells_them_any_more(danger):
    assert not StockRecord.objects.exists()
    stop(danger, lot="L-17")
    assert set(told()) == {"aigul"}


def test_a_second_run_tells_nobody_twice(danger, line):
    stop(danger, lot="L-17")
    from marketplace.models import OutboxRow

    OutboxRow.objects.filter(topic__in=("product.recalled", "order.recalled")).update(done_at=None)
    outbox.drain()
    assert Notice.objects.filter(kind="order.recalled").count() == 1


def test_many_holders_go_in_batches(danger, line, shop, monkeypatch):
    monkeypatch.setattr(recalled, "BATCH", 2)
    for number in range(4):
        another(f"holder-{number}", shop, line.product, "L-17")
    stop(danger, lot="L-17")
    assert len(told()) == 5


def test_open_applications_are_marked_and_their_owners_told(danger, offer, client):
    dana, first = make_person("dana", language="en"), str(offer.pk)
    chosen = application(dana, **{"line.a.offer": first})
    following = application(dana, **{"line.a.offer": "999999", "line.a.fallback": [first]})
    untouched = application(dana, **{"line.a.offer": "999999"})
    sent = application(dana, **{"line.a.offer": first})
    Draft.objects.filter(pk=sent.pk).update(status="submitted")
    client.force_login(dana)
    assert "Sale stopped" not in client.get("/en/applications/").content.decode()

    stop(danger)

    assert recalled.in_drafts([chosen.pk, following.pk, untouched.pk, sent.pk]) == {chosen.pk, following.pk}
    notices = Notice.objects.filter(kind="draft.recalled", recipient=dana)
    assert {notice.subject for notice in notices} == {f"draft:{chosen.pk}", f"draft:{following.pk}"}
    assert client.get("/en/applications/").content.decode().count("Sale stopped") == 2
    words = "The state has stopped the sale of goods in this application."
    assert words in client.get(f"/en/applications/{chosen.pk}/").content.decode()
    assert words not in client.get(f"/en/applications/{untouched.pk}/").content.decode()


def test_a_stop_that_is_refused_tells_nobody(danger, aigul):
    from marketplace.errors import Forbidden, NotFound

    with pytest.raises((Forbidden, NotFound)):
        stop(danger, aigul)
    outbox.drain()
    assert told() == {}
