"""Indicators that are not about complaints: applications, calls, who came, the market of the month, the portal itself."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from complaints import filing
from complaints.checking import Filing
from complaints.reporting import calls, kpis
from complaints.reports import Period
from marketplace import events
from marketplace.drafts import story
from marketplace.models import DayCount, Draft, DraftSave, Role, TroubleMinute
from orders.models import Entitlement, Line
from suppliers.models import MarketCell
from tests.complaints.factories import (
    at,
    make_complaint,
    make_line,
    make_person,
    make_reviewer,
    make_supplier,
    make_user,
    region,
)  # fmt: skip

NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))
MONTH = "month=2026-11"


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def shop():
    return make_supplier()


def of(code: str, place: Any = None, period: Period = NOVEMBER) -> tuple[Any, Any, Any]:
    row = next(row for row in kpis.of_period(period, place) if row["code"] == code)
    return row["part"], row["whole"], row["value"]


def step(kind: str, subject: str, moment: str, **more: Any) -> None:
    events.record(kind=kind, subject=subject, actor=more.pop("actor", None), at=at(moment), **more)


def begun(person, shop, *saves: tuple[str, str, str], place: str = "KZ-79") -> Line:
    """The line of an order whose application was saved like this: (moment, device, via)."""
    line = make_line(person=person, supplier=shop, place=place)
    for number, (moment, device, via) in enumerate(saves):
        DraftSave.objects.create(
            draft=line.order.draft, key=str(number), body_hash="", actor=person, device=device, via=via, rev=number + 1,
            ops=[], answer={}, at=at(moment),
        )  # fmt: skip
    return line


def sent(line: Line, moment: str) -> Line:
    """The application of the line's order is sent."""
    draft = line.order.draft
    data = {"draft": str(draft.pk), "previous": None, "application": story.of(draft, at(moment))}
    step("order.sent", f"order:{line.order.number}", moment, data=data)
    return line


def application(person, shop, moment: str, *saves: tuple[str, str, str], place: str = "KZ-79") -> Line:
    return sent(begun(person, shop, *saves, place=place), moment)


# --- Applications ---------------------------------------------------------------------------------------


def test_the_first_try_is_sent_on_the_only_day_it_was_worked_on(aigul, shop):
    application(aigul, shop, "2026-11-03 12:00", ("2026-11-03 10:00", "phone", ""), ("2026-11-03 11:59", "phone", ""))
    three_visits = application(
        aigul, shop, "2026-11-06 12:00", ("2026-11-02 10:00", "desk", ""), ("2026-11-04 10:00", "desk", "")
    )
    application(aigul, shop, "2026-11-30 23:59", ("2026-11-01 09:00", "portal", ""), place="KZ-63")
    application(aigul, shop, "2026-12-01 00:00", ("2026-11-20 10:00", "phone", ""))
    # The supplier declined: the next one gets the same application, which nobody filled in again.
    passed_on = make_line(person=aigul, supplier=shop)
    step(
        "order.sent", f"order:{passed_on.order.number}", "2026-11-20 10:00",
        data={"draft": str(three_visits.order.draft_id), "previous": three_visits.order.number},
    )  # fmt: skip
    assert of("first_try") == (2, 3, 66.7)
    assert of("visits") == (1.7, None, 1.7)
    assert of("first_try", region("KZ-63")) == (1, 1, 100.0)
    assert of("first_try", region("KZ-75")) == (0, 0, None)


def test_rescued_is_what_a_lost_session_or_device_did_not_lose(aigul, shop):
    application(aigul, shop, "2026-11-03 12:00", ("2026-11-03 10:00", "phone", ""))
    application(
        aigul, shop, "2026-11-04 12:00", ("2026-11-04 10:00", "phone", ""), ("2026-11-04 11:00", "phone", "key")
    )
    application(aigul, shop, "2026-11-05 12:00", ("2026-11-05 10:00", "phone", ""), ("2026-11-05 11:00", "desk", ""))
    aside = begun(aigul, shop, ("2026-11-06 10:00", "phone", ""))
    step("draft.restored", f"draft:{aside.order.draft_id}", "2026-11-06 11:00")
    sent(aside, "2026-11-06 12:00")
    helped = begun(aigul, shop, ("2026-11-07 10:00", "phone", ""))
    DraftSave.objects.create(  # of a caseworker at her own desk: nobody lost anything
        draft=helped.order.draft, key="h", body_hash="", actor=make_user("help", Role.CASEWORKER), device="desk", rev=2,
        ops=[], answer={}, at=at("2026-11-07 11:00"),
    )  # fmt: skip
    sent(helped, "2026-11-07 12:00")
    Draft.objects.create(kind="order", beneficiary=aigul, author=aigul, updated_at=at("2026-11-08 10:00"))
    assert of("rescued") == (3, 5, 60.0)


