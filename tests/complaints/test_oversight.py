"""Alerts about staff: who opens people without a case, whose orders all go to one supplier; for the auditor too."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from complaints import oversight
from marketplace import access, outbox
from marketplace.models import Draft, Notice, Role, Rule
from suppliers.watch import reading, signals
from suppliers.watch.models import MarketCell, Signal
from tests import factories as base
from tests.orders import factories as orders

BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def gulnar():
    return base.make_caseworker("gulnar")


def limits(**values):
    rule = Rule.objects.filter(code=oversight.RULE).latest("valid_from")
    Rule.objects.filter(pk=rule.pk).update(value=rule.value | values)


def look_at(worker, people, subject="person:{}"):
    for person in people:
        access.log_read(actor=worker, person_id=person.pk, purpose="office", subject=subject.format(person.pk))


def people(count):
    return [base.make_person(f"person-{number}") for number in range(count)]


def test_more_looks_without_a_case_than_the_rule_lets_pass_are_an_alert(gulnar):
    limits(lookups=3)
    look_at(gulnar, people(3))
    assert list(oversight.lookups()) == []
    look_at(gulnar, [base.make_person("one-more")])
    [found] = oversight.lookups()
    assert (found.staff_id, found.strength, found.evidence[0]["people"]) == (gulnar.pk, 4, 4)


def test_twice_the_same_person_a_list_and_a_person_with_a_form_do_not_count(gulnar):
    limits(lookups=3)
    seen = people(4)
    look_at(gulnar, [seen[0]] * 5)
    look_at(gulnar, seen, subject="people:office")
    look_at(gulnar, seen[:3])
    look_at(gulnar, seen[3:])
    assert [found.strength for found in oversight.lookups()] == [4], "the control: without a form it counts"
    Draft.objects.create(kind="order", beneficiary=seen[3], author=gulnar, updated_at=timezone.now())
    assert list(oversight.lookups()) == []


def test_looks_of_people_with_another_task_do_not_count():
    limits(lookups=1)
    look_at(base.make_user("operator", Role.HOTLINE), people(4))
    assert list(oversight.lookups()) == []


@pytest.fixture
def placed(gulnar):
    """``placed(n, supplier)``: so many orders of the specialist; others sell the same in the region."""
    orders.make_ground()
    person = base.make_person("arman")
    kind = orders.make_type("child-diapers")
    entitlement = orders.make_entitlement(person, kind, norm=100_000, guaranteed_unit_sum=Decimal("1.00"))
    offers = {
        code: orders.make_offer(orders.make_product(kind), orders.make_supplier(code, f"of-{code}"), stock=1000)
        for code in ("jarqyn", "altyn")
    }
    MarketCell.objects.create(type=kind, region="KZ-63", suppliers=2, counted_at=timezone.now())

    def place(count, code):
        for _number in range(count):
            fields = orders.fields_for((entitlement, offers[code], 1)) | {"consent.proof": "form 7"}
            for order in orders.make_orders(gulnar, fields, beneficiary_id=person.pk):
                assert order.placed_by == gulnar

    return place


def test_orders_of_one_specialist_to_one_supplier_are_an_alert(placed, gulnar):
    limits(orders=4, share=0.8)
    placed(4, "jarqyn")
    [found] = oversight.steering()
    assert (found.staff_id, found.parties, found.evidence) == (gulnar.pk, ("jarqyn",), [{"orders": 4, "all": 4}])
    placed(2, "altyn")
    assert list(oversight.steering()) == []


def test_without_a_choice_it_is_nobodys_steering(placed):
    limits(orders=4, share=0.8)
    placed(4, "jarqyn")
    MarketCell.objects.update(suppliers=1)
    assert list(oversight.steering()) == []


def test_the_auditor_sees_it_with_the_reason_and_is_told_once(client, gulnar):
    limits(lookups=1)
    look_at(gulnar, people(2))
    auditor = base.make_user("auditor", Role.AUDITOR, phone="+77010000009", language="en")
    assert signals.sweep() == 1
    assert signals.sweep() == 1
    outbox.drain()
    assert [(notice.recipient, notice.title) for notice in Notice.objects.all()] == [(auditor, "1 new alert")]
    found = Signal.objects.get()
    client.force_login(auditor, BACKEND)
    page = client.get("/en/review/market/signals/").content.decode()
    assert "People opened without a case" in page and "Gulnar" in page and "2 people" in page
    assert client.post(f"/en/review/market/signals/{found.pk}/", {"reason": "x"}).status_code == 403
    assert Signal.objects.get().state == "open"


def test_the_auditor_sees_no_signal_that_is_the_ministrys(gulnar):
    Signal.objects.create(
        kind="same_price", key="x", parties=["a", "b"], strength=1, found_at=timezone.now(), seen_at=timezone.now()
    )
    assert reading.signals(base.make_user("auditor", Role.AUDITOR)).count() == 0
    assert reading.signals(base.make_user("ministry", Role.REVIEWER)).count() == 1


def test_an_old_look_is_forgotten(gulnar):
    limits(lookups=1, days=1)
    look_at(gulnar, people(3))
    assert len(list(oversight.lookups())) == 1
    later = timezone.now() + timedelta(days=3)
    assert not oversight.without_a_case(later).exists()
