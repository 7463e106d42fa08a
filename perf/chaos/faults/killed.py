"""Processes that die: workers and the database under load, and at every point of a request."""

import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from perf.chaos import drafts
from perf.chaos.cluster import AWAY, Answer, Cluster, Person, until_heard
from perf.chaos.kills import web_workers
from perf.chaos.suite import Found, Stage, control, fault
from perf.chaos.twin import POINTS

# --- F1, F4 -----------------------------------------------------------------------------------------


def _storm(stage: Stage, storm: drafts.Storm) -> Found:
    report = drafts.run(stage.cluster.portal, storm)
    found = Found(report.figures(), list(report.faults))
    killed, asked = (report.web_kills, report.database_kills), (storm.web_kills, storm.database_kills)
    found.check(killed == asked, f"killed {killed} of {asked}")
    found.check(report.history.count("ok") >= storm.acks, f"only {report.history.count('ok')} saves were acknowledged")
    return found


@fault(
    "F1+F4",
    "web workers and the database killed under saves",
    "G1 G2",
    "nothing acknowledged lost or doubled",
    quick=True,
)
def killed_under_saves(stage: Stage) -> Found:
    quick = drafts.Storm(acks=300, web_kills=2, database_kills=1, seed=stage.seed)
    return _storm(stage, quick if stage.quick else drafts.Storm(seed=stage.seed))


@control("F1+F4", "answers only after the log is on the disk")
def killed_with_early_answers(stage: Stage) -> Found:
    found = Found()
    with _early_answers(stage):
        for turn in range(4):  # a kill right after the log was written loses nothing
            storm = drafts.Storm(acks=200, web_kills=0, database_kills=2, seed=stage.seed + turn)
            found = Found(wrong=[fault for fault in _storm(stage, storm).wrong if "lost" in fault])
            if found.wrong:
                break
    return found


@contextmanager
def _early_answers(stage: Stage) -> Iterator[None]:
    try:
        _role(stage, "SET synchronous_commit TO off")
        yield
    finally:
        _role(stage, "RESET synchronous_commit")


def _role(stage: Stage, setting: str) -> None:
    stage.cluster.sql(f"ALTER ROLE CURRENT_USER {setting}")
    for worker in web_workers(stage.cluster.portal.state):
        worker.kill()  # open connections keep the old setting


# --- F2 ---------------------------------------------------------------------------------------------

Act = tuple[Callable[[str], Answer], Callable[[], int], int]


def _save(stage: Stage, url: str) -> Act:
    """(ask with a key, how often it was done, the status of success)"""
    cluster, draft = stage.cluster, str(uuid.uuid4())
    person = cluster.person(stage.chance.choice(cluster.people), url)
    return (
        lambda key: person.save(draft, {"contact.name": f"chaos {draft}"}, key),
        lambda: cluster.number("SELECT count(*) FROM marketplace_draftsave WHERE draft_id = %s", draft),
        200,
    )


def _submit(stage: Stage, url: str) -> Act:
    [ready] = stage.cluster.ready(1)
    person = stage.cluster.person(ready.person, url)
    return (
        lambda key: person.submit(ready.draft, ready.rev, key),
        lambda: len(stage.cluster.orders_of(ready.draft)),
        201,
    )


def _complaint(stage: Stage, url: str) -> Act:
    cluster, text = stage.cluster, f"Тапсырыс уәде етілген күні келмеді. {uuid.uuid4()}"
    supplier = cluster.sql("SELECT code FROM partner_partner WHERE status = 'approved' ORDER BY code LIMIT 1")[0][0]
    person = cluster.person(stage.chance.choice(cluster.people), url)
    body = {"supplier": supplier, "subject": "late", "sphere": "goods", "text": text, "demand": "refund"}
    return (
        lambda key: person.ask("POST", "/api/v1/complaints", body, idempotency_key=key),
        lambda: cluster.number("SELECT count(*) FROM complaints_complaint WHERE text = %s", text),
        201,
    )


# Before and after the moment that counts.
POINTS_OF_QUICK = ("save.after_commit", "submit.after_commit")
ACTS = {"save": _save, "submit": _submit, "complaint": _complaint}


def die_at(stage: Stage, point: str, found: Found) -> None:
    """Killed at the point, asked again with the same key until heard, and once more."""
    action, when = point.split(".")
    twin, key = stage.cluster.twin, str(uuid.uuid4())
    ask, done, good = ACTS[action](stage, twin.url)
    stage.cluster.until(lambda: Person(twin.url).get("/healthz/live").status == 200, 180)
    twin.orders.give(weak=twin.weaknesses, crash_at=point)
    first = ask(key)
    found.check(first.status == AWAY and not twin.orders.crash_is_due, f"{point}: nobody died, {first.status}")
    twin.orders.give(weak=twin.weaknesses)
    known = when in ("after_commit", "answered")
    found.check(done() == known, f"{point}: done {done()} times when it died")
    second, third = until_heard(lambda: ask(key)), until_heard(lambda: ask(key))
    for answer, again in ((second, known), (third, True)):
        found.expect(answer, good, what=f"{point}, the same key again")
        replayed = bool(answer.headers) and answer.headers.get("Idempotent-Replayed") == "true"
        found.check(replayed == again, f"{point}: replayed {replayed} instead of {again}")
    found.check(second.body == third.body, f"{point}: two answers to one key")
    found.check(done() == 1, f"{point}: done {done()} times")


