"""Guarantees G2 and G3 under real threads on PostgreSQL: each with a control that shows the test can fail."""

from collections import Counter

import pytest
from django.db import IntegrityError

from marketplace.drafts import rights
from marketplace.drafts.sending import AlreadySubmitted
from marketplace.idempotency import Answer
from marketplace.models import Draft, IdempotencyKey, OutboxRow
from orders import placing, review, submission
from orders.models import LedgerTransfer, Line, Order, Tranche
from orders.submission import RanOut
from suppliers.models import StockRecord
from tests.concurrency.threads import Meeting, together, without_constraint
from tests.orders import factories as make

pytestmark = pytest.mark.django_db(transaction=True)

SIX, EIGHT, ITEMS = 6, 8, 3


@pytest.fixture
def ground() -> None:
    make.make_ground()


@pytest.fixture
def diapers(ground):
    return make.make_type("child-diapers")


@pytest.fixture
def one_draft(diapers):
    """A draft with two suppliers' lines, small enough that six of it would fit norm and stock."""
    alihan = make.make_person("alihan")
    aigul = make.make_guardian("aigul", alihan)
    product = make.make_product(diapers)
    entitlement = make.make_entitlement(alihan, diapers)
    offers = [make.make_offer(product, make.make_supplier(code)) for code in ("jarqyn-med", "altyn-qol")]
    draft = make.make_draft(aigul, make.fields_for(*[(entitlement, offer, 1) for offer in offers]))
    return aigul, draft


def submit(actor, draft, key: str):
    return lambda: submission.submit(
        draft_id=draft.pk, actor=actor, expected_rev=draft.rev, request=make.request_for(actor, draft, key)
    )


def numbers_of(outcome) -> list[str]:
    rows = outcome.body["orders"] if isinstance(outcome, Answer) else outcome.extra["orders"]
    return sorted(row["number"] for row in rows)


def assert_ordered_once() -> None:
    assert Order.objects.count() == 2
    assert Line.objects.count() == LedgerTransfer.objects.count() == 2
    assert OutboxRow.objects.filter(topic="order.sent").count() == 2
    assert sorted(StockRecord.objects.values_list("num_allocated", flat=True)) == [1, 1]
    assert Tranche.objects.get(opens_on__lte="2026-11-23", closes_on__gte="2026-11-23").reserved_quantity == 60


@pytest.fixture(autouse=True)
def monday():
    import time_machine

    with time_machine.travel("2026-11-23T10:00:00+05:00", tick=True):
        yield


def test_six_submits_with_one_key_are_one_order_each_supplier(one_draft):
    aigul, draft = one_draft
    outcomes = together([submit(aigul, draft, "k")] * SIX)
    assert [outcome.status for outcome in outcomes] == [201] * SIX
    assert Counter(outcome.replayed for outcome in outcomes) == {False: 1, True: 5}
    assert len({tuple(numbers_of(outcome)) for outcome in outcomes}) == 1
    assert_ordered_once()
    assert IdempotencyKey.objects.count() == 1


def test_six_submits_with_six_keys_name_the_same_orders(one_draft):
    aigul, draft = one_draft
    outcomes = together([submit(aigul, draft, f"k{number}") for number in range(SIX)])
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {Answer: 1, AlreadySubmitted: 5}
    assert len({tuple(numbers_of(outcome)) for outcome in outcomes}) == 1
    assert_ordered_once()


def unlocked_draft(meeting: Meeting):
    def read(*, draft_id, actor):
        draft = Draft.objects.get(pk=draft_id)
        meeting.wait()
        return draft

    return read


def test_the_database_alone_keeps_a_draft_to_one_set_of_orders(one_draft, monkeypatch):
    """Without the draft's lock the unique index refuses the twins; their second look answers honestly."""
    aigul, draft = one_draft
    monkeypatch.setattr(rights, "lock", unlocked_draft(Meeting(SIX)))
    outcomes = together([submit(aigul, draft, f"k{number}") for number in range(SIX)])
    assert Counter(type(outcome) for outcome in outcomes) == {Answer: 1, AlreadySubmitted: 5}
    assert_ordered_once()


def test_control_without_lock_and_index_one_draft_becomes_many_orders(one_draft, monkeypatch):
    aigul, draft = one_draft
    monkeypatch.setattr(rights, "lock", unlocked_draft(Meeting(SIX)))

    def forget() -> None:
        LedgerTransfer.objects.all().delete()
        Line.objects.all().delete()
        Order.objects.all().delete()

    with without_constraint(Order, "order_once_per_draft_and_supplier", forget):
        together([submit(aigul, draft, f"k{number}") for number in range(SIX)])
        assert Order.objects.count() > 2


# --- Eight buyers of three items -------------------------------------------------------------------


@pytest.fixture
def eight_drafts(diapers):
    """Eight people with norms of their own want one pack each; three packs are there."""
    product, partner = make.make_product(diapers), make.make_supplier("jarqyn-med")
    offer = make.make_offer(product, partner, stock=ITEMS)
    drafts = []
    for number in range(EIGHT):
        person = make.make_person(f"buyer-{number}")
        entitlement = make.make_entitlement(person, diapers)
        drafts.append((person, make.make_draft(person, make.fields_for((entitlement, offer, 1)))))
    return offer, drafts


def buy(drafts):
    return together([submit(person, draft, "k") for person, draft in drafts])


