"""A delivery that is paid separately: once for an order, by the person, seen before she sends and told ever after."""

import json
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import translation

from marketplace.errors import Changed
from marketplace.models import Draft
from orders import act, fulfilment, signing
from orders.models import Act, LedgerTransfer, Line, Order
from suppliers.models import StockRecord
from tests.orders import factories as make
from tests.orders.test_fulfilment import delivered
from tests.orders.test_next_offers import options
from tests.orders.test_pages_ordering import hidden, signed_in  # noqa: F401

TOLD, UNTOLD = "Delivery 1,500 ₸, paid to the supplier.", "The supplier has not said how much."


def asks(offer: StockRecord, price: str | None) -> None:
    """What the supplier asks for bringing one order; None: it says only that it is paid separately."""
    StockRecord.objects.filter(pk=offer.pk).update(delivery_included=False, delivery_price=price)


@pytest.fixture
def apart(family):
    """Jarqyn asks 1,500 ₸ for bringing an order; the state pays its diapers in full."""
    asks(family.diaper_offer, "1500.00")
    return family


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode().replace("\u00a0", " ")


def sums(order: Order) -> tuple[Decimal, Decimal, Decimal, str]:
    order.refresh_from_db()
    assert order.shipping_incl_tax == order.shipping_excl_tax
    assert order.total_incl_tax == order.total_excl_tax == order.state_pays + order.you_pay
    return order.shipping_incl_tax, order.state_pays, order.you_pay, order.shipping_code


def test_it_is_shown_sent_and_told(apart, signed_in):  # noqa: F811
    client = signed_in(apart.aigul)
    draft = make.make_draft(apart.aigul, make.fields_for((apart.diapers, apart.diaper_offer, 2)))
    goods = page(client, f"/en/applications/{draft.pk}/goods/")
    assert "You pay 0 ₸ for the goods." in goods and TOLD in goods
    check = page(client, f"/en/applications/{draft.pk}/check/")
    assert TOLD in check and "Together 12,900 ₸: the state pays 11,400 ₸, you pay 1,500 ₸." in check
    assert "You pay 1,500 ₸ in all." in check and 'name="you_pay" value="1500.' in check

    answer = client.get(f"/en/applications/{draft.pk}/check/")
    boxes = {name: hidden(answer, name) for name in ("rev", "key", "you_pay")}
    sent = client.post(f"/en/applications/{draft.pk}/check/", boxes | {"consent.terms": "on"})
    assert sent.status_code == 302
    order = Order.objects.get()
    assert sums(order) == (Decimal(1500), Decimal(11400), Decimal(1500), "apart")
    line = Line.objects.get()
    assert (line.line_price_incl_tax, line.state_pays, line.you_pay) == (Decimal(11400), Decimal(11400), Decimal(0))
    assert [(row.amount, row.quantity) for row in LedgerTransfer.objects.all()] == [(Decimal(11400), 60)]
    receipt = page(client, sent["Location"])
    assert TOLD in receipt and "The state pays 11,400 ₸, you pay 1,500 ₸." in receipt
    own = page(client, f"/en/orders/{order.number}/")
    assert TOLD in own and "Together 12,900 ₸: the state pays 11,400 ₸, the person pays 1,500 ₸." in own
    assert TOLD in page(signed_in(apart.yerlan), f"/en/supplier/orders/{order.number}/")
    told = client.get(f"/api/v1/orders/{order.number}").json()
    assert (told["delivery_terms"], told["delivery_price"]["amount"], told["you_pay"]["amount"]) == (
        "apart", "1500.00", "1500.00",
    )  # fmt: skip
    assert told["lines"][0]["you_pay"]["amount"] == "0.00"
    alihan = signed_in(apart.alihan)
    assert TOLD in page(alihan, "/en/account/data/")


def test_lines_of_one_supplier_are_brought_together_and_each_supplier_by_itself(apart):
    asks(apart.walker_offer, "4000.00")
    pads_type = make.make_type("bed-pads")
    pads = make.make_entitlement(apart.alihan, pads_type)
    pad_offer = make.make_offer(make.make_product(pads_type), apart.jarqyn)
    asks(pad_offer, "900.00")
    fields = make.fields_for(
        (apart.diapers, apart.diaper_offer, 2), (pads, pad_offer, 1), (apart.walker, apart.walker_offer, 1)
    )
    diapers, walker = make.make_orders(apart.aigul, fields)
    assert sums(diapers) == (Decimal(1500), Decimal(17100), Decimal(1500), "apart"), "the dearest of its offers, once"
    assert sums(walker) == (Decimal(4000), Decimal(160000), Decimal(16500), "apart")


