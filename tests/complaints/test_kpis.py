"""Every indicator of part 3.6 with its formula, from events alone, down to the cases."""

from datetime import date
from urllib.parse import urlencode

import pytest

from complaints import bodies, clocks, person, seller
from complaints.models import Complaint, CourtCase
from complaints.reporting import facts, kpis
from complaints.reporting.models import OutreachEntry
from complaints.reports import Period
from marketplace import events
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
    region,
)  # fmt: skip

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
DECEMBER = Period(date(2026, 12, 1), date(2026, 12, 31))
MONTH = "month=2026-11"


@pytest.fixture
def autumn():
    """Four complaints of November: satisfied with money back; answered in time; silent supplier; paid helpers."""
    aigul, shop = make_person(), make_supplier()
    satisfied, answered, silent = (
        make_complaint(person=aigul, line=make_line(person=aigul, supplier=shop), now=at(f"2026-11-{day:02} 10:00"))
        for day in (2, 3, 4)
    )
    helpers = make_complaint(person=aigul, sphere="office", subject="paid_helpers", now=at("2026-11-05 10:00"))
    seller.answer(number=answered.number, actor=make_seller(shop), text="Worn out.", now=at("2026-11-06 10:00"))
    clocks.run(at("2026-11-17 00:06"))
    bodies.decide(
        number=satisfied.number, actor=make_inspector(), outcome="satisfied", text="Replaced.", returned="45000",
        now=at("2026-11-20 10:00"),
    )  # fmt: skip
    person.confirm_outcome(number=satisfied.number, actor=aigul, now=at("2026-11-21 10:00"))
    return satisfied, answered, silent, helpers


def made_of(period, place=None):
    return {row["code"]: (row["part"], row["whole"], row["value"]) for row in kpis.of_period(period, place)}


def step(kind, subject, moment, **more):
    events.record(kind=kind, subject=subject, actor=None, at=at(moment), **more)


def test_each_indicator_is_its_formula(autumn):
    order = autumn[0].order_line.order
    for kind, moment in (
        ("order.sent", "2026-11-01 00:00"), ("order.sent", "2026-11-30 23:59"), ("order.sent", "2026-12-01 00:00"),
        ("order.delivered", "2026-11-10 10:00"), ("order.rejected", "2026-11-11 10:00"),
    ):  # fmt: skip
        step(kind, f"order:{order.number}", moment)
    step("person.caller_checked", "person:1", "2026-11-10 10:00", on_behalf_of=autumn[0].complainant)
    found = made_of(NOVEMBER, region())
    assert found == {
        "satisfied": (1, 4, 25.0),
        "confirmed": (1, 1, 100.0),
        "carried_overdue": (0, 3, 0.0),
        "returned": (45000, None, 45000),
        "court_won": (0, 0, None),
        "court_recovered": (0, None, 0),
        "seller_in_time": (1, 3, 33.3),
        "seller_days": (3, None, 3),
        "seller_silent": (2, 3, 66.7),
        "body_in_time": (1, 1, 100.0),
        "body_redirected": (0, 1, 0.0),
        "body_reopened": (0, 1, 0.0),
        "through_the_system": (4, 4, 100.0),
        "people": (found["people"][0], None, found["people"][0]),
        "businesses": (found["businesses"][0], None, found["businesses"][0]),
        "new_people": (0, None, 0),
        "new_businesses": (0, None, 0),
        "outreach": (0, None, 0),
        "rejected": (1, 1, 100.0),
        "misfit": (0, 1, 0.0),
        "calls": (1, 2, 50.0),
        "paid_helpers": (1, None, 1),
        "first_try": (0, 0, None),
        "visits": (None, None, None),
        "rescued": (0, 0, None),
        "programme_days": (None, None, None),
        "choice_index": (None, None, None),
        "no_supplier": (0, 0, None),
        "one_supplier": (0, 0, None),
        "one_supplier_orders": (0, 0, None),
        "price_to_median": (None, None, None),
        "without_photo": (0, 1, 0.0),
        "page_seconds": (None, None, None),
        "errors": (0, 0, None),
        "trouble": (0, None, 0),
    }
    elsewhere = made_of(NOVEMBER, region("KZ-63"))
    assert {value for _part, _whole, value in elsewhere.values()} == {0, None}


