"""The ministry edits the routing table: a whole table becomes a version, a broken one is refused cell by cell."""

from datetime import date

import pytest
from django.utils import translation

from complaints import filing, routing
from complaints.checking import Filing
from complaints.models import Complaint
from complaints.routes import sheet, simulating, versions
from complaints.routes.models import RouteProposal
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Authority, Event, Rule
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_supplier,
    region,
)  # fmt: skip

NOW = at("2026-11-23 10:00")
FIRST = date(2024, 1, 1)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def ministry():
    return make_reviewer()


@pytest.fixture
def held(ministry):
    return versions.begin(actor=ministry, now=NOW)


def place_of(held, rule, subject):
    return next(
        place for place, row in enumerate(held.value["table"], 1) if (row["rule"], row["subject"]) == (rule, subject)
    )


def changed(held, ministry, of_rule, about, **cells):
    place = place_of(held, of_rule, about)
    row = held.value["table"][place - 1] | cells
    return versions.put_row(actor=ministry, rev=held.rev, place=place, row=row, now=NOW)


def test_the_shipped_table_is_whole(held):
    assert versions.checked(held.value) == []
    assert held.based_on == FIRST


def test_a_new_version_applies_from_its_day_and_filed_cases_keep_their_route(ministry, held):
    aigul = make_person()
    filed = make_complaint(person=aigul, subject="staff", sphere="office", now=NOW)
    assert (filed.rule, filed.addressee_authority.kind) == ("R22", "social_office")
    held = changed(held, ministry, "R22", "staff", first="coordination", escalates_to=["social_control"])
    rule = versions.publish(
        actor=ministry, rev=held.rev, valid_from=date(2026, 12, 1), reason="Heads must not judge themselves.", now=NOW
    )
    simulated = [
        simulating.answer(simulating.Question("staff", "office", region(), day)).authority.kind
        for day in (date(2026, 11, 30), date(2026, 12, 1))
    ]
    assert simulated == ["social_office", "coordination"]
    answer = filing.file(
        actor=aigul, filing=Filing(subject="staff", sphere="office", text="They did not help."),
        now=at("2026-12-01 09:00"),
    )  # fmt: skip
    assert (
        answer.body["addressee"]["code"]
        == simulating.answer(simulating.Question("staff", "office", region(), date(2026, 12, 1))).authority.code
    )
    filed.refresh_from_db()
    assert (filed.rule_version, filed.addressee_authority.kind) == (FIRST, "social_office")
    event = Event.objects.get(kind="routing.published")
    assert (event.actor, event.subject, event.reason) == (
        ministry, "routing:2026-12-01", "Heads must not judge themselves.",
    )  # fmt: skip
    assert event.data == {"based_on": "2024-01-01", "rows": len(rule.value["table"]), "combinations": 15}
    assert [item.in_force for item in versions.versions(ministry, date(2026, 12, 5))] == [True, False]
    assert versions.proposal(ministry) is None
    assert Rule.objects.get(code=routing.RULE, valid_from=FIRST).value != rule.value


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"subject": "deffect"}, "column “subject”: unknown code “deffect”"),
        ({"spheres": ["durabel", "office"]}, "column “spheres”: unknown code “durabel”"),
        ({"spheres": []}, "column “spheres”: name at least one sphere, or “any”"),
        ({"first": "court_of_honour"}, "column “first”: unknown code “court_of_honour”"),
        ({"also": ["neighbours"]}, "column “also”: unknown code “neighbours”"),
        ({"escalates_to": ["seller"]}, "column “escalates_to”: the supplier cannot join; name state bodies"),
        ({"priority": "soon"}, "column “priority”: unknown code “soon”"),
        ({"rule": ""}, "column “rule”: give a name of at most 10 characters"),
        ({"why": {"kk": "Себебі", "ru": "", "en": "Why"}}, "column “why_ru”: the text is missing"),
        (
            {"first": "seller", "escalates_to": []},
            "column “escalates_to”: name the body that joins when the supplier is silent",
        ),
    ],
)
def test_a_wrong_cell_is_named_and_nothing_is_published(ministry, held, cells, problem):
    held = changed(held, ministry, "R22", "staff", **cells)
    place = next(iter(versions.checked(held.value))).place
    with pytest.raises(Invalid) as refused:
        versions.publish(actor=ministry, rev=held.rev, valid_from=date(2026, 12, 1), reason="A try.", now=NOW)
    assert problem in [str(error.message).removeprefix(f"Row {place}, ") for error in refused.value.errors]
    assert Rule.objects.filter(code=routing.RULE).count() == 1
    assert RouteProposal.objects.get().ended_at is None


