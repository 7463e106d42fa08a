"""The list of every complaint: open ones first, page after page, filtered, and no more rows read than shown."""

import json

import pytest
from django.db import connection

from complaints import api, listing
from complaints.listing import Asked
from complaints.models import Complaint
from complaints.states import ENDED_STATES, OPEN_STATES
from marketplace.models import Role
from tests.complaints.factories import (
    at,
    body,
    make_complaint,
    make_inspector,
    make_person,
    make_reviewer,
    make_supplier,
    make_user,
    region,
)  # fmt: skip

TODAY = at("2026-11-23 10:00").date()
MANY = 50_000
# A page reads its own rows, one to know whether there are more, and the next parts of the list.
MOST_ROWS = 10 * listing.PAGE_SIZE


def spread(count: int) -> None:
    """Copies of one complaint over states, regions, addressees and days, in one statement."""
    source = make_complaint(person=make_person(), now=at("2026-11-22 10:00"))
    state = "(%(states)s::text[])[1 + n %% array_length(%(states)s::text[], 1)]"
    changed = {
        "number": "'B-' || n",
        "order_line_id": "NULL",
        "draft_id": "NULL",
        "status": state,
        "subject": "CASE WHEN n %% 500 = 0 THEN 'danger' ELSE c.subject END",
        "region_id": "(%(regions)s::text[])[1 + n * 7 %% 20]",
        "respond_by": f"CASE WHEN {state} <> ALL (%(undated)s) THEN DATE '2026-11-01' + n * 13 %% 90 END",
        "closed_at": f"CASE WHEN {state} = ANY (%(ended)s) THEN TIMESTAMPTZ '2026-11-01 10:00+05' - n * INTERVAL '1 minute' END",
        "addressee_authority_id": "CASE WHEN n %% 3 = 0 THEN NULL ELSE (%(bodies)s::bigint[])[1 + n * 11 %% 20] END",
    }
    names = [field.column for field in Complaint._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(f'"{name}"' for name in names)
    values = ", ".join(changed.get(name, f'c."{name}"') for name in names)
    named = {
        "states": [str(state) for state in (*OPEN_STATES, *ENDED_STATES)],
        "regions": sorted({one.region_id for one in body().__class__.objects.filter(kind="consumer_protection")}),
        "bodies": list(body().__class__.objects.filter(kind="consumer_protection").values_list("pk", flat=True)),
        "pk": source.pk,
        "ended": [str(state) for state in ENDED_STATES],
        "undated": ["registered", "ignored", "court"],
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO complaints_complaint ({columns}) SELECT {values}"
            f" FROM complaints_complaint c, generate_series(1, {count}) n WHERE c.id = %(pk)s",
            named,
        )
        cursor.execute("ANALYZE complaints_complaint")


def plans(rows) -> tuple[set[str], int]:
    """The kinds of scans of the table, and how many of its rows were read."""
    sql, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        top = cursor.fetchone()[0]
    kinds, read = set(), 0
    waiting = [(top if isinstance(top, list) else json.loads(top))[0]["Plan"]]
    while waiting:
        node = waiting.pop()
        waiting += node.get("Plans", [])
        if node.get("Relation Name") == "complaints_complaint" or (
            "Index Name" in node and "complaint" in node["Index Name"]
        ):
            kinds.add(node["Node Type"])
            read += (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return kinds, read


def asked(**more):
    return Asked(today=TODAY, **more)


def test_a_page_reads_as_many_rows_as_it_shows_along_an_index():
    """Among fifty thousand, for each filter, at the beginning and a thousand rows further; counting stops, too."""
    spread(MANY)
    ministry = make_reviewer()
    shop = Complaint.objects.exclude(addressee_supplier=None).first().addressee_supplier
    questions = {
        "everything": asked(), "a state": asked(status="with_body"), "an ended state": asked(status="withdrawn"),
        "a region": asked(region=region()), "a body": asked(authority=body()), "a supplier": asked(supplier=shop),
        "late": asked(due="late"), "today": asked(due="today"),
        "a rare subject": asked(subject="danger"), "most subjects": asked(subject="defect"),
        "a state of a rare subject": asked(subject="danger", status="with_body"),
        "a region's late ones": asked(region=region(), due="late"), "a number": asked(number="B-777"),
    }  # fmt: skip
    found = {}
    for name, question in questions.items():
        for segment in question.segments():
            rows = listing.segment_rows(ministry, question, segment, None)
            found[name, segment, "first"] = plans(rows[: listing.PAGE_SIZE + 1])
            middle = list(rows[1000:1001])
            if middle and segment != listing.UNDATED:
                key = middle[0].closed_at if segment == listing.ENDED else middle[0].respond_by
                further = listing.segment_rows(ministry, question, segment, (key, middle[0].pk))
                found[name, segment, "further"] = plans(further[: listing.PAGE_SIZE + 1])
    wrong = {key: plan for key, plan in found.items() if "Seq Scan" in plan[0] or plan[1] > MOST_ROWS}
    assert not wrong
    assert sum(where == "further" for _name, _segment, where in found) > 5

    assert listing.counted(ministry, asked()) == listing.COUNTED + 1
    whole = listing.segment_rows(ministry, asked(), listing.DATED, None)
    assert plans(whole.order_by()[: listing.COUNTED + 1])[1] <= 3 * listing.COUNTED, "not all of them"

    rare = listing.segment_rows(ministry, asked(subject="danger"), listing.DATED, None)[: listing.PAGE_SIZE + 1]
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX complaint_list_subject")
        assert plans(rare)[1] > 4 * MOST_ROWS, "without its index the page looks for the few among all"
        cursor.execute("DROP INDEX complaint_list_open, complaint_list_state")
    kinds, read = plans(whole[: listing.PAGE_SIZE + 1])
    assert "Seq Scan" in kinds or read > MANY / 10, "without its index the page reads everything"


@pytest.fixture
def eight():
    """Open ones by date, one in court, three ended: in the order of the list."""
    aigul, rows = make_person(), []
    shop = make_supplier()
    for number, (state, day, closed) in enumerate(
        [
            ("with_seller", "2026-11-20", None), ("with_body", "2026-11-23", None), ("decided", "2026-11-23", None),
            ("with_ministry", "2026-12-20", None), ("court", None, None),
            ("closed", None, "2026-11-22 10:00"), ("withdrawn", None, "2026-11-21 10:00"), ("closed", None, "2026-11-20 10:00"),
        ]
    ):  # fmt: skip
        row = make_complaint(person=aigul, supplier=shop, now=at(f"2026-11-{number + 1:02} 10:00"))
        Complaint.objects.filter(pk=row.pk).update(
            status=state, respond_by=day, due_at=at(f"{day} 23:59") if day else None,
            closed_at=at(closed) if closed else None, outcome="explained" if closed else "",
            addressee_authority=body() if state in {"with_body", "decided", "with_ministry", "court"} else None,
        )  # fmt: skip
        rows.append(row.number)
    return rows


def walked(actor, question, size):
    """All pages, one after another."""
    numbers, place = [], ""
    while True:
        page = listing.page(actor, question, place, size)
        numbers += [row.number for row in page.rows]
        place = page.next
        if not place:
            return numbers


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 20])
def test_every_page_goes_on_where_the_last_one_ended(size, eight):
    assert walked(make_reviewer(), asked(), size) == eight


