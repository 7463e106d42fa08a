"""Nothing fits: said once, counted in round numbers, ended by what fits; the radar names nobody."""

from datetime import date

import pytest
from django.utils import timezone

from catalog.models import Product
from marketplace import small_cells
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import Event, Notice, OutboxRow, PersonRecord, ReadLog, Role, User
from suppliers import effects
from suppliers.demand import needs, radar
from suppliers.demand.models import UnmetNeed
from suppliers.effects import refresh_documents
from suppliers.models import MarketCell
from tests import factories as make
from tests.suppliers.test_pages import market, open_page, signed_in, text_of  # noqa: F401

SIZES = {"handle_height_mm": 615, "mass_g": 17000}


@pytest.fixture
def dana(market):  # noqa: F811
    """A child of six whom no walker of the market fits."""
    child = make.make_person("dana", measures=SIZES)
    PersonRecord.objects.filter(user=child).update(birth_date=date(2020, 5, 1))
    return child


@pytest.fixture
def aigul(dana):
    return make.make_guardian("aigul", [dana])


def say(actor, person, kind="child-walker", region="KZ-63") -> UnmetNeed:
    return needs.say(actor=actor, person_id=person.pk, kind=kind, region=region)


# --- Saying it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/en/catalog/needs/", "/api/v1/needs"])
def test_an_offices_look_at_what_a_person_lacks_leaves_a_row(dana, aigul, address):
    say(aigul, dana)
    gulnar = make.make_caseworker()
    assert signed_in(aigul).get(address).status_code == 200
    assert not ReadLog.objects.filter(person=dana).exists()
    assert signed_in(gulnar).get(address).status_code == 200
    assert list(ReadLog.objects.values_list("actor", "person", "purpose")) == [(gulnar.pk, dana.pk, "fit")]


def test_it_is_said_on_the_page_of_the_kind_and_counted_in_round_numbers(dana, aigul):
    client = signed_in(aigul)
    page = open_page(client, "/en/catalog/child-walker/")
    assert "/en/catalog/needs/new/?type=child-walker" in page
    form = text_of(open_page(client, "/en/catalog/needs/new/", type="child-walker"))
    assert "handle_height_mm en 60–70 cm, mass_g en 10–20 kg" in form

    answer = client.post(
        "/en/catalog/needs/new/?type=child-walker", {"kind": "child-walker", "region": "KZ-63"}, follow=True
    )

    assert "We tell you when something fits" in text_of(answer.content.decode())
    need = UnmetNeed.objects.get()
    assert (need.person, need.said_by, need.region_id, need.child) == (dana, aigul, "KZ-63", True)
    assert need.sizes == {"handle_height_mm": [600, 700], "mass_g": [10000, 20000]}
    event = Event.objects.get(kind="need.said")
    assert event.on_behalf_of == dana and event.data == {"type": "child-walker", "region": "KZ-63"}


def test_a_second_word_changes_nothing(dana, aigul):
    first = say(aigul, dana)
    assert say(aigul, dana, region="KZ-79") == first
    assert UnmetNeed.objects.get().region_id == "KZ-63" and Event.objects.filter(kind="need.said").count() == 1


def test_only_the_person_the_guardian_and_the_own_office_say_and_see_it(dana, aigul):
    need = say(aigul, dana)
    strangers = [
        make.make_person("marat"),
        make.make_guardian("zhanna"),
        make.make_caseworker("timur", "shymkent-office"),
        make.make_user("serik", Role.HOTLINE),
        make.make_user("madina", Role.REVIEWER),
        User.objects.get(username="yerlan"),
    ]
    for stranger in strangers:
        with pytest.raises(NotFound):
            say(stranger, dana, kind="hand-bike")
        with pytest.raises(NotFound):
            needs.withdraw(need_id=need.pk, actor=stranger)
        client = signed_in(stranger)
        serves = stranger.role in {Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER}
        if serves:
            assert "Child walker" not in text_of(open_page(client, "/en/catalog/needs/"))
        else:
            assert client.get("/en/catalog/needs/").status_code == 403
        refused = 404 if serves else 403
        assert client.get("/en/catalog/needs/new/", {"for": dana.pk}).status_code == refused
        assert client.get("/api/v1/needs").json()["count"] == 0
    assert UnmetNeed.objects.get().ended_at is None

    own_office = signed_in(make.make_caseworker("gulnar"))
    assert "Child walker" in text_of(open_page(own_office, "/en/catalog/needs/"))


