"""The processes of the web server are renewed one after another, and somebody listens at every moment."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.programs import BASE_DIR, sockets_of_processes
from tests.patience import PATIENCE

SLOW = 5.0  # seconds to load: more than granian gives a new process before it stops the old one
ORDERLY = "from granian import cli; from config import web_server; cli.Server = web_server.SocketForEach"
HASTY = "del web_server.SocketForEach._respawn_workers"  # the control: granian's fixed time


@pytest.fixture
def served(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A server of one process, and its socket; the application says which process it is."""
    application = tmp_path / "slow_to_load.py"
    application.write_text(
        "import os, pathlib, time\n"
        f"first = pathlib.Path({str(tmp_path / 'loaded')!r})\n"
        f"time.sleep({SLOW} if first.exists() else 0)\n"
        "first.touch()\n"
        "def application(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [str(os.getpid()).encode()]\n"
    )
    at = tmp_path / "web.sock"
    lines = "; ".join([ORDERLY, *([HASTY] if request.param == "hasty" else []), "cli.entrypoint()"])
    options = ["--interface", "wsgi", "--workers", "1", "--workers-kill-timeout", "10", "--uds", str(at)]
    server = subprocess.Popen(
        [sys.executable, "-c", lines, *options, "slow_to_load:application"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{BASE_DIR}:{tmp_path}"},
    )
    [path] = sockets_of_processes(at, 1)
    try:
        yield server, path
    finally:
        server.terminate()
        server.wait(30)


def who(path: Path) -> str:
    """The process that answers at a socket."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(10)
        line.connect(str(path))
        line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := line.recv(4096):
            answer += part
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return answer.rpartition(b"\r\n")[2].decode()


def asked_while_renewed(server: subprocess.Popen[bytes], path: Path) -> tuple[int, int]:
    """How many were answered until the new process had answered ten times, and how many found nobody."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    old = who(path)
    server.send_signal(signal.SIGHUP)
    answered = refused = by_new = 0
    while by_new < 10 and time.monotonic() < deadline:
        try:
            by_new += who(path) != old
            answered += 1
        except OSError:
            refused += 1
        time.sleep(0.01)
    assert by_new == 10
    return answered, refused


@pytest.mark.parametrize("served", ["orderly"], indirect=True)
def test_a_process_goes_when_its_successor_listens(served):
    answered, refused = asked_while_renewed(*served)
    assert refused == 0
    assert answered > 10  # the old one answered meanwhile


@pytest.mark.parametrize("served", ["hasty"], indirect=True)
def test_control_a_fixed_time_leaves_nobody(served):
    _answered, refused = asked_while_renewed(*served)
    assert refused > 0
