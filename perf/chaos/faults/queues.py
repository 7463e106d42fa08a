"""The outbox and its workers: killed, doubled, poisoned."""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from config import programs
from config.embedded import attached_command
from perf.chaos.cluster import Cluster
from perf.chaos.suite import Found, Stage, control, fault
from perf.chaos.twin import KILLED, PUBLISHED
from perf.portal import ROOT

SWEEP = 75.0  # seconds: the requeue runs each minute
TOPIC = "chaos.nothing"  # a topic without a handler: done as soon as a worker has it


def add_rows(cluster: Cluster, number: int, topic: str = TOPIC) -> str:
    """Effects that wait, under a name of their own."""
    name = uuid.uuid4().hex[:12]
    cluster.sql(
        "INSERT INTO marketplace_outboxrow (topic, key, payload, attempts, error)"
        " SELECT %s, %s || '-' || n, '{}', 0, '' FROM generate_series(1, %s) n",
        topic, name, number,
    )  # fmt: skip
    return name


def left(cluster: Cluster, name: str) -> int:
    return cluster.number(
        "SELECT count(*) FROM marketplace_outboxrow WHERE key LIKE %s AND done_at IS NULL", f"{name}-%"
    )


def dead(cluster: Cluster, name: str) -> int:
    return cluster.number(
        "SELECT count(*) FROM marketplace_outboxrow WHERE key LIKE %s AND dead_at IS NOT NULL", f"{name}-%"
    )


def age(cluster: Cluster, name: str) -> None:
    """What was handed on was handed on a minute and more ago."""
    cluster.sql(
        "UPDATE marketplace_outboxrow SET handed_at = handed_at - interval '61 seconds'"
        " WHERE key LIKE %s AND done_at IS NULL AND handed_at IS NOT NULL",
        f"{name}-%",
    )


# --- F11 --------------------------------------------------------------------------------------------


def _workers_killed(stage: Stage, rows: int, kills: int, seconds: float) -> Found:
    cluster, found = stage.cluster, Found()
    name = add_rows(cluster, rows)
    for kill in range(kills):
        cluster.until(lambda: left(cluster, name) < rows, 60)
        cluster.kill("worker", group=bool(kill % 2))
        cluster.until(lambda: "worker" in cluster.running(), 60)
    age(cluster, name)
    found.within("all done in ms", cluster.until(lambda: left(cluster, name) == 0, seconds, pause=0.5), seconds)
    found.check(dead(cluster, name) == 0, f"{dead(cluster, name)} were given up")
    found.figures |= {"effects": rows, "kills": kills, "left": left(cluster, name)}
    return found


@fault("F11", "workers killed, alone and with their children", "G5", "every effect is done")
def workers_killed(stage: Stage) -> Found:
    return _workers_killed(stage, stage.number(200, 1000), stage.number(2, 8), 240)


@control("F11", "the sweep of what was handed on")
def workers_killed_without(stage: Stage) -> Found:
    with stage.cluster.away("beat"), lost_by_the_broker(stage.cluster, 20) as name:
        found = Found()
        found.within("all done", stage.cluster.until(lambda: left(stage.cluster, name) == 0, 10), 10)
        return found


@contextmanager
def lost_by_the_broker(cluster: Cluster, number: int) -> Iterator[str]:
    """Rows that were handed on to a worker that never finished them."""
    with cluster.away("relay"):
        name = add_rows(cluster, number)
        cluster.sql("UPDATE marketplace_outboxrow SET handed_at = now(), attempts = 1 WHERE key LIKE %s", f"{name}-%")
    age(cluster, name)
    yield name
    cluster.sql("UPDATE marketplace_outboxrow SET handed_at = NULL WHERE key LIKE %s AND done_at IS NULL", f"{name}-%")


# --- F13 --------------------------------------------------------------------------------------------


