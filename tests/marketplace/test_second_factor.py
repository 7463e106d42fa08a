"""The second step of sign-in: real codes of a real secret, through the pages; who must have one gets nowhere without."""

import base64
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from marketplace import crypto, second_factor
from marketplace.errors import Forbidden, Invalid, TooManyTries
from marketplace.models import ApiToken, BrowserSession, Event, Notice, Rule, User
from tests.factories import make_rules
from tests.marketplace.conftest import RIGHT

pytestmark = pytest.mark.django_db

SignIn = Callable[[User], Client]
HOME, STEP = "/en/account/", "/en/account/second-step/"
MOMENT = 1_764_500_000


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()


@pytest.fixture
def asked_for(settings: Settings) -> None:
    """An installation that asks staff for a second factor."""
    settings.SECOND_FACTOR = True
    make_rules(second_factor.RULE)


@pytest.fixture
def caseworker(gulnar: User) -> User:
    gulnar.set_password(RIGHT)
    gulnar.save()
    return gulnar


def code_of(secret: str, at: float) -> str:
    """What the app shows at a moment, by RFC 6238."""
    return format_hotp_value(hotp_value(secret, int(at) // 30))


def with_app(user: User, at: float = MOMENT) -> tuple[str, list[str]]:
    secret = generate_totp_secret()
    with time_machine.travel(at, tick=False):
        return secret, second_factor.set_up_app(user_id=user.pk, secret=secret, code=code_of(secret, at))


def sign_in(client: Client, user: User, **more: str) -> Any:
    return client.post("/en/account/login/", {"login": user.username, "password": RIGHT} | more)


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: the last six digits of the SHA-1 column."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    shown = [code_of(secret, at) for at in (59, 1111111109, 1234567890, 20000000000)]
    assert shown == ["287082", "081804", "005924", "353130"]


def test_a_caseworker_sets_up_an_app_before_anything_else(asked_for: None, caseworker: User) -> None:
    client = Client()
    sign_in(client, caseworker)
    for path in ("/en/", "/en/office/", HOME, "/en/catalog/", "/en/complaints/new/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, STEP), path
    assert (client.get("/api/v1/me").status_code, client.get("/api/v1/me").json()["code"]) == (
        403,
        "second_factor_missing",
    )
    assert "Set up a second step, then you can go on." in client.get(STEP).content.decode()

    page = client.get(f"{STEP}app/").content.decode()
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)[1].replace(" ", "")
    assert 'src="data:image/svg+xml' in page
    wrong = client.post(f"{STEP}app/", {"code": "000000"}).content.decode()
    assert "This code does not work." in wrong
    assert not Authenticator.objects.exists()
    done = client.post(f"{STEP}app/", {"code": code_of(secret, time.time())}).content.decode()
    codes = re.findall(r"<code>(\d{10})</code>", done)
    assert len(set(codes)) == 10
    assert client.get(HOME).status_code == 200
    kinds = list(Event.objects.filter(actor=caseworker).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["account.signed_in", "account.second_factor_added", "account.second_factor_codes_made"]
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))
    assert codes[0] not in client.get(STEP).content.decode(), "shown once"


def test_who_may_do_without_one_is_not_led_anywhere(asked_for: None, marat_with_password: User) -> None:
    client = Client()
    sign_in(client, marat_with_password)
    assert client.get(HOME).status_code == 200


def test_the_rule_decides_who_must(asked_for: None, caseworker: User) -> None:
    Rule.objects.filter(code=second_factor.RULE).update(value={"roles": ["inspector"]})
    client = Client()
    sign_in(client, caseworker)
    assert client.get(HOME).status_code == 200


def test_in_the_demonstration_nobody_must(caseworker: User) -> None:
    """The published accounts of the contract sign in by name and password alone."""
    client = Client()
    sign_in(client, caseworker)
    assert client.get(HOME).status_code == 200
    body = {"username": "gulnar", "password": RIGHT}
    assert client.post("/api/v1/auth/token", body, content_type="application/json").status_code == 200


def test_the_way_out_stays_open(asked_for: None, signed_in: SignIn, caseworker: User) -> None:
    client = signed_in(caseworker)
    assert client.post("/en/account/logout/")["Location"] == "/en/"
    assert client.get("/api/v1/me").status_code == 401


def test_the_password_alone_signs_nobody_in_who_has_an_app(caseworker: User) -> None:
    secret, _codes = with_app(caseworker)
    client = Client()
    later = MOMENT + 90
    with time_machine.travel(later, tick=False):
        answer = sign_in(client, caseworker, next="/en/account/")
        assert answer["Location"] == "/en/account/code/"
        assert client.get("/api/v1/me").status_code == 401
        assert "This code does not work." in client.post("/en/account/code/", {"code": "123"}).content.decode()
        assert client.get("/api/v1/me").status_code == 401
        shown = code_of(secret, later)
        assert client.post("/en/account/code/", {"code": f"{shown[:3]} {shown[3:]}"})["Location"] == HOME
        assert client.get("/api/v1/me").json()["username"] == "gulnar"
        assert Event.objects.filter(kind="account.signed_in").get().data == {"by": "password+mfa"}

        thief = Client()
        sign_in(thief, caseworker)
        assert "This code does not work." in thief.post("/en/account/code/", {"code": shown}).content.decode()
        assert thief.get("/api/v1/me").status_code == 401


def test_a_code_works_without_the_cache(caseworker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """G7: single use and counting are in the database."""
    secret, _codes = with_app(caseworker)
    monkeypatch.setattr(cache, "add", lambda *args, **more: False)
    monkeypatch.setattr(cache, "incr", lambda *args, **more: 1)
    with time_machine.travel(MOMENT + 60, tick=False):
        shown = code_of(secret, MOMENT + 60)
        assert second_factor.check_code(user_id=caseworker.pk, code=shown)
        assert second_factor.check_code(user_id=caseworker.pk, code=shown) is None


def test_codes_of_the_minute_before_and_after_work_others_do_not(caseworker: User) -> None:
    secret, _codes = with_app(caseworker)
    now = MOMENT + 3600
    with time_machine.travel(now, tick=False):
        for away, works in ((-60, False), (-30, True), (30, True), (60, False)):
            found = second_factor.check_code(user_id=caseworker.pk, code=code_of(secret, now + away))
            assert bool(found) is works, away


def test_a_code_on_paper_works_once_and_the_person_hears_of_it(caseworker: User) -> None:
    _secret, codes = with_app(caseworker)
    client, again = Client(), Client()
    sign_in(client, caseworker)
    assert client.post("/en/account/code/", {"code": codes[3]})["Location"] == "/en/"
    assert second_factor.codes_left(caseworker.pk) == 9
    assert Notice.objects.get().kind == "account.second_factor"
    sign_in(again, caseworker)
    assert again.post("/en/account/code/", {"code": codes[3]}).status_code == 200
    assert again.get("/api/v1/me").status_code == 401


def test_guessing_stops_and_begins_anew_after_a_quarter_of_an_hour(caseworker: User) -> None:
    secret, _codes = with_app(caseworker)
    now = MOMENT + 100
    with time_machine.travel(now, tick=False):
        for _guess in range(second_factor.MOST_WRONG):
            assert second_factor.check_code(user_id=caseworker.pk, code="000000") is None
        assert Notice.objects.get().recipient == caseworker
        with pytest.raises(TooManyTries):
            second_factor.check_code(user_id=caseworker.pk, code=code_of(secret, now))
        client = Client()
        sign_in(client, caseworker)
        page = client.post("/en/account/code/", {"code": code_of(secret, now)}).content.decode()
        assert "Too many tries." in page
    with time_machine.travel(now + 901, tick=False):
        assert second_factor.check_code(user_id=caseworker.pk, code=code_of(secret, now + 901))


def test_a_secret_that_is_moved_to_another_person_opens_nothing(caseworker: User, dina: User) -> None:
    secret, _codes = with_app(caseworker)
    Authenticator.objects.filter(user=caseworker).update(user=dina)
    from cryptography.exceptions import InvalidTag

    with time_machine.travel(MOMENT + 60, tick=False), pytest.raises(InvalidTag):
        second_factor.check_code(user_id=dina.pk, code=code_of(secret, MOMENT + 60))


def test_programs_send_the_code_with_the_password(asked_for: None, caseworker: User) -> None:
    def token(**more: str) -> tuple[int, str]:
        body = {"username": "gulnar", "password": RIGHT} | more
        answer = Client().post("/api/v1/auth/token", body, content_type="application/json")
        return answer.status_code, answer.json().get("code", "")

    assert token() == (403, "second_factor_missing")
    secret, _codes = with_app(caseworker)
    with time_machine.travel(MOMENT + 60, tick=False):
        assert token() == (401, "second_factor")
        assert token(code="000000") == (401, "wrong_code")
        assert not ApiToken.objects.exists()
        assert token(code=code_of(secret, MOMENT + 60)) == (200, "")


def test_the_last_factor_of_who_must_have_one_stays(asked_for: None, caseworker: User) -> None:
    with_app(caseworker)
    row = Authenticator.objects.get(type="totp")
    with pytest.raises(second_factor.LastFactor):
        second_factor.remove(user_id=caseworker.pk, factor_id=row.pk)
    assert Authenticator.objects.count() == 2


def test_the_last_factor_goes_with_its_codes(caseworker: User, dina: User) -> None:
    with_app(caseworker)
    row = Authenticator.objects.get(type="totp")
    from marketplace.errors import NotFound

    with pytest.raises(NotFound):
        second_factor.remove(user_id=dina.pk, factor_id=row.pk)
    second_factor.remove(user_id=caseworker.pk, factor_id=row.pk)
    assert not Authenticator.objects.exists()


def test_a_session_of_nine_minutes_ago_must_show_that_it_is_still_the_person(caseworker: User) -> None:
    client = Client()
    with time_machine.travel(MOMENT, tick=False):
        sign_in(client, caseworker)
        assert client.get(f"{STEP}app/").status_code == 200
    with time_machine.travel(MOMENT + 540, tick=False):
        answer = client.get(f"{STEP}app/")
        assert answer["Location"].startswith("/en/account/again/?next=")
        assert "Is it you?" in client.get(answer["Location"]).content.decode()
        answer = client.post(answer["Location"], {"password": "a wrong one"})
        assert answer.status_code == 200
        assert client.get(f"{STEP}app/").status_code == 302
        answer = client.post("/en/account/again/?next=/en/account/second-step/app/", {"password": RIGHT})
        assert answer["Location"] == f"{STEP}app/"
        assert client.get(f"{STEP}app/").status_code == 200


def test_who_has_an_app_shows_its_code_again_not_the_password(caseworker: User) -> None:
    secret, _codes = with_app(caseworker)
    client = Client()
    with time_machine.travel(MOMENT + 60, tick=False):
        sign_in(client, caseworker)
        client.post("/en/account/code/", {"code": code_of(secret, MOMENT + 60)})
    later = MOMENT + 600
    with time_machine.travel(later, tick=False):
        answer = client.post(f"{STEP}codes/")
        assert answer["Location"].startswith("/en/account/code/again/")
        page = client.post(answer["Location"], {"code": code_of(secret, later)}).content.decode()
        assert len(set(re.findall(r"<code>(\d{10})</code>", page))) == 10


def test_an_administrator_resets_with_a_reason(caseworker: User, dina: User) -> None:
    boss = User.objects.create(username="boss", role="admin", language="en")
    _secret, _codes = with_app(caseworker)
    client = Client()
    sign_in(client, caseworker)
    client.post("/en/account/code/", {"code": _codes[0]})
    assert client.get(HOME).status_code == 200
    Notice.objects.all().delete()

    for actor, fields, error in (
        (dina, {"username": "gulnar", "reason": "lost"}, Forbidden),
        (boss, {"username": "gulnar", "reason": "  "}, Invalid),
        (boss, {"username": "dina", "reason": "lost"}, Invalid),
    ):
        with pytest.raises(error):
            second_factor.reset(actor=actor, **fields)
    with_app(boss)
    with pytest.raises(Forbidden):
        second_factor.reset(actor=boss, username="boss", reason="mine")
    assert Authenticator.objects.filter(user=caseworker).count() == 2
    assert client.get(HOME).status_code == 200

    second_factor.reset(actor=boss, username="gulnar", reason="Came with the identity card.")
    assert not Authenticator.objects.filter(user=caseworker).exists()
    assert client.get(HOME).status_code == 302
    event = Event.objects.get(kind="account.second_factor_reset")
    assert (event.actor, event.on_behalf_of, event.reason) == (boss, caseworker, "Came with the identity card.")
    assert Notice.objects.get().recipient == caseworker


def test_only_administrators_see_the_page_of_resets(signed_in: SignIn, gulnar: User) -> None:
    assert signed_in(gulnar).get(f"{STEP}reset/").status_code == 403
    boss = User.objects.create(username="boss", role="admin", language="en")
    client = signed_in(boss)
    assert "Somebody lost the second step" in client.get(f"{STEP}reset/").content.decode()


def test_the_admin_shows_no_secrets(signed_in: SignIn) -> None:
    boss = User.objects.create(username="boss", role="admin", is_staff=True, is_superuser=True)
    assert signed_in(boss).get("/en/admin/mfa/authenticator/").status_code == 404


# --- What an administrator changes -----------------------------------------------------------------------


@pytest.fixture
def boss(db: None) -> User:
    found = User.objects.create(username="boss", role="admin", language="en", is_staff=True, is_superuser=True)
    found.set_password(RIGHT)
    found.save()
    return found


def rights_of(user: User, browser: Client) -> tuple[str, dict[str, Any]]:
    """The page of an account, and its form as it stands."""
    page = f"/en/admin/marketplace/user/{user.pk}/change/"
    form = browser.get(page).context["adminform"].form
    return page, {name: value for name, value in form.initial.items() if value not in (None, False)}


def test_rights_are_changed_by_who_has_just_proved_who_it_is(boss: User, caseworker: User) -> None:
    browser, hers = Client(), Client()
    with time_machine.travel(MOMENT, tick=False):
        sign_in(browser, boss)
    with time_machine.travel(MOMENT + 540, tick=False):
        sign_in(hers, caseworker)
        page, typed = rights_of(caseworker, browser)
        answer = browser.post(page, typed | {"role": "auditor"})
        assert answer["Location"].startswith("/en/account/again/?next=")
        caseworker.refresh_from_db()
        assert caseworker.role == "caseworker"
        assert hers.get("/api/v1/me").status_code == 200

        assert browser.post(answer["Location"], {"password": RIGHT}).status_code == 302
        caseworker.refresh_from_db()
        assert caseworker.role == "auditor", "what was typed goes on"
        assert hers.get("/api/v1/me").status_code == 401, "the session of the old rights is over"


def test_a_password_of_another_is_not_kept_while_the_administrator_proves_who_it_is(
    boss: User, caseworker: User
) -> None:
    browser, hers = Client(), Client()
    page = f"/en/admin/marketplace/user/{caseworker.pk}/password/"
    new = {"usable_password": "true", "password1": "a new long one", "password2": "a new long one"}
    with time_machine.travel(MOMENT, tick=False):
        sign_in(browser, boss)
        sign_in(hers, caseworker)
    with time_machine.travel(MOMENT + 540, tick=False):
        for answer in (browser.post(page, new), browser.get(page), browser.get("/en/admin/marketplace/user/add/")):
            assert answer["Location"].startswith("/en/account/again/?next=")
        assert "a new long one" not in str(dict(browser.session))
        browser.post("/en/account/again/", {"password": RIGHT})
        assert hers.get("/api/v1/me").status_code == 200
        assert browser.post(page, new).status_code == 302
        assert hers.get("/api/v1/me").status_code == 401
        caseworker.refresh_from_db()
        assert caseworker.check_password("a new long one")


# --- Where one is signed in ----------------------------------------------------------------------------


CHROME = (
    "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)


def test_a_person_sees_her_browsers_and_ends_another(marat_with_password: User) -> None:
    here, there = Client(HTTP_USER_AGENT=CHROME), Client(HTTP_USER_AGENT="curl/8")
    sign_in(here, marat_with_password)
    sign_in(there, marat_with_password)
    page = here.get("/en/account/sessions/").content.decode()
    assert "Chrome, Android" in page
    assert "Unknown browser" in page
    assert page.index("This device") < page.index("Sign out there")
    other = BrowserSession.objects.get(device="")
    assert here.post(f"/en/account/sessions/{other.pk}/end/")["Location"] == "/en/account/sessions/"
    assert there.get("/api/v1/me").status_code == 401
    assert here.get("/api/v1/me").status_code == 200
    assert Event.objects.filter(kind="account.session_ended", actor=marat_with_password).exists()


def test_nobody_ends_another_persons_browser(marat_with_password: User, signed_in: SignIn, dina: User) -> None:
    client = Client()
    sign_in(client, marat_with_password)
    row = BrowserSession.objects.get()
    assert signed_in(dina).post(f"/en/account/sessions/{row.pk}/end/").status_code == 404
    assert client.get("/api/v1/me").status_code == 200


def test_everywhere_else_ends_sessions_that_no_list_knows_and_programs(
    marat_with_password: User, signed_in: SignIn
) -> None:
    here, unknown = Client(), signed_in(marat_with_password)
    sign_in(here, marat_with_password)
    body = {"username": "marat", "password": RIGHT}
    token = here.post("/api/v1/auth/token", body, content_type="application/json").json()["token"]
    program = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    assert unknown.get("/api/v1/me").status_code == Client().get("/api/v1/me", **program).status_code == 200

    here.post("/en/account/sessions/end/")
    assert unknown.get("/api/v1/me").status_code == Client().get("/api/v1/me", **program).status_code == 401
    assert here.get("/api/v1/me").status_code == 200
    assert here.get("/en/account/sessions/").content.decode().count("This device") == 1


def test_a_new_password_ends_the_other_sessions(marat_with_password: User) -> None:
    here, there = Client(), Client()
    sign_in(here, marat_with_password)
    sign_in(there, marat_with_password)
    new = {"oldpassword": RIGHT, "password1": "a new long one", "password2": "a new long one"}
    here.post("/en/account/password/change/", new)
    assert there.get("/api/v1/me").status_code == 401
    assert here.get("/api/v1/me").status_code == 200
    page = here.get("/en/account/sessions/").content.decode()
    assert page.count("This device") == 1
    assert "Sign out there" not in page
    assert Event.objects.filter(kind="account.sessions_ended").get().data == {
        "because": "password",
        "browsers": 1,
        "tokens": 0,
    }


def test_keys_change_and_secrets_stay_readable(caseworker: User, settings: Settings) -> None:
    secret, _codes = with_app(caseworker)
    new = base64.b64encode(bytes(range(32))).decode()
    settings.FIELD_KEYS = f"k9:{new},{settings.FIELD_KEYS}"
    with time_machine.travel(MOMENT + 60, tick=False):
        assert second_factor.check_code(user_id=caseworker.pk, code=code_of(secret, MOMENT + 60))
    with second_factor.sealed_for(caseworker.pk):
        assert base64.b64decode(second_factor.seal("x")).startswith(b"k9:")
    assert crypto.NONCE_BYTES == 12
