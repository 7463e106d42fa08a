"""A portal of its own for measurements and black-box tests: real processes, own state, free port."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from config import embedded

ROOT = Path(__file__).resolve().parent.parent
SECONDS_TO_START = 600  # a machine that many work on at a time is slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningPortal:
    """`make run` in a state folder of its own, stopped at the end of the block."""

    def __init__(self, state: Path, *, fresh: bool = True, **environment: str):
        self.state, self.fresh = state, fresh
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Not the services of whoever starts us: this portal brings its own.
        foreign = {"DATABASE_URL", "REDIS_URL", "ELASTICSEARCH_URL", "DJANGO_SETTINGS_MODULE", "DEMO", "PORTAL_URL"}
        self.environment = {name: value for name, value in os.environ.items() if name not in foreign}
        self.environment |= {"PORT": str(self.port), "PORTAL_STATE": str(state), **environment}

    def __enter__(self) -> "RunningPortal":
        if self.fresh:
            embedded.discard(self.state)
        self.state.mkdir(parents=True, exist_ok=True)
        self.output = (self.state / "launcher.log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.processes", "--attached"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
        )
        deadline = time.monotonic() + SECONDS_TO_START
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.state / "launcher.log").read_text(encoding="utf-8", errors="replace")[-4000:])
            time.sleep(0.2)
        return self

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz/ready", timeout=2) as answer:  # noqa: S310  loopback
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def manage(self, *arguments: str, timeout: float = 600) -> str:
        """Run manage.py against this portal's services for at most ``timeout`` seconds; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env={**self.environment, "STATEMENT_TIMEOUT_MS": "0", "IDLE_TIMEOUT_MS": "0"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=70)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
