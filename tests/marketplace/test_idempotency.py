"""One request, one effect, one answer, however often it is sent."""

import time
from typing import Any

import pytest
from django.db import transaction

from marketplace import idempotency, outbox
from marketplace.errors import Invalid, KeyReused
from marketplace.models import IdempotencyKey, OutboxRow, User
from tests.marketplace.racing import together

pytestmark = pytest.mark.django_db


def request(user: User | None, key: str = "k-1", body: bytes = b"{}", **more: Any) -> idempotency.Request:
    return idempotency.request_of(user=user, key=key, action="order", body=body, **more)


def order_a_walker() -> tuple[int, dict[str, Any]]:
    outbox.add("test.order", "walker")
    return 201, {"number": str(OutboxRow.objects.count())}


def test_the_second_time_the_answer_is_repeated_and_nothing_happens(marat: User) -> None:
    first = idempotency.once(request(marat), order_a_walker)
    again = idempotency.once(request(marat), order_a_walker)

    assert (first.status, first.body, first.replayed) == (201, {"number": "1"}, False)
    assert (again.status, again.body, again.replayed) == (201, {"number": "1"}, True)
    assert OutboxRow.objects.count() == 1


def test_keys_belong_to_people(marat: User, aigul: User) -> None:
    idempotency.once(request(marat), order_a_walker)
    assert idempotency.once(request(aigul), order_a_walker).replayed is False
    assert idempotency.once(request(None, owner="visitor-digest"), order_a_walker).replayed is False
    assert OutboxRow.objects.count() == 3


@pytest.mark.parametrize("other", [{"body": b"{1}"}, {"action": "cancel"}])
def test_a_key_stands_for_one_request(marat: User, other: dict[str, Any]) -> None:
    idempotency.once(request(marat), order_a_walker)
    different = idempotency.request_of(**{"user": marat, "key": "k-1", "action": "order", "body": b"{}"} | other)

    with pytest.raises(KeyReused):
        idempotency.once(different, order_a_walker)
    assert OutboxRow.objects.count() == 1


def test_a_refusal_leaves_the_key_free(marat: User) -> None:
    def refuse() -> tuple[int, dict[str, Any]]:
        outbox.add("test.order", "walker")
        raise Invalid([])

    with pytest.raises(Invalid):
        idempotency.once(request(marat), refuse)
    assert not OutboxRow.objects.exists()
    assert not IdempotencyKey.objects.exists()

    assert idempotency.once(request(marat), order_a_walker).status == 201


def test_without_a_key_the_work_is_simply_done(marat: User) -> None:
    assert idempotency.once(None, order_a_walker).body == {"number": "1"}
    assert idempotency.once(None, order_a_walker).body == {"number": "2"}


@pytest.mark.django_db(transaction=True)
def test_twins_have_one_effect_and_one_answer(marat: User) -> None:
    def slow() -> tuple[int, dict[str, Any]]:
        answer = order_a_walker()
        time.sleep(0.1)
        return answer

    answers = together(lambda _number: idempotency.once(request(marat), slow), 6)

    assert OutboxRow.objects.count() == 1
    assert [answer.body for answer in answers] == [{"number": "1"}] * 6
    assert sum(not answer.replayed for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_control_without_the_key_twins_have_many_effects(marat: User) -> None:
    together(lambda _number: idempotency.once(None, order_a_walker), 6)
    assert OutboxRow.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_the_transaction_must_be_the_outermost(marat: User) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        idempotency.once(request(marat), order_a_walker)
    assert not OutboxRow.objects.exists()
