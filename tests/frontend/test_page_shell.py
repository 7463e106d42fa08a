"""What stands on every page: navigation by role, languages that stay on the page, low-vision mode."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils.translation import override

from marketplace import context, vision
from marketplace.models import Role, User

pytestmark = pytest.mark.urls("tests.frontend.urls")


def _labels(items: list[context.NavItem]) -> list[str]:
    return [item.label for item in items]


def test_navigation_follows_the_role_and_marks_where_we_are(rf: RequestFactory):
    request = rf.get("/ru/orders/KZ-000123/")
    request.user = User(username="aigul", role="beneficiary")
    with override("ru"):
        items = context.navigation(request)
    assert [(item.url, item.current) for item in items] == [
        ("/ru/catalog/", ""), ("/ru/applications/", ""), ("/ru/orders/", "true"), ("/ru/complaints/", ""),
    ]  # fmt: skip
    request = rf.get("/ru/catalog/")
    request.user = AnonymousUser()
    with override("ru"):
        assert [item.current for item in context.navigation(request)] == ["page", "", "", ""]


def test_every_role_has_a_navigation():
    assert set(context.NAVIGATION) == {None, *Role.values}


def test_language_links_stay_on_the_page_and_keep_the_query(client: Client):
    html = client.get("/ru/vision/?next=/ru/orders/").content.decode()
    assert (
        '<a class="govuk-language-navigation__link" href="/kk/vision/?next=/ru/orders/" lang="kk" hreflang="kk"' in html
    )
    assert '<span class="govuk-language-navigation__text" lang="ru" aria-current="true">Русский</span>' in html
    assert '<html lang="ru"' in html


def test_an_unknown_address_also_changes_only_its_language():
    with override("ru"):
        assert context.in_language("/ru/nothing/here/?a=1", "kk") == "/kk/nothing/here/?a=1"
        assert context.in_language("/q/abc", "kk") == "/kk/"


def test_the_skip_link_and_the_low_vision_link_come_first(client: Client):
    html = client.get("/en/demo/components/").content.decode()
    body = html.split("<body")[1]
    first, second = [part.split('"')[0] for part in body.split('href="')[1:3]]
    assert first == "#main-content"
    assert second == "/en/vision/?next=%2Fen%2Fdemo%2Fcomponents%2F"


def test_low_vision_works_without_javascript_and_returns_to_the_page(client: Client):
    answer = client.post("/ru/vision/", {"next": "/ru/demo/components/", "large": "1"})
    assert (answer.status_code, answer["Location"]) == (302, "/ru/demo/components/")
    assert answer.cookies["vision"].value == "150.bw.1.1"
    assert answer.cookies["vision"]["httponly"]
    html = client.get("/kk/demo/components/").content.decode()
    assert 'class="govuk-template lv lv-size-150 lv-scheme lv-scheme-bw lv-spacing"' in html
    answer = client.post("/ru/vision/", {"next": "/ru/demo/components/", "normal": "1"})
    assert 'class="govuk-template"' in client.get("/kk/demo/components/").content.decode()


def test_each_option_can_be_chosen(client: Client):
    client.post("/ru/vision/", {"save": "1", "size": "200", "scheme": "yb", "next": "/ru/vision/"})
    html = client.get("/ru/vision/").content.decode()
    assert 'class="govuk-template lv lv-size-200 lv-scheme lv-scheme-yb lv-no-images"' in html
    assert re.findall(r'name="(\w+)" type="\w+"(?: value="(\w+)")? checked', html) == [
        ("size", "200"),
        ("scheme", "yb"),
    ]


@pytest.mark.parametrize(
    "cookie", ["", "150", "150.bw.1", "999.pink.x.y", "150.bw.1.1.1", "<script>.bw.1.1", "100.standard.0.1"]
)
def test_a_broken_cookie_is_the_normal_version(rf: RequestFactory, cookie):
    rf.cookies["vision"] = cookie
    found = vision.of_request(rf.get("/"))
    assert found.html_class in {"", "lv lv-scheme lv-scheme-bw lv-spacing"}
    if cookie != "<script>.bw.1.1":
        assert found == vision.NORMAL


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_the_way_back_leads_nowhere_else(client: Client, target):
    assert client.post("/ru/vision/", {"next": target, "large": "1"})["Location"] == "/"


@pytest.mark.django_db
def test_the_account_remembers_the_choice_for_the_next_device(client: Client):
    aigul = User.objects.create_user("aigul", password="a-long-password", role="beneficiary")
    client.force_login(aigul, backend="django.contrib.auth.backends.ModelBackend")
    client.post("/ru/vision/", {"save": "1", "size": "150", "scheme": "wb", "images": "on", "next": "/ru/vision/"})
    aigul.refresh_from_db()
    assert aigul.vision == {"size": 150, "scheme": "wb", "spacing": False, "images": True}
    phone = Client()
    phone.force_login(aigul, backend="django.contrib.auth.backends.ModelBackend")
    assert 'class="govuk-template lv lv-size-150 lv-scheme lv-scheme-wb"' in phone.get("/kk/vision/").content.decode()
    client.post("/ru/vision/", {"normal": "1", "next": "/ru/vision/"})
    aigul.refresh_from_db()
    assert aigul.vision == {}