def _relay_killed(stage: Stage, seconds: float) -> Found:
    cluster, found = stage.cluster, Found()
    twin = cluster.twin
    with cluster.away("relay"):
        name = add_rows(cluster, 20)
        twin.orders.give(crash_at=PUBLISHED)
        done = subprocess.run(
            [sys.executable, "-m", "perf.chaos.twin", "relay", "--once"],
            cwd=ROOT, env=twin.environment(), capture_output=True, timeout=300, check=False,
        )  # fmt: skip
        twin.orders.give()
        found.check(done.returncode == KILLED, f"the relay did not die: {done.returncode} {done.stderr[-300:]!r}")
    # The first is with a worker, the others were marked and never published.
    cluster.until(lambda: left(cluster, name) <= 19, 30)
    waiting = left(cluster, name)
    age(cluster, name)
    found.within("all done in ms", cluster.until(lambda: left(cluster, name) == 0, seconds, pause=0.5), seconds)
    found.check(dead(cluster, name) == 0, f"{dead(cluster, name)} were given up")
    found.figures |= {"effects": 20, "left when it died": waiting}
    return found


@fault("F13", "the relay killed after it published", "G5", "the rest goes out again, nothing is given up")
def relay_killed(stage: Stage) -> Found:
    return _relay_killed(stage, 2 * SWEEP)


@control("F13", "the sweep of what was handed on")
def relay_killed_without(stage: Stage) -> Found:
    with stage.cluster.away("beat"):
        return _relay_killed(stage, 10)


# --- F12 --------------------------------------------------------------------------------------------


MADE_DUE = (
    "UPDATE complaints_complaint SET respond_by = current_date - %s, due_at = now() - interval '2 days',"
    " due_explained = jsonb_set(due_explained, '{kind}', '\"calendar\"') WHERE status IN ('with_seller', 'with_body', 'escalated')"
    " RETURNING 'complaint:' || number"
)
MOVES_OF = (
    "SELECT subject, kind, count(*) FROM marketplace_event WHERE id > %s AND actor_id IS NULL AND subject = ANY(%s)"
    " AND kind IN ('complaint.ignored', 'complaint.escalated', 'complaint.overdue') GROUP BY 1, 2"
)
SWEEPS_AT_ONCE = 4


