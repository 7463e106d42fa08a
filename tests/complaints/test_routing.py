"""Every subject of every sphere, in every region, goes where routes.txt says; the tie rules beat it where they must."""

import itertools
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from complaints import clocks, filing, loading, routing
from complaints.checking import Filing
from complaints.models import Complaint
from complaints.templates import template_for
from marketplace.models import Authority, Event, Region, Rule
from suppliers.models import Partner
from tests.complaints.factories import at, body, make_line, make_person, make_supplier, office, region

NOW = at("2026-11-23 10:00")
# Groups of spheres in routes.txt.
SPHERES = {
    "things": ("consumable", "durable", "wheelchair", "made_to_measure", "hearing", "goods"),
    "lasting": ("durable", "wheelchair", "made_to_measure", "hearing", "goods"),
}
HIDDEN = {"R19", "R20"}  # fraud keeps the complainant hidden from the supplier, and the payment back
HELD = {"R4", "R19", "R20"}  # so does danger


@dataclass(frozen=True)
class Row:
    rule: str
    priority: str
    first: str
    beside: list[str]
    joins: list[str]
    spheres: list[str]
    subjects: list[str]

    def fits(self, subject: str, sphere: str) -> bool:
        spheres = set(itertools.chain.from_iterable(SPHERES.get(name, (name,)) for name in self.spheres))
        return bool({"any", subject} & set(self.subjects)) and bool({"any", sphere} & spheres)


def _rows() -> list[Row]:
    text = (Path(__file__).parent / "routes.txt").read_text(encoding="utf-8")
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line and line[0] != "#"]
    return [Row(*row[:3], *(cell.split() for cell in row[3:])) for row in cells]


ROWS = _rows()


def row_of(subject: str, sphere: str) -> Row:
    return next(row for row in ROWS if row.fits(subject, sphere))


def code_of(name: str, place: str, near: str) -> str:
    """The body of a place: ``dtzpp`` of Shymkent is ``dtzpp-KZ-79``, ``so`` that of the nearest office."""
    return f"so-{near}" if name == "so" else f"{name}-{place}" if name in {"dtzpp", "krk", "ukz", "mse"} else name


def differs(found: routing.Route, row: Row, place: str, near: str, seller: str | None = "jarqyn-med") -> list[str]:
    """What a route has otherwise than the row: addressee, who is told beside, who joins, how urgent, who is hidden."""

    def codes(names: list[str]) -> list[str]:
        return [code_of(name, place, near) for name in names]

    first = "jarqyn-med" if row.first == "seller" else code_of(row.first, place, near)
    beside = [
        "jarqyn-med" if name == "seller" else code for name, code in zip(row.beside, codes(row.beside), strict=True)
    ]
    ours = {
        "rule": (found.rule, row.rule),
        "addressee": (found.addressee["code"], first),
        "beside": ([one.addressee["code"] for one in found.parallels], beside),
        "joins": ([one.code for one in found.joins], codes(row.joins)),
        "priority": (found.priority, Complaint.Priority[row.priority.upper()]),
        "hidden": (found.hide_name, row.rule in HIDDEN),
        "held": (found.hold_payment, row.rule in HELD),
        "told why and by which law": (bool(found.why and found.legal_basis), True),
    }
    return [f"{name}: {mine}, not {theirs}" for name, (mine, theirs) in ours.items() if mine != theirs]


def route(subject, sphere, **more):
    more.setdefault("region", region())
    return routing.route(subject=subject, sphere=sphere, now=NOW, **more)


def test_every_subject_of_every_sphere_goes_where_the_domain_says():
    """By its rule; and each line of the stored table, met by its first pair, to the addressees of that rule."""
    table, supplier, wrong, met = routing.table(), make_supplier(), [], set()
    for subject, sphere in itertools.product([*table.subjects, "never_heard_of"], table.spheres):
        if "any" in (subject, sphere):
            continue
        line, row = routing.decide(table.rows, subject, sphere), row_of(subject, sphere)
        if line["rule"] != row.rule:
            wrong.append((subject, sphere, f"{line['rule']}, not {row.rule}"))
        if id(line) not in met:
            met.add(id(line))
            found = route(subject, sphere, supplier=supplier, office=office(), in_force=table)
            wrong += [(subject, sphere, fault) for fault in differs(found, row, "KZ-79", "shymkent")]
    assert not wrong, "\n".join(map(str, wrong[:20]))
    assert len(met) == len(table.rows)


def test_every_rule_of_the_domain_is_reached():
    table = routing.table()
    reached = {row_of(subject, sphere).rule for subject in table.subjects for sphere in table.spheres}
    assert reached == {row.rule for row in ROWS} == {f"R{number}" for number in range(1, 31)}


def test_control_a_wrong_line_of_the_table_is_seen():
    table = routing.table()
    swapped = [row | {"escalates_to": row["escalates_to"][::-1]} if row["rule"] == "R1" else row for row in table.rows]
    broken = routing.Table(table.valid_from, swapped, table.subjects, table.spheres, table.demands)
    found = route("defect", "consumable", supplier=make_supplier(), office=office(), in_force=broken)
    assert differs(found, row_of("defect", "consumable"), "KZ-79", "shymkent") == [
        "joins: ['mfk', 'dtzpp-KZ-79'], not ['dtzpp-KZ-79', 'mfk']"
    ]


