"""Reports add up, are rebuilt from events, and refuse to be published when they do not."""

from datetime import date

import pytest
from django.core.management import CommandError, call_command

from complaints import bodies, clocks, court, person, reports
from complaints.models import Complaint, MonthlyReport
from complaints.reports import Period
from suppliers.models import Partner
from tests.complaints.factories import (
    at,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_supplier,
    region,
)  # fmt: skip

NOVEMBER, DECEMBER = Period(date(2026, 11, 1), date(2026, 11, 30)), Period(date(2026, 12, 1), date(2026, 12, 31))


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def inspector():
    return make_inspector()


def a_complaint(aigul, now, **more):
    supplier = Partner.objects.filter(code="jarqyn-med").first() or make_supplier()
    return make_complaint(person=aigul, line=make_line(person=aigul, supplier=supplier), now=at(now), **more)


def decide(complaint, inspector, outcome, now, **more):
    bodies.decide(number=complaint.number, actor=inspector, outcome=outcome, text="Decided.", now=at(now), **more)


@pytest.fixture
def autumn(aigul, inspector):
    """Six complaints of November: one of each kind of outcome by the end of December, one carried over."""
    satisfied, explained, withdrawn, lawsuit, carried, redirected = (
        a_complaint(aigul, f"2026-11-{day:02} 10:00") for day in (2, 3, 4, 5, 24, 9)
    )
    person.withdraw(number=withdrawn.number, actor=aigul, now=at("2026-11-05 10:00"))
    clocks.run(at("2026-11-20 00:05"))
    decide(satisfied, inspector, "satisfied", "2026-11-25 10:00", returned="45000.50")
    person.confirm_outcome(number=satisfied.number, actor=aigul, now=at("2026-11-26 10:00"))
    decide(explained, inspector, "explained", "2026-11-25 10:00")
    court.to_court(number=lawsuit.number, actor=inspector, reason="Damage", now=at("2026-11-25 10:00"))
    decide(redirected, inspector, "redirected", "2026-11-25 10:00", authority="ministry")
    person.confirm_outcome(number=redirected.number, actor=aigul, now=at("2026-11-27 10:00"))
    person.confirm_outcome(number=explained.number, actor=aigul, now=at("2026-12-02 10:00"))
    court.court_result(
        number=lawsuit.number, actor=inspector, result="won", recovered="1424750", now=at("2026-12-10 10:00")
    )
    person.confirm_outcome(number=lawsuit.number, actor=aigul, now=at("2026-12-11 10:00"))
    return carried


def test_every_case_stands_under_one_outcome(autumn):
    november = reports.facts(NOVEMBER, region())
    assert november["examined"] == 6
    assert november["outcomes"] == {
        "satisfied": 1, "explained": 0, "redirected": 1, "withdrawn": 1, "lawsuit": 1, "carried_over": 2,
    }  # fmt: skip
    assert november["by_channel"] == {"portal": 6}
    assert november["returned_kzt"] == 45000.5
    assert november["court"] == {"joined": 1, "won": 0, "recovered_kzt": 0}
    assert (november["seller"]["answered"], november["seller"]["ignored"], november["seller"]["ignored_share"]) == (
        0,
        4,
        100.0,
    )

    december = reports.facts(DECEMBER, region())
    assert december["outcomes"] == {
        "satisfied": 0, "explained": 1, "redirected": 0, "withdrawn": 0, "lawsuit": 1, "carried_over": 1,
    }  # fmt: skip
    assert (december["examined"], december["received"]) == (3, 0)
    assert december["court"] == {"joined": 0, "won": 1, "recovered_kzt": 1424750}
    for found in (november, december, reports.facts(NOVEMBER), reports.facts(NOVEMBER, region("KZ-63"))):
        assert reports.self_check(found) == "ok"
        assert sum(found["outcomes"].values()) == found["examined"]


def test_the_past_does_not_change_with_the_future(autumn, aigul):
    before = reports.facts(NOVEMBER, region())
    person.reopen(number=Complaint.objects.get(outcome="satisfied").number, actor=aigul, now=at("2026-12-20 10:00"))
    assert reports.facts(NOVEMBER, region()) == before
    assert reports.facts(DECEMBER, region())["outcomes"]["carried_over"] == 2
    assert reports.facts(DECEMBER, region())["examined"] == 4


def test_a_month_is_stored_once(autumn):
    first = reports.build(period=NOVEMBER, region=region())
    again = reports.build(period=NOVEMBER, region=region())
    assert first.pk == again.pk
    assert first.facts == again.facts
    assert MonthlyReport.objects.filter(imported=False).count() == 1


def test_what_does_not_add_up_is_refused_with_the_difference(autumn):
    found = reports.facts(NOVEMBER, region())
    found["outcomes"]["satisfied"] += 9
    with pytest.raises(reports.DoesNotAddUp) as refused:
        reports.checked(found)
    assert refused.value.extra["self_check"] == "outcomes sum to 15, not to 6 (difference -9)"
    # a closed case without an outcome cannot hide
    Complaint.objects.filter(outcome="satisfied").update(confirmed_by="person")
    broken = reports.facts(NOVEMBER, region())
    broken["outcomes"][""] = broken["outcomes"].pop("satisfied")
    assert "unknown outcomes" in reports.self_check(broken)


def test_the_published_table_of_shymkent_is_shown_as_it_was():
    found = reports.of_period(Period(date(2024, 1, 1), date(2024, 5, 31)), region("KZ-79"))
    assert found["imported"]
    assert found["examined"] == 1902
    assert found["outcomes"] == {
        "satisfied": 1664, "explained": 135, "redirected": 58, "withdrawn": 21, "lawsuit": 9, "carried_over": 15,
    }  # fmt: skip
    assert sum(found["outcomes"].values()) == 1902
    assert found["satisfied_share"] == 87.5
    assert found["returned_kzt"] == 72_000_000
    assert found["court"] == {"joined": 9, "won": 4, "recovered_kzt": 1_424_750}
    assert found["self_check"] == "ok"
    assert (found["outreach"]["total"], found["outreach"]["published_total"], found["outreach"]["difference"]) == (
        2156,
        2165,
        9,
    )
    assert found["outreach"]["self_check"] != "ok"


def test_the_channels_of_2020_sum_up():
    found = reports.of_period(Period(date(2020, 1, 1), date(2020, 10, 31)), None)
    assert (found["examined"], sum(found["by_channel"].values()), found["imported"]) == (17807, 17807, True)
    assert found["by_channel"]["hotline"] == 9370


def test_history_is_never_added_to_the_portals_numbers(autumn):
    assert reports.facts(Period(date(2020, 1, 1), date(2026, 12, 31)))["examined"] == 6


def test_the_command_writes_each_format(autumn, tmp_path):
    for kind, beginning in (("csv", b"\xef\xbb\xbf"), ("html", b"<!DOCTYPE html>"), ("pdf", b"%PDF-")):
        target = tmp_path / f"report.{kind}"
        call_command(
            "report_month", "--region", "shymkent", "--month", "2026-11", "--format", kind, "--output", str(target)
        )
        assert target.read_bytes().startswith(beginning)
    rows = (tmp_path / "report.csv").read_text("utf-8-sig")
    assert "45000.50" in rows
    with pytest.raises(CommandError):
        call_command("report_month", "--region", "atlantis", "--month", "2026-11")
    with pytest.raises(CommandError):
        call_command("report_month", "--month", "November")
