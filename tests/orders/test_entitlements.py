"""Lines of the programme: import, tranches by date, refusals that name rule and next date, the clock."""

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from marketplace import outbox
from marketplace.calendar import add_months
from marketplace.errors import Forbidden, IllegalStep, Invalid, NotFound
from marketplace.models import Event, Notice, Role, Rule
from orders import clocks, entitlements, loading, norms, selectors
from orders.entitlements import ProgrammeLine
from orders.models import Entitlement, Tranche
from orders.tranches import opening_after, plan
from tests.orders import factories as make

DIAPERS = ProgrammeLine(
    product_type="child-diapers",
    norm=1460,
    period="year",
    guaranteed_unit_sum=Decimal("190.00"),
    valid_from=date(2026, 1, 1),
    valid_to=date(2029, 12, 31),
    source="DEMO-1",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+05:00")


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-01-31", 1, "2026-02-28"),
        ("2027-11-30", 3, "2028-02-29"),
        ("2026-12-01", 1, "2027-01-01"),
        ("2026-01-01", 12, "2027-01-01"),
        ("2026-08-31", 6, "2027-02-28"),
    ],
)
def test_months_end_where_they_end(day, months, expected):
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_1460_a_year_come_as_365_a_quarter(family):
    rows = Tranche.objects.filter(entitlement=family.diapers, opens_on__year=2026).order_by("opens_on")
    assert [(row.opens_on.isoformat(), row.closes_on.isoformat(), row.quantity, row.budget) for row in rows] == [
        ("2026-01-01", "2026-03-31", 365, Decimal("69350.00")),
        ("2026-04-01", "2026-06-30", 365, Decimal("69350.00")),
        ("2026-07-01", "2026-09-30", 365, Decimal("69350.00")),
        ("2026-10-01", "2026-12-31", 365, Decimal("69350.00")),
    ]
    assert sum(row.quantity for row in rows) == family.diapers.norm


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        # A yearly norm of goods that are no consumables opens once a year.
        ({"product_type": "shoes", "norm": 2}, [("2026-01-01", 2), ("2027-01-01", 2)]),
        # A one-time norm opens again after its term of use.
        ({"product_type": "shoes", "norm": 1, "period": "once", "replacement_months": 9}, [("2026-01-01", 1), ("2026-10-01", 1)]),
        ({"product_type": "shoes", "norm": 1, "period": "once"}, [("2026-01-01", 1)]),
        # Hours of an assistant open by the month.
        ({"product_type": "shoes", "norm": 8, "period": "day", "valid_to": date(2026, 3, 15)}, [("2026-01-01", 240), ("2026-02-01", 240), ("2026-03-01", 240)]),
        # The programme itself says how.
        ({"tranche_months": 6, "tranche_quantity": 700}, [("2026-01-01", 700), ("2026-07-01", 700)]),
    ],
)  # fmt: skip
def test_how_norms_open(family, change, parts):
    make.make_type("shoes", sphere="durable")
    line = replace(DIAPERS, **change)
    entitlement = entitlements.import_line(beneficiary_id=family.marat.pk, line=line)
    found = [(part.opens_on.isoformat(), part.quantity) for part in plan(entitlement, date(2027, 1, 1))]
    assert found[: len(parts)] == parts
    assert all(part.closes_on <= (entitlement.valid_to or date.max) for part in plan(entitlement, date(2040, 1, 1)))


def test_importing_twice_adds_nothing(family):
    first = entitlements.import_line(beneficiary_id=family.marat.pk, line=DIAPERS)
    rows = Tranche.objects.count()
    assert entitlements.import_line(beneficiary_id=family.marat.pk, line=DIAPERS) == first
    assert Tranche.objects.count() == rows
    assert list(Event.objects.filter(subject=f"entitlement:{first.pk}").values_list("kind", flat=True)) == [
        "entitlement.imported", "entitlement.activate",
    ]  # fmt: skip


@pytest.mark.parametrize(("hours", "status"), [(8, "active"), (9, "quarantined")])
def test_more_hours_of_an_assistant_than_the_code_allows_wait_for_the_office(family, hours, status):
    make.make_type("assistant", sphere="assistant")
    line = replace(DIAPERS, product_type="assistant", norm=hours, period="day", tranche_quantity=None)
    entitlement = entitlements.import_line(beneficiary_id=family.marat.pk, line=line)
    assert entitlement.status == status
    last = Event.objects.filter(subject=f"entitlement:{entitlement.pk}").latest("pk")
    assert last.reason == ("" if status == "active" else "9 hours a day, not 8")


