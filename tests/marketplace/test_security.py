"""Headers, cookies, CSRF and sign-in: on every page of the lowest layer."""

import uuid
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.urls import get_resolver
from pytest_django import Settings

from marketplace import demo
from marketplace.accounts import AccountAdapter
from marketplace.models import ApiToken, Draft, User
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
RIGHT = "a long password"

VISITORS_PAGES = [
    "",
    "account/login/",
    "account/password/help/",
    "vision/",
    "life/child-with-disability/",
    "map/",
    "status/",
    "demo/outbox/",
    "demo/components/",
    "no-such-page/",
]
PEOPLES_PAGES = ["", "account/", "account/password/change/", "account/logout/"]
PLAIN = ["/healthz/live", "/healthz/ready", "/metrics", "/api/v1/openapi.json", "/api/v1/csrf", "/api/v1/nothing"]


class Inline(HTMLParser):
    """Finds what the content security policy would refuse, and addresses of other hosts."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[str] = []
        self.headings = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.headings += tag == "h1"
        if tag == "style" or (tag == "script" and "src" not in given) or "style" in given:
            self.found.append(f"<{tag}>")
        self.found += [f"{tag} {name}" for name in given if name.startswith("on")]
        loaded = given.get("src") or (given.get("href") if tag == "link" else None) or given.get("action") or ""
        if "//" in loaded:
            self.found.append(loaded)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_of_visitors_is_guarded_and_clean(language: str) -> None:
    for path in VISITORS_PAGES:
        response = Client().get(f"/{language}/{path}")
        assert response.status_code == (404 if path.startswith("no-such") else 200), path
        check_headers(response, path)
        check_page(response, path, language)
        assert "Cache-Control" not in response or path.startswith("account"), "nobody's data: may be cached"


def test_every_page_of_people_is_guarded_and_kept_out_of_caches(signed_in: SignIn, aigul: User) -> None:
    client = signed_in(aigul)
    for path in PEOPLES_PAGES:
        response = client.get(f"/kk/{path}")
        assert response.status_code == 200, path
        check_headers(response, path)
        check_page(response, path, "kk")
        assert "no-store" in response["Cache-Control"], path
        assert "private" in response["Cache-Control"], path


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", PLAIN)
def test_answers_to_programs_are_guarded(path: str) -> None:
    check_headers(Client().get(path), path)


def check_headers(response: object, path: str) -> None:
    policy = response["Content-Security-Policy"]
    for directive in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'self'"):
        assert directive in policy, path
    assert "unsafe" not in policy, path
    assert response["X-Content-Type-Options"] == "nosniff", path
    assert response["X-Frame-Options"] == "DENY", path
    assert response["Referrer-Policy"] == "same-origin", path
    assert response["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert response["X-Request-ID"], path


def check_page(response: object, path: str, language: str) -> None:
    page = response.content.decode()
    parsed = Inline(page)
    assert parsed.found == [], path
    assert parsed.headings == 1, path
    assert f'<html lang="{language}"' in page, path
    assert response["Content-Language"] == language, path


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    """Wrong passwords are counted in the cache."""
    cache.clear()


# --- Cookies and sign-in ----------------------------------------------------------------------


@pytest.fixture
def marat_with_password(marat: User) -> User:
    marat.set_password("a long password")
    marat.save()
    return marat


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


# --- CSRF and tokens --------------------------------------------------------------------------


@pytest.fixture
def strict(marat_with_password: User) -> Client:
    """A browser whose forms need their tokens."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(marat_with_password, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.usefixtures("sample_kind")
