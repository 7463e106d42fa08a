"""While a complaint about a line is open its payment waits: which subjects, the outcome, a second case, opening again."""

import pytest

from complaints import bodies, clocks, person, seller
from complaints.models import Complaint
from marketplace.models import Rule
from orders import fulfilment
from orders.models import PaymentHold
from suppliers.models import Partner
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_seller,
    make_supplier,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def line(aigul):
    return make_line(person=aigul, supplier=make_supplier(), status="reimbursement_pending")


def state(line) -> str:
    line.order.refresh_from_db()
    return line.order.status


def settle(complaint, aigul, on: str):
    bodies.decide(
        number=complaint.number, actor=make_inspector(f"samat-{on}"), outcome="satisfied", text="Replaced.",
        now=at(f"{on} 10:00"),
    )  # fmt: skip
    person.confirm_outcome(number=complaint.number, actor=aigul, now=at(f"{on} 12:00"))


def test_the_payment_waits_for_the_outcome(line, aigul):
    complaint = make_complaint(person=aigul, line=line)
    assert state(line) == "held"
    clocks.run(at("2026-12-03 00:05"))
    assert state(line) == "held"
    settle(complaint, aigul, "2026-12-10")
    assert state(line) == "reimbursement_pending"


def test_an_accepted_answer_is_an_outcome(line, aigul):
    complaint = make_complaint(person=aigul, line=line)
    marat = make_seller(Partner.objects.get())
    seller.answer(number=complaint.number, actor=marat, text="Worn out by use.", now=at("2026-11-24 10:00"))
    assert state(line) == "held"
    person.accept_answer(number=complaint.number, actor=aigul, now=at("2026-11-25 10:00"))
    assert state(line) == "reimbursement_pending"


def test_rule_data_says_for_which_subjects(line, aigul):
    late = make_complaint(person=aigul, line=line, subject="late")
    assert (late.hold_payment, state(line)) == (False, "reimbursement_pending")
    Rule.objects.filter(code="complaint.payment_hold").update(value={"subjects": ["setting"]})
    defect = make_complaint(person=aigul, line=line, subject="defect")
    assert (defect.hold_payment, state(line)) == (False, "reimbursement_pending")
    # what the routing table itself says stands
    danger = make_complaint(person=aigul, line=line, subject="danger")
    assert (danger.hold_payment, state(line)) == (True, "held")


def test_a_second_complaint_about_the_order_keeps_the_payment(line, aigul):
    first = make_complaint(person=aigul, line=line)
    second = make_complaint(person=aigul, line=line, subject="misfit")
    person.withdraw(number=first.number, actor=aigul, now=at("2026-11-23 10:00"))
    assert state(line) == "held"
    person.withdraw(number=second.number, actor=aigul, now=at("2026-11-23 11:00"))
    assert state(line) == "reimbursement_pending"


def test_opening_again_stops_it_again(line, aigul):
    complaint = make_complaint(person=aigul, line=line)
    clocks.run(at("2026-12-03 00:05"))
    settle(complaint, aigul, "2026-12-10")
    assert state(line) == "reimbursement_pending"
    person.reopen(number=complaint.number, actor=aigul, now=at("2026-12-11 09:00"))
    assert state(line) == "held"
    assert list(PaymentHold.objects.values_list("released_at", flat=True))[1:] == [None]


def test_the_clock_stops_what_was_filed_before_lines_were_held(line, aigul):
    complaint = make_complaint(person=aigul, line=line)
    PaymentHold.objects.all().delete()
    line.order.status = "reimbursement_pending"
    line.order.save(update_fields=["status"])
    assert clocks.run(at("2026-11-23 00:05")).done["payments held"] == 1
    assert state(line) == "held"
    assert clocks.run(at("2026-11-23 00:06")).done == {}
    assert Complaint.objects.get().number == complaint.number


def test_the_ministry_lets_a_payment_go_and_the_clock_does_not_stop_it_again(line, aigul):
    make_complaint(person=aigul, line=line)
    fulfilment.release(number=line.order.number, actor=make_reviewer())
    assert clocks.run(at("2026-11-23 00:05")).done["payments held"] == 0
    assert state(line) == "reimbursement_pending"