def test_a_body_that_a_region_lacks_is_named(ministry, held):
    Authority.objects.filter(kind="coordination", region="KZ-79").update(kind="elsewhere")
    held = changed(held, ministry, "R22", "staff", first="coordination")
    assert "no such body in KZ-79" in "; ".join(str(problem) for problem in versions.checked(held.value))


def test_every_combination_needs_a_row_and_every_row_a_combination(ministry, held):
    rows = held.value["table"]
    held = versions.drop_row(actor=ministry, rev=held.rev, place=len(rows), now=NOW)  # the last row: anything else
    texts = [str(problem) for problem in versions.checked(held.value)]
    assert "Nobody answers “defect” in “portal”: add a last row for everything." in texts
    held = versions.insert_row(actor=ministry, rev=held.rev, place=1, row=rows[-1], now=NOW)
    unreached = [problem for problem in versions.checked(held.value) if "a row above" in problem.message]
    assert len(unreached) == len(rows) - 1
    held = versions.move_row(actor=ministry, rev=held.rev, place=1, to=len(rows), now=NOW)
    assert versions.checked(held.value) == []


@pytest.mark.parametrize(
    ("valid_from", "reason", "code"),
    [(date(2026, 11, 22), "Late.", "past"), (date(2026, 12, 1), " ", "required"), (FIRST, "Again.", "past")],
)
def test_a_version_needs_a_day_to_come_and_a_reason(ministry, held, valid_from, reason, code):
    held = changed(held, ministry, "R22", "staff", priority="high")
    with pytest.raises(Invalid) as refused:
        versions.publish(actor=ministry, rev=held.rev, valid_from=valid_from, reason=reason, now=NOW)
    assert [error.code for error in refused.value.errors] == [code]
    assert Rule.objects.filter(code=routing.RULE).count() == 1


def test_a_published_day_is_never_changed(ministry, held):
    held = changed(held, ministry, "R22", "staff", priority="high")
    versions.publish(actor=ministry, rev=held.rev, valid_from=date(2026, 12, 1), reason="One.", now=NOW)
    again = changed(versions.begin(actor=ministry, now=NOW), ministry, "R22", "staff", priority="low")
    with pytest.raises(Invalid) as refused:
        versions.publish(actor=ministry, rev=again.rev, valid_from=date(2026, 12, 1), reason="Two.", now=NOW)
    assert [error.code for error in refused.value.errors] == ["taken"]


def test_two_editors_do_not_overwrite_each_other(ministry, held):
    changed(held, ministry, "R22", "staff", priority="high")
    with pytest.raises(versions.ChangedMeanwhile):
        changed(held, ministry, "R22", "staff", priority="low")
    assert versions.proposal(ministry).rev == 2
    with pytest.raises(versions.ProposalOpen):
        versions.begin(actor=make_reviewer("second"), now=NOW)


def test_comparing_two_versions_names_what_changes(ministry, held):
    before = held.value
    held = changed(held, ministry, "R3", "defect", priority="urgent", hold_payment=True)
    changes = versions.differences(before, held.value)
    assert [(item.subject, item.sphere, item.columns) for item in changes] == [
        ("defect", "wheelchair", ["priority", "hold_payment"])
    ]


def test_the_simulator_knows_the_tie_rules(ministry):
    head = body("so-shymkent")
    supplier = make_supplier()
    ask = simulating.Question
    assert simulating.answer(ask("defect", "durable", region(), date(2026, 11, 23), supplier)).supplier == supplier
    unknown = simulating.answer(ask("defect", "durable", region(), date(2026, 11, 23)))
    assert unknown.authority.code == "dtzpp-KZ-79"
    raised = simulating.answer(ask("staff", "office", region(), date(2026, 11, 23), about=head))
    assert raised.authority == head.parent


ASKED = {
    "subject": "defect", "sphere": "durable", "region": "KZ-79", "day_day": "23", "day_month": "11", "day_year": "2026",
}  # fmt: skip


def test_the_simulator_takes_an_order_an_office_and_what_the_person_chose(client, ministry):
    line = make_line(person=make_person(), supplier=make_supplier(), place="KZ-63")
    client.force_login(ministry)

    def ask(**more):
        return client.get("/en/review/routing/simulator/", ASKED | more)

    page = ask(order=line.order.number)
    route = page.context["answers"][0]["route"]
    assert (route.supplier, route.region.pk, route.joins[0].code) == (line.order.partner, "KZ-63", "dtzpp-KZ-63")
    chosen = ask(order=line.order.number, targets=["body", "association"]).context["answers"][0]["route"]
    assert (chosen.addressee["code"], [one.addressee["code"] for one in chosen.parallels]) == (
        "dtzpp-KZ-63", ["pretrial-association"],
    )  # fmt: skip
    near = ask(subject="staff", sphere="office", region="KZ-63", office="ridder").context["answers"][0]["route"]
    assert near.addressee["code"] == "so-ridder"
    unknown = ask(order="000")
    assert "There is no order with this number." in unknown.content.decode()
    assert "answers" not in unknown.context
    assert not Complaint.objects.exists()


