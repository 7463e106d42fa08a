"""Headers of every page of the lowest layer, CSRF, tokens, and what is refused at the door."""

import uuid
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.test import Client, RequestFactory
from django.urls import get_resolver
from pytest_django import Settings

from marketplace.accounts import AccountAdapter
from marketplace.models import ApiToken, Draft, User
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]

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
    "mirror/",
    "offline/",
    "offline/application/",
    "shared-computer/",
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
        assert "Cache-Control" not in response or path.startswith(("account", "offline")), (
            "nobody's data: may be cached"
        )


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
    for directive in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"):
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
    "path",
    [
        "/en/account/",
        "/en/calls/1/told/",
        "/en/vision/",
        "/en/account/logout/",
        "/en/account/login/",
        "/en/mirror/",
        "/en/mirror/confirm/",
        "/en/shared-computer/",
    ],
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
        "home", "told", "account", "vision", "life", "map", "status", "demo_outbox", "components",
        "continue", "help", "help_stop", "screen", "screen_close", "mirror", "mirror_confirm",
        "offline", "offline_form", "shared_computer",
        "finish", "finished", "still_here",  # test_a_shared_computer
        "rules", "rule", "calendar", "calendar_add", "calendar_strike",  # test_rulebook, test_calendar_days
        "emergency", "emergency_decide", "emergency_look", "own_data", "own_data_file",  # test_emergency, test_own_data
    }  # fmt: skip
    assert ROUTE