def test_the_hours_of_an_assistant_are_the_rules(family):
    make.make_type("assistant", sphere="assistant")
    Rule.objects.filter(code="entitlement.assistant_hours_per_day").update(value={"hours": 4})
    line = replace(DIAPERS, product_type="assistant", norm=8, period="day")
    assert entitlements.import_line(beneficiary_id=family.marat.pk, line=line).status == "quarantined"


def test_a_line_with_a_foreign_unit_waits_for_the_office(family):
    entitlement = entitlements.import_line(beneficiary_id=family.marat.pk, line=replace(DIAPERS, unit="pack"))
    assert entitlement.status == "quarantined"
    assert norms.why_not(norms.standing(entitlement))[0] == "not_checked"
    entitlements.change(entitlement_id=entitlement.pk, action="clear", actor=family.gulnar)
    entitlement.refresh_from_db()
    assert entitlement.status == "active"


@pytest.mark.parametrize(
    "change", [{"product_type": "no-such"}, {"norm": 0}, {"period": "week"}, {"valid_to": date(2025, 1, 1)}]
)
def test_impossible_lines_are_refused(family, change):
    before = Entitlement.objects.count()
    with pytest.raises(Invalid):
        entitlements.import_line(beneficiary_id=family.marat.pk, line=replace(DIAPERS, **change))
    assert Entitlement.objects.count() == before


@pytest.mark.parametrize(
    ("today", "change", "code", "says"),
    [
        ("2026-11-23", {"status": "suspended"}, "suspended", "social office"),
        ("2026-11-23", {"status": "disputed"}, "disputed", "expertise"),
        ("2026-11-23", {"status": "closed"}, "closed", "closed"),
        ("2026-11-23", {"status": "imported"}, "not_checked", "checking"),
        ("2030-01-01", {}, "expired", "31 December 2029"),
        ("2025-12-31", {}, "not_started", "1 January 2026"),
    ],
)
def test_refusals_say_why_and_until_when(family, today, change, code, says):
    from django.utils import translation

    Entitlement.objects.filter(pk=family.diapers.pk).update(**change)
    family.diapers.refresh_from_db()
    standing = norms.standing(family.diapers, date.fromisoformat(today))
    assert standing.remaining == 0
    with translation.override("en"):
        reason = norms.why_not(standing)
    assert reason[0] == code and says in reason[1].replace("\xa0", " ")


def test_a_used_up_norm_names_rule_and_next_date(family):
    from django.utils import translation

    Tranche.objects.filter(entitlement=family.diapers, opens_on="2026-10-01").update(reserved_quantity=365)
    standing = norms.standing(Entitlement.objects.get(pk=family.diapers.pk))
    with translation.override("en"):
        code, words = norms.why_not(standing)
    assert code == "norm_used_up"
    assert words.replace("\xa0", " ") == (
        "Your norm is 1,460 pieces a year, in parts of 365 pieces every 3 months. It is used up for this period. "
        "The next part opens on 1 January 2027."
    )


def test_the_next_date_of_a_term_of_use_lies_years_ahead(family):
    assert opening_after(family.walker, date(2026, 11, 23)) == date(2028, 1, 1)
    assert norms.standing(family.walker).next_date == date(2028, 1, 1)
    assert opening_after(family.walker, date(2028, 1, 1)) is None


def test_only_the_right_people_move_a_line(family):
    with pytest.raises(NotFound):
        entitlements.change(entitlement_id=family.diapers.pk, action="suspend", actor=family.dina, reason="x")
    with pytest.raises(NotFound):
        entitlements.change(entitlement_id=family.diapers.pk, action="dispute", actor=family.marat)
    with pytest.raises(Forbidden):
        entitlements.change(entitlement_id=family.diapers.pk, action="suspend", actor=family.aigul)
    with pytest.raises(IllegalStep):
        entitlements.change(entitlement_id=family.diapers.pk, action="resume", actor=family.gulnar)
    assert Entitlement.objects.get(pk=family.diapers.pk).status == "active"

    entitlements.change(entitlement_id=family.diapers.pk, action="suspend", actor=family.gulnar, reason="жәрдемақы")
    assert Entitlement.objects.get(pk=family.diapers.pk).status == "suspended"
    ministry = make.make_user("asel", Role.REVIEWER)
    entitlements.change(entitlement_id=family.diapers.pk, action="resume", actor=ministry)
    outbox.drain()
    told = Notice.objects.filter(kind__startswith="entitlement.").order_by("pk")
    assert [(notice.kind, notice.recipient.username) for notice in told] == [
        ("entitlement.suspend", "aigul"), ("entitlement.resume", "aigul"),
    ]  # fmt: skip


