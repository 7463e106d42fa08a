"""A lot is called back: every holder is told and asked, the supplier serves them without names, the ministry counts."""

import threading

import pytest
from django.db import connection
from django.test import Client

from marketplace import crypto, outbox
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Notice, OutboxRow, Role
from orders import fulfilment, holders
from orders.models import RecallHolder
from suppliers import recalls
from suppliers.models import LotRecall
from tests.orders import factories as make

TEXTS = {
    "reason_kk": "Рамасы сынады.",
    "reason_ru": "Рама ломается.",
    "what_to_do_kk": "Қолданбаңыз.",
    "what_to_do_ru": "Не пользуйтесь.",
}
LAW = "Law No. 274-IV, article 25"


@pytest.fixture
def asel(ground):
    return make.make_user("asel", Role.REVIEWER)


def handed_over(family, lot="L-17", actor=None, quantity=2, accept=True):
    order = family.order(quantity)
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    line = order.lines.get()
    fulfilment.deliver(
        number=order.number, actor=family.yerlan, code=crypto.code("delivery", order.number),
        lots={str(line.pk): lot} if lot else {},
    )  # fmt: skip
    if accept:
        fulfilment.accept(number=order.number, actor=family.aigul)
    return order


def announce(family, actor=None, lot="l-17", **more):
    given = {"product": family.diaper_offer.product_id, "lot": lot, "texts": TEXTS, "legal_basis": LAW}
    found = recalls.announce(**(given | more), actor=actor or family.yerlan)
    outbox.drain()
    return found


def client_of(user):
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def told():
    return list(Notice.objects.filter(kind="order.recalled").order_by("pk"))


def test_every_holder_is_told_once_in_her_language_and_asked(family):
    order, other = handed_over(family), handed_over(family, lot="L-18")
    unknown = handed_over(family, lot="")
    recall = announce(family)
    assert {holder.line.order.number for holder in recall.holders.all()} == {order.number, unknown.number}
    notices = {notice.subject: notice for notice in told()}
    assert set(notices) == {f"order:{order.number}", f"order:{unknown.number}"}
    notice = notices[f"order:{order.number}"]
    assert notice.recipient == family.aigul  # the child's guardian
    assert "Рамасы сынады. Қолданбаңыз." in notice.text and f"/kk/orders/{order.number}/" in notice.text
    assert "L-17" in notices[f"order:{unknown.number}"].text or "l-17" in notices[f"order:{unknown.number}"].text
    assert Event.objects.filter(kind="supplier.lot_recalled", subject=f"recall:{recall.pk}").count() == 1
    OutboxRow.objects.filter(topic__in=("supplier.lot_recalled", "order.recalled")).update(done_at=None)
    outbox.drain()
    assert len(told()) == 2 and recall.holders.count() == 2
    assert not RecallHolder.objects.filter(line__order=other).exists()


def test_goods_that_went_back_are_not_held(family):
    order = handed_over(family, accept=False)
    fulfilment.reject(number=order.number, actor=family.aigul, reason="Ылғал өтеді.")
    fulfilment.take_back(number=order.number, actor=family.yerlan)
    assert announce(family).holders.count() == 0


def test_goods_of_the_lot_are_not_handed_over_any_more_and_late_ones_are_asked_too(family):
    order = family.order(1)
    fulfilment.confirm(number=order.number, actor=family.yerlan)
    fulfilment.ship(number=order.number, actor=family.yerlan)
    recall, line, code = announce(family), order.lines.get(), crypto.code("delivery", order.number)
    with pytest.raises(Invalid) as refused:
        fulfilment.deliver(number=order.number, actor=family.yerlan, code=code, lots={str(line.pk): "L-17 "})
    assert [error.code for error in refused.value.errors] == ["called_back"]
    order.refresh_from_db()
    assert order.status == "in_delivery" and not order.deliveries.exists()
    # Without a lot it cannot be told: the person looks at the label.
    fulfilment.deliver(number=order.number, actor=family.yerlan, code=code)
    outbox.drain()
    assert [holder.line_id for holder in recall.holders.all()] == [line.pk]
    late = handed_over(family, lot="L-18")
    outbox.drain()
    assert not recall.holders.filter(line__order=late).exists()


