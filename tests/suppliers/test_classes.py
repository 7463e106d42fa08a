"""The tree of product classes: for those who keep it, with every code as sure as it is."""

import pytest
from django.test import Client

from catalog import classification, types
from marketplace.models import Role, User
from tests import factories as make

BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(role: str) -> Client:
    client = Client()
    client.force_login(User.objects.filter(role=role).first() or make.make_user(f"classes-{role}", role), BACKEND)
    return client


def test_every_kind_stands_once_in_the_tree(demo_market):
    kinds = [kind.code for row in classification.tree() for _shelf, listed in row.shelves for kind in listed]
    assert sorted(kinds) == sorted(types.book().by_code)
    for row in classification.tree():
        for _shelf, listed in row.shelves:
            codes = {kind.iso_code[:2] for kind in listed if kind.iso_code}
            assert codes <= ({"27", "28", "30"} if row.code == "27" else {row.code}), (row.code, codes)


def test_uncertain_only_leaves_what_has_to_be_compared(demo_market):
    marks = {kind.iso_mark for row in classification.tree(uncertain_only=True) for _s, ks in row.shelves for kind in ks}
    assert marks == {"C", "D"}


def test_the_api_gives_the_same_tree_with_how_sure_each_code_is(demo_market, client):
    whole = client.get("/api/v1/product-classes", headers={"Accept-Language": "en"}).json()
    kinds = {kind["code"]: kind for row in whole["results"] for shelf in row["shelves"] for kind in shelf["types"]}
    assert set(kinds) == set(types.book().by_code) and whole["count"] == len(kinds)
    for code, kind in kinds.items():
        own = types.book().by_code[code]
        assert (kind["iso_code"], kind["iso_mark"], kind["iso_note"]) == (
            own.iso_code,
            own.iso_mark,
            own.iso_notes["en"],
        )
        assert kind["sure"] is (own.iso_mark not in {"C", "D"}) and kind["names"] == dict(own.names)
        assert kind["certainty"] == str(classification.MARKS.get(own.iso_mark, ""))
    unsure = client.get("/api/v1/product-classes", {"unsure": "true"}).json()
    assert unsure["count"] == whole["unsure"] == sum(not kind["sure"] for kind in kinds.values()) > 0
    assert not any(kind["sure"] for row in unsure["results"] for shelf in row["shelves"] for kind in shelf["types"])


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_pages_show_names_in_three_languages_codes_marks_and_what_must_be_stated(demo_market, language):
    ministry = signed_in(Role.REVIEWER)
    page = ministry.get(f"/{language}/review/classes/").content.decode()
    kind = next(row for row in types.book().types if row.iso_mark == "D")
    assert len(set(kind.iso_notes.values())) == 3
    for words in (*kind.names.values(), kind.iso_code, kind.iso_notes[language]):
        assert words in page
    sure = types.book().by_code["walking-stick"]
    only = ministry.get(f"/{language}/review/classes/?uncertain=1").content.decode()
    assert f"/review/classes/{sure.code}/" in page and f"/review/classes/{sure.code}/" not in only
    one = ministry.get(f"/{language}/review/classes/{sure.code}/").content.decode()
    for attribute in sure.attributes:
        assert all(name in one for name in attribute.names.values()), attribute.code
    assert {"kk": "иә", "ru": "да", "en": "yes"}[language] in one
    assert ministry.get(f"/{language}/review/classes/nothing/").status_code == 404


@pytest.mark.parametrize(
    ("role", "status"), [(Role.AUDITOR, 200), (Role.ADMIN, 200), (Role.SUPPLIER, 403), (Role.BENEFICIARY, 403)]
)
def test_it_is_for_those_who_keep_it(demo_market, role, status):
    client = signed_in(role)
    assert client.get("/ru/review/classes/").status_code == status
    assert client.get("/ru/review/classes/walking-stick/").status_code == status
    assert Client().get("/ru/review/classes/").status_code == 302