def _sweeps_at_once(cluster: Cluster, found: Found, days: int) -> set[str]:
    """Cases whose time is over since ``days``, and several sweeps of the clock that look at them in the same moment.

    Answers which of them were not moved.
    """
    before = cluster.number("SELECT coalesce(max(id), 0) FROM marketplace_event")
    due = [row[0] for row in cluster.sql(MADE_DUE, days)]
    sweeps = [
        subprocess.Popen(
            [sys.executable, "-m", "perf.chaos.twin", "run_clock"], cwd=ROOT, env=cluster.twin.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _sweep in range(SWEEPS_AT_ONCE)
    ]  # fmt: skip
    for sweep in sweeps:
        sweep.wait(180)
    moves = cluster.sql(MOVES_OF, before, due)
    doubled = [(subject, kind, times) for subject, kind, times in moves if times > 1]
    unmoved = set(due) - {subject for subject, _kind, _times in moves}
    found.figures |= {"cases due": len(due), "moved": len(due) - len(unmoved)}
    found.check(not doubled, f"{len(doubled)} cases were moved twice: {doubled[:3]}")
    return unmoved


@fault("F12", "two beats, no beat", "G4 G5", "no case is moved twice; what waited is done within two minutes")
def beats(stage: Stage) -> Found:
    cluster, found = stage.cluster, Found()
    command = [part if part != str(programs.state_folder() / "beat-schedule") else str(cluster.portal.state / "beat-2")
               for part in programs.beat().arguments]  # fmt: skip
    second = subprocess.Popen(
        attached_command(command), cwd=ROOT, env=cluster.twin.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        unmoved = _sweeps_at_once(cluster, found, 3)
        found.check(not unmoved, f"{len(unmoved)} cases whose time is over were not moved")
        found.check(found.figures["moved"] >= 3, "too few cases to judge by")
        time.sleep(stage.number(0, 130))
        found.check(second.poll() is None, "the second beat did not run")
    finally:
        second.terminate()
        second.wait(20)
    with cluster.away("beat"), lost_by_the_broker(cluster, 20) as name:
        found.check(left(cluster, name) == 20, "somebody swept without a beat")
        cluster.start("beat")
        found.within("caught up in ms", cluster.until(lambda: left(cluster, name) == 0, 120, pause=0.5), 120)
    return found


@control("F12", "the clock's lock, its step's row and its conditional update")
def sweeps_without_a_lock(stage: Stage) -> Found:
    found = Found()
    with stage.cluster.away("beat"), stage.cluster.twin.weak("clock", "steps"):
        _sweeps_at_once(stage.cluster, found, 4)  # another day: the steps of the first one stand
    return found


# --- F26 --------------------------------------------------------------------------------------------


def _poison(stage: Stage, attempts: int) -> Found:
    cluster, found = stage.cluster, Found()
    name = uuid.uuid4().hex[:12]
    first = add_rows(cluster, 10)
    calm = cluster.until(lambda: left(cluster, first) == 0, 60)
    cluster.sql(
        "INSERT INTO marketplace_outboxrow (topic, key, payload, attempts, error) VALUES ('notice.send', %s, '{}', %s, '')",
        f"{name}-poison", attempts,
    )  # fmt: skip
    others = add_rows(cluster, 10)
    found.within("others done in ms", cluster.until(lambda: left(cluster, others) == 0, 60), 5 + calm)
    cluster.until(lambda: dead(cluster, name) == 1, 15)
    found.check(dead(cluster, name) == 1, "the poison was not set aside")
    cluster.sql("DELETE FROM marketplace_outboxrow WHERE key = %s", f"{name}-poison")
    return found


@fault("F26", "a poison message", "G5", "set aside after its last try, the others flow")
def poison(stage: Stage) -> Found:
    return _poison(stage, 9)


@control("F26", "a last try: it has nine more")
def poison_without(stage: Stage) -> Found:
    return _poison(stage, 0)


# --- F14 --------------------------------------------------------------------------------------------

MESSAGES = (
    "WITH made AS (INSERT INTO marketplace_notice"
    " (kind, subject, channel, language, address, title, text, otherwise, status, attempts, reference, error, dedupe)"
    " SELECT 'chaos', '', 'sms', 'ru', '+77000000001', '', 'x', '', 'created', 0, '', '', %s || '-' || n"
    " FROM generate_series(1, %s) n RETURNING id)"
    " INSERT INTO marketplace_outboxrow (topic, key, payload, attempts, error)"
    " SELECT 'notice.send', id::text, '{}', 0, '' FROM made"
)
SLOW = 4.0  # seconds: an answer just before our patience ends


def _sick_gateway(stage: Stage, messages: int) -> Found:
    """A gateway that is slow, then fails, then is well again; what becomes of messages, and of everything else."""
    cluster, gateway, found = stage.cluster, stage.cluster.gateway, Found()
    assert gateway is not None, "started without the stand-in for the SMS provider"
    cluster.until(lambda: cluster.waiting() == 0, 120)
    first = add_rows(cluster, 10)
    calm = cluster.until(lambda: left(cluster, first) == 0, 60)
    name = uuid.uuid4().hex[:12]
    unsent = "SELECT count(*) FROM marketplace_notice WHERE dedupe LIKE %s AND status <> 'sent'"
    try:
        gateway.seconds = SLOW
        cluster.sql(MESSAGES, name, messages)
        cluster.until(lambda: cluster.number(unsent, f"{name}-%") < messages, 30)
        others = add_rows(cluster, 10)
        found.within("others, gateway slow, ms", cluster.until(lambda: left(cluster, others) == 0, 60), 3 + calm)
        gateway.status = 500
        others = add_rows(cluster, 10)
        found.within("others, gateway failing, ms", cluster.until(lambda: left(cluster, others) == 0, 60), 3 + calm)
    finally:
        gateway.seconds, gateway.status = 0.0, 202
    found.within("all sent in ms", cluster.until(lambda: not cluster.number(unsent, f"{name}-%"), 180, pause=0.5), 180)
    twice = sum(number > 1 for number in gateway.taken.values())
    found.check(not twice, f"{twice} messages were taken twice")
    found.figures |= {"messages": messages, "taken twice": twice, "calm ms": round(calm * 1000)}
    return found


@fault("F14", "the SMS gateway slow, then failing", "G5 G7", "every message goes out once, nothing else waits for it")
def sick_gateway(stage: Stage) -> Found:
    return _sick_gateway(stage, stage.number(10, 40))


@control("F14", "a queue of its own for what waits for others")
def sick_gateway_without(stage: Stage) -> Found:
    cluster = stage.cluster
    command = list(programs.worker().arguments)
    command[command.index("--queues") + 1] = "celery,talk"
    with cluster.away("worker"), cluster.away("talker"):
        everything = subprocess.Popen(
            attached_command(command), cwd=ROOT, env=cluster.twin.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            return _sick_gateway(stage, 40)
        finally:
            everything.terminate()
            everything.wait(30)