def test_each_filter(eight):
    ministry = make_reviewer()
    shop = Complaint.objects.first().addressee_supplier
    for question, found in (
        (asked(status="closed"), [5, 7]), (asked(status="court"), [4]), (asked(authority=body()), [1, 2, 3, 4]),
        (asked(supplier=shop), range(8)), (asked(region=region("KZ-63")), []), (asked(region=region()), range(8)),
        (asked(due="late"), [0]), (asked(due="today"), [1, 2]), (asked(due="soon"), [1, 2]),
        (asked(number=eight[6]), [6]), (asked(number="C-0"), []), (asked(status="closed", due="late"), [5, 7]),
    ):  # fmt: skip
        assert walked(ministry, question, 2) == [eight[place] for place in found], question
        assert listing.counted(ministry, question) == len(list(found)), question


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.HOTLINE, Role.AUDITOR, Role.ADMIN])
def test_the_page_for_those_who_see_all(role, client, eight, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED", 5)
    client.force_login(make_user("overseer", role))
    page = client.get("/en/complaints/")
    text = page.content.decode()
    assert "More than 5 complaints" in text
    assert text.index(eight[0]) < text.index(eight[4]) < text.index(eight[7])
    closed = client.get("/en/complaints/?status=closed").content.decode()
    assert "2 complaints" in closed
    assert eight[0] not in closed
    wrong = client.get("/en/complaints/?addressee=nobody")
    assert "There is no addressee with this code." in wrong.content.decode()
    for place in ("x", "dated.2026-99-99.1", "ended..", "dated.2026-11-20.9999999999999999999999", "undated..x"):
        assert client.get("/en/complaints/", {"from": place}).status_code == 200, place


def test_the_next_page_keeps_the_filter(client, eight, monkeypatch):
    monkeypatch.setattr(listing.page, "__defaults__", ("", 2))
    client.force_login(make_reviewer())
    first = client.get("/en/complaints/?region=KZ-79")
    second = client.get(f"/en/complaints/{first.context['next_url']}")
    assert "region=KZ-79" in first.context["next_url"]
    assert [item["complaint"].number for item in second.context["items"]] == eight[2:4]
    assert second.context["first_url"] == "?region=KZ-79"


def test_others_keep_their_own_list(client, eight):
    client.force_login(make_inspector())
    page = client.get("/en/complaints/")
    assert "page" in page.context
    assert {item["complaint"].number for item in page.context["items"]} == set(eight[1:5])


# --- The API ---------------------------------------------------------------------------------------------


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers(found):
    return [row["number"] for row in found["results"]]


@pytest.mark.parametrize("size", [1, 3, 8])
def test_the_api_goes_on_from_next_to_next(size, client, eight, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", size)
    client.force_login(make_reviewer())
    found, address = [], "/api/v1/complaints"
    while address:
        page = read(client, address)
        assert (page["count"], page["more_than_count"]) == (8, False)
        found += numbers(page)
        address = page["next"]
    assert found == eight
    # What has a place before the end of the page read meanwhile moves nothing.
    first = read(client, "/api/v1/complaints")
    if size == 3:
        Complaint.objects.filter(number=eight[0]).update(
            status="withdrawn", closed_at=at("2026-11-23 10:00"), respond_by=None
        )
        assert numbers(read(client, first["next"])) == [*eight[3:5], eight[0]]


def test_the_api_filters_by_states_and_subject(client, eight):
    client.force_login(make_reviewer())
    for query, found in (
        ("status=closed", [5, 7]), ("status=with_seller,withdrawn", [0, 6]), ("status=court,decided", [2, 4]),
        ("status=nonsense", []), ("subject=defect", range(8)), ("subject=late", []), ("status=closed&subject=late", []),
    ):  # fmt: skip
        page = read(client, f"/api/v1/complaints?{query}")
        assert (numbers(page), page["count"]) == ([eight[place] for place in found], len(list(found))), query


def test_pages_by_number_are_the_first_ones_and_a_wrong_place_is_said(client, eight, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 3)
    monkeypatch.setattr(listing, "COUNTED", 6)
    client.force_login(make_reviewer())
    second = read(client, "/api/v1/complaints?page=2")
    assert numbers(second) == eight[3:6]
    assert (second["count"], second["more_than_count"]) == (6, True)
    assert "page=" not in second["next"]
    assert numbers(read(client, second["next"])) == eight[6:]
    assert numbers(read(client, "/api/v1/complaints?page=0")) == eight[:3]
    for query, field in (("page=3", "page"), ("page=99999999999999999999", "page"), ("from=x", "from")):
        refused = client.get(f"/api/v1/complaints?{query}")
        assert refused.status_code == 422, query
        assert [error["field"] for error in refused.json()["errors"]] == [field]


def test_the_api_gives_everybody_the_own_ones_the_same_way(client, eight):
    client.force_login(make_inspector())
    assert numbers(read(client, "/api/v1/complaints")) == eight[1:5]
    client.force_login(make_person("stranger"))
    assert read(client, "/api/v1/complaints") == {"results": [], "next": None, "count": 0, "more_than_count": False}
