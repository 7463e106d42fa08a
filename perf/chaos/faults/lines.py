"""Bad lines: clients that drip, connections that come and go."""

import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle
from urllib.parse import urlsplit

from config.programs import WEB_WORKERS
from perf.bench.servers import Server
from perf.chaos import drafts
from perf.chaos.cluster import Person, percentile
from perf.chaos.proxy import BLACK_HOLE, GOOD, Line, Proxy
from perf.chaos.suite import Found, Stage, control, fault

# --- F19 --------------------------------------------------------------------------------------------

HEADERS = b"GET /healthz/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = b"POST /api/v1/auth/token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


@contextmanager
def dripping(port: int, number: int, beginnings: Sequence[bytes]) -> Iterator[None]:
    """``number`` clients of each beginning, who never come to an end."""
    open_ones: list[socket.socket] = []
    over = threading.Event()
    for beginning in beginnings:
        for _client in range(number):
            client = socket.create_connection(("127.0.0.1", port), timeout=5)
            client.sendall(beginning)
            open_ones.append(client)

    def drip() -> None:
        while not over.wait(1.0):
            for client in open_ones:
                try:
                    client.sendall(b"X: y\r\n")
                except OSError:
                    continue  # the server had enough of it

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(5)
        for client in open_ones:
            client.close()


def _beside_drippers(url: str, path: str, clients: int, requests: int, beginnings: Sequence[bytes]) -> Found:
    found, visitor = Found(), Person(url, patience=5)
    calm = Stage.calm(lambda: visitor.get(path))
    with dripping(urlsplit(url).port or 80, clients, beginnings):
        answers = [Person(url, patience=5).get(path) for _request in range(requests)]
    good = sum(answer.status == 200 for answer in answers)
    found.check(good >= 0.99 * requests, f"{good} of {requests} were answered")
    found.within("p99 ms", percentile([answer.seconds for answer in answers], 0.99), 1.0 + calm)
    found.figures |= {"slow clients": len(beginnings) * clients, "of": requests, "answered": good}
    return found


@fault("F19", "slow clients", "G6", "others are answered as on any day")
def slow_clients(stage: Stage) -> Found:
    # Without nginx in front a web thread reads a body as slowly as it comes: the report says that it was not tried.
    proxied = "proxy" in stage.cluster.running()
    beginnings = (HEADERS, BODY) if proxied else (HEADERS,)
    found = _beside_drippers(stage.cluster.url, "/ru/catalog/", 100, stage.number(20, 200), beginnings)
    found.figures["slow bodies"] = "tried" if proxied else "**not tried: no nginx here**"
    return found


@control("F19", "a server that reads slow clients beside its workers")
def slow_clients_without(stage: Stage) -> Found:
    command = [
        *(sys.executable, "-m", "gunicorn", "perf.bench.plain:application", "--bind", "127.0.0.1:{port}"),
        *("--workers", str(WEB_WORKERS), "--worker-class", "sync"),
    ]
    folder = stage.cluster.portal.state / "chaos"
    folder.mkdir(exist_ok=True)
    with Server("sync", command, {"DJANGO_SETTINGS_MODULE": "perf.bench.plain"}, folder) as server:
        return _beside_drippers(f"http://127.0.0.1:{server.port}", "/", 20, 3, (HEADERS,))


# --- F22 --------------------------------------------------------------------------------------------

BAD_LINES = (BLACK_HOLE, Line(half_open=True), Line(cut_after=100), GOOD, Line(latency=0.5), Line(bandwidth=5_000))


def _flapping(stage: Stage, storm: drafts.Storm) -> Found:
    over = threading.Event()
    with Proxy(stage.cluster.url) as proxy:

        def flap() -> None:
            for line in cycle(BAD_LINES):
                proxy.line = line
                proxy.cut()
                if over.wait(stage.number(1, 2)):
                    break
            proxy.line = GOOD

        # The storm's own questions need a line, too: it is good again as soon as everybody has enough.
        thread = threading.Thread(target=flap, daemon=True)
        ending = threading.Timer(stage.number(20, 300), over.set)
        thread.start()
        ending.start()
        try:
            report = drafts.run(stage.cluster.portal, storm, url=proxy.url)
        finally:
            over.set()
            ending.cancel()
            thread.join(10)
    figures = report.figures()
    return Found({name: figures[name] for name in ("acknowledged", "tried again", "faults", "worst s")}, report.faults)


@fault("F22", "the line comes and goes", "G1", "what said saved is there, once")
def flapping_line(stage: Stage) -> Found:
    storm = drafts.Storm(acks=stage.number(100, 2000), web_kills=0, database_kills=0, seed=stage.seed, patience=3)
    found = _flapping(stage, storm)
    found.check(found.figures["tried again"] > 0, "the line was too good")
    return found


@control("F22", "receipts: the client trusts a silent line")
def flapping_line_without(stage: Stage) -> Found:
    # More than a good line takes before the next bad one.
    acks = stage.number(300, 1000)
    storm = drafts.Storm(acks=acks, web_kills=0, database_kills=0, seed=stage.seed, patience=1, trusting=True)
    return _flapping(stage, storm)