@pytest.mark.parametrize(
    ("wrong", "fields"),
    [
        ({"lot": " "}, {"lot"}),
        ({"lot": "x" * 81}, {"lot"}),
        ({"texts": TEXTS | {"what_to_do_kk": " "}}, {"what_to_do_kk"}),
        ({"texts": TEXTS | {"reason_ru": "x" * 4001}}, {"reason_ru"}),
        ({"product": None}, {"product"}),
        ({"product": 10**12}, {"product"}),
        ({"legal_basis": "x" * 301, "lot": ""}, {"legal_basis", "lot"}),
    ],
)
def test_wrong_answers_are_named_and_change_nothing(family, wrong, fields):
    with pytest.raises(Invalid) as refused:
        announce(family, **wrong)
    assert {error.field for error in refused.value.errors} == fields
    assert not LotRecall.objects.exists() and not OutboxRow.objects.filter(topic="supplier.lot_recalled").exists()


def test_the_state_needs_a_law_and_a_supplier_and_others_may_not(family, asel):
    foreign = {"product": family.walker_offer.product_id}
    with pytest.raises(Invalid) as refused:
        announce(family, **foreign)  # Yerlan does not sell this walker
    assert [error.field for error in refused.value.errors] == ["product"]
    with pytest.raises(Invalid) as refused:
        announce(family, asel, legal_basis=" ")
    assert {error.field for error in refused.value.errors} == {"supplier", "legal_basis"}
    for user in (family.aigul, family.gulnar, make.make_user("audit", Role.AUDITOR)):
        with pytest.raises(Forbidden):
            announce(family, user)
    assert not LotRecall.objects.exists()
    assert announce(family, asel, supplier="jarqyn-med").by_state


def test_a_lot_is_called_back_once_while_it_runs(family):
    recall = announce(family)
    with pytest.raises(recalls.RunsAlready) as refused:
        announce(family, lot=" L-17")
    assert refused.value.extra == {"recall": recall.pk}
    holders.close(recall_id=recall.pk, actor=family.yerlan, result="Nobody had it.")
    assert announce(family).pk != recall.pk


def test_a_wish_is_the_persons_or_her_offices_and_can_be_changed_until_it_is_done(family):
    order = handed_over(family)
    recall = announce(family)
    holder = recall.holders.get()
    for stranger in (family.marat, family.dina, family.natalya):
        with pytest.raises(NotFound):
            holders.answer(holder_id=holder.pk, number=order.number, actor=stranger, wish="refund")
    with pytest.raises(Forbidden):
        holders.answer(holder_id=holder.pk, number=order.number, actor=family.yerlan, wish="refund")
    with pytest.raises(Invalid):
        holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="twice")
    with pytest.raises(holders.RecallIsOver):
        holders.serve(holder_id=holder.pk, recall_id=recall.pk, actor=family.yerlan)  # nobody wished anything
    holder.refresh_from_db()
    assert (holder.wish, holder.served_at) == ("", None)

    holders.answer(holder_id=holder.pk, number=order.number, actor=family.gulnar, wish="refund")
    holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="replacement")
    outbox.drain()
    seller = Notice.objects.filter(kind="recall.wished", recipient=family.yerlan)
    assert seller.count() == 2 and not any(str(family.alihan) in notice.text for notice in seller)
    with pytest.raises(NotFound):
        holders.serve(holder_id=holder.pk, recall_id=recall.pk, actor=family.natalya)
    holders.serve(holder_id=holder.pk, recall_id=recall.pk, actor=family.yerlan)
    outbox.drain()
    assert Notice.objects.filter(kind="recall.served", recipient=family.aigul).count() == 1
    with pytest.raises(holders.RecallIsOver):
        holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="keep")
    counted = holders.progress(recall.pk)
    assert vars(counted) == {
        "told": 1,
        "answered": 1,
        "replaced": 1,
        "refunded": 0,
        "repaired": 0,
        "kept": 0,
        "waiting": 0,
    }


