"""Signing in with a code from an SMS: one answer for everybody, five tries, and nobody can lock another out."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from marketplace import crypto, outbox, sign_in_codes
from marketplace.models import Event, Guardianship, Notice, OutboxRow, PersonRecord, SignInCode, User
from marketplace.notices import sending
from tests.factories import make_rules
from tests.marketplace.conftest import RIGHT

pytestmark = pytest.mark.django_db

ASK, ENTER = "/en/account/login/sms/", "/en/account/login/sms/code/"


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    cache.clear()
    make_rules(sign_in_codes.RULE)


@pytest.fixture
def marat_with_iin(marat: User) -> User:
    number = next(f"8409170{n:05d}" for n in range(100_000) if sign_in_codes.identity.is_iin(f"8409170{n:05d}"))
    PersonRecord.objects.filter(user=marat).update(iin_index=crypto.blind_index(number))
    marat.iin = number  # type: ignore[attr-defined]
    return marat


def work() -> None:
    """What relay and worker do."""
    for row in OutboxRow.objects.filter(topic=sign_in_codes.TOPIC, done_at=None).order_by("pk"):
        sign_in_codes.write(row)
        OutboxRow.objects.filter(pk=row.pk).update(done_at=timezone.now())


def ask(client: Client, name: str = "marat", **more: str) -> str:
    """The code that the phone shows, empty when no message came."""
    before = Notice.objects.count()
    answer = client.post(ASK, {"name": name} | more)
    assert (answer.status_code, answer["Location"]) == (302, ENTER)
    work()
    if Notice.objects.count() == before:
        return ""
    return re.search(r"(\d{6})\.", sending.fill(Notice.objects.latest("pk")).text)[1]


def test_a_code_signs_in_once_and_in_its_browser_only(marat: User) -> None:
    client, thief = Client(), Client()
    code = ask(client, next="/en/account/")
    notice = Notice.objects.get()
    assert (notice.address, notice.channel, code in notice.text) == ("+77010000001", "sms", False)
    ask(thief, "nobody")
    assert thief.post(ENTER, {"code": code}).status_code == 200
    assert thief.get("/api/v1/me").status_code == 401
    assert client.post(ENTER, {"code": f"{code[:3]} {code[3:]}"})["Location"] == "/en/account/"
    assert client.get("/api/v1/me").json()["username"] == "marat"
    assert Event.objects.get(kind="account.signed_in").data == {"by": "sms"}
    with pytest.raises(sign_in_codes.WrongCode):
        sign_in_codes.redeem(asked=SignInCode.objects.filter(user=marat).get().pk, code=code)


def test_the_iin_works_as_the_name(marat_with_iin: User) -> None:
    client = Client()
    assert client.post(ENTER, {"code": ask(client, marat_with_iin.iin)})["Location"] == "/en/"
    assert client.get("/api/v1/me").json()["username"] == "marat"


@pytest.mark.parametrize("name", ["nobody", "gulnar", "alikhan", "880101300005"])
def test_staff_wards_and_strangers_get_the_same_page_and_no_message(
    marat: User, alikhan: User, gulnar: User, aigul: User, name: str
) -> None:
    User.objects.filter(username__in=["gulnar", "alikhan"]).update(phone="+77010000009")
    client, other = Client(), Client()
    assert ask(client, name) == ""
    ask(other, "marat")
    pages = [re.sub(r'value="[^"]{30,}"', "", one.get(ENTER).content.decode()) for one in (client, other)]
    assert pages[0] == pages[1]
    assert SignInCode.objects.count() == OutboxRow.objects.filter(topic=sign_in_codes.TOPIC).count() == 2
    code = sign_in_codes.digits(SignInCode.objects.get(user=None).pk)
    assert client.post(ENTER, {"code": code}).status_code == 200
    assert client.get("/api/v1/me").status_code == 401


def test_five_tries_then_the_right_code_does_not_work_either(marat: User) -> None:
    client = Client()
    code = ask(client)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _try in range(sign_in_codes.MOST_TRIES):
        assert "This code does not work." in client.post(ENTER, {"code": wrong}).content.decode()
    assert client.post(ENTER, {"code": code}).status_code == 200
    assert client.get("/api/v1/me").status_code == 401
    assert Event.objects.filter(kind="account.sign_in_code_refused").count() == 5


def test_a_code_dies_after_ten_minutes(marat: User) -> None:
    client = Client()
    code = ask(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert client.post(ENTER, {"code": code}).status_code == 200
        assert client.get("/api/v1/me").status_code == 401


def test_strangers_cannot_use_up_the_messages_of_a_browser_that_knows_the_person(marat_with_password: User) -> None:
    own = Client()
    own.post("/en/account/login/", {"login": "marat", "password": RIGHT})
    own.post("/en/account/logout/")
    stranger = Client()
    sent = [ask(stranger) for _time in range(sign_in_codes.MOST_AN_HOUR + 2)]
    assert [bool(code) for code in sent] == [True] * 5 + [False] * 2
    assert ask(Client()) == "", "another stranger's browser"
    assert own.post(ENTER, {"code": ask(own)})["Location"] == "/en/"
    assert own.get("/api/v1/me").status_code == 200
    assert Client().post("/en/account/login/", {"login": "marat", "password": RIGHT}).status_code == 302


def test_a_shared_computer_knows_nobody(marat_with_password: User) -> None:
    client = Client()
    client.post("/en/account/login/", {"login": "marat", "password": RIGHT, "shared": "on"})
    cookie = client.cookies.get("known-people")
    assert cookie is None or cookie.value == ""


def test_a_guardian_signs_in_and_her_ward_does_not(aigul: User, alikhan: User) -> None:
    User.objects.filter(pk=alikhan.pk).update(phone="+77010000002")
    assert sign_in_codes.person_of("aigul") == aigul
    assert sign_in_codes.person_of("alikhan") is None
    Guardianship.objects.update(valid_to=date(2020, 1, 1))
    assert sign_in_codes.person_of("alikhan") is None, "until the office has given her an account"


def test_the_old_phone_hears_of_a_new_one(marat: User) -> None:
    from marketplace import profile

    profile.change_contact(user_id=marat.pk, phone="+77019999999", email="", channel="sms", language="ru")
    notice = Notice.objects.get()
    assert (notice.kind, notice.address) == ("account.phone_changed", "+77010000001")


def test_an_expired_message_is_not_written_and_no_operator_phones_about_it(marat: User) -> None:
    asked = sign_in_codes.ask(name="marat", known=set())
    SignInCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    work()
    assert not Notice.objects.exists()
    assert isinstance(asked.id, UUID)
    assert sign_in_codes.TOPIC in outbox._handlers
