"""Real connections at the same moment. Each test has a control that shows the race when the guard is off."""

import threading
from collections import Counter

import pytest
from django.db import connection, connections

from complaints import clocks, filing, person, seller
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace.errors import IllegalStep
from marketplace.models import Event
from suppliers.models import ComplaintFact, Partner
from tests.complaints.factories import at, make_complaint, make_line, make_person, make_seller, make_supplier

pytestmark = pytest.mark.django_db(transaction=True)
NOW = at("2026-11-22 10:00")


def together(count, work):
    """Run ``work`` in so many threads, released at once; results or exceptions, in no order."""
    barrier, results = threading.Barrier(count), []

    def one(number):
        try:
            barrier.wait(timeout=20)
            results.append(work(number))
        except Exception as error:  # the test judges it
            results.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def six_filings():
    aigul = make_person()
    line = make_line(person=aigul, supplier=make_supplier())
    said = Filing(subject="defect", order_line=line.pk, text="The wheel broke.")
    return together(6, lambda _number: filing.file(actor=aigul, filing=said, now=NOW).body["number"])


def test_six_simultaneous_filings_make_one_complaint():
    results = six_filings()
    number = Complaint.objects.get().number
    assert Counter(type(result).__name__ for result in results) == {"str": 1, "AlreadyOpen": 5}
    assert all(result.extra == {"number": number} for result in results if isinstance(result, filing.AlreadyOpen))
    assert Event.objects.filter(kind="complaint.filed").count() == 1


def test_control_without_the_index_they_would_make_six():
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'complaint_open_once'")
        (definition,) = cursor.fetchone()
        cursor.execute("DROP INDEX complaint_open_once")
    try:
        results = six_filings()
        assert Complaint.objects.count() == 6
        assert all(isinstance(result, str) for result in results)
    finally:
        Complaint.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(definition)


def twenty_silent_cases():
    aigul, supplier = make_person(), make_supplier()
    for _number in range(20):
        make_complaint(person=aigul, line=make_line(person=aigul, supplier=supplier), now=NOW)


def test_two_beats_move_each_case_once():
    twenty_silent_cases()
    results = together(3, lambda _number: clocks.run(at("2026-12-03 00:05")).done["escalated"])
    assert all(isinstance(result, int) for result in results), results
    assert sum(results) == 20
    assert Event.objects.filter(kind="complaint.escalated").count() == 20
    assert ComplaintFact.objects.filter(kind="silent").count() == 20


def test_control_without_lock_and_condition_cases_would_move_twice(monkeypatch):
    twenty_silent_cases()
    barrier = threading.Barrier(2)

    def careless(pk, state, now, move):
        complaint = Complaint.objects.filter(pk=pk, status=state).first()
        if complaint is None:
            return ""
        barrier.wait(timeout=20)
        Complaint.objects.filter(pk=pk).update(status="escalated", addressee_authority=complaint.escalates_to)
        return "escalated"

    monkeypatch.setattr(clocks, "_move_one", careless)
    results = together(2, lambda _number: clocks.run(at("2026-12-03 00:05")).done["escalated"])
    assert sum(result for result in results if isinstance(result, int)) > 20


def test_the_answer_and_the_withdrawal_race_and_one_wins():
    aigul = make_person()
    for _round in range(5):
        complaint = make_complaint(person=aigul, now=NOW)
        partner = Partner.objects.get()
        marat = partner.users.first() or make_seller(partner)
        number = complaint.number
        results = together(
            2,
            lambda who, number=number, marat=marat: (
                seller.answer(number=number, actor=marat, text="Worn out.", now=NOW)
                if who
                else person.withdraw(number=number, actor=aigul, now=NOW)
            ),
        )
        steps = list(Event.objects.filter(subject=f"complaint:{number}").order_by("pk").values_list("before", "after"))
        assert [before for before, _after in steps[1:]] == [after for _before, after in steps[:-1]], steps
        refused = [result for result in results if isinstance(result, Exception)]
        # the withdrawal is also legal after the answer; the answer is not legal after the withdrawal
        assert len(steps) + len(refused) == 3
        assert all(isinstance(error, IllegalStep) for error in refused)