def test_days_from_the_programme_to_the_first_goods(aigul, shop):
    def accepted(begins: str, *moments: str, kind: str = "order.accepted") -> None:
        line = make_line(person=aigul, supplier=shop)
        programme = Entitlement.objects.create(
            beneficiary=aigul, product_type=line.product.product_class, norm=1, unit="piece", period="once",
            guaranteed_unit_sum=1, valid_from=begins,
        )  # fmt: skip
        Line.objects.filter(pk=line.pk).update(entitlement=programme)
        for moment in moments:
            step(kind, f"order:{line.order.number}", moment)

    accepted("2026-11-01", "2026-11-11 10:00", "2026-11-20 10:00")
    accepted("2026-10-01", "2026-11-20 23:59", kind="order.accepted_with_remarks")
    accepted("2026-01-01", "2026-10-31 23:59", "2026-11-20 10:00")  # the first goods came in October
    accepted("2026-11-01", "2026-11-02 10:00", kind="order.delivered")
    assert of("programme_days") == (30, None, 30)
    assert of("programme_days", region("KZ-63")) == (None, None, None)


# --- Calls ------------------------------------------------------------------------------------------------


def test_reasons_of_calls_are_what_1414_wrote_down_and_helped_with(client, aigul, shop):
    operator = make_user("operator", Role.HOTLINE, region=None)
    for subject in ("staff", "staff", "paid_helpers"):
        told = Filing(subject=subject, sphere="office", text="Rude.", beneficiary=aigul.pk, channel="hotline")
        filing.file(actor=operator, filing=told, now=at("2026-11-05 10:00"))
    make_complaint(person=aigul, line=make_line(person=aigul, supplier=shop), now=at("2026-11-05 10:00"))
    step("draft.help_began", "draft:1", "2026-11-06 10:00", actor=operator, on_behalf_of=aigul)
    step("draft.help_began", "draft:2", "2026-11-06 10:00", actor=make_user("c", Role.CASEWORKER), on_behalf_of=aigul)
    found = [(row["code"], row["calls"], row["share"]) for row in calls.reasons(NOVEMBER, region())]
    assert found == [("staff", 2, 50.0), ("application", 1, 25.0), ("paid_helpers", 1, 25.0)]
    assert calls.reasons(NOVEMBER, region("KZ-63")) == []

    client.force_login(make_reviewer())
    page = client.get(f"/en/reports/kpis/?{MONTH}").content.decode().replace("&amp;", "&")
    query = "step=received&channel=hotline&subject=staff"
    assert query in page and "Help with an application" in page
    cases = client.get(f"/en/reports/cases/?{MONTH}&{query}")
    assert cases.context["total"] == 2 and "Filed, " in cases.content.decode()
    lines = client.get(f"/en/reports/kpis.csv?{MONTH}").content.decode("utf-8-sig").splitlines()
    assert lines[-1].startswith("call_reason.paid_helpers,")
    told = client.get("/api/v1/reports/kpis?from=2026-11&to=2026-11").json()["call_reasons"]
    assert (told[0]["code"], told[0]["calls"], told[0]["share"]) == ("staff", 2, 50.0)


# --- Who came ---------------------------------------------------------------------------------------------


def test_who_came_is_counted_by_events_not_by_rows(aigul, shop):
    """Rows that stand there without an event came with the first data, not in this month."""
    assert of("new_people") == (0, None, 0)
    step("admin.added", f"user:{aigul.pk}", "2026-11-30 23:59")
    step("admin.added", f"user:{make_reviewer().pk}", "2026-11-10 10:00")
    step("admin.added", "region:KZ-79", "2026-11-10 10:00")
    step("account.joined", f"user:{make_person('late').pk}", "2026-12-01 00:00")
    step("supplier.opened", f"supplier:{shop.code}", "2026-11-10 10:00")
    assert (of("new_people"), of("new_businesses")) == ((1, None, 1), (1, None, 1))
    assert of("new_people", region("KZ-63")) == of("new_businesses", region("KZ-63")) == (0, None, 0)
    type(aigul).objects.filter(pk=aigul.pk).update(date_joined=at("2020-01-01 10:00"))
    assert of("new_people", region()) == (1, None, 1)


