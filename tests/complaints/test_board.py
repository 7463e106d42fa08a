"""The ministry's board: groups with thresholds, drill-down, late bodies, bans that run, one matter of many cases."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.models import ProductClass
from complaints.measures import systemic
from complaints.measures.models import SystemicMatter
from complaints.models import Complaint
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Role, Rule
from suppliers import standing
from suppliers.models import MarketCell, Partner
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_line,
    make_person,
    make_reviewer,
    make_supplier,
    make_user,
)  # fmt: skip

NOW = at("2026-12-04 10:00")


@pytest.fixture
def ministry():
    return make_reviewer()


@pytest.fixture
def cases():
    """Three people complain of one supplier's defects, one of another's; one case is older than the board looks."""
    good = make_supplier("qadam-orto", "Qadam")
    found = [make_complaint(person=make_person(name)) for name in ("aigul", "dana", "erke")]
    other = make_person("zere")
    found.append(make_complaint(person=other, line=make_line(person=other, supplier=good)))
    old = make_complaint(person=make_person("old"))
    Complaint.objects.filter(pk=old.pk).update(
        filed_on=date(2026, 6, 1), status="closed", closed_at=NOW, outcome="explained", respond_by=None
    )
    return found


def of(board, by):
    return [(group.name, group.cases, group.open, group.many) for group in board.groups[by]]


def test_cases_are_grouped_with_thresholds_and_drilled_into(cases, ministry):
    board = systemic.board(ministry, NOW)
    assert of(board, "supplier") == [("Жарқын Мед", 3, 3, True)], (
        "one case is no group, an old closed one counts no more"
    )
    assert [(group.cases, group.many) for group in board.groups["region"]] == [(4, False)]
    assert [group.cases for group in board.groups["type"]] == [4]
    group = board.groups["supplier"][0]
    rows = systemic.cases_of(ministry, by="supplier", key=group.key, subject=group.subject, now=NOW)
    assert {row.pk for row in rows} == {case.pk for case in cases[:3]}


def test_the_threshold_is_rule_data(cases, ministry):
    rule = Rule.objects.get(code=systemic.RULE)
    Rule.objects.create(code=rule.code, valid_from=NOW.date(), value=rule.value | {"supplier": 4}, mark="D")
    assert of(systemic.board(ministry, NOW), "supplier")[0][3] is False
    assert of(systemic.board(ministry, NOW - timedelta(days=1)), "supplier")[0][3] is True


def test_a_duplicate_is_not_counted_again(cases, ministry):
    Complaint.objects.filter(pk=cases[2].pk).update(
        status="duplicate_linked", closed_at=NOW, outcome="explained", respond_by=None
    )
    assert of(systemic.board(ministry, NOW), "supplier") == [("Жарқын Мед", 2, 2, False)]


def test_late_bodies_and_running_bans_are_shown(cases, ministry):
    Complaint.objects.filter(pk__in=[case.pk for case in cases[:2]]).update(
        status="with_body", addressee_authority=body(), respond_by=date(2026, 12, 1)
    )
    supplier = Partner.objects.get(code="qadam-orto")
    standing.suspend(
        supplier=supplier.code, until=date(2027, 1, 1), reason="Bad", legal_basis="Law", actor=ministry, now=NOW
    )
    board = systemic.board(ministry, NOW)
    assert [(row["name"], row["cases"], row["oldest"]) for row in board.late] == [(body().name, 2, date(2026, 12, 1))]
    assert [ban.partner for ban in board.bans] == [supplier]
    assert systemic.board(ministry, at("2026-12-01 12:00")).late == [], "the last day is not late"


def with_bodies(cases):
    Complaint.objects.filter(pk__in=[case.pk for case in cases[1:3]]).update(
        status="with_body", addressee_authority=body(), respond_by=date(2026, 12, 20)
    )


def take_up(ministry, reason="Everywhere the same", **more):
    key = str(Partner.objects.get(code="jarqyn-med").pk)
    given = {"by": "supplier", "key": key, "subject": "defect", "reason": reason, "actor": ministry, "now": NOW}
    return systemic.make_systemic(**(given | more))


def test_one_case_goes_to_the_ministry_and_the_group_is_linked(cases, ministry):
    with_bodies(cases)
    matter = take_up(ministry)
    cases[1].refresh_from_db()
    assert matter.lead == cases[1], "the earliest that is with a body"
    assert (cases[1].status, cases[1].addressee_authority.code) == ("with_ministry", "ministry")
    assert set(matter.cases.all()) == set(cases[:3])
    cases[0].refresh_from_db()
    cases[2].refresh_from_db()
    assert (cases[0].status, cases[2].status) == ("with_seller", "with_body"), "the others keep their clocks"
    assert Event.objects.get(kind="complaint.passed_to_ministry").data["systemic"] == matter.pk
    with pytest.raises(systemic.AlreadySystemic):
        take_up(ministry)
    cases[2].refresh_from_db()
    assert cases[2].status == "with_body" and SystemicMatter.objects.count() == 1
    assert systemic.board(ministry, NOW).groups["supplier"][0].lead == cases[1].number


def test_what_cannot_be_taken_up_changes_nothing(cases, ministry):
    before = Event.objects.count()
    with pytest.raises(systemic.NothingToTake):
        take_up(ministry)
    with_bodies(cases)
    with pytest.raises(Invalid):
        take_up(ministry, reason=" ")
    for wrong in ({"by": "moon"}, {"key": "x"}, {"key": "999999999"}):
        with pytest.raises(NotFound):
            take_up(ministry, **wrong)
    with pytest.raises(Forbidden):
        take_up(make_inspector())
    assert not SystemicMatter.objects.exists() and Event.objects.count() == before


@pytest.mark.parametrize("role", sorted(set(Role.values) - {"reviewer", "auditor", "admin"}))
def test_the_board_is_for_overseers(client, cases, role):
    client.force_login(make_user("somebody", role))
    assert client.get("/en/review/board/").status_code == 403
    assert client.get("/en/review/board/cases/?by=supplier&key=1&subject=defect").status_code == 403


def test_the_pages_show_groups_and_take_them_up(client, cases, ministry):
    with_bodies(cases)
    client.force_login(ministry)
    page = client.get("/en/review/board/").content.decode()
    assert "Above the threshold" in page and "Жарқын Мед" in page
    key = Partner.objects.get(code="jarqyn-med").pk
    url = f"/en/review/board/cases/?by=supplier&key={key}&subject=defect"
    assert cases[0].number in client.get(url).content.decode()
    assert client.post(url, {"reason": ""}).status_code == 200 and not SystemicMatter.objects.exists()
    page = client.post(url, {"reason": "Everywhere"}, follow=True).content.decode()
    assert "as one matter now" in page and cases[1].number in page
    assert cases[0].number in page, "the case shows what is linked to it"
    client.force_login(make_user("audit", Role.AUDITOR))
    page = client.get(url)
    assert page.status_code == 200 and b"Examine as one matter" not in page.content
    assert client.post(url, {"reason": "x"}).status_code == 403


def test_the_board_costs_the_same_for_any_number_of_cases(cases, ministry):
    def queries():
        with CaptureQueriesContext(connection) as found:
            systemic.board(ministry, NOW)
        return len(found)

    queries()
    few = queries()
    for name in ("one", "two", "three"):
        make_complaint(person=make_person(name), subject="late")
    assert queries() <= few + 1


def test_goods_without_a_choice_stand_there_as_the_market_watch_counted_them(client, cases, ministry):
    """Two kinds: nobody sells the one in East Kazakhstan, one supplier the other there; Shymkent has enough of both."""
    line = cases[0].order_line.product
    kinds = [line.product_class, ProductClass.objects.create(name="Walkers", code="walkers")]
    for place, sellers in (("", (3, 3)), ("KZ-63", (0, 1)), ("KZ-79", (3, 3))):
        for kind, number in zip(kinds, sellers, strict=True):
            MarketCell.objects.update_or_create(
                type=kind, region=place,
                defaults={"offers": number, "suppliers": number, "choice_index": number, "asked": 1, "counted_at": NOW},
            )  # fmt: skip
    choice = {row.region.pk: (row.kinds, row.none, row.one) for row in systemic.board(ministry, NOW).choice}
    assert (choice["KZ-63"], choice["KZ-79"], choice["KZ-75"]) == ((2, 1, 1), (2, 0, 0), (0, 0, 0))
    client.force_login(ministry)
    page = client.get("/en/review/board/")
    for how in ("none", "one"):
        url = f"/en/review/market/cells/?region=KZ-63&amp;how={how}"
        assert page.content.decode().count(url) == 2, "a tile and a cell of the table"
        assert len(client.get(url.replace("&amp;", "&")).context["page"]) == 1
    east = next(row for row in client.get("/en/review/market/").context["rows"] if "East" in str(row[0]))
    assert ">1<" in east[1] and ">1<" in east[2], "the market watch says the same"
    told = client.get("/api/v1/board").json()["choice"]
    assert {"region": "KZ-63", "kinds": 2, "none": 1, "one": 1} in told
