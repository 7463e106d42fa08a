"""What the report shows and to whom: figures with their cases, bodies, the outreach log, open data."""

import re
from datetime import date

import pytest
from django.utils import translation

from complaints import bodies, clocks, person, reports
from complaints.models import Complaint
from complaints.reporting import open_data, outreach, scorecard
from complaints.reporting.models import OutreachEntry
from complaints.reports import Period
from marketplace import events, small_cells
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Region, Rule
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
)

NOVEMBER, DECEMBER = Period(date(2026, 11, 1), date(2026, 11, 30)), Period(date(2026, 12, 1), date(2026, 12, 31))
MONTH = "month=2026-11"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def aigul():
    return make_person()


@pytest.fixture
def inspector():
    return make_inspector()


@pytest.fixture
def ministry():
    return make_reviewer()


@pytest.fixture
def autumn(aigul, inspector):
    """Four cases of Shymkent that the supplier ignored and one of East Kazakhstan; two decided, one opened again."""
    supplier = make_supplier()
    here = [
        make_complaint(person=aigul, line=make_line(person=aigul, supplier=supplier), now=at(f"2026-11-0{day} 10:00"))
        for day in (2, 3, 4, 5)
    ]
    there = make_complaint(
        person=aigul, line=make_line(person=aigul, supplier=supplier, place="KZ-63"), now=at("2026-11-24 10:00")
    )
    clocks.run(at("2026-11-17 00:05"))
    for complaint in here[:2]:
        bodies.decide(
            number=complaint.number, actor=inspector, outcome="satisfied", text="Money back.", returned="45000.50",
            now=at("2026-11-25 10:00"),
        )  # fmt: skip
    bodies.redirect(
        number=here[2].number, actor=inspector, authority="krk-KZ-79", reason="Theirs.", now=at("2026-11-25 11:00")
    )
    person.confirm_outcome(number=here[0].number, actor=aigul, now=at("2026-11-26 10:00"))
    person.reopen(number=here[1].number, actor=aigul, now=at("2026-11-26 11:00"))
    return [*here, there]


def test_the_scorecard_says_how_a_body_worked(autumn):
    rows = scorecard.beside(NOVEMBER, region()).bodies
    assert [(row["body"], row["name"]) for row in rows] == [("dtzpp-KZ-79", body().name)]
    card = rows[0]
    assert (card["decided"], card["in_time"], card["redirected"], card["reopened"], card["confirmed"]) == (
        2,
        2,
        1,
        1,
        1,
    )
    assert (card["in_time_share"], card["redirected_share"]) == (100.0, 33.3)
    assert (card["reopened_share"], card["confirmed_share"], card["overdue"]) == (50.0, 50.0, 0)
    assert scorecard.beside(NOVEMBER, region("KZ-63")).bodies == []
    assert scorecard.beside(DECEMBER, None).of_month(date(2026, 11, 1)) == {"KZ-79": 4, "KZ-63": 1}
    assert list(scorecard.beside(DECEMBER, region()).of_region(region()).values()) == [0, 0, 0, 0, 4, 0]


def figures(page):
    return {row["label"]: row for name in ("outcomes", "channels", "seller_rows") for row in page.context[name]}


def test_a_figure_opens_its_cases_for_the_ministry(client, autumn, ministry):
    client.force_login(ministry)
    page = client.get(f"/en/reports/?{MONTH}")
    found = page.context["found"]
    assert (found["examined"], found["outcomes"]["satisfied"], found["outcomes"]["carried_over"]) == (5, 1, 4)
    assert (found["through_the_system"], found["returned_kzt"], found["seller"]["ignored"]) == (5, 45000.5, 4)
    for row in figures(page).values():
        if row["url"]:
            behind = client.get(row["url"])
            assert behind.status_code == 200
            assert behind.context["total"] == row["value"], row["label"]
            assert len(behind.context["items"]) == row["value"]
    carried = client.get(figures(page)["Carried over"]["url"])
    assert [item["complaint"].number for item in carried.context["items"]] == [
        complaint.number for complaint in reversed(autumn[1:])
    ]
    assert client.get("/en/reports/cases/?month=2026-11").context["total"] == 5
    assert client.get("/en/reports/cases/?month=2026-11&page=9").context["items"] == []
    for query in ("outcome=lost", "channel=pigeon", "step=slept"):
        assert client.get(f"/en/reports/cases/?{MONTH}&{query}").status_code == 404, query


