"""Effects: written with their cause, handed on, done once each, whatever dies on the way."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError

from marketplace import outbox
from marketplace.management.commands import relay
from marketplace.models import OutboxRow
from tests.marketplace.racing import together

pytestmark = pytest.mark.django_db


class Doer:
    """Notes what its handlers were asked to do; ``failing`` topics raise."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failing: set[str] = set()

    def __call__(self, row: OutboxRow) -> None:
        if row.key in self.failing:
            raise ValueError(f"broken\nDETAIL:  Key (phone)=(+77010000001) of {row.key}")
        self.done.append(row.key)


@pytest.fixture
def doer() -> Iterator[Doer]:
    found = Doer()
    outbox.handler("test.effect")(found)
    yield found
    del outbox._handlers["test.effect"]


def add(*keys: str) -> None:
    with transaction.atomic():
        for key in keys:
            outbox.add("test.effect", key)


def tell(published: list[int]) -> Any:
    return published.extend


def keys_of(ids: list[int]) -> list[str]:
    return [OutboxRow.objects.get(pk=pk).key for pk in ids]


@pytest.mark.django_db(transaction=True)
def test_an_effect_cannot_be_written_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        outbox.add("test.effect", "1")
    with pytest.raises(RuntimeError):
        outbox.add_many([("test.effect", "1", {})])
    assert not OutboxRow.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_effect_disappears_with_its_cause() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.add("test.effect", "1")
        raise ZeroDivisionError
    assert not OutboxRow.objects.exists()


def test_rows_are_handed_on_in_order_and_done_once(doer: Doer) -> None:
    add("a", "b", "c")
    published: list[int] = []

    assert outbox.hand_on(tell(published)) == 3
    assert outbox.hand_on(tell(published)) == 0
    assert keys_of(published) == ["a", "b", "c"]

    assert [outbox.run(pk) for pk in published] == [True, True, True]
    assert [outbox.run(pk) for pk in published] == [False, False, False], "published twice, done once"
    assert doer.done == ["a", "b", "c"]
    assert OutboxRow.objects.filter(done_at=None).count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_quicker_than_the_relay_finds_the_row(doer: Doer) -> None:
    add("a")

    def publish_to_an_idle_worker(message: Sequence[int]) -> None:
        [pk] = message
        assert together(lambda _number: outbox.run(pk), 1) == [True]

    outbox.hand_on(publish_to_an_idle_worker)

    assert doer.done == ["a"]


@pytest.mark.django_db(transaction=True)
def test_two_relays_never_take_the_same_row(doer: Doer) -> None:
    add(*(str(number) for number in range(100)))
    published: list[list[int]] = [[], [], [], []]

    together(lambda number: outbox.hand_on(published[number].extend, limit=40), 4)

    taken = [pk for part in published for pk in part]
    assert len(taken) == len(set(taken)) == 100


@pytest.mark.django_db(transaction=True)
def test_control_without_row_locks_two_relays_take_the_same_row(doer: Doer, monkeypatch: pytest.MonkeyPatch) -> None:
    queryset = type(OutboxRow.objects.all())
    monkeypatch.setattr(queryset, "select_for_update", lambda self, **options: self)
    add(*(str(number) for number in range(100)))
    published: list[list[int]] = [[], [], [], []]

    together(lambda number: outbox.hand_on(published[number].extend, limit=40), 4)

    taken = [pk for part in published for pk in part]
    assert len(taken) > len(set(taken))


def test_what_a_failing_broker_did_not_take_waits_again_at_once(doer: Doer) -> None:
    add("a", "b", "c")
    published: list[int] = []

    def publish(message: Sequence[int]) -> None:
        if len(published) == 1:
            raise BrokerError("connection refused")
        published.extend(message)

    with pytest.raises(BrokerError):
        outbox.hand_on(publish)

    assert keys_of(published) == ["a"]
    waiting = OutboxRow.objects.filter(handed_at=None).order_by("pk")
    assert [(row.key, row.attempts) for row in waiting] == [("b", 0), ("c", 0)]
    assert outbox.hand_on(tell(published)) == 2
    assert keys_of(published) == ["a", "b", "c"]


def test_many_travel_together_and_what_was_tried_before_alone(doer: Doer) -> None:
    [plain, _talk] = outbox.LANES
    add(*(str(number) for number in range(200)))
    OutboxRow.objects.filter(key="7").update(attempts=1)
    messages: list[Sequence[int]] = []
    assert outbox.hand_on(messages.append, lane=plain) == 200
    assert [keys_of(list(one)) for one in messages if "7" in keys_of(list(one))] == [["7"]]
    assert max(map(len, messages)) == plain.together and len(messages) <= 200 / plain.together + 2
    assert keys_of([pk for one in messages for pk in one]) == [str(number) for number in range(200)]

    add(*(f"few {number}" for number in range(outbox.SPREAD)))
    few: list[Sequence[int]] = []
    outbox.hand_on(few.append, lane=plain)
    assert len(few) == outbox.SPREAD, "no worker idles while another has several"


