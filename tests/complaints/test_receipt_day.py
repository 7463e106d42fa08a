"""The day on which a letter or a visit came is day zero of the clock, not the day on which it was typed."""

import json
import re

import pytest
from django.utils import timezone

from complaints import bodies, clocks, filing
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace.errors import Invalid
from marketplace.models import Draft, Event, Role, Rule
from tests.complaints.factories import at, make_caseworker, make_line, make_person, make_supplier, make_user

NOW = at("2026-11-22 10:00")


@pytest.fixture
def line():
    return make_line(person=make_person(), supplier=make_supplier())


@pytest.fixture
def operator():
    return make_user("operator", Role.HOTLINE, region=None)


def file(actor, line, now=NOW, **said):
    said = {"subject": "defect", "order_line": line.pk, "text": "The wheel broke.", "channel": "written"} | said
    filing.file(actor=actor, filing=Filing(**said), now=now)
    return Complaint.objects.get()


def test_the_ten_days_run_from_the_receipt(operator, line):
    complaint = file(operator, line, received_on="2026-11-19")
    assert (f"{complaint.filed_on}", f"{complaint.received_on}") == ("2026-11-22", "2026-11-19")
    assert f"{complaint.respond_by}" == "2026-11-30"  # 29 November is a Sunday
    assert complaint.due_explained["from"] == "2026-11-19"
    assert Event.objects.get(kind="complaint.filed").data["received_on"] == "2026-11-19"


def test_today_is_the_day_of_filing(operator, line):
    complaint = file(operator, line, received_on="2026-11-22")
    assert (complaint.received_on, f"{complaint.respond_by}") == (None, "2026-12-02")


def test_the_hours_of_a_danger_run_from_the_filing(operator, line):
    complaint = file(operator, line, subject="danger", received_on="2026-11-19")
    assert timezone.localtime(complaint.due_at).isoformat() == "2026-11-23T10:00:00+05:00"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("2026-11-23", "out_of_range"),
        ("2026-11-16", "out_of_range"),
        ("2026-11-", "date"),
        ("last week", "date"),
        ("99999999999999999999-1-1", "date"),
    ],
)
def test_another_day_is_refused(operator, line, said, code):
    with pytest.raises(Invalid) as refused:
        file(operator, line, received_on=said)
    assert [(error.field, error.code) for error in refused.value.errors] == [("received_on", code)]
    assert not Complaint.objects.exists()


def test_how_far_back_is_a_rule(operator, line):
    rule = Rule.objects.get(code="complaint.received_back_days")
    rule.pk, rule.valid_from, rule.value = None, NOW.date(), {"days": 6, "kind": "calendar"}
    rule.save()
    assert f"{file(operator, line, received_on='2026-11-16').received_on}" == "2026-11-16"


def test_a_person_cannot_date_the_own_complaint(line):
    with pytest.raises(Invalid) as refused:
        file(line.order.user, line, received_on="2026-11-21", channel="")
    assert [error.code for error in refused.value.errors] == ["not_staff"]


def test_the_form_of_the_office_and_the_api_take_it(client, line):
    gulnar = make_caseworker()
    client.force_login(gulnar)
    url = client.post(f"/en/complaints/new/?line={line.pk}", {"subject": "defect"}).url
    day = timezone.localdate() - timezone.timedelta(days=2)
    told = {"text": "A letter.", "channel": "written"}
    told |= {"received_on_day": day.day, "received_on_month": day.month, "received_on_year": day.year}
    client.post(url, told | {"received_on_year": day.year + 1})
    wrong = client.get(f"{url}check/")
    assert "Enter a day from" in wrong.content.decode() and "A letter.</textarea>" in wrong.content.decode()
    client.post(url, told)
    assert "Received on" in re.sub(r"\s+", " ", client.get(f"{url}check/").content.decode())
    client.post(f"{url}check/", {"rev": Draft.objects.get(kind="complaint").rev})
    first = Complaint.objects.get()
    assert (first.received_on, first.channel) == (day, "written")
    body = {"subject": "late", "order_line": line.pk, "text": "A visit.", "channel": "reception"}
    answer = client.post(
        "/api/v1/complaints",
        json.dumps(body | {"received_on": day.isoformat()}),
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 201
    assert Complaint.objects.get(subject="late").received_on == day


def test_reminders_run_from_the_receipt_like_the_term(operator, line):
    """Received on 19 November, written down on the 22nd: day 3 is that day, 7 the 26th, 9 the 28th."""
    file(operator, line, received_on="2026-11-19")
    told = [day for day in range(22, 31) if clocks.run(at(f"2026-11-{day} 09:00")).done["reminders"]]
    assert told == [22, 26, 28]


def test_the_next_bodys_time_runs_from_the_receipt_as_well(operator):
    """A letter that triage passes on: the body gets the days since it came, not since it was typed."""
    person = make_person()
    said = {
        "subject": "unclear",
        "sphere": "goods",
        "text": "Who knows",
        "channel": "written",
        "beneficiary": person.pk,
    }
    filing.file(actor=operator, filing=Filing(**said, received_on="2026-11-19"), now=NOW)
    complaint = Complaint.objects.get()
    assert complaint.addressee_authority.kind == "triage_desk"
    bodies.redirect(
        number=complaint.number, actor=operator, authority="krk-KZ-79", reason="Theirs.", now=at("2026-11-23 10:00")
    )
    complaint.refresh_from_db()
    assert complaint.due_explained["from"] == "2026-11-19"
    assert Event.objects.get(kind="complaint.redirected").data["tell_by"] == "2026-11-24"