def test_it_ends_when_nobody_waits_and_what_the_state_began_the_state_ends(family, asel):
    order = handed_over(family)
    recall = announce(family)
    with pytest.raises(holders.StillWaiting):
        holders.close(recall_id=recall.pk, actor=family.yerlan, result="Done.")
    with pytest.raises(Invalid):
        holders.close(recall_id=recall.pk, actor=asel, result=" ")
    recall.refresh_from_db()
    assert recall.status == "running"
    holders.answer(holder_id=recall.holders.get().pk, number=order.number, actor=family.aigul, wish="keep")
    holders.close(recall_id=recall.pk, actor=family.yerlan, result="Барлығы қайтарылды.")
    recall.refresh_from_db()
    assert recall.status == "closed" and recall.closed_by == family.yerlan

    second = announce(family, asel, supplier="jarqyn-med", lot="L-99")
    with pytest.raises(Forbidden):
        holders.close(recall_id=second.pk, actor=family.yerlan, result="Done.")
    holders.close(recall_id=second.pk, actor=asel, result="Nobody had it.")


def test_the_supplier_reaches_who_wants_another_one_and_nobody_else(family, monday):
    order = handed_over(family)
    recall = announce(family)
    holder = recall.holders.get()
    monday.shift(40 * 86400)
    page = client_of(family.yerlan)
    path = f"/ru/supplier/orders/{order.number}/"
    assert order.contact_phone not in page.get(path).content.decode()
    holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="keep")
    assert order.contact_phone not in page.get(path).content.decode()
    holders.answer(holder_id=holder.pk, number=order.number, actor=family.aigul, wish="replacement")
    assert order.contact_phone in page.get(path).content.decode()
    holders.serve(holder_id=holder.pk, recall_id=recall.pk, actor=family.yerlan)
    assert order.contact_phone not in page.get(path).content.decode()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_by_pages_from_the_call_to_the_end(family, language):
    order = handed_over(family)
    seller, mother, anybody = client_of(family.yerlan), client_of(family.aigul), Client()
    form = {"product": family.diaper_offer.product_id, "lot": "L-17", "legal_basis": "", **TEXTS}
    refused = seller.post(f"/{language}/recalls/new/", form | {"reason_kk": ""})
    assert refused.status_code == 422 and "Рама ломается." in refused.content.decode()
    page = seller.post(f"/{language}/recalls/new/", form).url
    outbox.drain()
    recall = LotRecall.objects.get()
    assert page == f"/{language}/recalls/{recall.pk}/"
    public = anybody.get(page).content.decode()
    assert recall.number in public and order.number not in public and "holders" not in public
    assert recall.number in anybody.get(f"/{language}/recalls/").content.decode()
    product = anybody.get(f"/{language}/catalog/{recall.product.slug}_{recall.product_id}/")
    assert product.status_code in {200, 404}  # a product without a search document has no page
    assert f"/orders/{order.number}/" in mother.get(f"/{language}/").content.decode()

    mine = f"/{language}/orders/{order.number}/"
    assert "L-17" in mother.get(mine).content.decode()
    holder = recall.holders.get()
    assert mother.post(f"{mine}recalls/{holder.pk}/", {"wish": ""}, follow=True).status_code == 200
    holder.refresh_from_db()
    assert holder.wish == ""
    assert mother.post(f"{mine}recalls/{holder.pk}/", {"wish": "replacement"}).url == mine

    desk = f"{page}holders/"
    listed = seller.get(desk).content.decode()
    assert order.number in listed and order.contact_phone not in listed and str(family.alihan) not in listed
    seller.post(desk, {"close": "1", "result": "Done."})
    recall.refresh_from_db()
    assert recall.status == "running"
    seller.post(desk, {"served": holder.pk})
    assert seller.post(desk, {"close": "1", "result": ""}).status_code == 422
    seller.post(desk, {"close": "1", "result": "Барлығы ауыстырылды."})
    recall.refresh_from_db()
    assert recall.status == "closed" and "Барлығы ауыстырылды." in anybody.get(page).content.decode()


