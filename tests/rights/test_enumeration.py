"""Who tries identity numbers one after the other learns nothing: one answer, the same work behind it, and soon none at all."""

import hashlib
import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace import crypto, identity, sign_in_codes
from marketplace.limits import Limit
from marketplace.models import PersonRecord, Role, SignInCode, User
from marketplace.views import sign_in
from suppliers.models import Partner
from suppliers.onboarding.sending import TooManyNumbers, refusals_for
from tests import factories as make

ASK, ENTER = "/en/account/login/sms/", "/en/account/login/sms/code/"
PROBES, MOST_ANSWERS = 1000, 20


@pytest.fixture
def numbers(db):
    """So many numbers as a guesser would try; every hundredth belongs to somebody."""
    cache.clear()
    make.make_rules(sign_in_codes.RULE)
    found = [number for number in (f"8409170{n:05d}" for n in range(20 * PROBES)) if identity.is_iin(number)][:PROBES]
    assert len(found) == PROBES
    for place in range(0, PROBES, 100):
        person = make.make_person(f"person-{place}", phone=f"+7701000{place:04d}")
        PersonRecord.objects.filter(user=person).update(iin_index=crypto.blind_index(found[place]))
    yield found
    cache.clear()


def bare(answer) -> tuple[int, str, bytes]:
    body = re.sub(rb'csrfmiddlewaretoken" value="[^"]*"', b"", answer.content)
    return answer.status_code, answer.headers.get("Location", ""), body


def test_a_thousand_numbers_from_one_address_get_one_answer_and_then_none(numbers):
    client = Client()
    answers = [bare(client.post(ASK, {"name": number})) for number in numbers]
    asked = [answer for answer in answers if answer[0] == 302]
    assert len(asked) == sign_in.ASKED_OF_ADDRESS.most <= MOST_ANSWERS
    assert len(set(asked)) == 1, "whose number exists looks like whose does not"
    refused = {
        answer[2].replace(number.encode(), b"")
        for answer, number in zip(answers, numbers, strict=True)
        if answer[0] != 302
    }
    assert len(refused) == 1
    assert SignInCode.objects.count() == len(asked)


def test_the_work_is_the_same_for_a_number_that_exists(numbers):
    """By statements, which a busy machine does not change."""
    done = []
    for number in (numbers[0], numbers[1]):
        client = Client()
        client.get(ASK)
        with CaptureQueriesContext(connection) as seen:
            client.post(ASK, {"name": number})
        done.append(
            [re.sub(r"'[^']*'|\d+|NULL|true|false", "?", query["sql"])[:120] for query in seen.captured_queries]
        )
    assert done[0] == done[1] and len(done[0]) > 3
    assert [code.user_id is None for code in SignInCode.objects.order_by("made_at")] == [False, True]


def sign_in_with_code(client: Client, name: str) -> bool:
    """Asks for a code, types what came to the phone; whether she is in."""
    if client.post(ASK, {"name": name}).status_code != 302:
        return False
    code = SignInCode.objects.exclude(user=None).latest("made_at")
    return client.post(ENTER, {"code": sign_in_codes.digits(code.pk)}).status_code == 302


def test_a_library_full_of_people_is_no_guesser(numbers):
    """Fifty people at one address, each with a browser that nobody knows: whoever signs in uses nothing up."""
    people = [make.make_person(f"reader-{place}", phone=f"+7702000{place:04d}") for place in range(50)]
    assert all(sign_in_with_code(Client(), person.username) for person in people)


def test_where_a_guesser_used_it_up_known_browsers_and_passwords_still_sign_in(numbers):
    marat = make.make_person("marat", phone="+77010000001")
    marat.set_password("a-long-password")
    marat.save()
    own = Client()
    assert sign_in_with_code(own, "marat")
    own.post("/en/account/logout/")
    guesser = Client()
    for number in numbers[: MOST_ANSWERS + 5]:
        guesser.post(ASK, {"name": number})
    refused = Client().post(ASK, {"name": "marat"})
    assert refused.status_code == 429 and b"Sign in with your password" in refused.content
    assert sign_in_with_code(own, "marat")
    assert Client().post("/en/account/login/", {"login": "marat", "password": "a-long-password"}).status_code == 302
    own.post("/en/account/logout/")
    codes = SignInCode.objects.count()
    answers = {bare(own.post(ASK, {"name": number}))[0] for number in (numbers[0], numbers[1])}
    assert answers == {429} and SignInCode.objects.count() == codes, "of others her browser learns nothing"


def test_control_without_the_limit_all_thousand_would_be_answered(numbers, monkeypatch):
    monkeypatch.setattr(sign_in, "ASKED_OF_ADDRESS", Limit("no-limit", most=PROBES, seconds=60))
    client = Client()
    assert all(client.post(ASK, {"name": number}).status_code == 302 for number in numbers[: 3 * MOST_ANSWERS])


# --- The other door that says whether a number is known: whose business sells here already --------------------------------


def entrepreneurs_checked(numbers: list[str], actor: User) -> list[object]:
    """What an applicant hears of each number; a number that is asked about again is no new one."""
    heard: list[object] = []
    for number in numbers:
        try:
            heard.append([(error.field, error.code) for error in refusals_for(actor, "", number)])
        except TooManyNumbers as refusal:
            heard.append(refusal.code)
    return heard


def test_an_applicant_hears_of_twenty_numbers_a_day(numbers):
    Partner.objects.create(code="shop", name="Shop", iin_index=crypto.blind_index(numbers[3]))
    applicant = make.make_user("applicant", Role.SUPPLIER)
    heard = entrepreneurs_checked(numbers, applicant)
    assert heard[:5] == [[], [], [], [("iin", "taken")], []]
    assert heard[MOST_ANSWERS:] == ["too_many_tries"] * (PROBES - MOST_ANSWERS)
    again = [numbers[3]] * 30 + [numbers[30]] * 2
    assert entrepreneurs_checked(again, applicant) == [[("iin", "taken")]] * 30 + ["too_many_tries"] * 2
    assert entrepreneurs_checked(numbers[:1], make.make_user("other", Role.SUPPLIER)) == [[]]


def test_nothing_in_the_cache_can_be_turned_back_into_a_number(numbers):
    """An identity number has so few values that its plain hash would be no secret."""
    entrepreneurs_checked(numbers[:1], make.make_user("applicant", Role.SUPPLIER))
    Client().post("/en/account/login/", {"login": numbers[0], "password": "wrong"})
    valkey = cache._cache.get_client(write=True)
    keys = " ".join(key.decode() for key in valkey.keys("*limit:*"))
    asked_by = User.objects.get(username="applicant").pk
    texts = [numbers[0], f"{asked_by} {numbers[0]}", f"127.0.0.1 {numbers[0]}"]
    plain = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
    assert len(keys.split()) > 2
    assert [part for part in (*plain, numbers[0]) if part in keys] == []