def test_the_simulator_answers_as_filing_does(ministry):
    """The same person, line and choice: the same addressees, beside and in the chain, and the same date."""
    aigul = make_person()
    line = make_line(person=aigul, supplier=make_supplier())
    told = Filing(subject="defect", text="It broke.", order_line=line.pk, targets=["body", "association"])
    answer = filing.file(actor=aigul, filing=told, now=NOW)
    question = simulating.Question(
        "defect", "durable", region(), NOW.date(), line=line, targets=("body", "association")
    )
    route, kept = simulating.answer(question), Complaint.objects.get(number=answer.body["number"])
    assert (route.authority, route.deadline.respond_by) == (kept.addressee_authority, kept.respond_by)
    assert [one.addressee["code"] for one in route.parallels] == [row.addressee.code for row in kept.parallels.all()]


def test_a_sheet_goes_down_and_up_unchanged(ministry, held):
    rows = held.value["table"]
    assert sheet.read(sheet.write(rows)) == rows
    with pytest.raises(Invalid):
        sheet.read(b"rule;subject\nR1;defect\n")
    with pytest.raises(Invalid):
        sheet.read("rule,subject\nR1,б\n".encode("cp1251"))


def test_only_the_ministry_edits(client, ministry, held):
    inspector = make_inspector()
    with pytest.raises(Forbidden):
        versions.begin(actor=inspector, now=NOW)
    with pytest.raises(Forbidden):
        versions.put_table(actor=inspector, rev=held.rev, rows=[], now=NOW)
    pages = ["", "change/", "change/1/", "simulator/", "versions/2024-01-01/", "versions/2024-01-01.csv"]
    for page in pages:
        assert client.get(f"/en/review/routing/{page}").status_code == 302, page
    client.force_login(inspector)
    for page in pages:
        assert client.get(f"/en/review/routing/{page}").status_code == 403, page
    assert client.post("/en/review/routing/").status_code == 403
    client.force_login(ministry)
    for page in pages:
        assert client.get(f"/en/review/routing/{page}").status_code == 200, page
    assert client.get("/en/review/routing/versions/2031-01-01/").status_code == 404
    assert client.get("/en/review/routing/versions/someday/").status_code == 404
    assert client.get("/en/review/routing/change/999/").status_code == 404


def test_the_pages_change_and_publish(client, ministry):
    client.force_login(ministry)
    client.post("/en/review/routing/")
    held = versions.proposal(ministry)
    place = place_of(held, "R22", "staff")
    page = f"/en/review/routing/change/{place}/"
    shown = client.get(page).context["form"].initial
    typed = {name: value for name, value in shown.items() if not isinstance(value, bool | dict) or value is True}
    typed |= {"rev": "1", "action": "save", "first": "coordination"}
    assert client.post(page, typed).status_code == 302
    assert versions.proposal(ministry).value["table"][place - 1]["first"] == "coordination"
    assert client.post(page, typed).status_code == 409  # the same page sent twice: the copy is another by now
    when = {"valid_from_day": "1", "valid_from_month": "1", "valid_from_year": "2100"}
    late = client.post("/en/review/routing/change/", {"action": "publish", "rev": "2", "reason": "", **when})
    assert late.status_code == 200
    assert Rule.objects.filter(code=routing.RULE).count() == 1
    done = client.post("/en/review/routing/change/", {"action": "publish", "rev": "2", "reason": "Test.", **when})
    assert (done.status_code, done.url) == (302, "/en/review/routing/")
    assert Rule.objects.filter(code=routing.RULE, author=ministry).get().valid_from == date(2100, 1, 1)
    asked = client.get(
        "/en/review/routing/simulator/?subject=staff&sphere=office&region=KZ-79&day_day=24&day_month=11&day_year=2026"
        "&other=2100-01-01"
    )
    text = asked.content.decode()
    assert "15 combinations are answered differently" in text
    assert [item["route"].authority.kind for item in asked.context["answers"]] == ["social_office", "coordination"]


def test_a_working_copy_can_be_dropped(client, ministry, held):
    client.force_login(ministry)
    client.post("/en/review/routing/change/", {"action": "discard", "rev": "1"})
    assert versions.proposal(ministry) is None
    with pytest.raises(NotFound):
        versions.put_table(actor=ministry, rev=1, rows=[], now=NOW)
