"""Body measures: entered once by the person, the guardian or the own office, and what the pages make of them."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from catalog import measuring
from catalog.models import MeasuredValue
from marketplace.errors import Changed, Invalid, NotFound
from marketplace.models import Event, PersonRecord, ReadLog
from suppliers import guarantees
from suppliers.guarantees import Guarantee
from tests import factories as make
from tests.suppliers.test_pages import market, open_page, signed_in, text_of  # noqa: F401

PAGE = "/en/account/measures/"
PATHS = {"type": "/en/catalog/child-walker/"}


@pytest.fixture
def family(market):  # noqa: F811
    """Marat at his own account, his sister's guardian Aigul, and the office that serves both."""
    dana = make.make_person("dana", measures={"handle_height_mm": 500})
    return {
        "marat": make.make_person("marat"),
        "dana": dana,
        "aigul": make.make_guardian("aigul", [dana]),
        "gulnar": make.make_caseworker("gulnar"),
    }


def measures_of(person) -> dict[str, int]:
    return PersonRecord.objects.get(user=person).measures


def test_a_person_enters_people_s_units_and_whole_si_numbers_are_kept(family):
    marat, client = family["marat"], signed_in(family["marat"])
    page = open_page(client, PAGE)
    assert 'name="handle_height_mm"' in page and "measures/handle_height_mm" not in page  # the factory has no drawing

    answer = client.post(PAGE, {"seen": 0, "handle_height_mm": "68,5", "mass_g": "71"}, follow=True)

    assert "The catalogue now says what fits" in answer.content.decode()
    assert measures_of(marat) == {"handle_height_mm": 685, "mass_g": 71000}
    assert "handle_height_mm en: 68.5 cm" in text_of(answer.content.decode())
    event = Event.objects.get(kind="person.measures")
    assert event.actor == marat and event.data == {"changed": ["handle_height_mm", "mass_g"]}
    assert "685" not in json.dumps(event.data), "the log knows which measure, never how much"


def test_the_history_says_who_changed_what_from_what(family):
    dana, gulnar = family["dana"], family["gulnar"]
    signed_in(gulnar).post(f"{PAGE}?for={dana.pk}", {"seen": 0, "handle_height_mm": "62", "mass_g": ""})

    row = MeasuredValue.objects.get()
    assert (row.person, row.actor, row.before, row.value) == (dana, gulnar, 500, 620)
    page = text_of(open_page(signed_in(family["aigul"]), PAGE))
    assert "Gulnar (ust-kamenogorsk en). handle_height_mm en: 62 cm, was 50 cm" in page


def test_an_empty_box_takes_a_measure_out_and_an_absent_one_leaves_it(family):
    dana, client = family["dana"], signed_in(family["aigul"])
    client.post(PAGE, {"seen": 0, "mass_g": "17"})
    assert measures_of(dana) == {"handle_height_mm": 500, "mass_g": 17000}

    client.post(PAGE, {"seen": measuring.last_change(dana.pk), "handle_height_mm": ""})

    assert measures_of(dana) == {"mass_g": 17000}
    assert MeasuredValue.objects.latest("pk").value is None


@pytest.mark.parametrize(
    ("typed", "said"),
    [("5", "enter a number within 10–30,000 cm"), ("tall", "enter a number within"), ("-68", "enter a number within")],
)
def test_an_implausible_number_is_named_and_nothing_is_stored(family, typed, said):
    answer = signed_in(family["marat"]).post(PAGE, {"seen": 0, "handle_height_mm": typed, "mass_g": "70"})

    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page.replace("\u00a0", " ") and f'value="{typed}"' in page, "what was typed stays in its box"
    assert measures_of(family["marat"]) == {} and not Event.objects.filter(kind="person.measures").exists()


def test_who_changes_what_somebody_else_changed_meanwhile_looks_again(family):
    dana = family["dana"]
    measuring.change(person_id=dana.pk, actor=family["gulnar"], answers={"handle_height_mm": "60"}, seen=0)

    with pytest.raises(Changed):
        measuring.change(person_id=dana.pk, actor=family["aigul"], answers={"handle_height_mm": "55"}, seen=0)
    assert measures_of(dana)["handle_height_mm"] == 600

    answer = signed_in(family["aigul"]).post(PAGE, {"seen": 0, "handle_height_mm": "55"})
    assert answer.status_code == 422 and "Somebody changed these measures" in answer.content.decode()
    assert f'name="seen" value="{measuring.last_change(dana.pk)}"' in answer.content.decode()
    # Another measure is nobody's quarrel.
    measuring.change(person_id=dana.pk, actor=family["aigul"], answers={"mass_g": "17"}, seen=0)
    assert measures_of(dana)["mass_g"] == 17000