def assert_three_orders(offer, outcomes) -> None:
    assert sum(isinstance(outcome, Answer) for outcome in outcomes) == ITEMS, outcomes
    assert Order.objects.count() == ITEMS
    offer.refresh_from_db()
    assert (offer.num_in_stock, offer.num_allocated) == (ITEMS, ITEMS)
    assert Draft.objects.filter(status="open").count() == EIGHT - ITEMS
    assert LedgerTransfer.objects.count() == ITEMS


def test_eight_buyers_of_three_items_make_three_orders(eight_drafts):
    offer, drafts = eight_drafts
    outcomes = buy(drafts)
    assert_three_orders(offer, outcomes)
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Answer)]
    assert all(isinstance(outcome, RanOut) and outcome.errors[0].code == "stock_ran_out" for outcome in refused)


@pytest.fixture
def without_offer_lock(monkeypatch):
    """All eight read the offer before one of them writes."""
    meeting, read = Meeting(EIGHT), review._offers

    def unlocked(wanted, lock):
        offers = read(wanted, False)
        meeting.wait()
        return offers

    monkeypatch.setattr(review, "_offers", unlocked)


@pytest.fixture
def without_condition(monkeypatch):
    """The write does not look at the stock."""
    from django.db.models import F

    def blind(lines):
        for line in lines:
            StockRecord.objects.filter(pk=line.offer.pk).update(num_allocated=F("num_allocated") + line.quantity)

    monkeypatch.setattr(placing, "reserve_stock", blind)


def test_the_conditional_write_alone_never_oversells(eight_drafts, without_offer_lock):
    offer, drafts = eight_drafts
    with without_constraint(StockRecord, "offer_not_oversold", lambda: None):
        assert_three_orders(offer, buy(drafts))


def test_the_database_alone_never_oversells(eight_drafts, without_offer_lock, without_condition):
    offer, drafts = eight_drafts
    outcomes = buy(drafts)
    # The second look of the refused ones finds the stock used up; nobody gets a bare database error.
    assert_three_orders(offer, outcomes)
    assert not any(isinstance(outcome, IntegrityError) for outcome in outcomes)


def test_control_without_all_three_protections_eight_buyers_get_eight_orders(
    eight_drafts, without_offer_lock, without_condition
):
    offer, drafts = eight_drafts

    def restock() -> None:
        StockRecord.objects.update(num_allocated=0)

    with without_constraint(StockRecord, "offer_not_oversold", restock):
        buy(drafts)
        offer.refresh_from_db()
        assert Order.objects.count() > ITEMS and offer.num_allocated > offer.num_in_stock


# --- One norm, two drafts ---------------------------------------------------------------------------


def test_two_drafts_never_overdraw_one_norm(diapers):
    alihan = make.make_person("alihan")
    aigul = make.make_guardian("aigul", alihan)
    entitlement = make.make_entitlement(alihan, diapers)
    offer = make.make_offer(make.make_product(diapers), make.make_supplier("jarqyn-med"), stock=100)
    # 12 packs of 30 are all that 365 pieces allow.
    drafts = [make.make_draft(aigul, make.fields_for((entitlement, offer, 12))) for _number in range(4)]
    outcomes = together([submit(aigul, draft, f"k{draft.pk}") for draft in drafts])
    assert Counter(type(outcome) for outcome in outcomes) == {Answer: 1, RanOut: 3}
    tranche = Tranche.objects.get(opens_on__lte="2026-11-23", closes_on__gte="2026-11-23")
    assert tranche.reserved_quantity == 360


def test_lines_in_opposite_order_never_deadlock(diapers):
    product, partners = make.make_product(diapers), [make.make_supplier("jarqyn-med"), make.make_supplier("altyn-qol")]
    offers = [make.make_offer(product, partner) for partner in partners]
    calls = []
    for number in range(EIGHT):
        person = make.make_person(f"buyer-{number}")
        entitlement = make.make_entitlement(person, diapers)
        named = offers if number % 2 else offers[::-1]
        draft = make.make_draft(person, make.fields_for(*[(entitlement, offer, 1) for offer in named]))
        calls.append(submit(person, draft, "k"))
    outcomes = together(calls)
    assert all(isinstance(outcome, Answer) for outcome in outcomes), outcomes
    assert sorted(StockRecord.objects.values_list("num_allocated", flat=True)) == [EIGHT, EIGHT]


def test_decline_and_cancel_at_the_same_moment_release_once(diapers):
    """Two parties end one order together: one step is taken, norm and stock come back once."""
    from orders import fulfilment

    alihan = make.make_person("alihan")
    aigul = make.make_guardian("aigul", alihan)
    partner = make.make_supplier("jarqyn-med", "yerlan")
    offer = make.make_offer(make.make_product(diapers), partner)
    entitlement = make.make_entitlement(alihan, diapers)
    [order] = make.make_orders(aigul, make.fields_for((entitlement, offer, 2)))
    supplier = partner.users.get()
    outcomes = together(
        [
            lambda: fulfilment.decline(number=order.number, actor=supplier, reason="жоқ"),
            lambda: fulfilment.cancel(number=order.number, actor=aigul),
            lambda: fulfilment.confirm(number=order.number, actor=supplier),
        ]
    )
    order.refresh_from_db()
    ended = order.status in {"declined", "cancelled"}
    assert LedgerTransfer.objects.count() == 1 + ended, outcomes
    offer.refresh_from_db()
    assert offer.num_allocated == (0 if ended else 2)
