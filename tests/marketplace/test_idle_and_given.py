"""Staff who do nothing are signed out; a password that somebody else chose is changed before anything else."""

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from marketplace import second_factor, sessions
from marketplace.models import BrowserSession, Event, Rule, User
from tests.factories import make_rules
from tests.marketplace.conftest import RIGHT

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # 10:00 there
OWN = "another long passphrase"
Minutes = Callable[[float], None]


@pytest.fixture
def clock(db: None) -> object:
    make_rules(sessions.IDLE_RULE, second_factor.RULE)
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture
def pass_minutes(clock: Any) -> Minutes:
    return lambda minutes: clock.shift(60 * minutes)


def signed_in_by_password(user: User) -> Client:
    user.set_password(RIGHT)
    user.save()
    client = Client()
    assert client.post("/en/account/login/", {"login": user.username, "password": RIGHT}).status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/api/v1/me").status_code == 200


# --- Nobody there ------------------------------------------------------------------------------------------------------


def test_a_caseworker_who_left_is_signed_out(pass_minutes: Minutes, gulnar: User):
    client = signed_in_by_password(gulnar)
    pass_minutes(36)
    response = client.get("/en/account/", follow=True)
    assert response.redirect_chain[0][0].startswith("/en/account/login/")
    assert "You were signed out because nothing happened" in response.content.decode()
    assert not is_in(client) and not BrowserSession.objects.exists()
    assert Event.objects.get(kind="account.session_ended").data["because"] == "idle"


def test_a_program_behind_the_same_session_is_refused(pass_minutes: Minutes, gulnar: User):
    client = signed_in_by_password(gulnar)
    pass_minutes(36)
    assert not is_in(client)


def test_who_opens_pages_stays_signed_in(pass_minutes: Minutes, gulnar: User):
    client = signed_in_by_password(gulnar)
    for page in ("/en/account/", "/en/", "/en/account/", "/en/status/"):
        pass_minutes(25)
        client.get(page)
    assert is_in(client)


def test_what_a_page_asks_by_itself_keeps_nobody_signed_in(pass_minutes: Minutes, gulnar: User):
    """The control of the next one: somebody who left a page open has gone, too."""
    client = signed_in_by_password(gulnar)
    for _turn in range(6):
        pass_minutes(5)
        assert is_in(client)
    pass_minutes(6)
    assert not is_in(client)


def test_who_types_for_an_hour_stays_signed_in(pass_minutes: Minutes, gulnar: User, marat: User):
    client = signed_in_by_password(gulnar)
    for turn in range(3):
        pass_minutes(20)
        body = json.dumps({"device": "d", "ops": [{"f": "x", "v": turn}]})
        client.patch(
            f"/api/v1/drafts/{uuid.uuid4()}", body, "application/json", headers={"Idempotency-Key": f"k{turn}"}
        )
    assert is_in(client)


def test_people_who_get_goods_stay_signed_in(pass_minutes: Minutes, marat: User):
    client = signed_in_by_password(marat)
    pass_minutes(11 * 60)
    assert is_in(client)


def test_the_ministry_decides_how_long_and_who(pass_minutes: Minutes, gulnar: User, marat: User):
    Rule.objects.filter(code=sessions.IDLE_RULE).update(value={"minutes": 10, "roles": ["beneficiary"]})
    caseworker, person = signed_in_by_password(gulnar), signed_in_by_password(marat)
    pass_minutes(16)
    assert (is_in(caseworker), is_in(person)) == (True, False)


# --- A password that somebody else knows ---------------------------------------------------------------------------------


@pytest.fixture
def administrator(db: None) -> Client:
    boss = User.objects.create_superuser("boss", password=RIGHT, role="admin", full_name="Boss")
    return signed_in_by_password(boss)


def token_of(user: User, password: str) -> tuple[int, str]:
    body = json.dumps({"username": user.username, "password": password})
    answer = Client().post("/api/v1/auth/token", body, "application/json")
    return answer.status_code, answer.json().get("code", "")


def test_the_first_password_is_changed_before_anything_else(administrator: Client):
    form = {"username": "new", "role": "caseworker", "password1": OWN, "password2": OWN, "usable_password": "true"}
    assert administrator.post("/en/admin/marketplace/user/add/", form).status_code == 302
    new = User.objects.get(username="new")
    client = Client()
    client.post("/en/account/login/", {"login": "new", "password": OWN})
    change = reverse("account_change_password").replace("/kk/", "/en/")
    for page in ("/en/", "/en/account/", "/en/office/people/"):
        response = client.get(page)
        assert (response.status_code, response["Location"]) == (302, change), page
    assert client.get("/api/v1/me").json()["code"] == "password_given"
    assert token_of(new, OWN) == (403, "password_given")
    assert b"Somebody else chose your password" in client.get(change).content
    same = client.post(change, {"oldpassword": OWN, "password1": OWN, "password2": OWN})
    assert same.status_code == 200 and User.objects.get(pk=new.pk).password_given, "the same one again is no other"
    client.post(change, {"oldpassword": OWN, "password1": RIGHT, "password2": RIGHT})
    assert client.get("/en/account/").status_code == 200
    assert token_of(new, RIGHT)[0] == 200


def test_a_new_password_by_the_administrator_is_changed_too(administrator: Client, gulnar: User):
    form = {"password1": OWN, "password2": OWN, "usable_password": "true"}
    administrator.post(f"/en/admin/marketplace/user/{gulnar.pk}/password/", form)
    assert User.objects.get(pk=gulnar.pk).password_given
    assert token_of(gulnar, OWN) == (403, "password_given")


def test_who_comes_another_way_is_not_asked_for_a_password(signed_in: Callable[[User], Client], gulnar: User):
    User.objects.filter(pk=gulnar.pk).update(password_given=True)
    assert signed_in(gulnar).get("/en/account/").status_code == 200