def test_every_rule_finds_its_bodies_in_every_region():
    """A rule for the whole country finds the bodies of each place: the office first, then the region, then the country."""
    table, supplier, wrong = routing.table(), make_supplier(), []
    samples = [row for row in ROWS if row.rule in {"R6", "R8", "R22"}]  # with a body of each kind that regions have
    assert {name for row in samples for name in (row.first, *row.joins)} == {
        "seller",
        "dtzpp",
        "krk",
        "ukz",
        "mse",
        "so",
    }
    offices = {
        one.region_id: one.office
        for one in Authority.objects.filter(kind="social_office").order_by("-pk").select_related("office")
    }
    assert len(offices) == Region.objects.count() == 20
    for place, row in itertools.product(Region.objects.all(), samples):
        near = offices[place.pk]
        sphere = next((sphere for sphere in SPHERES.get(row.spheres[0], row.spheres) if sphere != "any"), "durable")
        subject = "defect" if row.subjects[0] == "any" else row.subjects[0]
        found = route(subject, sphere, supplier=supplier, region=place, office=near, in_force=table)
        wrong += [(place.pk, row.rule, fault) for fault in differs(found, row, place.pk, near.code)]
    assert not wrong, "\n".join(map(str, wrong[:20]))


def test_silence_passes_every_complaint_along_its_whole_chain():
    """One complaint by each rule, and nobody ever answers: each body of the chain has it, in order, a day after the one before."""
    aigul, supplier, filed = make_person(), make_supplier(), {}
    for row in ROWS:
        sphere = next((sphere for sphere in SPHERES.get(row.spheres[0], row.spheres) if sphere != "any"), "durable")
        subject = {"any": "unclear" if row.rule == "R30" else "outside"}.get(row.subjects[0], row.subjects[0])
        line = None
        if row.first == "seller":
            line = make_line(person=aigul, supplier=supplier, sphere="durable").pk
        told = Filing(
            subject=subject, sphere=sphere, text="It is so.", order_line=line, region="KZ-79", office="shymkent"
        )
        answer = filing.file(actor=aigul, filing=told, now=NOW)
        filed[answer.body["number"]] = row
    for _round in range(8):
        due = (
            Complaint.objects.exclude(respond_by=None)
            .filter(escalates_to__isnull=False)
            .values_list("respond_by", flat=True)
        )
        if not due:
            break
        clocks.run(at(f"{max(due) + timedelta(days=1)} 00:06"))
    for number, row in filed.items():
        steps = Event.objects.filter(
            subject=f"complaint:{number}", kind__in=["complaint.escalated", "complaint.passed_up"]
        )
        had = [event.data["authority"] for event in steps.order_by("pk")]
        assert had == [code_of(name, "KZ-79", "shymkent") for name in row.joins], row.rule
    assert len(filed) == 30


def test_urgent_beats_the_sphere():
    assert route("danger", "trade", supplier=make_supplier()).rule == "R4"


@pytest.mark.parametrize("place", ["KZ-63", "KZ-10", "KZ-75"])
def test_the_place_of_delivery_comes_before_the_persons_region(place):
    aigul = make_person()
    line = make_line(person=aigul, supplier=make_supplier(), place=place)
    found = routing.route(subject="defect", sphere="durable", region=region("KZ-79"), line=line, now=NOW)
    assert (found.region.pk, found.escalates_to.code) == (place, f"dtzpp-{place}")
    assert route("defect", "durable", region=region(place)).region.pk == place


@pytest.mark.parametrize(
    ("subject", "sphere", "first", "above"),
    [
        ("entitlement", "entitlement", "mse", "krk"),
        ("extra_payment", "durable", "so", "ukz"),
        ("staff", "office", "so", "ukz"),
        ("paid_helpers", "office", "so", "ukz"),
        ("premises", "office", "so", "ukz"),
        ("late_payment", "budget", "so", "ukz"),
    ],
)
@pytest.mark.parametrize(("place", "near"), [("KZ-79", "shymkent"), ("KZ-63", "ust-kamenogorsk")])
def test_a_body_that_is_the_subject_is_passed_over(subject, sphere, first, above, place, near):
    """Named by its code, or as whichever would get the complaint: one level up, and it never gets it later either."""
    accused, judge = code_of(first, place, near), code_of(above, place, near)
    for about in ({"about": body(accused)}, {"about_addressee": True}):
        found = route(
            subject, sphere, region=region(place), office=office(near), supplier=make_supplier_once(), **about
        )
        assert (found.authority.code, accused in [one.code for one in found.joins]) == (judge, False)
        assert found.notes


def test_a_body_of_the_chain_that_is_the_subject_is_passed_over_too():
    found = route("late", "durable", supplier=make_supplier(), office=office(), about=body("dtzpp-KZ-79"))
    assert [one.code for one in found.joins] == ["so-shymkent", "kzpp"]


def make_supplier_once():
    return Partner.objects.filter(code="jarqyn-med").first() or make_supplier()


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