def test_only_the_person_the_guardian_and_the_own_office_see_them(family):
    dana = family["dana"]
    strangers = [
        family["marat"],
        make.make_guardian("zhanna"),
        make.make_caseworker("timur", "shymkent-office"),
        make.make_user("serik", "hotline"),
        make.make_user("madina", "reviewer"),
        make.make_user("almas", "auditor"),
        make.make_user("boss", "admin"),
    ]
    for stranger in strangers:
        client = signed_in(stranger)
        refused = 404 if stranger.role in {"beneficiary", "guardian", "caseworker"} else 403
        assert client.get(PAGE, {"for": dana.pk}).status_code == refused, stranger
        assert client.post(f"{PAGE}?for={dana.pk}", {"seen": 0, "mass_g": "1"}).status_code == refused, stranger
        with pytest.raises(NotFound):
            measuring.change(person_id=dana.pk, actor=stranger, answers={"mass_g": "17"}, seen=0)
        with pytest.raises(NotFound):
            measuring.history(person_id=dana.pk, actor=stranger, limit=5)
    assert measures_of(dana) == {"handle_height_mm": 500}
    assert not ReadLog.objects.filter(person=dana).exists()

    open_page(signed_in(family["gulnar"]), PAGE, **{"for": dana.pk})
    assert ReadLog.objects.get(person=dana).purpose == "fit"


def test_answers_outlive_the_end_of_the_session(family):
    marat, client = family["marat"], Client()
    answer = client.post(PAGE, {"seen": 0, "handle_height_mm": "61"})
    assert answer.status_code == 302 and "login" in answer["Location"]
    marat.set_password("a long password")
    marat.save()
    client.post("/en/account/login/", {"login": "marat", "password": "a long password", "next": PAGE})

    assert 'value="61"' in open_page(client, PAGE)
    assert measures_of(marat) == {}, "shown again, not saved yet"


def test_what_the_programme_needs_is_asked_first_and_the_rest_is_folded(family, monkeypatch):
    make.make_type("stoma-bag", attributes={"cut": {"kind": "number", "unit": "mm", "shown_unit": "mm", "fit": {
        "measure": "stoma_mm", "rule": "covers"}}})  # fmt: skip
    kind = make.make_type()
    given = [Guarantee(1, kind.pk, "piece", 1, 1)]
    monkeypatch.setattr(guarantees, "_provider", lambda person_id: given)

    page = open_page(signed_in(family["marat"]), PAGE)
    first, folded = page.split("<details", 1)
    assert 'name="handle_height_mm"' in first and 'name="mass_g"' in first
    assert 'name="stoma_mm"' in folded.split("</details>", 1)[0]
    # From the page of a product its measures are asked as well.
    first = open_page(signed_in(family["marat"]), PAGE, type="stoma-bag").split("<details", 1)[0]
    assert 'name="stoma_mm"' in first


def test_pages_say_which_measures_are_missing_and_lead_back(family):
    client = signed_in(family["aigul"])
    page = open_page(client, PATHS["type"])
    assert "To say what fits we still need: mass_g en." in text_of(page)
    assert "/en/account/measures/?for=" in page

    back = client.post(f"{PAGE}?next=/en/catalog/child-walker/", {"seen": 0, "mass_g": "17"})
    assert back["Location"] == "/en/catalog/child-walker/"
    page = open_page(client, PATHS["type"])
    assert "still need" not in page
    assert "handle height en: 44–58 cm, you need 50 cm: this fits" in text_of(
        open_page(client, page.split('href="', 1)[1] and reverse("catalogue:detail", args=_walker()))
    )
    evil = client.post(f"{PAGE}?next=https://example.org/", {"seen": measuring.last_change(family["dana"].pk)})
    assert evil["Location"].startswith("/en/account/measures/")


def _walker() -> tuple[str, int]:
    from catalog.models import ProductDocument

    row = ProductDocument.objects.get(titles__en="Bota 50 en")
    return row.slug, row.pk


def test_read_names_every_wrong_answer(family):
    with pytest.raises(Invalid) as refused:
        measuring.read({"handle_height_mm": "1", "mass_g": "heavy", "no_such": "1"})
    assert {(error.field, error.code) for error in refused.value.errors} == {
        ("handle_height_mm", "range"),
        ("mass_g", "number"),
        ("no_such", "unknown"),
    }
