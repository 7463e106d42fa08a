"""The line of the waiting room: who waits, who is next, what is told. Against a real Valkey, with a clock of its own."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings

from marketplace import waiting_line
from marketplace.waiting_line import KEPT_S, Answer, Importance, Line

NINE = 1_800_000_000.0


class Clocked(Line):
    """A line whose time the test sets."""

    now = NINE

    def come(self, ticket: str, importance: Importance = Importance.BROWSING, *, room: bool = True) -> Answer:
        answer = self.ask(ticket, importance, found_room=room, now=self.now)
        assert answer is not None
        return answer


@pytest.fixture
def line() -> Iterator[Clocked]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    made = Clocked(client, prefix="test-line")
    client.delete(*made._keys)
    yield made
    client.delete(*made._keys)


def crowd(line: Clocked, people: int, seconds: int = 4) -> list[str]:
    """Nine o'clock: no room for some seconds, until browsing waits too; then ``people`` with tickets."""
    for second in range(seconds):
        line.come(f"opens-{second}", Importance.OPEN_DATA, room=False)
        line.now += 1.0
    tickets = [f"person-{number}" for number in range(people)]
    for place, ticket in enumerate(tickets):
        assert not line.come(ticket, room=False).let_in, place
    return tickets


def test_nobody_waits_on_an_ordinary_day(line):
    assert line.come("somebody") == Answer(let_in=True, ahead=0, per_second=None)
    assert not line.waits(Importance.OPEN_DATA)


def test_what_matters_least_waits_first(line):
    waits = []
    for _second in range(7):
        line.come("a", Importance.OPEN_DATA, room=False)
        waits.append(max(kind for kind in Importance if line.waits(kind)))
        line.now += 1.1
    assert waits == [1, 2, 3, 4, 5, 5, 5]


def test_who_is_not_yet_asked_to_wait_is_served_in_the_second_lane(line):
    assert line.come("reader", Importance.BROWSING, room=False).let_in
    assert not line.come("machine", Importance.OPEN_DATA, room=False).let_in


def test_each_hears_how_many_are_before_and_none_overtakes(line):
    tickets = crowd(line, 20)
    heard = [line.come(ticket, room=False).ahead for ticket in tickets]
    ghosts = heard[0]
    assert [ahead - ghosts for ahead in heard] == list(range(20))
    assert let_in_by_turn(line, tickets)


def let_in_by_turn(line: Clocked, tickets: list[str]) -> bool:
    """Those at the end of the line ask most often, somebody new asks all the time: do they go in by their tickets?"""
    order: list[str] = []
    waiting = list(tickets)
    for second in range(200):
        line.now += 1.0
        for ticket in [f"new-{second}", *reversed(waiting)]:
            if line.come(ticket).let_in:
                order.append(ticket)
        waiting = [ticket for ticket in tickets if ticket not in order]
        if not waiting:
            break
    places = [order.index(ticket) for ticket in tickets]
    # Within one second the last may ask before the first: both are called, nobody is passed who was not.
    return (
        not any(ticket.startswith("new-") for ticket in order[: len(tickets)])
        and max(abs(place - turn) for turn, place in enumerate(places)) <= 10
    )


def test_control_without_the_order_who_comes_late_overtakes(line):
    script = waiting_line.ASK.replace("ahead < math.floor(known.credit)", "0 < math.floor(known.credit)")
    assert script != waiting_line.ASK
    line._script = line._client.register_script(script)
    assert not let_in_by_turn(line, crowd(line, 20))


def test_sign_in_goes_before_browsing(line):
    tickets = crowd(line, 3, seconds=7)
    behind = line.come(tickets[0], room=False).ahead
    assert line.come("signs-in", Importance.SIGN_IN, room=False).ahead == 0
    assert line.come(tickets[0], room=False).ahead == behind + 1
    assert line.come(tickets[1], Importance.SIGN_IN, room=False).ahead == 0, "she takes her number along"


def test_a_ticket_that_does_not_come_back_loses_its_place(line):
    first, second = crowd(line, 2)
    for _ in range(2):
        line.now += KEPT_S / 2 + 1
        line.come(second, room=False)
    assert line.come(second, room=False).ahead == 0
    assert line.come(first, room=False).ahead == 1


def test_a_page_that_is_renewed_by_hand_keeps_its_place_longer(line):
    crowd(line, 0)
    line.ask("by-hand", Importance.BROWSING, found_room=False, by_hand=True, now=line.now)
    line.now += KEPT_S * 2
    line.come("another", room=False)
    assert line.come("by-hand", room=False).ahead == 0


def test_the_time_is_measured_or_not_told(line):
    tickets = crowd(line, 100)
    assert line.come(tickets[-1], room=False).minutes is None, "nobody was let in yet"
    let_in, waiting = 0, list(tickets)
    for _second in range(10):
        line.now += 1.0
        entered = [ticket for ticket in waiting if line.come(ticket).let_in]
        waiting = [ticket for ticket in waiting if ticket not in entered]
        let_in += len(entered)
    told = line.come(waiting[-1])
    assert told.per_second == pytest.approx(let_in / 14, rel=0.2), "since the room opened"


@pytest.mark.parametrize(
    ("ahead", "per_second", "minutes"),
    [(0, None, None), (0, 5.0, 1), (299, 5.0, 1), (300, 5.0, 2), (5999, 10.0, 10)],
)
def test_minutes_follow_the_pace(ahead, per_second, minutes):
    assert Answer(let_in=False, ahead=ahead, per_second=per_second).minutes == minutes


@pytest.mark.parametrize(
    ("ahead", "per_second", "between"), [(0, 5.0, (5, 8)), (9000, 5.0, (30, 45)), (50, None, (10, 15))]
)
def test_a_crowd_comes_back_spread(ahead, per_second, between):
    told = {Answer(let_in=False, ahead=ahead, per_second=per_second).again_in() for _ in range(200)}
    assert min(told) >= between[0] and max(told) <= between[1]
    assert len(told) > 2


def test_less_room_lets_fewer_in_and_more_room_more(line):
    def rate() -> float:
        return float(line._client.hget("test-line:state", "rate"))

    line.come("x", Importance.OPEN_DATA, room=False)
    before = rate()
    line.now += 1.5
    line.come("x", Importance.OPEN_DATA, room=False)
    less = rate()
    assert less == pytest.approx(before * 0.7, abs=0.01)
    for _ in range(3):
        line.now += 1.5
        line.come("x", Importance.OPEN_DATA)
    assert rate() > 1.3 * less


def test_the_room_closes_when_the_line_is_empty_and_there_is_room(line):
    crowd(line, 0)
    assert line.waits(Importance.BROWSING)
    line.now += KEPT_S + 1
    assert line.come("late").let_in
    line._looked_at = float("-inf")
    assert not line.waits(Importance.OPEN_DATA)


def test_without_valkey_there_is_no_line():
    gone = Line(redis.Redis.from_url("redis://127.0.0.1:1/0", socket_timeout=0.3, socket_connect_timeout=0.3))
    assert not gone.waits(Importance.OPEN_DATA)
    assert gone.ask("a", Importance.OPEN_DATA, found_room=False) is None
