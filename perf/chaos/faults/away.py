"""Services that are away, silent or sick: what people do must go on."""

import uuid
from collections.abc import Callable

from perf.chaos.cluster import Answer, Cluster, Person, percentile
from perf.chaos.proxy import BLACK_HOLE, GOOD, Line
from perf.chaos.sick_search import WELL
from perf.chaos.suite import Found, Stage, control, fault

FIRST_HIT = 0.4  # seconds on top of a calm answer


# --- What people do ---------------------------------------------------------------------------------


def a_day(cluster: Cluster, url: str, found: Found, *, patience: float = 20.0) -> list[float]:
    """Sign in, browse, search, save, submit, complain (G7); how long each took."""
    [ready] = cluster.ready(1)
    visitor, person = Person(url, patience=patience), cluster.person(ready.person, url, patience)
    account = {"username": ready.person, "password": "demo-portal"}
    supplier = cluster.sql("SELECT code FROM partner_partner WHERE status = 'approved' ORDER BY code LIMIT 1")[0][0]
    complaint = {
        "supplier": supplier,
        "subject": "late",
        "sphere": "goods",
        "text": f"Тапсырыс уәде етілген күні келмеді. {uuid.uuid4()}",
        "demand": "refund",
    }
    steps: list[tuple[str, int, Callable[[], Answer]]] = [
        ("sign in", 200, lambda: visitor.ask("POST", "/api/v1/auth/token", account)),
        ("home", 200, lambda: visitor.get("/ru/")),
        ("catalogue", 200, lambda: visitor.get("/ru/catalog/")),
        ("search", 200, lambda: visitor.get(f"/ru/catalog/search/?q=подгузники+{uuid.uuid4().hex[:4]}")),
        ("mine", 200, lambda: person.get("/api/v1/orders")),
        ("save", 200, lambda: person.save(str(uuid.uuid4()), {"contact.name": "Сынақ"})),
        ("submit", 201, lambda: person.submit(ready.draft, ready.rev, ready.draft)),
        (
            "complain",
            201,
            lambda: person.ask("POST", "/api/v1/complaints", complaint, idempotency_key=str(uuid.uuid4())),
        ),
    ]
    return [found.expect(step(), status, what=name).seconds for name, status, step in steps]


# --- F8: Valkey is not there ------------------------------------------------------------------------


@fault("F8", "Valkey stopped", "G7 G5", "people go on, effects wait and are done when it is back", quick=True)
def valkey_stopped(stage: Stage) -> Found:
    cluster, found = stage.cluster, Found()
    cluster.until(lambda: cluster.waiting() == 0, 120)
    backlog = stage.number(50, 5000)
    with cluster.away("valkey"):
        waits = [second for _turn in range(stage.number(1, 5)) for second in a_day(cluster, cluster.url, found)]
        cluster.sql(
            "INSERT INTO marketplace_outboxrow (topic, key, payload, attempts, error)"
            " SELECT 'chaos.nothing', n::text, '{}', 0, '' FROM generate_series(1, %s) n",
            backlog,
        )
        waiting = cluster.waiting()
        found.check(waiting >= backlog, f"only {waiting} effects wait")
        cluster.forget_valkey()
    drained = cluster.until(lambda: cluster.waiting() == 0, 240)
    found.within("drained in ms", drained, 60 + 2 * percentile(waits, 1.0))
    dead = cluster.number("SELECT count(*) FROM marketplace_outboxrow WHERE dead_at IS NOT NULL")
    found.check(not dead, f"{dead} effects were given up")
    found.figures |= {"requests": len(waits), "failed": len(found.wrong), "effects that waited": waiting}
    return found


@control("F8", "a cache whose failures are misses")
def valkey_stopped_without(stage: Stage) -> Found:
    cluster, found = stage.cluster, Found()
    with cluster.away("valkey"), cluster.twin.weak("cache"):
        a_day(cluster, cluster.twin.url, found, patience=5)
    return found


# --- F9: Valkey says nothing ------------------------------------------------------------------------


def _silent_valkey(stage: Stage, url: str, patience: float) -> Found:
    cluster, found = stage.cluster, Found()
    account = {"username": cluster.people[0], "password": "demo-portal"}
    visitor = Person(url, patience=patience)

    def sign_in() -> Answer:
        return visitor.ask("POST", "/api/v1/auth/token", account)

    calm = stage.calm(sign_in)
    with cluster.silent("valkey"):
        first = found.expect(sign_in(), 200, what="first hit")
        found.within("first hit over calm, ms", max(0.0, first.seconds - calm), FIRST_HIT)
        waits = [
            second for _turn in range(stage.number(2, 20)) for second in a_day(cluster, url, found, patience=patience)
        ]
    found.within("p99 ms", percentile(waits, 0.99), 1.0 + calm)
    found.figures |= {"requests": len(waits), "calm ms": round(calm * 1000)}
    return found


@fault(
    "F9", "Valkey takes connections and says nothing", "G6 G7", "each touch costs at most 0.4 s, then none", quick=True
)
def silent_valkey(stage: Stage) -> Found:
    return _silent_valkey(stage, stage.cluster.url, 20)