def test_an_inspector_sees_the_own_region_and_the_public_none(client, autumn, inspector, aigul):
    client.force_login(inspector)
    here = client.get(f"/en/reports/?{MONTH}&region=KZ-79")
    assert figures(here)["Carried over"]["url"]
    assert not figures(client.get(f"/en/reports/?{MONTH}"))["Carried over"]["url"]  # counts other regions as well
    assert not figures(client.get(f"/en/reports/?{MONTH}&region=KZ-63"))["Carried over"]["url"]
    own = client.get(f"/en/reports/cases/?{MONTH}")
    assert (own.context["total"], own.context["region"].pk) == (4, "KZ-79")
    assert client.get(f"/en/reports/cases/?{MONTH}&region=KZ-63").status_code == 404
    # A case that went to another body is counted, but is no longer the inspector's to open.
    links = {item["complaint"].number: bool(item["url"]) for item in own.context["items"]}
    assert links == {complaint.number: complaint != autumn[2] for complaint in autumn[:4]}
    client.force_login(aigul)
    assert client.get(f"/en/reports/cases/?{MONTH}").status_code == 403
    client.logout()
    assert client.get(f"/en/reports/cases/?{MONTH}").status_code == 302
    public = client.get(f"/en/reports/?{MONTH}")
    assert not any(row["url"] for row in figures(public).values())
    assert "Жарқын" not in public.content.decode()


def test_a_report_that_does_not_add_up_is_refused_with_the_difference(client, autumn):
    Event.objects.create(
        at=at("2026-11-27 10:00"), kind="complaint.withdrawn", subject=f"complaint:{autumn[3].number}",
        before="escalated", after="withdrawn", data={"outcome": "lost"},
    )  # fmt: skip
    page = client.get(f"/en/reports/?{MONTH}")
    assert page.status_code == 409
    assert "The report was refused: unknown outcomes: lost" in page.content.decode()
    assert client.get(f"/en/reports/complaints.pdf?{MONTH}").status_code == 409
    answer = client.get("/api/v1/reports/complaints?from=2026-11&to=2026-11").json()
    assert "unknown outcomes: lost" in str(answer)


def court_step(complaint, kind, moment, **data):
    events.record(
        kind=f"complaint.{kind}", subject=f"complaint:{complaint.number}", actor=None, data=data, at=at(moment)
    )


def test_court_cases_are_counted_by_the_days_of_their_events(autumn):
    court_step(autumn[0], "court_opened", "2026-11-01 00:00", role="third_party")
    court_step(autumn[1], "court_opened", "2026-11-30 23:59", role="third_party")
    court_step(autumn[1], "court_decided", "2026-12-03 10:00", result="won", recovered="1424750")
    court_step(autumn[0], "court_decided", "2026-12-04 10:00", result="lost", recovered="5")
    assert reports.facts(NOVEMBER, region())["court"] == {"joined": 2, "won": 0, "recovered_kzt": 0}
    assert reports.facts(DECEMBER)["court"] == {"joined": 0, "won": 1, "recovered_kzt": 1424750}
    assert reports.facts(DECEMBER, region("KZ-63"))["court"]["won"] == 0


def test_who_is_registered(aigul):
    make_supplier(approved_at=date(2026, 11, 30))
    make_supplier("other", "Other", approved_at=date(2026, 12, 1))
    type(aigul).objects.filter(pk=aigul.pk).update(date_joined=at("2026-11-30 23:59"))
    assert reports.facts(NOVEMBER, region())["users"] == {"registered": 1, "businesses": 1}
    assert reports.facts(DECEMBER)["users"] == {"registered": 1, "businesses": 2}
    assert reports.facts(Period(date(2026, 10, 1), date(2026, 10, 31)))["users"] == {"registered": 0, "businesses": 0}


# --- Published history --------------------------------------------------------------------------------