def test_a_session_saves_only_with_its_csrf_token(strict: Client) -> None:
    draft_id, body = uuid.uuid4(), body_of(op("name", "Марат"))

    refused = patch(strict, draft_id, body)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf")
    wrong = patch(strict, draft_id, body, **{"X-CSRFToken": "x" * 32})
    assert wrong.status_code == 403
    assert not Draft.objects.exists()

    token = strict.get("/api/v1/csrf").json()["token"]
    foreign = patch(strict, draft_id, body, **{"X-CSRFToken": token, "Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert not Draft.objects.exists()

    assert patch(strict, draft_id, body, **{"X-CSRFToken": token}).status_code == 200


@pytest.mark.usefixtures("sample_kind")
def test_a_bearer_token_needs_none(marat_with_password: User) -> None:
    client = Client(enforce_csrf_checks=True)
    body = {"username": "marat", "password": "a long password"}
    answer = client.post("/api/v1/auth/token", body, content_type="application/json").json()
    assert (answer["role"], answer["supplier"], answer["office"]) == ("beneficiary", None, None)
    bearer = {"Authorization": f"Bearer {answer['token']}"}

    saved = patch(client, uuid.uuid4(), body_of(op("name", "Марат")), **bearer)
    assert saved.status_code == 200
    assert client.get("/api/v1/me", headers=bearer).json()["username"] == "marat"
    assert client.get("/api/v1/me", headers=bearer)["Cache-Control"] == "private, no-store"
    stored = ApiToken.objects.get()
    assert answer["token"].encode() not in bytes(stored.token_hash)

    ApiToken.objects.update(expires_at=stored.created_at)
    late = patch(client, uuid.uuid4(), body_of(op("name", "Марат")), **bearer)
    assert (late.status_code, late.json()["code"]) == (401, "sign_in"), "401, not a question about CSRF"


@pytest.mark.parametrize("header", ["Bearer nonsense", "Bearer ", "Basic bWFyYXQ6eA==", "nonsense"])
def test_a_wrong_token_is_401(db: None, header: str) -> None:
    response = Client().get("/api/v1/me", headers={"Authorization": header})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")


def test_token_and_session_of_somebody_who_left_open_nothing(marat_with_password: User, signed_in: SignIn) -> None:
    browser = signed_in(marat_with_password)
    assert browser.get("/api/v1/me").status_code == 200
    body = {"username": "marat", "password": "a long password"}
    token = Client().post("/api/v1/auth/token", body, content_type="application/json").json()["token"]
    User.objects.filter(pk=marat_with_password.pk).update(is_active=False)
    assert browser.get("/api/v1/me").status_code == 401
    assert Client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert Client().post("/api/v1/auth/token", body, content_type="application/json").status_code == 401


@pytest.mark.parametrize(
    "path", ["/en/account/", "/en/calls/1/told/", "/en/vision/", "/en/account/logout/", "/en/account/login/"]
)
def test_forms_of_pages_need_their_token(strict: Client, path: str) -> None:
    response = strict.post(path, {})
    assert response.status_code == 403
    assert "cookies" in response.content.decode()
    assert strict.get("/api/v1/me").status_code == 200


# --- What comes in ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/ru/?q=%00", "/ru/map/?a=b%00c", "/ru/life/a%00b/", "/api/v1/drafts?status=%00"])
def test_nul_characters_are_refused_at_the_door(signed_in: SignIn, marat: User, path: str) -> None:
    response = signed_in(marat).get(path)
    assert response.status_code == 400


def test_giants_are_refused_before_they_are_read(db: None) -> None:
    for path in ("/ru/account/login/", "/api/v1/auth/token"):
        response = Client().post(path, b"", content_type="application/json", CONTENT_LENGTH=str(61 * 1024 * 1024))
        assert response.status_code == 413
    assert response.json()["code"] == "too_large"


def test_a_form_of_20_mb_is_refused_in_words(db: None) -> None:
    response = Client().post(
        "/ru/account/login/", b"login=" + b"x" * 20_000_000, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 413
    assert "<h1" in response.content.decode()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address", "seen"),
    [
        (0, "198.51.100.9", "203.0.113.7", "203.0.113.7"),
        (0, "198.51.100.9", "", "unknown"),
        (1, "198.51.100.9", "", "198.51.100.9"),
        (1, "10.6.6.6, 198.51.100.9", "127.0.0.1", "198.51.100.9"),
        (1, "", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_address_of_a_visitor_is_believed_to_our_own_proxies_only(
    settings: Settings, rf: RequestFactory, proxies: int, forwarded: str, address: str, seen: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = rf.get("/", REMOTE_ADDR=address, headers=headers)
    assert AccountAdapter().get_client_ip(request) == seen


@pytest.mark.parametrize("given", ["x" * 500, "with spaces", "<script>", "é", "", "node-1"])
def test_a_clients_request_id_is_not_believed(given: str, db: None) -> None:
    response = Client().get("/healthz/live", headers={"X-Request-ID": given})
    assert uuid.UUID(response["X-Request-ID"])


def test_a_foreign_host_is_refused(db: None) -> None:
    assert Client().get("/ru/", headers={"Host": "evil.example"}).status_code == 400


def test_addresses_of_this_layer_are_all_looked_at_here() -> None:
    """A page that is added to the routes must be added to the lists above."""
    named = {pattern.name for pattern in get_resolver("marketplace.urls").url_patterns}
    assert named == {
        "home", "told", "account", "vision", "life", "map", "status", "demo_outbox", "components"
    }  # fmt: skip
    assert ROUTE
