"""Who tries identity numbers one after the other learns nothing: one answer, the same work behind it, and soon none at all."""

import re

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketplace import crypto, identity, sign_in_codes
from marketplace.models import PersonRecord, SignInCode
from marketplace.views import sign_in
from tests import factories as make

ASK, ENTER = "/en/account/login/sms/", "/en/account/login/sms/code/"
PROBES = 1000


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
    assert len(asked) <= sign_in.ASKED_OF_ADDRESS.most
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
        with CaptureQueriesContext(
            connection,
        ) as seen:
            client.post(ASK, {"name": number})
        done.append(
            [re.sub(r"'[^']*'|\d+|NULL|true|false", "?", query["sql"])[:120] for query in seen.captured_queries]
        )
    assert done[0] == done[1] and len(done[0]) > 3
    assert [code.user_id is None for code in SignInCode.objects.order_by("made_at")] == [False, True]
