"""What a complaint does to a supplier's place: a dated fact, weighed by kind, volume and age, and taken back."""

from datetime import date, timedelta

import pytest
import time_machine

from complaints import bodies, clocks, person, seller
from marketplace import outbox
from marketplace.models import OutboxRow
from orders.models import Line
from suppliers import complaint_facts, effects, ranking, strategy
from suppliers.models import ComplaintFact, Partner, StockRecord
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_seller,
    make_supplier,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def complaint(aigul):
    return make_complaint(person=aigul)


def facts() -> list[tuple[str, str]]:
    return [(fact.kind, str(fact.day)) for fact in ComplaintFact.objects.order_by("day", "kind")]


def load(on: str) -> float:
    """The supplier's complaints as the ranking reads them, after everything that waits was done on that day."""
    with time_machine.travel(at(f"{on} 12:00"), tick=False):
        outbox.drain()
    return Partner.objects.get(code="jarqyn-med").complaint_load


def fell_silent(complaint):
    clocks.run(at("2026-12-03 00:05"))


def settled(complaint, aigul, on: str = "2026-12-10"):
    bodies.decide(
        number=complaint.number, actor=make_inspector(), outcome="satisfied", text="Replaced.", now=at(f"{on} 10:00")
    )
    person.confirm_outcome(number=complaint.number, actor=aigul, now=at(f"{on} 12:00"))


def test_silence_counts_in_part(complaint):
    fell_silent(complaint)
    assert facts() == [("silent", "2026-12-03")]
    assert load("2026-12-03") == 0.25


def test_a_silent_case_that_is_confirmed_counts_once(complaint, aigul):
    fell_silent(complaint)
    settled(complaint, aigul)
    assert facts() == [("silent", "2026-12-03"), ("confirmed", "2026-12-10")]
    assert load("2026-12-10") == 1
    supplier = Partner.objects.get()
    assert (supplier.confirmed_cases, supplier.silent_cases) == (1, 0)


def test_a_complaint_that_is_only_filed_or_explained_costs_nothing(complaint, aigul):
    marat = make_seller(Partner.objects.get())
    seller.answer(number=complaint.number, actor=marat, text="Worn out by use.", now=at("2026-11-24 10:00"))
    person.accept_answer(number=complaint.number, actor=aigul, now=at("2026-11-25 10:00"))
    assert facts() == []
    assert load("2026-11-25") == 0


def test_opening_again_takes_the_confirmation_back_but_not_the_silence(complaint, aigul):
    fell_silent(complaint)
    settled(complaint, aigul)
    person.reopen(number=complaint.number, actor=aigul, now=at("2026-12-11 09:00"))
    assert facts() == [("silent", "2026-12-03")]
    assert load("2026-12-11") == pytest.approx(0.25 * 357 / 365)


def test_a_case_counts_once_however_often_it_is_confirmed(complaint, aigul):
    fell_silent(complaint)
    settled(complaint, aigul)
    for _time in range(2):
        complaint_facts.note(
            supplier_id=complaint.supplier_id, case=complaint.number, kind="confirmed", day=date(2026, 12, 20)
        )
    assert facts() == [("silent", "2026-12-03"), ("confirmed", "2026-12-10")]


def test_a_duplicate_says_nothing_of_its_own(complaint, aigul):
    line = Line.objects.get(pk=complaint.order_line_id)
    second = make_complaint(person=aigul, line=line, subject="misfit", now=at("2026-11-22 11:00"))
    fell_silent(complaint)
    assert load("2026-12-03") == 0.5
    bodies.link_duplicate(
        number=second.number, actor=make_inspector(), duplicate_of=complaint.number, now=at("2026-12-04 10:00")
    )
    assert list(ComplaintFact.objects.values_list("case", flat=True)) == [complaint.number]


def test_facts_fade_to_nothing_without_any_new_event(complaint, aigul):
    fell_silent(complaint)
    settled(complaint, aigul)
    assert load("2026-12-10") == 1
    half_way = complaint_facts.fade(on=date(2027, 6, 10))
    assert (half_way, round(Partner.objects.get().complaint_load, 3)) == (1, 0.501)
    complaint_facts.fade(on=date(2027, 12, 10))
    assert Partner.objects.get().complaint_load == 0
    assert complaint_facts.fade(on=date(2027, 12, 11)) == 0
    supplier = Partner.objects.get()
    assert (supplier.confirmed_cases, supplier.silent_cases) == (0, 0)


def test_the_place_in_the_ranking_follows_rule_and_volume(complaint, aigul):
    fell_silent(complaint)
    settled(complaint, aigul)
    load("2026-12-10")
    policy, supplier = ranking.policy(), Partner.objects.get()
    clean = ranking.complaints_part(ranking.Standing(), policy.complaint_prior)
    one = ranking.complaints_part(strategy.standing(supplier), policy.complaint_prior)
    supplier.delivered_lines = 1000
    assert one < clean < ranking.complaints_part(strategy.standing(supplier), policy.complaint_prior)


def test_the_products_of_a_changed_supplier_go_on_in_small_parts(aigul, monkeypatch):
    monkeypatch.setattr(effects, "BATCH", 2)
    supplier = make_supplier()
    for number in range(5):
        line = make_line(person=aigul, supplier=supplier)
        StockRecord.objects.create(
            product=line.product,
            partner=supplier,
            partner_sku=f"S-{number}",
            price=100,
            num_in_stock=1,
            num_allocated=0,
        )
    OutboxRow.objects.all().delete()
    row = OutboxRow.objects.create(topic="supplier.changed", key=str(supplier.pk))
    assert outbox.run(row.pk)
    sizes = [len(row.payload["products"]) for row in OutboxRow.objects.filter(topic="products.changed")]
    assert sizes == [2, 2, 1]
    assert not OutboxRow.objects.filter(topic="document.changed").exists(), "no document is written with the first row"
    outbox.drain()
    assert not OutboxRow.objects.filter(done_at=None).exists()


def test_an_unmoved_place_rewrites_no_documents(complaint):
    Partner.objects.update(delivered_lines=100_000)
    fell_silent(complaint)
    with time_machine.travel(at("2026-12-03 12:00") + timedelta(seconds=1), tick=False):
        outbox.drain()
    assert Partner.objects.get().complaint_load == 0.25
    assert not OutboxRow.objects.filter(topic="supplier.changed").exists()
