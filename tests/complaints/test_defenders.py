"""The directory of defenders: by sphere and region, with hours, a number to call, and the record of the last month."""

import re

import pytest
import time_machine
from django.utils import timezone, translation

from complaints import bodies, clocks, routing
from complaints.reporting import defenders, defenders_paper
from marketplace.models import Authority
from tests.complaints.factories import at, body, make_complaint, make_inspector, make_person, region

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


@pytest.mark.parametrize(
    ("language", "title", "hours"),
    [("kk", "Құқығыңызды кім қорғайды", "Дс 9–18"), ("ru", "Кто защищает ваши права", "Пн 9–18"), ("en", "Who protects your rights", "Mon 9–18")],
)  # fmt: skip
def test_the_paper_says_what_the_page_says(client, language, title, hours):
    """The same bodies of the same choice, each with its number, hours and record; the file is made from these words."""
    Authority.objects.filter(code="dtzpp-KZ-79").update(
        contacts={"phone": "8 (7252) 00-00-79"}, hours_en="Mon 9–18", hours_ru="Пн 9–18", hours_kk="Дс 9–18"
    )
    cases = [make_complaint(person=make_person(), now=at("2026-10-01 10:00"))]
    clocks.run(at("2026-10-15 00:05"))
    bodies.decide(
        number=cases[0].number, actor=make_inspector(), outcome="explained", detail="no_breach", text="No.",
        now=at("2026-11-02 10:00"),
    )  # fmt: skip
    now = at("2026-12-10 10:00")
    with translation.override(language):
        found = defenders.directory(region(), "durable", timezone.localdate(now))
        words = defenders_paper.words(found, region=region(), sphere="", now=now)
    assert words["title"] == title
    assert [len(part["bodies"]) for part in words["parts"]] == [len(found.local), len(found.national)]
    told = next(row for row in words["parts"][0]["bodies"] if row["name"] == getattr(body(), f"name_{language}"))
    assert any("8 (7252) 00-00-79" in line for line in told["lines"])
    assert any(hours in line for line in told["lines"])
    assert any("100.0 %" in line for line in told["lines"])
    with time_machine.travel(now, tick=False):
        answer = client.get(f"/{language}/defenders.pdf?region=KZ-79&sphere=durable")
        page = client.get(f"/{language}/defenders/?region=KZ-79&sphere=durable").content.decode()
    assert (answer.status_code, answer["Content-Type"], answer.content[:4]) == (200, "application/pdf", b"%PDF")
    assert f"/{language}/defenders.pdf?region=KZ-79&amp;sphere=durable" in page


def test_the_paper_of_the_country_and_of_an_unknown_choice(client):
    assert client.get("/en/defenders.pdf").content[:4] == b"%PDF"
    assert client.get("/en/defenders.pdf?region=nowhere&sphere=nonsense").content[:4] == b"%PDF"


def test_who_is_signed_in_gets_the_own_region_until_the_country_is_chosen(client):
    client.force_login(make_person())
    assert client.get("/en/defenders/").context["region"] == region()
    assert client.get("/en/defenders/?region=&sphere=").context["region"] is None
