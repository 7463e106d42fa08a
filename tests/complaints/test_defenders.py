"""The directory of defenders: by sphere and region, with hours, a number to call, and the record of the last month."""

import re

import pytest
import time_machine

from complaints import bodies, clocks, routing
from marketplace.models import Authority
from tests.complaints.factories import at, body, make_complaint, make_inspector, make_person

pytestmark = pytest.mark.django_db


def names(found) -> set[str]:
    return {item.body.kind for item in (*found.local, *found.national)}


def page_of(client, query: str, day: str = "2026-12-10"):
    with time_machine.travel(at(f"{day} 10:00"), tick=False):
        page = client.get(f"/en/defenders/?{query}")
    assert page.status_code == 200
    return page


def test_region_and_sphere_choose_the_bodies(client):
    everything = page_of(client, "region=KZ-79").context["found"]
    assert {item.body.region_id for item in everything.local} == {"KZ-79"}
    assert {item.body.region_id for item in everything.national} == {None}
    walkers = page_of(client, "region=KZ-79&sphere=durable").context["found"]
    rows = [row for row in routing.table().rows if "durable" in row["spheres"]]
    reached = {kind for row in rows for kind in (row["first"], *row["also"], *row["escalates_to"])}
    assert "consumer_protection" in names(walkers) <= reached
    assert "data_protection" in names(everything) - names(walkers)
    assert names(page_of(client, "sphere=nonsense").context["found"]) == {
        item.body.kind for item in everything.national
    }


def test_a_number_is_a_link_and_a_text_and_hours_stand_beside(client):
    Authority.objects.filter(code="dtzpp-KZ-79").update(contacts={"phone": "8 (7252) 00-00-79"}, hours_en="Mon 9–18")
    page = page_of(client, "region=KZ-79").content.decode()
    assert '<a class="govuk-link app-nowrap" href="tel:+77252000079">8 (7252) 00-00-79</a>' in page
    assert "Open: Mon 9–18" in page
    Authority.objects.filter(code="dtzpp-KZ-79").update(contacts={"phone": "1414"})
    assert 'href="tel:1414">1414</a>' in page_of(client, "region=KZ-79").content.decode()


def test_the_record_is_of_the_last_month_from_the_facts(client):
    aigul, inspector = make_person(), make_inspector()
    cases = [make_complaint(person=aigul, now=at(f"2026-10-0{day} 10:00")) for day in (1, 2, 3)]
    clocks.run(at("2026-10-15 00:05"))
    bodies.decide(
        number=cases[0].number, actor=inspector, outcome="explained", detail="no_breach", text="No.",
        now=at("2026-11-02 10:00"),
    )  # fmt: skip
    clocks.run(at("2026-11-20 00:05"))  # the two others are late

    def card(day: str):
        found = page_of(client, "region=KZ-79", day).context["found"]
        return next(item for item in found.local if item.body == body())

    december = card("2026-12-10")
    assert (december.answered, december.answered_share, december.in_time_share) == (1, 33.3, 100.0)
    assert (card("2027-01-10").answered, card("2027-01-10").answered_share) == (0, None)
    text = re.sub(r"\s+", " ", page_of(client, "region=KZ-79").content.decode())
    assert "Last month it answered 1 complaint, 33.3 % of those that were due. Decided in time: 100.0 %." in text
