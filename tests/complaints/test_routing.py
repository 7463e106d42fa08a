"""Every row of the routing table leads somewhere real; the tie rules beat it where they must."""

import json
from pathlib import Path

import pytest

from complaints import loading, routing
from complaints.models import Complaint
from complaints.templates import template_for
from marketplace.models import Authority, Region, Rule
from tests.complaints.factories import at, body, make_line, make_person, make_supplier, office, region

ROWS = json.loads((Path(loading.DATA) / "routing.json").read_text(encoding="utf-8"))["table"]
NOW = at("2026-11-23 10:00")


def route(subject, sphere, **more):
    more.setdefault("region", region())
    return routing.route(subject=subject, sphere=sphere, now=NOW, **more)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row["subject"] != "any"], ids=lambda row: f"{row['rule']}-{row['subject']}"
)
def test_each_row_finds_its_addressee(row):
    supplier = make_supplier()
    for sphere in row["spheres"]:
        sphere = "durable" if sphere == "any" else sphere
        found = route(row["subject"], sphere, supplier=supplier)
        assert found.rule == row["rule"]
        assert found.priority == Complaint.Priority[row["priority"].upper()]
        assert (found.hide_name, found.hold_payment) == (row["hide_person"], row["hold_payment"])
        assert found.why
        assert found.legal_basis
        if row["first"] == "seller":
            assert found.supplier == supplier
            assert found.escalates_to.kind == row["escalates_to"][0]
        else:
            assert found.supplier is None
            assert found.authority.kind == row["first"]
        for authority in (found.authority, found.escalates_to):
            assert authority is None or authority.region_id in {None, "KZ-79"}


@pytest.mark.parametrize(
    ("subject", "sphere", "rule", "addressee", "joins"),
    [
        ("defect", "consumable", "R1", "jarqyn-med", "dtzpp-KZ-79"),
        ("defect", "wheelchair", "R3", "jarqyn-med", "dtzpp-KZ-79"),
        ("late", "durable", "R8", "jarqyn-med", "so-shymkent"),
        ("extra_payment", "durable", "R9", "so-shymkent", "dtzpp-KZ-79"),
        ("entitlement", "entitlement", "R6", "mse-KZ-79", "krk-KZ-79"),
        ("overprice", "market", "R10", "desk-market", "azrk"),
        ("fake_act", "durable", "R19", "desk-fraud", "prosecutor"),
        ("portal_failure", "portal", "R21", "portal-operator", "ministry"),
        ("unclear", "durable", "R30", "desk-triage", "ministry"),
        ("never_heard_of", "durable", "R30", "desk-triage", "ministry"),
    ],
)
def test_known_cases(subject, sphere, rule, addressee, joins):
    found = route(subject, sphere, supplier=make_supplier())
    assert (found.rule, found.addressee["code"], found.escalates_to.code) == (rule, addressee, joins)


def test_urgent_beats_the_sphere():
    assert route("danger", "trade", supplier=make_supplier()).rule == "R4"


def test_the_place_of_delivery_comes_before_the_persons_region():
    aigul = make_person()
    line = make_line(person=aigul, supplier=make_supplier(), place="KZ-63")
    found = routing.route(subject="defect", sphere="durable", region=region("KZ-79"), line=line, now=NOW)
    assert (found.region.pk, found.escalates_to.code) == ("KZ-63", "dtzpp-KZ-63")


def test_a_body_does_not_judge_itself():
    accused = body("so-shymkent")
    found = route("staff", "office", office=office(), about=accused)
    assert found.authority == accused.parent
    assert found.authority.code == "ukz-KZ-79"
    assert found.notes


def test_without_a_known_supplier_the_body_examines_at_once():
    found = route("defect", "durable")
    assert (found.supplier, found.authority.code) == (None, "dtzpp-KZ-79")
    assert str(found.deadline.respond_by) == "2026-12-14"
    assert found.notes


def test_the_nearest_social_office_is_asked():
    assert route("staff", "office", region=region("KZ-63"), office=office("ridder")).authority.code == "so-ridder"


def test_every_region_has_its_bodies():
    for place in Region.objects.all():
        found = route("defect", "durable", region=place, supplier=None)
        assert found.authority.region_id == place.pk
    assert Authority.objects.filter(kind="consumer_protection").count() == 20


def test_every_subject_of_every_sphere_has_a_form():
    table = routing.table()
    for sphere in table.spheres:
        for subject in table.subjects_of(sphere):
            assert template_for(subject, sphere) is not None
    assert template_for("defect", "consumable").code == "T1"
    assert template_for("danger", "consumable").code == "T13"
    assert template_for("defect", "trade").code == "T20"
    assert template_for("unclear", "durable").code == "T0"


def test_loading_again_keeps_the_ministrys_version():
    Rule.objects.filter(code="complaint.routing").update(
        value={"table": [], "subjects": {}, "spheres": {}, "demands": {}}
    )
    loading.load_all()
    assert Rule.objects.get(code="complaint.routing").value["table"] == []