@pytest.mark.parametrize("price", ["1500.01", None])
def test_another_price_between_the_check_and_the_sending_is_asked_about(apart, price):
    draft = make.make_draft(apart.aigul, make.fields_for((apart.diapers, apart.diaper_offer, 2)))
    asks(apart.diaper_offer, price)
    with pytest.raises(Changed):
        make.submit(draft, apart.aigul, seen_you_pay=Decimal("1500.00"))
    assert not Order.objects.exists() and not LedgerTransfer.objects.exists()
    assert Draft.objects.get().status == Draft.Status.OPEN
    asks(apart.diaper_offer, "1500.00")  # the control: only this stood in the way
    make.submit(draft, apart.aigul, seen_you_pay=Decimal("1500.00"))
    assert Order.objects.get().you_pay == Decimal(1500)


def test_a_delivery_of_which_nobody_has_said_the_price_is_told_as_that(apart, signed_in):  # noqa: F811
    asks(apart.diaper_offer, None)
    client = signed_in(apart.aigul)
    draft = make.make_draft(apart.aigul, make.fields_for((apart.diapers, apart.diaper_offer, 2)))
    assert UNTOLD in page(client, f"/en/applications/{draft.pk}/goods/")
    assert UNTOLD in page(client, f"/en/applications/{draft.pk}/check/")
    [order] = make.make_orders(apart.aigul, make.fields_for((apart.diapers, apart.diaper_offer, 2)))
    assert sums(order) == (Decimal(0), Decimal(11400), Decimal(0), "unstated")
    assert UNTOLD in page(client, f"/en/orders/{order.number}/")


# --- Passing on ----------------------------------------------------------------------------------------


def declined(family, order: Order) -> list[Order]:
    fulfilment.decline(number=order.number, actor=family.yerlan, reason="жоқ")
    return list(order.passed_on.order_by("partner"))


@pytest.mark.parametrize(
    ("first", "following", "passed"),
    [
        ("1500.00", "1500.00", True),
        ("1500.00", "0", True),
        ("1500.00", "1500.01", False),
        ("1500.00", None, False),
        (None, "0", True),
        (None, "100.00", False),
        (None, None, False),
    ],
)
def test_the_next_offer_never_costs_more_with_its_delivery(family, first, following, passed):
    """The goods are paid by the state at both; only what bringing them costs differs."""
    asks(family.diaper_offer, first)
    if following != "0":
        asks(family.other_diaper_offer, following)
    order = family.order(2, **{"line.a.next1": family.other_diaper_offer.pk})
    after = declined(family, order)
    assert [found.partner for found in after] == ([family.altyn] if passed else [])
    if passed:
        assert sums(after[0])[2] <= sums(order)[2]


def test_dearer_goods_whose_delivery_is_in_the_price_may_follow(apart):
    """She agreed to 1,500 for bringing: 5,900 a pack is 400 over the state's sum for two, and nothing else."""
    third = make.make_offer(apart.diaper_offer.product, make.make_supplier("third"), price="5900.00")
    order = apart.order(2, **{"line.a.next1": third.pk})
    [following] = declined(apart, order)
    assert sums(following) == (Decimal(0), Decimal(11400), Decimal(400), "included")


def test_two_suppliers_of_one_order_share_what_was_agreed_for_one_delivery(apart):
    pads_type = make.make_type("bed-pads")
    pads = make.make_entitlement(apart.alihan, pads_type)
    pad_product = make.make_product(pads_type)
    own, elsewhere = make.make_offer(pad_product, apart.jarqyn), make.make_offer(pad_product, apart.qadam)
    asks(own, "1500.00")
    asks(elsewhere, "800.00")
    asks(apart.other_diaper_offer, "1000.00")
    fields = make.fields_for((apart.diapers, apart.diaper_offer, 2), (pads, own, 1)) | {
        "line.a.next1": apart.other_diaper_offer.pk, "line.b.next1": elsewhere.pk,
    }  # fmt: skip
    [order] = make.make_orders(apart.aigul, fields)
    assert [(found.partner, found.you_pay) for found in declined(apart, order)] == [(apart.altyn, Decimal(1000))]

    asks(elsewhere, "500.00")
    [again] = make.make_orders(apart.aigul, fields)
    after = declined(apart, again)
    assert {found.partner for found in after} == {apart.altyn, apart.qadam}
    assert sum(found.you_pay for found in after) == again.you_pay == Decimal(1500)