def test_an_unknown_kind_or_region_is_named_and_nothing_is_counted(dana, aigul):
    with pytest.raises(Invalid) as refused:
        say(aigul, dana, kind="spaceship", region="KZ-00")
    assert {error.field for error in refused.value.errors} == {"kind", "region"}
    answer = signed_in(aigul).post("/en/catalog/needs/new/", {"kind": "", "region": ""})
    assert answer.status_code == 422 and "Choose what you are looking for" in answer.content.decode()
    assert not UnmetNeed.objects.exists()


def test_it_is_taken_back_once(dana, aigul):
    need = say(aigul, dana)
    client = signed_in(aigul)
    assert client.post(f"/en/catalog/needs/{need.pk}/withdraw/").status_code == 302
    need.refresh_from_db()
    assert need.outcome == "withdrawn" and need.ended_at
    assert client.post(f"/en/catalog/needs/{need.pk}/withdraw/").status_code == 404
    assert Event.objects.filter(kind="need.withdrawn").count() == 1
    assert say(aigul, dana) != need, "and may be said again"


def test_the_api_says_lists_and_takes_back(dana, aigul):
    client = signed_in(aigul)
    body = {"type": "child-walker", "region": "KZ-63"}
    said = client.post("/api/v1/needs", body, content_type="application/json").json()
    assert said["beneficiary"] == dana.pk and said["sizes"]["mass_g"] == [10000, 20000]
    assert client.get("/api/v1/needs").json()["results"] == [said]
    assert client.post(f"/api/v1/needs/{said['id']}/withdraw").status_code == 204
    assert client.post(f"/api/v1/needs/{said['id']}/withdraw").status_code == 404


def test_zero_results_and_what_does_not_fit_lead_there_and_visitors_sign_in_first(dana, aigul):
    from django.test import Client

    client = signed_in(aigul)
    assert "/en/catalog/needs/new/" in open_page(client, "/en/catalog/search/", q="zzzzzz")
    bota = Product.objects.get(title_en="Bota 50 en")
    assert "needs/new/?type=child-walker" in open_page(client, f"/en/catalog/{bota.slug}_{bota.pk}/")
    assert "needs/new/" in open_page(Client(), "/en/catalog/child-walker/")
    assert Client().get("/en/catalog/needs/new/?type=child-walker").status_code == 302
    assert "needs/new/" not in open_page(signed_in(User.objects.get(username="yerlan")), "/en/catalog/child-walker/")


# --- The end of it --------------------------------------------------------------------------------


def offer_something(parameters) -> Product:
    good = make.make_product(make.make_type(), "Arman XL", parameters=parameters)
    make.make_offer(good, price="150000.00")
    refresh_documents()
    return good


def test_something_new_that_fits_ends_it_and_tells_who_said_it(dana, aigul):
    need = say(aigul, dana)
    assert needs.look() == 0 and UnmetNeed.objects.get().looked_at
    good = offer_something({"handle_height": (580, 700), "max_user_mass": 40000, "wheels": "four"})

    assert needs.look() == 1 and needs.look() == 0

    need.refresh_from_db()
    assert (need.outcome, need.product) == ("met", good)
    effects.need_met(OutboxRow.objects.get(topic=needs.MET))
    effects.need_met(OutboxRow.objects.get(topic=needs.MET))
    notice = Notice.objects.get(kind=needs.MET)
    assert notice.recipient == aigul and "Arman XL" in notice.text


def test_what_fitted_when_it_was_said_does_not_end_it(market):  # noqa: F811
    """She may have her reasons: only something new is news."""
    marat = make.make_person("marat", measures={"handle_height_mm": 500, "mass_g": 30000})
    need = say(marat, marat)
    assert need.known
    assert needs.look() == 0
    offer_something({"handle_height": (100, 200), "max_user_mass": 90000, "wheels": "four"})
    assert needs.look() == 0, "new, but it does not fit"
    assert UnmetNeed.objects.get().ended_at is None


def test_the_sweep_looks_first_at_what_waited_longest(dana, aigul):
    say(aigul, dana)
    marat = make.make_person("marat", measures=SIZES)
    later = say(marat, marat)
    UnmetNeed.objects.exclude(pk=later.pk).update(looked_at=timezone.now())
    assert needs.look(limit=1) == 0
    later.refresh_from_db()
    assert later.looked_at, "nobody had looked at it yet"