@control("F9", "time limits and the breaker")
def silent_valkey_without(stage: Stage) -> Found:
    cluster, found = stage.cluster, Found()
    with cluster.silent("valkey"), cluster.twin.weak("cache"):
        account = {"username": cluster.people[0], "password": "demo-portal"}
        answer = Person(cluster.twin.url, patience=4).ask("POST", "/api/v1/auth/token", account)
        found.expect(answer, 200, what="first hit")
    return found


# --- F10: the search engine is sick -----------------------------------------------------------------


def _search(url: str, patience: float = 20.0) -> Answer:
    # Another question each time: nobody's answer may be kept.
    return Person(url, patience=patience).get(f"/ru/catalog/search/?q=подгузники+{uuid.uuid4().hex[:4]}")


def _sick_search(stage: Stage, illness: str, found: Found, patience: float = 20.0) -> None:
    twin = stage.cluster.twin
    spare = "Отвечает запасной"
    twin.engine.search, twin.line.line = WELL, GOOD
    # The breaker of every web worker lets one search through each ten seconds, until it is answered.
    well = stage.cluster.until(lambda: spare not in str(_search(twin.url).body), 60, pause=0.5)
    found.check(well != float("inf"), f"{illness}: never well before")
    calm = stage.calm(lambda: _search(twin.url))
    if illness == "black hole":
        twin.line.line = BLACK_HOLE
    elif illness == "stopped":
        twin.line.line = Line(refuses=True)
        twin.line.cut()
    else:
        twin.engine.search = (429, {"error": {"type": "es_rejected_execution_exception"}, "status": 429})
    hits = [found.expect(_search(twin.url, patience), 200, what=f"{illness}, search") for _turn in range(6)]
    found.within(f"{illness}: worst over calm, ms", max(0.0, max(hit.seconds for hit in hits) - calm), FIRST_HIT)
    found.check(any(spare in str(hit.body) for hit in hits), f"{illness}: nobody is told of the spare engine")
    twin.engine.search, twin.line.line = WELL, GOOD


@fault(
    "F10",
    "search engine silent, stopped, overloaded",
    "G6 G7",
    "the spare engine answers within 0.4 s, with a notice",
    quick=True,
)
def sick_search(stage: Stage) -> Found:
    found = Found()
    for illness in ("black hole",) if stage.quick else ("black hole", "stopped", "overloaded"):
        _sick_search(stage, illness, found)
    return found


@control("F10", "time limit and breaker")
def sick_search_without(stage: Stage) -> Found:
    found = Found()
    with stage.cluster.twin.weak("search"):
        _sick_search(stage, "black hole", found, patience=4)
    return found


# --- F6, F7: the database is there and has no time --------------------------------------------------


def _row_held(stage: Stage, url: str, patience: float) -> Found:
    """Somebody holds the row of an offer: who sends an application for it hears so, the others feel nothing."""
    cluster, found = stage.cluster, Found()
    [ready] = cluster.ready(1)
    person, visitor = cluster.person(ready.person, url, patience), Person(url, patience=patience)
    calm = stage.calm(lambda: visitor.get("/ru/status/"))
    with cluster.transaction("SELECT 1 FROM partner_stockrecord WHERE id = %s FOR UPDATE", ready.offer):
        told = person.submit(ready.draft, ready.rev, ready.draft)
        found.expect(told, 503, 409, what="submit while the row is held")
        found.check(bool(told.headers) and ("Retry-After" in told.headers or told.status == 409), "no Retry-After")
        found.within("told in ms", told.seconds, 2.0 + calm)
        others = [found.expect(visitor.get("/ru/status/"), 200, 503, what="others").seconds for _turn in range(10)]
    found.within("others p95 ms", percentile(others, 0.95), 0.3 + calm)
    after = person.submit(ready.draft, ready.rev, ready.draft)
    found.expect(after, 201, what="submit afterwards")
    return found


@fault("F6", "a row is held", "G6", "an honest 503 within 2 s, the draft is kept, others feel nothing")
def row_held(stage: Stage) -> Found:
    return _row_held(stage, stage.cluster.url, 20)


@control("F6", "time limits of locks and statements")
def row_held_without(stage: Stage) -> Found:
    with stage.cluster.twin.weak("patience"):
        return _row_held(stage, stage.cluster.twin.url, 5)


def _no_connections(stage: Stage, url: str) -> Found:
    cluster, found = stage.cluster, Found()
    visitor = Person(url)
    calm = stage.calm(lambda: visitor.get("/healthz/ready"))
    with cluster.all_connections() as taken:
        answers = [visitor.get("/healthz/ready") for _turn in range(5)]
        worst = max(visitor.get("/ru/status/").seconds for _turn in range(5))
    found.check(all(answer.status == 503 for answer in answers), f"ready {[answer.status for answer in answers]}")
    found.within("not ready in ms", max(answer.seconds for answer in answers), 0.5 + calm)
    found.within("page in ms", worst, 2.0 + calm)
    back = cluster.until(lambda: visitor.get("/healthz/ready").status == 200, 30)
    found.within("ready again in ms", back, 10)
    found.figures["connections taken"] = taken
    return found


@fault("F7", "every connection of the database taken", "G6", "not ready, quick answers, well again by itself")
def no_connections(stage: Stage) -> Found:
    return _no_connections(stage, stage.cluster.url)


@control("F7", "the question behind readiness")
def no_connections_without(stage: Stage) -> Found:
    with stage.cluster.twin.weak("readiness"):
        return _no_connections(stage, stage.cluster.twin.url)