def test_a_broker_that_fails_between_messages_leaves_the_rest_of_them_waiting(doer: Doer) -> None:
    [plain, _talk] = outbox.LANES
    add(*(str(number) for number in range(40)))
    taken: list[int] = []

    def publish(message: Sequence[int]) -> None:
        if taken:
            raise BrokerError("connection refused")
        taken.extend(message)

    with pytest.raises(BrokerError):
        outbox.hand_on(publish, lane=plain)
    assert 1 < len(taken) < 40
    waiting = OutboxRow.objects.filter(handed_at=None, attempts=0)
    assert set(waiting.values_list("pk", flat=True)) == set(OutboxRow.objects.values_list("pk", flat=True)) - {*taken}


@pytest.fixture
def merging(doer: Doer) -> Iterator[None]:
    outbox._merging.add("test.effect")
    yield
    outbox._merging.remove("test.effect")


def test_effects_that_bring_the_same_up_to_date_are_done_together(doer: Doer, merging: None) -> None:
    add("a", "b", "a", "a")
    assert outbox.drain() == 2
    assert doer.done == ["a", "b"]
    assert not OutboxRow.objects.filter(done_at=None).exists()


def test_control_others_are_done_one_by_one(doer: Doer) -> None:
    add("a", "b", "a", "a")
    assert outbox.drain() == 4
    assert doer.done == ["a", "b", "a", "a"]


def test_what_changes_while_the_handler_works_is_not_taken_for_done(doer: Doer, merging: None) -> None:
    """Its row came after the handler had looked: it has news of its own."""

    @outbox.handler("test.effect")
    def somebody_orders_meanwhile(row: OutboxRow) -> None:
        if len(doer.done) == 1:
            outbox.add("test.effect", row.key)

    add("a", "a")
    outbox.drain()
    assert doer.done == ["a", "a"]


def test_a_failing_effect_leaves_those_like_it_waiting(doer: Doer, merging: None) -> None:
    add("bad", "bad")
    doer.failing = {"bad"}
    outbox.drain()
    assert OutboxRow.objects.filter(done_at=None, dead_at=None).count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_workers_with_effects_of_the_same_thing_do_not_wait_for_each_other(doer: Doer, merging: None) -> None:
    add(*["a"] * 40)
    rows = list(OutboxRow.objects.values_list("pk", flat=True))
    together(lambda number: [outbox.run(pk) for pk in rows[number::4]], 4)
    assert not OutboxRow.objects.filter(done_at=None).exists()
    assert 1 <= len(doer.done) < 40