def test_the_published_tables_stand_on_the_page_as_they_were(client):
    """Golden numbers: Shymkent 2024 adds up to 1902 and its outreach does not; ten months of 2020 make 17 807."""
    page = client.get("/en/reports/")
    text = re.sub(r"(<[^>]+>|\s)+", " ", page.content.decode())
    tables = {table["facts"]["code"]: table for table in page.context["history"]}

    shymkent = tables["S1"]
    assert [row["value"] for row in shymkent["outcomes"]] == [1664, 135, 58, 21, 9, 15]
    assert "Examined: 1902. Satisfied: 87.5 %. Returned to people: 72,000,000 ₸." in text
    assert "Court: joined 9, won 4, recovered 1,424,750 ₸." in text
    assert sum(row["value"] for row in shymkent["outreach"]) == 2156
    assert "the parts sum to 2156. The published total 2165 is not shown as the sum: it differs by 9." in text
    assert shymkent["facts"]["outreach"]["self_check"] == "published 2165, the parts sum to 2156"

    channels = tables["S0"]
    assert sorted(row["value"] for row in channels["channels"]) == [87, 331, 907, 2033, 5079, 9370]
    assert "Examined: 17807." in text
    for table in (shymkent, channels):
        for row in (*table["outcomes"], *table["channels"], *table["outreach"]):
            assert f"{row['label']} {row['value']:,}" in text, row


# --- The outreach log -------------------------------------------------------------------------------


def enter(actor, kind="briefings", on=date(2026, 11, 20), count=1, **more):
    return outreach.add(actor=actor, kind=kind, on=on, count=count, now=at("2026-11-23 10:00"), **more)


def test_outreach_totals_are_computed(inspector, ministry):
    for kind, count in {"media_speeches": 69, "media_publications": 114, "social_posts": 1960, "briefings": 13}.items():
        enter(inspector, kind, count=count, reach=10)
    enter(ministry, "round_tables", reach=229)
    found = reports.facts(NOVEMBER, region())["outreach"]
    assert (found["total"], found["reach"], found["by_kind"]["social_posts"]) == (2156, 40, 1960)
    assert reports.facts(NOVEMBER)["outreach"]["total"] == 2157
    assert reports.facts(DECEMBER)["outreach"] == {"by_kind": {}, "total": 0, "reach": 0}


def test_a_wrong_line_is_struck_out_once_by_its_department(inspector, ministry):
    line = enter(inspector, count=5)
    stranger = make_inspector("oral", "dtzpp-KZ-63")
    with pytest.raises(NotFound):
        outreach.strike(actor=stranger, entry_id=line.pk)
    assert reports.facts(NOVEMBER)["outreach"]["total"] == 5
    outreach.strike(actor=inspector, entry_id=line.pk)
    assert reports.facts(NOVEMBER)["outreach"]["total"] == 0
    with pytest.raises(outreach.AlreadyStruck):
        outreach.strike(actor=ministry, entry_id=line.pk)
    assert list(Event.objects.filter(subject=f"outreach:{line.pk}").values_list("kind", flat=True)) == [
        "outreach.entered", "outreach.struck",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"kind": "rumours"}, "kind"),
        ({"on": date(2026, 11, 24)}, "on"),
        ({"count": 0}, "count"),
        ({"reach": -1}, "reach"),
    ],
)
def test_a_line_that_cannot_be_is_refused(inspector, wrong, name):
    with pytest.raises(Invalid) as refused:
        enter(inspector, **wrong)
    assert [error.field for error in refused.value.errors] == [name]
    assert OutreachEntry.objects.count() == 0


def test_the_log_has_a_page(client, inspector, aigul):
    with pytest.raises(Forbidden):
        enter(aigul)
    client.force_login(aigul)
    assert client.get("/en/review/outreach/").status_code == 403
    client.force_login(inspector)
    typed = {"kind": "briefings", "on_day": "20", "on_month": "11", "on_year": "2025", "count": "13", "reach": ""}
    assert client.post("/en/review/outreach/", typed | {"count": "0"}).status_code == 200
    assert client.post("/en/review/outreach/", typed).status_code == 302
    line = OutreachEntry.objects.get()
    assert (line.region_id, line.count, line.reach, line.author) == ("KZ-79", 13, 0, inspector)
    assert "Briefings" in client.get("/en/review/outreach/").content.decode()
    assert client.post(f"/en/review/outreach/{line.pk}/strike/").status_code == 302
    assert "Struck out" in client.get("/en/review/outreach/").content.decode()


# --- Open data -----------------------------------------------------------------------------------------


def shown(cells):
    secret = small_cells.hidden(cells, 10)
    return {cell: None if cell in secret else cases for cell, cases in cells.items()}