# --- The radar ------------------------------------------------------------------------------------


def lack(region: str, number: int, *, child: bool = False, kind=None, lower: int = 600) -> None:
    row = kind or make.make_type()
    start = User.objects.count()
    for place in range(number):
        person = make.make_person(f"p{start + place}")
        UnmetNeed.objects.create(
            person=person, said_by=person, type=row, region_id=region, child=child, said_at=timezone.now(),
            sizes={"handle_height_mm": [lower, lower + 100]},
        )  # fmt: skip


@pytest.fixture
def ministry(market):  # noqa: F811
    return make.make_user("madina", Role.REVIEWER)


def test_the_radar_counts_children_sizes_and_regions(ministry):
    lack("KZ-63", 12, child=True)
    lack("KZ-79", 14, child=True)
    lack("KZ-75", 11, child=True)
    page = text_of(open_page(signed_in(ministry), "/en/review/market/demand/", type="child-walker"))
    assert "37 children, child walker, handle_height_mm en: 60–70 cm, 3 regions" in page
    supplier = signed_in(User.objects.get(username="yerlan"))
    assert "37 children" in text_of(open_page(supplier, "/en/supplier/demand/", type="child-walker"))
    [row] = supplier.get("/api/v1/demand").json()["results"]
    assert row == {
        "type": "child-walker", "in_programmes": 0, "nothing_fits": 37, "children": 37, "regions": 3,
    }  # fmt: skip


def test_small_numbers_and_what_would_betray_them_are_hidden(ministry):
    lack("KZ-63", 12)
    lack("KZ-79", 15)
    lack("KZ-75", 3)
    by_region = {code: radar.demand(ministry, code)[0].needs.count for code in ("KZ-63", "KZ-79", "KZ-75")}
    assert by_region == {"KZ-63": None, "KZ-79": 15, "KZ-75": None}, "30 − 15 − 12 would say 3"
    assert radar.demand(ministry)[0].needs.count == 30
    page = text_of(open_page(signed_in(ministry), "/en/review/market/demand/", region="KZ-75"))
    assert "fewer than 10" in page and " 3 " not in page.split("By kind", 1)[1]


def test_a_few_children_among_many_are_not_told_apart(ministry):
    lack("KZ-63", 20)
    lack("KZ-63", 4, child=True)
    [row] = radar.demand(ministry)
    assert (row.needs.count, row.children.count) == (24, None)


def test_a_band_with_few_people_is_not_shown(ministry):
    lack("KZ-63", 12, lower=600)
    lack("KZ-63", 2, lower=900)
    [(_name, listed)] = radar.bands(ministry, radar.types.book().by_code["child-walker"])
    assert [(band.text.replace("\u00a0", " "), band.people) for band in listed] == [("60–70 cm", 12)]


def test_people_with_the_kind_in_a_programme_are_counted_beside(ministry):
    kind = make.make_type()
    for region, people in (("", 40), ("KZ-63", 40)):
        MarketCell.objects.update_or_create(
            type=kind, region=region, defaults={"asked": people, "counted_at": timezone.now()}
        )
    [row] = radar.demand(ministry)
    assert (row.asked.count, row.needs.count) == (40, 0)


def test_ended_needs_are_not_counted(ministry):
    lack("KZ-63", 12)
    UnmetNeed.objects.update(ended_at=timezone.now(), outcome="withdrawn")
    assert radar.demand(ministry) == []


def test_buyers_and_offices_do_not_see_the_radar(dana, aigul):
    for stranger in (aigul, make.make_caseworker("gulnar"), make.make_user("serik", Role.HOTLINE)):
        with pytest.raises(Forbidden):
            radar.demand(stranger)
        client = signed_in(stranger)
        assert client.get("/en/supplier/demand/").status_code == 403
        assert client.get("/api/v1/demand").status_code == 403


def test_a_line_of_a_single_small_cell_hides_its_total_too():
    cells = small_cells.with_totals({("KZ-63", "1"): 4})
    assert small_cells.hidden(cells, 10) == set(cells)
    cells = small_cells.with_totals({("KZ-63", "1"): 14})
    assert small_cells.hidden(cells, 10) == set()
