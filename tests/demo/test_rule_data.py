"""The files of the calendar, rules, complaint forms, routing and published history. No database."""

from datetime import date, timedelta
from itertools import product

import holidays
import pytest

from tests.demo.test_demo_data import AUTHORITIES, REGION_CODES, TYPES, load

YEARS = range(2024, 2029)
CALENDAR = load("marketplace", "holidays")
RULES = load("marketplace", "rules")
TEMPLATES = load("complaints", "templates")
ROUTING = load("complaints", "routing")
HISTORY = {table["code"]: table for table in load("complaints", "history")["tables"]}

# Calendar


def days_off() -> set[str]:
    moved = {day["date"] for day in CALENDAR["moved"] if not day["working"]}
    return {day["date"] for day in CALENDAR["days"]} | moved


def test_the_calendar_agrees_with_an_independent_one():
    expected = {day.isoformat() for day in holidays.country_holidays("KZ", years=YEARS)}
    assert days_off() == expected


@pytest.mark.parametrize(
    ("day", "off"),
    [
        ("2024-05-08", True),  # moved from Saturday 4 May by order
        ("2025-03-25", True),  # Nauryz fell on a weekend
        ("2026-08-30", False),  # Constitution Day is kept on 15 March since the new constitution
        ("2027-03-15", True),
        ("2026-10-26", True),  # Republic Day fell on a Sunday
        ("2024-01-08", False),  # Christmas fell on a Sunday: it does not move
        ("2028-05-08", True),
    ],
)
def test_days_that_are_easy_to_get_wrong(day, off):
    assert (day in days_off()) is off


def test_each_day_stands_once_and_says_why_it_moved():
    every = [day["date"] for day in CALENDAR["days"] + CALENDAR["moved"]]
    assert len(every) == len(set(every))
    weekend = CALENDAR["weekend"]
    for day in CALENDAR["moved"]:
        moved, held = date.fromisoformat(day["date"]), date.fromisoformat(day["instead_of"])
        assert day["basis"] in {"holiday_on_day_off", "order"} and day["mark"] == "L"
        if day["working"]:
            assert moved.isoweekday() in weekend
        elif day["basis"] == "holiday_on_day_off":
            assert held.isoweekday() in weekend and timedelta(0) < moved - held < timedelta(6)
    guesses = [day["date"] for day in CALENDAR["days"] if day["estimated"]]
    assert guesses == ["2026-05-27", "2027-05-16", "2028-05-05"]


# Rules


def values() -> dict[str, object]:
    return {row["code"]: row["value"] for row in RULES}


def test_rules_have_one_version_a_date_and_an_honest_basis():
    keys = [(row["code"], row["valid_from"]) for row in RULES]
    assert len(keys) == len(set(keys))
    for row in RULES:
        assert row["mark"] in {"S", "L", "W", "K", "D"}
        if row["mark"] == "D":
            assert "not a law" in row["legal_basis"]["en"], row["code"]
            assert "заң нормасы емес" in row["legal_basis"]["kk"], row["code"]
            assert "не норма закона" in row["legal_basis"]["ru"], row["code"]
    law = {row["code"] for row in RULES if row["mark"] == "L"}
    assert {"complaint.seller_answer_days", "complaint.refusal_days", "complaint.misdirected_days"} <= law


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("order.draft_keep_days", {"days": 180, "kind": "calendar"}),
        ("order.draft_reminder_days", {"days": [3, 14], "kind": "calendar"}),
        ("order.confirm_days", {"days": 3, "kind": "working"}),
        ("order.delivery_days.consumable", {"days": 10, "kind": "calendar"}),
        ("order.delivery_days.durable", {"days": 20, "kind": "calendar"}),
        ("order.delivery_days.made_to_measure", {"days": 45, "kind": "calendar"}),
        ("order.acceptance_days", {"days": 5, "kind": "working"}),
        ("order.trial_days", {"days": 14, "kind": "calendar"}),
        ("order.reimbursement_days", {"days": 10, "kind": "working"}),
        ("listing.stale_days", {"days": 14, "kind": "calendar"}),
        ("complaint.seller_answer_days", {"days": 10, "kind": "calendar"}),
        ("complaint.seller_reminder_days", {"days": [3, 7, 9], "kind": "calendar"}),
        ("complaint.refusal_days", {"days": 5, "kind": "working"}),
        ("complaint.decision_days", {"days": 15, "kind": "working"}),
        ("complaint.offer_acceptance_days", {"days": 5, "kind": "calendar"}),
        ("complaint.person_decision_days", {"days": 20, "kind": "calendar"}),
        ("complaint.remedy_days", {"days": 30, "kind": "calendar"}),
        ("complaint.outcome_check_days", {"days": 20, "kind": "calendar"}),
        ("complaint.reopen_days", {"days": 30, "kind": "calendar"}),
        ("complaint.pretrial_days", {"days": 30, "kind": "calendar"}),
        ("complaint.safety_seller_hours", {"hours": 24}),
        ("complaint.misdirected_days", {"days": 3, "kind": "working"}),
        ("deadline.last_day_moves", {"enabled": True}),
    ],
)
def test_deadlines(code, value):
    assert values()[code] == value


def test_ranking_weights_add_up():
    assert round(sum(values()["ranking.weights"].values()), 9) == 1


