"""Many at the same moment: one thing sent twice, the last item."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from perf.chaos.cluster import Answer, Ready, percentile, side_by_side, together, until_heard
from perf.chaos.suite import Found, Stage, control, fault


def numbers(answer: Answer) -> list[str]:
    """Order numbers that an answer names, of a sending or of its refusal."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return sorted(row["number"] for row in body.get("orders", []))


def _refusals(answers: Sequence[Answer]) -> str:
    """What was said to those who were refused, each once."""
    said = {str(answer.body)[:200] for answer in answers if answer.status >= 400}
    return " | ".join(sorted(said))


def _pair(stage: Stage, ready: Ready, keys: tuple[str, str], url: str) -> list[Answer]:
    people = [stage.cluster.person(ready.person, url) for _key in keys]
    return together(
        [
            lambda person=person, key=key: until_heard(lambda: person.submit(ready.draft, ready.rev, key))
            for person, key in zip(people, keys, strict=True)
        ]
    )


def double_submits(stage: Stage, url: str, pairs: int, pairs_of_keys: int) -> Found:
    found, waits = Found(), []

    def send(number: int, ready: Ready) -> None:
        one_key = number < pairs
        keys = (f"{ready.draft}-a", f"{ready.draft}-{'a' if one_key else 'b'}")
        answers = _pair(stage, ready, keys, url)
        waits.extend(answer.seconds for answer in answers)
        statuses = sorted(answer.status for answer in answers)
        what = "one key" if one_key else "two keys"
        orders = stage.cluster.orders_of(ready.draft)
        found.check(
            statuses == ([201, 201] if one_key else [201, 409]), f"{what}: answers {statuses} {_refusals(answers)}"
        )
        found.check(
            numbers(answers[0]) == numbers(answers[1]) == sorted(orders),
            f"{what}: told {[numbers(answer) for answer in answers]}",
        )
        found.check(len(orders) == 1, f"{what}: {len(orders)} orders of one draft")

    drafts = stage.cluster.ready(pairs + pairs_of_keys)
    side_by_side(lambda pair: send(*pair), enumerate(drafts))
    found.figures |= {"pairs": pairs, "with two keys": pairs_of_keys, "p99 ms": round(percentile(waits, 0.99) * 1000)}
    return found


@fault("F20", "double submit", "G2", "one order, both get its number", quick=True)
def double_submit(stage: Stage) -> Found:
    return double_submits(stage, stage.cluster.url, stage.number(4, 1000), stage.number(2, 200))


@control("F20", "idempotency keys")
def double_submit_without_keys(stage: Stage) -> Found:
    with stage.cluster.twin.weak("idempotency"):
        return double_submits(stage, stage.cluster.twin.url, 2, 0)


def last_items(stage: Stage, url: str, citizens: int, left: int) -> Found:
    cluster, found = stage.cluster, Found()
    offer, _regions = cluster.offer()
    drafts = cluster.ready(citizens, offer=offer)
    cluster.sql("UPDATE partner_stockrecord SET num_in_stock = num_allocated + %s WHERE id = %s", left, offer)
    answers = together(
        [
            lambda ready=ready: until_heard(
                lambda: cluster.person(ready.person, url).submit(ready.draft, ready.rev, ready.draft)
            )
            for ready in drafts
        ]
    )
    sold = [answer for answer in answers if answer.status == 201]
    told = [answer for answer in answers if answer.status == 409]
    found.check(len(sold) == left, f"{len(sold)} orders of {left} items {_refusals(answers)}")
    found.check(len(sold) + len(told) == citizens, f"answers {sorted(answer.status for answer in answers)}")
    found.check(all("alternatives" in answer.body for answer in told), "told of no alternatives")
    stock, allocated = cluster.sql("SELECT num_in_stock, num_allocated FROM partner_stockrecord WHERE id = %s", offer)[
        0
    ]
    found.check(allocated <= stock, f"{allocated} promised of {stock}")
    orders = sum(len(cluster.orders_of(ready.draft)) for ready in drafts)
    found.check(orders == len(sold), f"{orders} orders, {len(sold)} people have a number")
    found.figures |= {
        "citizens": citizens,
        "items": left,
        "orders": len(sold),
        "slowest ms": round(percentile([answer.seconds for answer in answers], 1.0) * 1000),
    }
    return found


@fault(
    "F23", "the last items", "G3", "as many orders as items, the others hear it at once with alternatives", quick=True
)
def last_item(stage: Stage) -> Found:
    return last_items(stage, stage.cluster.url, stage.number(8, 50), stage.number(3, 10))


@control("F23", "locks, conditional write and constraint")
def last_item_without(stage: Stage) -> Found:
    with _oversold_allowed(stage), stage.cluster.twin.weak("stock"):
        return last_items(stage, stage.cluster.twin.url, 6, 2)


@contextmanager
def _oversold_allowed(stage: Stage) -> Iterator[None]:
    """The table of offers without its last line of defence."""
    cluster, name = stage.cluster, "offer_not_oversold"
    rule = cluster.sql("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", name)[0][0]
    cluster.sql(f"ALTER TABLE partner_stockrecord DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        cluster.sql("UPDATE partner_stockrecord SET num_in_stock = num_allocated WHERE num_allocated > num_in_stock")
        cluster.sql(f"ALTER TABLE partner_stockrecord ADD CONSTRAINT {name} {rule}")


# --- F24 --------------------------------------------------------------------------------------------


def step_races(stage: Stage, url: str, races: int) -> Found:
    """The supplier confirms while the person cancels: one is first, and what follows is legal."""
    cluster, found = stage.cluster, Found()
    won: Counter[str] = Counter()

    def race(ready: Ready) -> None:
        sent = until_heard(lambda: cluster.person(ready.person).submit(ready.draft, ready.rev, ready.draft))
        [number] = numbers(sent)
        supplier = cluster.person(cluster.supplier_of(number), url)
        person = cluster.person(ready.person, url)
        answers = together(
            [
                lambda: supplier.ask("POST", f"/api/v1/orders/{number}/confirm", {}),
                lambda: person.ask("POST", f"/api/v1/orders/{number}/cancel", {}),
            ]
        )
        statuses = "/".join(str(answer.status) for answer in answers)
        won[statuses] += 1
        found.check(statuses in ("200/409", "409/200", "200/200"), f"confirm/cancel: {statuses}")
        steps = cluster.sql(
            "SELECT before, after FROM marketplace_event WHERE subject = %s AND after <> '' ORDER BY id",
            f"order:{number}",
        )
        state = ""
        for before, after in steps:
            found.check(before == state, f"{number}: {before} → {after} after {state or 'nothing'}")
            state = after
        status = cluster.sql("SELECT status FROM order_order WHERE number = %s", number)[0][0]
        found.check(status == state, f"{number} is {status}, its history ends with {state}")

    side_by_side(race, cluster.ready(races))
    found.figures |= {"races": races, "confirm/cancel": dict(won)}
    return found


@fault("F24", "the supplier confirms while the person cancels", "G2 G3", "one is first, the history is linear")
def step_race(stage: Stage) -> Found:
    return step_races(stage, stage.cluster.url, stage.number(6, 1000))


@control("F24", "the lock and the conditional step")
def step_race_without(stage: Stage) -> Found:
    with stage.cluster.twin.weak("steps"):
        return step_races(stage, stage.cluster.twin.url, 4)