@pytest.mark.parametrize("error", [BrokerError("away"), ConnectionRefusedError(), TimeoutError()])
def test_the_relay_outlives_a_broker_that_is_away(
    doer: Doer, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    add("a")

    def apply_async(*_args: object, **_options: object) -> None:
        raise error

    monkeypatch.setattr(relay.do_outbox_rows, "apply_async", apply_async)

    call_command("relay", once=True)

    assert OutboxRow.objects.get().handed_at is None


def test_what_a_killed_relay_or_worker_left_waits_again_after_a_minute(doer: Doer) -> None:
    add("a", "b")
    outbox.hand_on(lambda message: None)
    OutboxRow.objects.filter(key="a").update(handed_at=timezone.now() - timedelta(seconds=61))
    OutboxRow.objects.filter(key="b").update(handed_at=timezone.now() - timedelta(seconds=59))

    assert outbox.requeue() == 1

    published: list[int] = []
    outbox.hand_on(tell(published))
    assert keys_of(published) == ["a"]


def test_a_failing_effect_is_undone_and_tried_later(doer: Doer) -> None:
    add("bad", "good")
    doer.failing = {"bad"}

    assert outbox.drain() == 2

    bad = OutboxRow.objects.get(key="bad")
    assert (bad.done_at, bad.dead_at, bad.handed_at, bad.attempts) == (None, None, None, 1)
    assert timedelta(seconds=1) < bad.available_at - timezone.now() <= timedelta(seconds=2)
    assert bad.error == "ValueError: broken\nDETAIL: …", "what the database quotes is not kept"
    assert doer.done == ["good"]

    doer.failing = set()
    OutboxRow.objects.update(available_at=timezone.now())
    outbox.drain()
    assert doer.done == ["good", "bad"]


def test_what_a_failing_handler_wrote_is_rolled_back(doer: Doer) -> None:
    @outbox.handler("test.effect")
    def writes_then_fails(row: OutboxRow) -> None:
        outbox.add("test.other", row.key)
        raise ValueError

    add("a")
    outbox.drain()
    assert [row.topic for row in OutboxRow.objects.all()] == ["test.effect"]


def test_poison_is_set_aside_and_the_others_flow(doer: Doer) -> None:
    add("poison", *(f"good-{number}" for number in range(3)))
    doer.failing = {"poison"}
    for _round in range(outbox.MAX_ATTEMPTS):
        OutboxRow.objects.filter(done_at=None).update(available_at=timezone.now())
        outbox.drain()

    poison = OutboxRow.objects.get(key="poison")
    assert poison.dead_at is not None
    assert poison.attempts == outbox.MAX_ATTEMPTS
    assert doer.done == ["good-0", "good-1", "good-2"]
    published: list[int] = []
    assert outbox.hand_on(tell(published)) == 0

    doer.failing = set()
    assert outbox.revive(topic="test.other") == 0
    assert outbox.revive() == 1
    outbox.drain()
    assert doer.done[-1] == "poison"


def test_a_row_that_takes_its_worker_down_is_set_aside_too(doer: Doer) -> None:
    add("killer")
    for _round in range(outbox.MAX_ATTEMPTS):
        assert outbox.hand_on(lambda message: None) == 1
        OutboxRow.objects.update(handed_at=timezone.now() - timedelta(seconds=61))
        outbox.requeue()
    assert OutboxRow.objects.get().dead_at is not None
    assert outbox.hand_on(lambda message: None) == 0


def test_a_row_waits_for_its_time(doer: Doer) -> None:
    with transaction.atomic():
        outbox.add("test.effect", "tomorrow", wait=timedelta(days=1))
    assert outbox.drain() == 0
    assert outbox.hand_on(lambda message: None) == 0
    OutboxRow.objects.update(available_at=timezone.now())
    assert outbox.drain() == 1


def test_draining_does_what_handlers_add_on_the_way(doer: Doer) -> None:
    @outbox.handler("test.first")
    def adds_another(row: OutboxRow) -> None:
        outbox.add("test.effect", f"after {row.key}")

    try:
        with transaction.atomic():
            outbox.add("test.first", "1")
        assert outbox.drain() == 2
    finally:
        del outbox._handlers["test.first"]
    assert doer.done == ["after 1"]


@pytest.fixture
def in_transaction() -> Iterator[list[bool]]:
    """For each row of the topic ``test.talk``, whether its handler ran in a transaction."""
    seen: list[bool] = []

    @outbox.handler("test.talk", talks=True)
    def talk(row: OutboxRow) -> None:
        seen.append(connection.in_atomic_block)

    yield seen
    del outbox._handlers["test.talk"]
    outbox._talking.discard("test.talk")


def add_talking(number: int) -> None:
    with transaction.atomic():
        outbox.add_many([("test.talk", str(key), {}) for key in range(number)])


@pytest.mark.django_db(transaction=True)
def test_handlers_that_talk_hold_no_transaction(in_transaction: list[bool]) -> None:
    add_talking(1)
    outbox.drain()
    assert in_transaction == [False]
    assert OutboxRow.objects.get().done_at is not None


def test_what_waits_for_others_has_a_queue_of_its_own(
    doer: Doer, in_transaction: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    add("a")
    add_talking(1)
    published: dict[str, list[str]] = {}

    def apply_async(arguments: tuple[int, ...], *, queue: str, retry: bool) -> None:
        published.setdefault(queue, []).extend(keys_of(list(arguments)))

    monkeypatch.setattr(relay.do_outbox_rows, "apply_async", apply_async)
    call_command("relay", once=True)
    assert published == {"celery": ["a"], "talk": ["0"]}


def test_a_slow_gateway_never_has_more_than_it_can_do_before_they_count_as_lost(
    doer: Doer, in_transaction: list[bool]
) -> None:
    [plain, talk] = outbox.LANES
    add_talking(40)
    add(*(str(number) for number in range(40)))
    under_way: list[int] = []

    assert outbox.hand_on(tell(under_way), lane=talk) == talk.in_flight
    assert outbox.hand_on(tell(under_way), lane=talk) == 0
    assert outbox.hand_on(lambda message: None, lane=plain) == 40, "the others do not wait for it"

    assert [outbox.run(pk) for pk in under_way[:3]] == [True] * 3
    assert outbox.hand_on(tell(under_way), lane=talk) == 3

    lost = OutboxRow.objects.filter(topic="test.talk", done_at=None, handed_at__isnull=False)
    lost.update(handed_at=timezone.now() - timedelta(seconds=61))
    assert outbox.hand_on(lambda message: None, lane=talk) == talk.in_flight, "what a broker lost holds nobody up"


def test_control_without_a_lane_a_slow_gateway_gets_them_all(doer: Doer, in_transaction: list[bool]) -> None:
    add_talking(40)
    assert outbox.hand_on(lambda message: None) == 40


def test_the_command_shows_and_revives_what_was_set_aside(doer: Doer, capsys: pytest.CaptureFixture[str]) -> None:
    add("a")
    OutboxRow.objects.update(dead_at=timezone.now(), error="ValueError: broken")

    call_command("outbox")
    assert "set aside: 1\n  test.effect: 1 × ValueError: broken" in capsys.readouterr().out

    call_command("outbox", "--revive")
    assert "revived: 1\nwaiting: 1" in capsys.readouterr().out
