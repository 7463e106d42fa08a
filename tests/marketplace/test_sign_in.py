"""Signing in and out: guarded sessions, no guessing, no doors left open."""

from collections.abc import Callable

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from marketplace import demo
from marketplace.accounts import WRONG_PASSWORDS, WRONG_PASSWORDS_OF_ADDRESS
from marketplace.limits import Tries
from marketplace.models import ApiToken, User
from tests.marketplace.conftest import RIGHT

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    """Wrong passwords are counted in the cache."""
    cache.clear()


def sign_in(client: Client, password: str = RIGHT, **more: str) -> object:
    return client.post("/ru/account/login/", {"login": "marat", "password": password} | more)


def test_signing_in_gives_a_guarded_session(marat_with_password: User) -> None:
    client = Client()
    response = sign_in(client)
    assert (response.status_code, response["Location"]) == (302, "/ru/")
    session = response.cookies["session"]
    assert (session["httponly"], session["samesite"]) == (True, "Lax")
    assert session["max-age"] == 12 * 3600
    csrf = client.get("/ru/account/").cookies["csrf"]
    assert (csrf["httponly"], csrf["samesite"]) == (True, "Lax")


def test_signing_in_changes_the_session(marat_with_password: User, signed_in: SignIn, aigul: User) -> None:
    client = Client()
    sign_in(client)
    first = client.cookies["session"].value
    client.post("/ru/account/logout/")
    sign_in(client)
    assert client.cookies["session"].value != first
    stolen = Client()
    stolen.cookies["session"] = first
    assert stolen.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("/ru/account/", "/ru/account/"),
        ("https://evil.example/", "/ru/"),
        ("//evil.example/", "/ru/"),
        ("javascript:alert(1)", "/ru/"),
    ],
)
def test_after_sign_in_people_stay_here(marat_with_password: User, target: str, leads_to: str) -> None:
    assert sign_in(Client(), next=target)["Location"] == leads_to


@pytest.mark.parametrize("login", ["marat", "nobody"])
def test_a_wrong_name_and_a_wrong_password_look_alike(marat_with_password: User, login: str) -> None:
    response = Client().post("/en/account/login/", {"login": login, "password": "wrong"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "The user name or the password is not right. Check both and try again." in page
    assert f'value="{login}"' in page, "what was typed stays"
    assert "wrong" not in page.replace("wrong password", "")


def test_empty_fields_are_named(marat_with_password: User) -> None:
    page = Client().post("/en/account/login/", {"login": "", "password": ""}).content.decode()
    assert "Enter your user name." in page
    assert "Enter your password." in page
    assert page.index("govuk-error-summary") < page.index("<h1")


def test_guessing_passwords_is_stopped_for_the_guesser_alone(marat_with_password: User) -> None:
    guesser = Client(REMOTE_ADDR="203.0.113.7")
    body = {"username": "Marat", "password": "wrong guess"}
    for _attempt in range(3):
        sign_in(guesser, "wrong guess")
    for _attempt in range(2):
        assert guesser.post("/api/v1/auth/token", body, content_type="application/json").status_code == 401

    page = guesser.post("/en/account/login/", {"login": "marat", "password": "a long password"}).content.decode()
    assert "Too many wrong passwords. Wait five minutes, then try again." in page
    answer = guesser.post("/api/v1/auth/token", body | {"password": "a long password"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (429, "too_many_attempts", "300")
    assert not ApiToken.objects.exists()

    assert sign_in(Client(REMOTE_ADDR="203.0.113.8")).status_code == 302


def test_right_passwords_are_never_too_many(marat_with_password: User) -> None:
    """A whole office behind one address, and one person again and again."""
    for _person in range(WRONG_PASSWORDS.most + 2):
        assert sign_in(Client(REMOTE_ADDR="203.0.113.9")).status_code == 302


def test_guessing_at_many_names_is_stopped_for_the_address(db: None) -> None:
    body = {"password": "wrong guess"}
    for _guess in range(WRONG_PASSWORDS_OF_ADDRESS.most):
        Tries([(WRONG_PASSWORDS_OF_ADDRESS, "203.0.113.10")]).allowed()
    guesser = Client(REMOTE_ADDR="203.0.113.10")
    answer = guesser.post("/api/v1/auth/token", body | {"username": "anybody"}, content_type="application/json")
    assert answer.status_code == 429


def test_pages_of_people_ask_visitors_to_sign_in(db: None) -> None:
    for path in ("account/", "account/password/change/"):
        response = Client().get(f"/ru/{path}")
        assert (response.status_code, response["Location"]) == (302, f"/ru/account/login/?next=/ru/{path}")


def test_the_demo_accounts_are_shown_only_in_the_demonstration(settings: Settings) -> None:
    page = Client().get("/en/account/login/").content.decode()
    for username in demo.ACCOUNTS:
        assert username in page
    assert demo.PASSWORD in page

    settings.DEMO = False
    page = Client().get("/en/account/login/").content.decode()
    assert demo.PASSWORD not in page
    assert "caseworker-shymkent" not in page


def test_the_published_password_opens_nothing_without_the_demonstration(marat: User, settings: Settings) -> None:
    marat.set_password(demo.PASSWORD)
    marat.save()
    assert authenticate(None, username="marat", password=demo.PASSWORD) == marat

    settings.DEMO = False
    assert authenticate(None, username="marat", password=demo.PASSWORD) is None
    body = {"username": "marat", "password": demo.PASSWORD}
    assert Client().post("/api/v1/auth/token", body, content_type="application/json").status_code == 401
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "path",
    [
        "signup/",
        "email/",
        "password/set/",
        "password/reset/",
        "confirm-email/",
        "login/code/confirm/",
        "reauthenticate/",
        "2fa/",
    ],
)
def test_other_pages_of_allauth_are_not_there(signed_in: SignIn, marat: User, path: str) -> None:
    assert signed_in(marat).get(f"/ru/account/{path}").status_code == 404


def test_signing_out_needs_a_post(signed_in: SignIn, marat: User) -> None:
    client = signed_in(marat)
    assert "Do you want to sign out?" in client.get("/en/account/logout/").content.decode()
    assert client.get("/api/v1/me").status_code == 200
    assert client.post("/en/account/logout/")["Location"] == "/en/"
    assert client.get("/api/v1/me").status_code == 401


def test_a_password_is_changed_by_the_one_who_knows_the_old_one(marat_with_password: User) -> None:
    client = Client()
    sign_in(client)
    path = "/en/account/password/change/"

    def change(**fields: str) -> str:
        typed = {"oldpassword": "a long password", "password1": "a new long one", "password2": "a new long one"}
        return client.post(path, typed | fields, follow=True).content.decode()

    assert "This is not your current password" in change(oldpassword="wrong")
    assert "The two new passwords differ" in change(password2="another long one")
    assert "Enter the new password once more." in change(password2="")
    assert authenticate(None, username="marat", password="a long password")

    page = change()
    assert "Your password is changed." in page
    assert "<h1" in page
    assert authenticate(None, username="marat", password="a long password") is None
    assert authenticate(None, username="marat", password="a new long one")


def test_who_has_no_password_is_told_whom_to_ask(signed_in: SignIn, marat: User) -> None:
    marat.set_unusable_password()
    marat.save()
    answer = signed_in(marat).get("/en/account/password/change/")
    assert (answer.status_code, answer.url) == (302, "/en/account/password/help/")