# Complaint forms and routing

FIELD_KINDS = {"text", "number", "date", "choice", "flag", "money"}


def route(subject: str, sphere: str) -> dict:
    """The first row of the table that matches, as the note in the file describes it."""
    return next(
        row
        for row in ROUTING["table"]
        if row["subject"] in {subject, "any"} and (sphere in row["spheres"] or "any" in row["spheres"])
    )


def test_templates_are_t1_to_t20_and_a_free_form():
    assert {row["code"] for row in TEMPLATES} == {f"T{number}" for number in range(21)}
    for row in TEMPLATES:
        codes = [field["code"] for field in row["fields"]]
        assert codes and len(codes) == len(set(codes)), row["code"]
        for field in row["fields"]:
            assert field["kind"] in FIELD_KINDS
            assert ("choices" in field) == (field["kind"] == "choice")
        assert set(row["subjects"]) <= {*ROUTING["subjects"], "any"}
        assert set(row["spheres"]) <= set(ROUTING["spheres"])


def test_routing_has_rules_1_to_30_in_known_words():
    assert {row["rule"] for row in ROUTING["table"]} == {f"R{number}" for number in range(1, 31)}
    bodies = {row["kind"] for row in AUTHORITIES} | {"seller"}
    for row in ROUTING["table"]:
        assert row["subject"] in {*ROUTING["subjects"], "any"}
        assert set(row["spheres"]) <= set(ROUTING["spheres"])
        assert {row["first"], *row["also"], *row["escalates_to"]} <= bodies, row["rule"]
        assert row["priority"] in {"urgent", "high", "normal", "low"}
    assert {row["sphere"] for row in TYPES.values()} <= set(ROUTING["spheres"])


def test_every_subject_in_every_sphere_has_an_addressee_and_a_form():
    reached = set()
    for subject, sphere in product(ROUTING["subjects"], ROUTING["spheres"]):
        row = route(subject, sphere)
        reached.add(row["rule"])
        if row["rule"] == "R30":
            continue
        forms = [
            form["code"]
            for form in TEMPLATES
            if form["code"] != "T0"
            and {subject, "any"} & set(form["subjects"])
            and {sphere, "any"} & set(form["spheres"])
        ]
        assert forms, (subject, sphere)
    assert reached == {f"R{number}" for number in range(1, 31)}, "no row may be shadowed by the ones above it"


@pytest.mark.parametrize(
    ("subject", "sphere", "rule", "first", "priority"),
    [
        ("defect", "consumable", "R1", "seller", "normal"),
        ("defect", "durable", "R2", "seller", "normal"),
        ("defect", "wheelchair", "R3", "seller", "high"),
        ("danger", "trade", "R4", "seller", "urgent"),
        ("misfit", "made_to_measure", "R5", "seller", "normal"),
        ("entitlement", "entitlement", "R6", "medical_social_expertise", "high"),
        ("late", "goods", "R8", "seller", "high"),
        ("late", "assistant", "R12", "seller", "high"),
        ("defect", "made_to_measure", "R16", "seller", "high"),
        ("defect", "hearing", "R17", "seller", "normal"),
        ("fake_act", "sanatorium", "R19", "fraud_desk", "urgent"),
        ("portal_failure", "portal", "R21", "portal_operator", "high"),
        ("staff", "office", "R22", "social_office", "normal"),
        ("defect", "trade", "R29", "seller", "low"),
        ("unclear", "any", "R30", "triage_desk", "normal"),
    ],
)
def test_routes(subject, sphere, rule, first, priority):
    row = route(subject, sphere)
    assert (row["rule"], row["first"], row["priority"]) == (rule, first, priority)


def test_fraud_hides_the_person_and_holds_the_payment():
    for subject in ("fake_act", "pressure"):
        assert route(subject, "any")["hide_person"] and route(subject, "any")["hold_payment"]
    assert not route("defect", "durable")["hide_person"]


# Published history


def test_channels_of_2020_add_up():
    channels = HISTORY["S0"]["by_channel"]
    assert channels == {
        "written": 5079, "hotline": 9370, "telegram": 2033, "reception": 907, "minister_blog": 87, "chair_blog": 331,
    }  # fmt: skip
    assert sum(channels.values()) == HISTORY["S0"]["total"] == 17807


def test_shymkent_2024_adds_up_and_shows_its_own_mistake():
    report = HISTORY["S1"]
    assert report["region"] == "KZ-79" and report["region"] in REGION_CODES
    assert sum(report["outcomes"].values()) == report["examined"] == 1902
    assert round(report["outcomes"]["satisfied"] / report["examined"] * 100, 1) == 87.5
    assert round(report["through_the_system"] / report["examined"] * 100, 1) == 5.9
    outreach = report["outreach"]
    assert sum(outreach["by_kind"].values()) == outreach["sum"] == 2156
    assert sum(outreach["social_posts"].values()) == outreach["by_kind"]["social_posts"] == 1960
    assert outreach["published_total"] - outreach["sum"] == outreach["mismatch"] == 9
    assert report["court"] == {"joined": 9, "won": 4, "recovered_kzt": "1424750.00"}
    assert report["users"] == {"registered": 1558, "businesses": 412}
