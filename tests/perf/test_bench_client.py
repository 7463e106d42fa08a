"""The load generator counts what happened: good answers, refusals, patience, closed connections."""

import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from perf.bench import client


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(1.0)
        body = b"x" * 1000
        self.send_response(503 if self.path == "/busy" else 200)
        if self.path == "/chunked":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"3e8\r\n" + body + b"\r\n0\r\n\r\n")
            return
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/close":
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("path", ["/plain", "/chunked", "/close"])
def test_closed_loop_counts_whole_answers(port, path):
    result = client.closed_loop(port, client.in_turn([client.prepared("GET", path)]), users=4, seconds=0.5, warm_up=0.1)
    assert set(result.statuses) == {200}
    assert result.statuses[200] == len(result.latencies) > 4
    assert result.sample.count(b"x") == 1000
    assert 0 < result.percentile(0.5) <= result.percentile(0.99)


def test_open_loop_keeps_its_rate_and_counts_from_the_moment_that_was_due(port):
    result = client.open_loop(port, client.in_turn([client.prepared("GET", "/plain")]), rate=100, seconds=1, warm_up=0)
    assert 90 <= sum(result.statuses.values()) + result.late <= 101
    slow = client.open_loop(
        port, client.in_turn([client.prepared("GET", "/slow")]), rate=20, seconds=1, warm_up=0, patience=0.5
    )
    assert slow.statuses[client.GIVEN_UP] >= 18
    assert slow.latencies == []


def test_refusals_are_no_good_answers(port):
    result = client.closed_loop(
        port, client.in_turn([client.prepared("GET", "/busy")]), users=2, seconds=0.3, warm_up=0
    )
    assert result.latencies == []
    assert len(result.refusals) == result.statuses[503] > 0
    assert result.failed == 0


def test_a_server_that_is_not_there_is_a_failure(port):
    result = client.closed_loop(1, client.in_turn([client.prepared("GET", "/")]), users=1, seconds=0.2, warm_up=0)
    assert result.failed == result.statuses[client.BROKEN] > 0