def test_only_what_may_follow_is_offered_to_be_named(apart, signed_in):  # noqa: F811
    """With 60 pieces in the application, not for one pack alone."""
    product = apart.diaper_offer.product
    asks(apart.other_diaper_offer, "1500.00")
    dear, silent = (
        make.make_offer(product, make.make_supplier("dear")),
        make.make_offer(product, make.make_supplier("silent")),
    )
    asks(dear, "1501.00")
    asks(silent, None)
    draft = make.make_draft(apart.aigul, make.fields_for((apart.diapers, apart.diaper_offer, 2)))
    listed = options(page(signed_in(apart.aigul), f"/en/applications/{draft.pk}/goods/"), "line.a.next1")
    assert set(listed) == {"", str(apart.other_diaper_offer.pk)}
    assert listed[str(apart.other_diaper_offer.pk)] == (
        "Altyn-Qol: 5,600 ₸ a pack and 1,500 ₸ for delivery, you pay 1,500 ₸"
    )


# --- What is signed -------------------------------------------------------------------------------------


def test_order_and_act_say_it_and_old_ones_stay_as_they_were_signed(apart):
    order = delivered(apart)
    assert signing.content_of(order, "order")["delivery"] == {"terms": "apart", "price": "1500.00"}
    order = fulfilment.accept(number=order.number, actor=apart.aigul)
    found = Act.objects.get()
    assert (found.snapshot["delivery"], found.snapshot["total"]) == ({"terms": "apart", "price": "1500.00"}, "12900.00")
    with translation.override("kk"):
        kazakh = act._page(found, "kk")
    assert ["Оның ішінде жеткізу, өнім берушіге төленеді", "1\u00a0500\u00a0₸"] in kazakh["sums"]
    assert act.pdf(found).startswith(b"%PDF")

    # As an order and an act of before this was kept: nothing of it, and the same digest as then.
    old = {name: value for name, value in found.snapshot.items() if name != "delivery"}
    Act.objects.update(snapshot=old, digest=act.digest(old))
    Order.objects.update(shipping_code="", shipping_incl_tax=0, shipping_excl_tax=0)
    order.refresh_from_db()
    assert "delivery" not in signing.content_of(order, "order")
    row = Act.objects.get()
    assert act.digest(signing.content_of(order, "act")) == row.digest
    with translation.override("en"):
        plain = act._page(row, "en")
    assert [label for label, _sum in plain["sums"]] == ["Price", "The state pays", "The person pays"]
    assert plain["delivery"] == "" and act.pdf(row).startswith(b"%PDF")


def test_the_signing_page_reads_it_out(apart, settings, signed_in):  # noqa: F811
    settings.SIGNATURE_VERIFIER = "test-ca"
    order = apart.order()
    assert TOLD in page(signed_in(apart.aigul), f"/en/orders/{order.number}/sign/order/")


# --- Beside the desk, and once again --------------------------------------------------------------------


def test_the_second_screen_shows_it_and_another_price_is_confirmed_anew(apart):
    from orders import second_screen
    from orders.review import review

    fields = make.fields_for((apart.diapers, apart.diaper_offer, 2))
    draft = make.make_draft(apart.gulnar, fields, beneficiary_id=apart.alihan.pk)
    with translation.override("en"):
        shown = second_screen.picture(draft)
    facts = {str(label): str(value).replace("\u00a0", " ") for label, value in shown.totals}
    assert facts == {
        "The state pays": "11,400 ₸", f"Delivery: {apart.jarqyn.name}": TOLD, "You pay": "1,500 ₸",
    }  # fmt: skip
    before = shown.lines[0].stamp
    asks(apart.diaper_offer, "1600.00")
    assert second_screen.lines(draft, review(draft, actor=apart.gulnar))[0].stamp != before


def test_the_same_again_says_that_the_delivery_changed(apart, signed_in):  # noqa: F811
    order = fulfilment.accept(number=delivered(apart).number, actor=apart.aigul)
    asks(apart.diaper_offer, "1700.00")
    client = signed_in(apart.aigul)
    answer = client.post(f"/en/orders/{order.number}/again/", {"key": "k"})
    draft = Draft.objects.get(status="open")
    assert json.loads(json.dumps(draft.value("repeat")))["lines"]["a"]["delivery"] == "1500.00", answer
    told = page(client, f"/en/applications/{draft.pk}/goods/")
    assert "Delivery costs another sum: 1,500 ₸ last time, 1,700 ₸ now." in told