@fault("F2", "killed between the steps of a request", "G1 G2", "the same key brings the receipt, once done", quick=True)
def killed_at_points(stage: Stage) -> Found:
    found, points, rounds = Found(), POINTS_OF_QUICK if stage.quick else POINTS, stage.number(1, 20)
    for _round in range(rounds):
        for point in points:
            die_at(stage, point, found)
    found.figures |= {"points": len(points), "deaths": len(points) * rounds}
    return found


@control("F2", "idempotency keys")
def killed_without_keys(stage: Stage) -> Found:
    found = Found()
    with stage.cluster.twin.weak("idempotency"):
        die_at(stage, "complaint.after_commit", found)
    return found


# --- F3, F5, F29 ------------------------------------------------------------------------------------

LIVE = "/healthz/live"
BACK_IN = 5.0  # seconds


def _answers(cluster: Cluster) -> bool:
    return Person(cluster.url, patience=1).get(LIVE).status == 200


def _start_takes(cluster: Cluster) -> float:
    """Seconds of an orderly start, which on a busy machine is most of what a kill costs."""
    cluster.stop("web")
    began = time.monotonic()
    cluster.start("web")
    cluster.until(lambda: _answers(cluster), 180)
    return time.monotonic() - began


@fault(
    "F3",
    "the web server's main process killed",
    "G1 G6",
    "back within 5 s (or as soon as an orderly start), drafts intact",
)
def main_killed(stage: Stage) -> Found:
    cluster, found, draft = stage.cluster, Found(), str(uuid.uuid4())
    orderly = _start_takes(cluster)
    person = cluster.person(cluster.people[0])
    found.expect(until_heard(lambda: person.save(draft, {"contact.name": "Айгүл"})), 200, what="save before")
    cluster.kill("web", group=True)  # what is left of it would answer for a moment
    cluster.until(lambda: not _answers(cluster), 10, pause=0.01)
    found.within("back in ms", cluster.until(lambda: _answers(cluster), 180), max(BACK_IN, 1.5 * orderly))
    found.figures["orderly start ms"] = round(orderly * 1000)
    kept = until_heard(lambda: person.get(f"/api/v1/drafts/{draft}"))
    found.check(kept.status == 200 and kept.body["fields"]["contact.name"]["v"] == "Айгүл", "the draft is not intact")
    return found


@control("F3", "a process manager that starts it again")
def main_stopped(stage: Stage) -> Found:
    cluster, found = stage.cluster, Found()
    with cluster.away("web"):
        found.within("back", cluster.until(lambda: _answers(cluster), BACK_IN + 1), BACK_IN)
    cluster.until(lambda: _answers(cluster), 180)
    return found


def _after_restart(stage: Stage, url: str, requests: int) -> Found:
    cluster, found = stage.cluster, Found()
    person = cluster.person(cluster.people[0], url)
    for _connection in range(20):  # every web thread has a connection
        person.get("/api/v1/orders")
    with cluster.away("postgres"):
        pass
    cluster.until(cluster.database_answers, 60)
    answers = [person.get("/api/v1/orders") for _request in range(requests)]
    failed = [answer.status for answer in answers if answer.status != 200]
    found.check(not failed, f"{len(failed)} of {requests} failed: {failed[:5]}")
    found.figures |= {"requests": requests, "failed": len(failed)}
    return found


@fault("F5", "the database restarted under idle connections", "G6", "no request fails afterwards")
def database_restarted(stage: Stage) -> Found:
    return _after_restart(stage, stage.cluster.url, 100)


@control("F5", "health checks of connections")
def database_restarted_without(stage: Stage) -> Found:
    with stage.cluster.twin.weak("connections"):
        return _after_restart(stage, stage.cluster.twin.url, 30)


def _renewed(stage: Stage, how: signal.Signals) -> Found:
    """The web server's workers are renewed under saves; a try that got no answer counts."""
    cluster, acks = stage.cluster, stage.number(200, 2000)
    storm = drafts.Storm(acks=acks, web_kills=0, database_kills=0, seed=stage.seed)
    timers = [threading.Timer(after, lambda: cluster.signal("web", how)) for after in (3, 9)]
    for timer in timers:
        timer.start()
    try:
        report = drafts.run(cluster.portal, storm)
    finally:
        for timer in timers:
            timer.cancel()
    found = Found(report.figures(), list(report.faults))
    found.check(found.figures["tried again"] == 0, f"{found.figures['tried again']} saves needed a second try")
    return found


@fault("F29", "web workers renewed under saves (a release)", "G1 G6", "no save fails")
def renewed(stage: Stage) -> Found:
    return _renewed(stage, signal.SIGHUP)


@control("F29", "an orderly renewal: killed instead")
def renewed_by_force(stage: Stage) -> Found:
    return _renewed(stage, signal.SIGKILL)
