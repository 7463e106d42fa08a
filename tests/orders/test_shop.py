"""The supplier's desk: orders, stock, prices, complaints, payments, rating; few queries for any number of things."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from orders import fulfilment, payouts
from suppliers import improving, ranking
from suppliers.models import Partner, PriceFlag, StockRecord
from tests.orders import factories as make
from tests.orders.test_holding import diapers, sign

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def desk(user, language="en"):
    answer = signed_in(user).get(f"/{language}/supplier/")
    assert answer.status_code == 200
    return answer.content.decode().replace("\u00a0", " ")


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_new_supplier_sees_every_part_with_nothing_to_do(family, language):
    page = desk(family.gani, language)
    assert page.count('<h2 class="govuk-heading-m">') >= 6


def test_stock_that_is_hidden_stale_soon_or_running_out_stands_with_its_button(family):
    other = make.make_offer(family.diaper_offer.product, family.jarqyn, stock=2)
    assert "Every stock is counted" not in desk(family.yerlan)
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(stock_confirmed_at=timezone.now() - timedelta(days=12))
    page = desk(family.yerlan)
    assert "1 offer will be hidden soon: count its stock." in page and "1 offer is running out." in page
    assert f"/en/supplier/offers/{family.diaper_offer.pk}/" in page and "counted on 11 November 2026" in page
    StockRecord.objects.filter(pk=family.diaper_offer.pk).update(status="hidden")
    StockRecord.objects.filter(pk=other.pk).update(num_in_stock=100)
    page = desk(family.yerlan)
    assert "1 offer is hidden: nobody counted its stock." in page and "running out" not in page
    signed_in(family.yerlan).post(f"/en/supplier/offers/{family.diaper_offer.pk}/", {"action": "confirm"})
    assert "Every stock is counted, and nothing is running out." in desk(family.yerlan)


def test_a_flagged_price_stands_with_its_reason_and_only_with_its_supplier(family):
    PriceFlag.objects.create(
        offer=family.diaper_offer, basis="country", unit_price="190", median="100", times=1.9,
        facts={"offers": 6, "mad": "2.00"}, found_at=timezone.now(),
    )  # fmt: skip
    assert "The median of 6 offers of this kind in the country is 100 ₸." in desk(family.yerlan)
    assert "100 ₸" not in desk(family.gani)
    PriceFlag.objects.update(state="explained", reason="Made here")
    assert "100 ₸" not in desk(family.yerlan)


def test_payments_come_from_the_ledger_and_a_held_line_is_named_with_its_reason(order, family):
    assert "Owed to you: 17,100 ₸." in desk(family.yerlan)
    assert "Sign the act, then it is paid." in desk(family.yerlan)
    sign(order, family)
    assert "To be paid by" in desk(family.yerlan)
    fulfilment.hold_line_for_case(line_id=diapers(order).pk, case="C-1")
    page = desk(family.yerlan)
    assert "Owed to you: 5,700 ₸." in page and "On hold: 11,400 ₸." in page
    assert "On hold while a complaint or a recall of this is open." in page and "C-1" not in page
    found = payouts.owed(family.yerlan)
    assert [(line.amount, line.on_hold) for line in found.lines] == [(11400, True), (5700, False)]
    assert payouts.owed(family.gani).lines == [], "a foreign supplier's money is nobody's business"
    fulfilment.release_line_after_case(line_id=diapers(order).pk, case="C-1")
    fulfilment.pay(number=order.number, actor=family.gulnar)
    assert "Nothing is owed to you now." in desk(family.yerlan)


def test_the_ministrys_hold_says_who_stopped_it(order, family):
    sign(order, family)
    ministry = make.make_user("ministry", "reviewer")
    fulfilment.hold(number=order.number, actor=ministry, reason="A check")
    page = desk(family.yerlan)
    assert "The ministry stopped the payment." in page and "Owed to you: 0 ₸." in page


def test_the_rating_tells_its_parts_and_what_would_raise_the_offers(family):
    Partner.objects.filter(pk=family.jarqyn.pk).update(
        delivered_lines=100, on_time_lines=60, rejected_lines=4, rating_sum=43, rating_count=10, complaint_load=3.0
    )
    page = desk(family.yerlan)
    assert "Marks: 4.3 of 5, from 10 marks." in page
    assert "In time: 60 of 100 delivered lines." in page
    assert "Rejected at acceptance: 4 of 100 lines." in page
    assert "What would raise your offers" in page


def test_the_gains_are_the_rankings_own_and_the_largest_stands_first(family):
    standing = ranking.Standing(100, 60, 4, 3.0, 43, 10)
    with translation.override("en"):
        found = improving.gains(standing, ranking.policy())
        none = improving.gains(ranking.Standing(100, 100, 0, 0.0, 50, 10), ranking.policy())
    assert [points for _text, points in found] == sorted((points for _text, points in found), reverse=True)
    assert {text for text, _points in found} == {
        "If all marks were 5", "If no line had been rejected at acceptance", "If every line had come in time",
        "If there were no complaints",
    }  # fmt: skip
    late = dict(found)["If every line had come in time"]
    assert late == round(0.2 * ((100 + 18) / 120 - (60 + 18) / 120) / 2 * 100)
    assert none == []


def test_the_desk_asks_as_few_questions_with_many_things_as_with_few(order, family):
    def queries():
        client = signed_in(family.yerlan)
        client.get("/en/supplier/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/en/supplier/")
        return len(captured)

    make.make_offer(family.diaper_offer.product, family.jarqyn, stock=1)
    few = queries()
    for _number in range(12):
        offer = make.make_offer(family.diaper_offer.product, family.jarqyn, stock=1)
        PriceFlag.objects.create(
            offer=offer, basis="country", unit_price="190", median="100", times=1.9, facts={"offers": 6},
            found_at=timezone.now(),
        )  # fmt: skip
    for _number in range(4):
        family.order(1)
    assert queries() - few <= 1, "the lines of the orders on the page are one query"
    assert few <= 25