def test_what_is_called_back_is_named_in_the_readers_language(family):
    product = family.diaper_offer.product
    product.title_ru = "Подгузники детские"
    product.save()
    order = handed_over(family)
    seller, mother = client_of(family.yerlan), client_of(family.aigul)
    path = f"/ru/recalls/new/?product={product.pk}"
    assert "Подгузники детские" in seller.get(path).content.decode(), "nobody calls back another one than she means"
    assert seller.get("/ru/recalls/new/?product=none").status_code == 200
    recall = announce(family)
    assert "Не пользуйтесь: Подгузники детские" in mother.get(f"/ru/orders/{order.number}/").content.decode()
    assert "Подгузники детские" in mother.get("/ru/").content.decode()
    page = f"/ru/recalls/{recall.pk}/"
    assert "Мои заказы</a></p>" in mother.get(page).content.decode()
    assert "Мои заказы</a></p>" not in seller.get(page).content.decode(), (
        "who follows the recall has nothing to send back"
    )


def test_pages_of_a_recall_are_for_its_own_people(family, asel):
    handed_over(family)
    recall = announce(family)
    path = f"/ru/recalls/{recall.pk}/holders/"
    for user, refused in ((family.natalya, 404), (family.aigul, 403), (family.gulnar, 403)):
        assert client_of(user).get(path).status_code == refused
        assert client_of(user).post(path, {"close": "1", "result": "x"}).status_code == refused
    assert Client().get(path).status_code == 302
    auditor = client_of(make.make_user("audit", Role.AUDITOR))
    assert auditor.get(path).status_code == 200
    assert auditor.post(path, {"close": "1", "result": "x"}).status_code == 403
    assert client_of(asel).get(path).status_code == 200
    assert client_of(family.aigul).get("/ru/recalls/new/").status_code == 403
    recall.refresh_from_db()
    assert recall.status == "running"


def test_by_the_api(family):
    order = handed_over(family)
    seller, mother, anybody = client_of(family.yerlan), client_of(family.aigul), Client()

    def post(client, path, body):
        return client.post(f"/api/v1{path}", body, content_type="application/json")

    body = {"product": family.diaper_offer.product_id, "lot": "L-17", **TEXTS}
    assert post(anybody, "/recalls", body).status_code == 401
    assert post(mother, "/recalls", body).status_code == 403
    assert post(seller, "/recalls", body | {"lot": ""}).json()["errors"][0]["field"] == "lot"
    made = post(seller, "/recalls", body)
    assert made.status_code == 201
    recall = made.json()["id"]
    outbox.drain()
    again = post(seller, "/recalls", body)
    assert (again.status_code, again.json()["code"]) == (409, "recall_runs")
    assert anybody.get("/api/v1/recalls").json()["count"] == 1
    assert anybody.get(f"/api/v1/recalls/{recall}").json()["lot"] == "L-17"
    assert mother.get(f"/api/v1/recalls/{recall}/holders").status_code == 404
    [mine] = mother.get(f"/api/v1/orders/{order.number}/recalls").json()["results"]
    path = f"/orders/{order.number}/recalls/{mine['id']}"
    assert post(mother, path, {"wish": "none"}).status_code == 422
    assert post(mother, path, {"wish": "refund"}).json()["wish"] == "refund"
    [held] = seller.get(f"/api/v1/recalls/{recall}/holders").json()["results"]
    assert held["order"] == order.number and "contact" not in held
    assert post(seller, f"/recalls/{recall}/close", {"result": "Done."}).json()["code"] == "holders_wait"
    assert post(seller, f"/recalls/{recall}/holders/{held['id']}/served", {}).json()["served_at"]
    assert seller.get(f"/api/v1/recalls/{recall}/progress").json()["refunded"] == 1
    assert post(seller, f"/recalls/{recall}/close", {"result": "Done."}).status_code == 204
    assert anybody.get(f"/api/v1/recalls/{recall}").json()["status"] == "closed"


@pytest.mark.django_db(transaction=True)
def test_two_who_call_the_same_lot_back_at_once_make_one_recall(family):
    barrier, refused = threading.Barrier(2), []

    def call_back():
        try:
            barrier.wait()
            recalls.announce(
                product=family.diaper_offer.product_id, lot="L-17", texts=TEXTS, legal_basis="", actor=family.yerlan
            )
        except recalls.RunsAlready as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=call_back) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert LotRecall.objects.count() == 1 and len(refused) == 1