def test_no_hidden_cell_can_be_computed():
    outcomes = ("satisfied", "explained", "withdrawn")
    counts = {"KZ-79": (120, 3, 40), "KZ-63": (80, 25, 0), "KZ-75": (300, 60, 12)}
    cells = {(place, name): n for place, row in counts.items() for name, n in zip(outcomes, row, strict=True)}
    for (place, name), cases in list(cells.items()):
        for total in ((place, "total"), ("KZ", name), ("KZ", "total")):
            cells[total] = cells.get(total, 0) + cases
    secret = small_cells.hidden(cells, 10)
    assert ("KZ-79", "explained") in secret
    for places in (*small_cells.lines_of(cells),):
        assert sum(cell in secret for cell in places) != 1
    assert len(secret) < len(cells) / 2
    assert all(cases is None or cases == 0 or cases >= 10 for cases in shown(cells).values())


def test_how_small_a_number_is_hidden_is_the_ministrys_rule(monkeypatch):
    cells = {(place, name): 7 for place in ("KZ-79", "KZ") for name in ("satisfied", "total")}
    monkeypatch.setattr(open_data, "table", lambda period, after: cells)
    day = date(2026, 12, 5)
    assert b",7,0" not in open_data.write(day)
    Rule.objects.filter(code="open_data.small_cell").update(value={"min_count": 7})
    assert b",,1" not in open_data.write(day)


def test_the_file_hides_small_numbers_and_says_its_licence(client, autumn, monkeypatch):
    monkeypatch.setattr(open_data, "complete_months", lambda today: [NOVEMBER])
    answer = client.get("/api/v1/open-data/complaints.csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Link"] == '<https://creativecommons.org/licenses/by/4.0/>; rel="license"'
    lines = answer.content.decode().splitlines()
    assert lines[0] == "month,region,outcome,cases,hidden"
    assert len(lines) == 1 + (Region.objects.count() + 1) * 7
    assert "2026-11,KZ-79,satisfied,,1" in lines
    assert not any(line.split(",")[3] in set("123456789") for line in lines[1:])
    assert open_data.table(NOVEMBER)["KZ", "total"] == Complaint.objects.count() == 5
    for language in ("kk", "ru", "en"):
        assert client.get(f"/{language}/open-data/").status_code == 200


def test_the_scorecards_cells_money_and_court_open_their_cases(client, autumn, ministry):
    court_step(autumn[3], "court_opened", "2026-11-20 10:00", role="third_party")
    court_step(autumn[3], "court_decided", "2026-11-28 10:00", result="won", recovered="0")
    client.force_login(ministry)
    page = client.get(f"/en/reports/?{MONTH}")
    for step, count in {
        "decided&body=dtzpp-KZ-79": 2, "redirected&body=dtzpp-KZ-79": 1, "reopened&body=dtzpp-KZ-79": 1,
        "confirmed&body=dtzpp-KZ-79": 1, "returned": 1, "court_joined": 1, "court_won": 1,
    }.items():  # fmt: skip
        url = f"/en/reports/cases/?{MONTH}&region=&step={step}"
        assert url.replace("&", "&amp;") in page.content.decode(), step
        assert client.get(url).context["total"] == count, step
    client.logout()
    assert "/en/reports/cases/" not in client.get(f"/en/reports/?{MONTH}").content.decode()


def test_files_and_api_give_the_scorecard(client, autumn):
    lines = client.get(f"/en/reports/complaints.csv?{MONTH}&region=KZ-79").content.decode().splitlines()
    section = f"State body: {body().name}"
    for row in ("Decided,2", '"In time, %",100.0', '"Sent on, %",33.3', "Dates missed,0"):
        assert f"{section},{row}" in lines or f'"{section}",{row}' in lines
    assert client.get(f"/en/reports/complaints.pdf?{MONTH}&region=KZ-79").content.startswith(b"%PDF")
    answer = client.get("/api/v1/reports/complaints?from=2026-11&to=2026-11&region=KZ-79").json()
    assert [(row["body"], row["decided"], row["in_time_share"], row["reopened"]) for row in answer["bodies"]] == [
        ("dtzpp-KZ-79", 2, 100.0, 1)
    ]
    assert answer["self_check"] == "ok"