def test_the_same_before_and_after_a_rebuild_and_whatever_became_of_the_rows(autumn):
    """Events are what counts: states, court rows and lines of the outreach log of today change nothing."""
    step("complaint.court_opened", f"complaint:{autumn[2].number}", "2026-11-25 10:00", data={"role": "third_party"})
    before = made_of(NOVEMBER)
    facts.rebuild()
    assert made_of(NOVEMBER) == before
    Complaint.objects.update(status="withdrawn", outcome="withdrawn", closed_at=at("2026-12-01 10:00"))
    CourtCase.objects.all().delete()
    OutreachEntry.objects.all().delete()
    assert made_of(NOVEMBER) == before
    assert before["court_won"] == (0, 1, 0.0)


def test_what_is_carried_over_late_is_told_from_what_is_in_time(autumn):
    """The office lets its date and the next bodies theirs pass: overdue once nobody is left and no date is new."""
    _satisfied, _answered, _silent, helpers = autumn
    for day in ("2026-11-27", "2026-12-19", "2027-01-15"):
        clocks.run(at(f"{day} 00:06"))
    chain = Complaint.objects.get(pk=helpers.pk)
    assert chain.escalates_to is None
    assert made_of(NOVEMBER)["carried_overdue"] == (0, 2, 0.0), "passed up: the next body has a date of its own"
    end = Period(date(2027, 2, 1), date(2027, 2, 28))
    for day in ("2027-02-10", "2027-02-20"):
        clocks.run(at(f"{day} 00:06"))
    late, carried, _share = made_of(end)["carried_overdue"]
    assert (late, carried) == (2, 2)  # the office's and the silent supplier's
    bodies.extend(number=helpers.number, actor=make_reviewer(), reason="Asked.", now=at("2027-02-25 10:00"))
    assert made_of(end)["carried_overdue"][:2] == (1, 2), "a new date was given within the period"


def test_the_page_the_file_and_the_api_show_the_same(client, autumn):
    page = client.get(f"/en/reports/kpis/?{MONTH}&region=KZ-79")
    assert page.status_code == 200
    text = page.content.decode()
    assert "satisfied ÷ examined" in text
    assert "25.0\xa0%" in text
    lines = client.get(f"/en/reports/kpis.csv?{MONTH}&region=KZ-79").content.decode("utf-8-sig").splitlines()
    assert lines[1] == "satisfied,Satisfied,satisfied ÷ examined,1,4,25.0,per_cent,2026-11-01,2026-11-30,KZ-79"
    assert len(lines) == 1 + len(kpis.CODES)
    answer = client.get("/api/v1/reports/kpis?from=2026-11&to=2026-11&region=KZ-79").json()
    assert (answer["from"], answer["region"]) == ("2026-11-01", "KZ-79")
    assert [row["code"] for row in answer["results"]] == kpis.CODES
    assert answer["results"][0] == {
        "code": "satisfied", "name": "Satisfied", "formula": "satisfied ÷ examined", "part": 1, "whole": 4,
        "value": 25.0, "unit": "per_cent",
    }  # fmt: skip
    assert client.get("/api/v1/reports/kpis?region=nowhere").status_code == 422


def test_a_value_leads_to_as_many_cases_as_it_counts(client, autumn):
    client.force_login(make_reviewer())
    page = client.get(f"/en/reports/kpis/?{MONTH}").content.decode()
    for row in kpis.of_period(NOVEMBER, None):
        if row["figure"] and row["part"]:
            query = urlencode(row["figure"])
            assert query in page.replace("&amp;", "&"), row["code"]
            if row["code"] not in {"seller_in_time", "seller_days", "returned"}:
                cases = client.get(f"/en/reports/cases/?{MONTH}&{query}")
                assert cases.context["total"] == row["part"], row["code"]
    client.logout()
    assert "/en/reports/cases/" not in client.get(f"/en/reports/kpis/?{MONTH}").content.decode()
    assert Partner.objects.count() == 1
