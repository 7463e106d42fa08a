"""The bad line itself: what it promises to do to a connection, it does."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from perf.chaos.proxy import BLACK_HOLE, Line, Proxy

TEXT = b"x" * 5000
heard: list[str] = []


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        heard.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(TEXT)))
        self.end_headers()
        self.wfile.write(TEXT)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    heard.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        with Proxy(server.server_address[1]) as running:
            yield running
        server.shutdown()


def ask(proxy: Proxy, path: str = "/") -> bytes:
    return requests.get(f"{proxy.url}{path}", timeout=2).content


def test_a_good_line_changes_nothing(proxy: Proxy):
    assert ask(proxy) == TEXT


@pytest.mark.parametrize("line", [BLACK_HOLE, Line(half_open=True), Line(refuses=True), Line(cut_after=1000)])
def test_a_broken_line_brings_no_answer_and_a_mended_one_does(proxy: Proxy, line: Line):
    proxy.line = line
    with pytest.raises(requests.RequestException):
        ask(proxy, "/broken")
    assert heard == ([] if line.silent or line.refuses else ["/broken"])
    proxy.line = Line()
    assert ask(proxy) == TEXT


def test_a_slow_line_takes_its_time(proxy: Proxy):
    for line in (Line(latency=0.3), Line(bandwidth=10_000)):
        proxy.line, began = line, time.monotonic()
        assert ask(proxy) == TEXT
        assert time.monotonic() - began >= 0.3


def test_cut_ends_what_is_open(proxy: Proxy):
    proxy.line = BLACK_HOLE
    threading.Timer(0.3, proxy.cut).start()
    with pytest.raises(requests.ConnectionError):
        ask(proxy)