def test_a_renewed_line_gets_its_tranches(family, monday):
    Entitlement.objects.filter(pk=family.diapers.pk).update(valid_to=date(2026, 11, 22))
    assert clocks.run(at("2026-11-23T00:00:05")).done["programme lines expired"] == 1
    with pytest.raises(Invalid):
        entitlements.change(
            entitlement_id=family.diapers.pk, action="renew", actor=family.gulnar, valid_to=date(2026, 1, 1)
        )
    entitlements.change(
        entitlement_id=family.diapers.pk, action="renew", actor=family.gulnar, valid_to=date(2030, 12, 31)
    )
    assert norms.standing(Entitlement.objects.get(pk=family.diapers.pk)).remaining == 365


def test_the_clock_opens_the_next_part_and_tells_once(family, monday):
    assert clocks.run(at("2026-12-31T23:59:59")).done["tranches announced"] == 0
    monday.move_to("2027-01-01T00:00:10+05:00")
    assert clocks.run(at("2027-01-01T00:00:10")).done["tranches announced"] == 1
    assert clocks.run(at("2027-01-01T00:00:10")).done["tranches announced"] == 0
    outbox.drain()
    notice = Notice.objects.get(kind="tranche.opened")
    assert notice.recipient == family.aigul and "365" in notice.text
    assert norms.standing(Entitlement.objects.get(pk=family.diapers.pk)).remaining == 365


def test_the_clock_writes_the_year_ahead_once(family, monday):
    before = Tranche.objects.filter(entitlement=family.diapers).count()
    assert clocks.run(at("2026-11-23T10:00:00")).done["tranches written"] == 0
    monday.move_to("2027-11-23T10:00:00+05:00")
    assert clocks.run(at("2027-11-23T10:00:00")).done["tranches written"] == 4 + 1
    assert clocks.run(at("2027-11-23T10:00:00")).done["tranches written"] == 0
    assert Tranche.objects.filter(entitlement=family.diapers).count() == before + 4


def test_a_line_that_ended_yesterday_expires_today_not_before(family):
    Entitlement.objects.filter(pk=family.diapers.pk).update(valid_to=date(2026, 11, 23))
    assert clocks.run(at("2026-11-23T23:59:59")).done["programme lines expired"] == 0
    assert clocks.run(at("2026-11-24T00:00:01")).done["programme lines expired"] == 1
    assert clocks.run(at("2026-11-24T00:00:01")).done["programme lines expired"] == 0
    event = Event.objects.get(kind="entitlement.expire")
    assert event.actor is None and event.on_behalf_of == family.alihan


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"reserved_quantity": 366}, "tranche_norm_not_overdrawn"),
        ({"consumed_sum": Decimal("69350.01")}, "tranche_budget_not_overdrawn"),
        ({"reserved_sum": Decimal("-1")}, "tranche_budget_not_overdrawn"),
        ({"closes_on": date(2026, 9, 30)}, "tranche_dates"),
    ],
)
def test_the_database_refuses_overdrafts_by_itself(family, change, constraint):
    rows = Tranche.objects.filter(entitlement=family.diapers, opens_on="2026-10-01")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        rows.update(**change)


def test_the_programme_needs_two_queries_for_any_number_of_lines(family, django_assert_num_queries):
    with django_assert_num_queries(2):
        found = selectors.programme(family.aigul)
    assert [(standing.entitlement.product_type.code, standing.remaining) for standing in found] == [
        ("child-diapers", 365), ("posterior-rollator-child", 1),
    ]  # fmt: skip
    assert selectors.programme(family.marat) == [] and selectors.programme(family.dina) == []
    with django_assert_num_queries(2):
        assert len(selectors.programme(family.gulnar)) == 2


def test_the_demo_data_loads_and_loads_again(ground):
    from catalog.loading import load_types

    load_types()
    people = loading.load_people(password=None)
    assert loading.load_entitlements(people) == 39
    counts = (Entitlement.objects.count(), Tranche.objects.count(), Event.objects.count())
    people = loading.load_people(password=None)
    assert loading.load_entitlements(people) == 39
    assert (Entitlement.objects.count(), Tranche.objects.count(), Event.objects.count()) == counts
    parent = people["parent"]
    assert [(standing.entitlement.product_type.code, standing.remaining) for standing in selectors.programme(parent)] == [
        ("posterior-rollator-child", 1), ("child-diapers", 365),
    ]  # fmt: skip
    statuses = set(Entitlement.objects.values_list("status", flat=True))
    assert statuses == {"active", "expired", "suspended", "quarantined", "imported", "disputed", "closed"}
    assert people["child"].record.iin_encrypted and not people["child"].has_usable_password()