# --- The market and the portal ----------------------------------------------------------------------------


def test_the_market_is_told_of_the_month_that_runs_alone(client, aigul, shop):
    lines = [application(aigul, shop, f"2026-11-0{day} 10:00") for day in (2, 3, 4)]
    kinds = {line.product.product_class for line in lines}
    assert len(kinds) == 1
    for line, price in zip(lines, ("90", "110", "130"), strict=True):
        Line.objects.filter(pk=line.pk).update(unit_price_incl_tax=Decimal(price) * 10, pack_size=10)
    for place, sellers, median in (("", 3, "100"), ("KZ-79", 1, "100")):
        MarketCell.objects.create(
            type=next(iter(kinds)), region=place, offers=sellers, suppliers=sellers, choice_index=sellers,
            median=Decimal(median), asked=1, counted_at=at("2026-11-20 10:00"),
        )  # fmt: skip
    with time_machine.travel(at("2026-11-20 10:00"), tick=False):
        assert of("choice_index", region()) == (1.0, None, 1.0)
        assert of("choice_index") == (3.0, None, 3.0)
        assert of("one_supplier", region()) == (1, 1, 100.0)
        assert of("no_supplier", region()) == (0, 1, 0.0)
        assert of("one_supplier_orders") == (3, 3, 100.0)
        assert of("price_to_median") == (110.0, None, 110.0)
        assert of("one_supplier_orders", region("KZ-63")) == (0, 0, None)
        client.force_login(make_reviewer())
        page = client.get(f"/en/reports/kpis/?{MONTH}&region=KZ-79").content.decode()
        assert "/en/review/market/cells/?region=KZ-79&amp;how=one" in page
        whole = client.get(f"/en/reports/kpis/?{MONTH}").content.decode()
        assert "/review/market/cells/" not in whole, "the market watch lists regions, not the country"
        client.logout()
        assert "/review/market/" not in client.get(f"/en/reports/kpis/?{MONTH}&region=KZ-79").content.decode()
    with time_machine.travel(at("2026-12-01 10:00"), tick=False):
        assert of("choice_index") == of("price_to_median") == (None, None, None)
        assert of("one_supplier") == of("one_supplier_orders") == (0, 0, None)


def test_minutes_of_trouble_are_those_of_the_status_page_within_the_month():
    for part, moment in (
        ("portal", "10-31 23:59"),
        ("portal", "11-01 00:00"),
        ("messages", "11-01 00:00"),  # the same minute of another part
        ("deadlines", "11-30 23:59"),
        ("portal", "12-01 00:00"),
    ):
        TroubleMinute.objects.create(part=part, minute=at(f"2026-{moment}"))
    assert of("trouble") == (2, None, 2)
    assert of("trouble", region()) == (2, None, 2), "the portal is one"
    assert of("trouble", period=Period(date(2026, 10, 1), date(2026, 10, 31)))[0] == 1


def test_how_fast_pages_were_and_how_many_answers_were_errors():
    for day, what, part, count in (
        ("2026-11-01", "page_seconds", "1", 94),
        ("2026-11-30", "page_seconds", "2.5", 6),
        ("2026-12-01", "page_seconds", "60", 1000),
        ("2026-11-02", "answers", "fine", 990),
        ("2026-11-03", "answers", "error", 10),
    ):
        DayCount.objects.create(day=date.fromisoformat(day), what=what, part=part, count=count)
    assert of("page_seconds") == (1.25, None, 1.25), "one of the six between 1 and 2.5 seconds"
    assert of("errors") == (10, 1000, 1.0)
    assert of("page_seconds", period=Period(date(2026, 10, 1), date(2026, 10, 31))) == (None, None, None)


def test_what_was_handed_over_without_a_photo():
    line = make_line(person=make_person(), supplier=make_supplier())
    for moment, data in (
        ("2026-11-02 10:00", {"photo": True}),
        ("2026-11-03 10:00", {"photo": False}),
        ("2026-11-04 10:00", {}),  # nobody has written down whether there was one
        ("2026-12-01 10:00", {"photo": False}),
    ):
        events.record(
            kind="order.delivered", subject=f"order:{line.order.number}", actor=None, at=at(moment), data=data
        )
    assert of("without_photo") == (1, 3, 33.3)
    assert of("without_photo", region("KZ-63")) == (0, 0, None)
