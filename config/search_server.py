"""A real Elasticsearch server on this machine: fetched by its Maven coordinates, run as an ordinary user.

    python -m config.search_server        (make search-server)

For tests and for trying; a portal that serves people gets a server of its own. The distribution of the
integration tests is the bare server without its analysers, which is all our index needs. Elasticsearch
refuses to run as root: under root it runs as the account of the embedded services. It is kept unpacked in
the state folder and never committed; its licences are its makers'.
"""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from types import TracebackType

from config.embedded import attached_command
from config.embedded.cluster import choose_port
from config.embedded.home import give, locate, make_folder_for
from config.embedded.state import make_folder
from config.programs import state_folder

VERSION = "8.19.5"  # of the server; the client is of the same or an earlier minor version
COORDINATES = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
OLDEST_JAVA = 17
HEAP = "512m"
PORT = 9200
SECONDS_TO_FETCH = 300
SECONDS_TO_BE_READY = 120
SETTINGS = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "xpack.security.enabled": "false",
    "cluster.routing.allocation.disk.threshold_enabled": "false",
}


class Missing(Exception):
    """This machine cannot run the server; the message says what is missing."""


def java_home() -> Path:
    """The home of a Java that runs the server. Raises Missing."""
    program = shutil.which("java")
    if program is None:
        raise Missing(f"Elasticsearch needs Java {OLDEST_JAVA} or newer on PATH")
    home = Path(program).resolve().parent.parent
    release = home / "release"
    found = re.search(r'JAVA_VERSION="(\d+)', release.read_text(encoding="utf-8")) if release.exists() else None
    if found is None or int(found[1]) < OLDEST_JAVA:
        raise Missing(f"Elasticsearch needs Java {OLDEST_JAVA} or newer, {home} is {found[1] if found else 'unknown'}")
    return home


def fetch(folder: Path) -> Path:
    """The unpacked server, fetched from Maven Central when it is not there yet. Raises Missing."""
    programs = folder / f"elasticsearch-{VERSION}"
    with (folder / "fetch.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not programs.exists():
            draft = folder / "fetched"
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            try:
                _download(draft)
                shutil.unpack_archive(draft / f"elasticsearch-{VERSION}.zip", draft)
                for script in (draft / programs.name / "bin").iterdir():
                    script.chmod(0o755)  # the archive's module forgets the rights
                (draft / programs.name).rename(programs)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return programs


def _download(into: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Missing("fetching Elasticsearch needs Maven (mvn) on PATH")
    copy = [maven, "-B", "-q", "dependency:copy", f"-Dartifact={COORDINATES}", f"-DoutputDirectory={into}"]
    try:
        result = subprocess.run(
            copy,
            cwd=into,
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS_TO_FETCH,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"Maven did not fetch {COORDINATES} within {SECONDS_TO_FETCH} s") from None
    if result.returncode != 0:
        said = next((line for line in result.stdout.splitlines() if "ERROR" in line), "no reason given")
        raise Missing(f"Maven cannot fetch {COORDINATES}: {said[:200]}")


class SearchServer:
    """One server with an empty index that this process starts, owns and stops; a context manager.

    It also stops when this process is killed. ``state`` holds the programs; data and settings are in a
    temporary folder unless ``keep`` says that they stay in ``state``. Raises Missing, or RuntimeError with the
    server's last words when it does not come up.
    """

    def __init__(self, state: Path, *, port: int | None = None, keep: bool = False) -> None:
        java = java_home()
        self._home = locate(make_folder(state))
        self._programs = fetch(self._home.folder)
        self.port = choose_port(port)
        self.url = f"http://127.0.0.1:{self.port}"
        self._temporary = not keep
        if keep:
            self.folder = self._home.folder / "run"
            make_folder_for(self.folder, self._home.user)
        else:
            self.folder = Path(tempfile.mkdtemp(prefix="tirek-search-server-"))
            give(self.folder, self._home.user)
        for name in ("data", "logs"):
            make_folder_for(self.folder / name, self._home.user)
        self._settle()
        self.start(java)

    def _settle(self) -> None:
        """Settings of this run's own: the server writes its key store beside them."""
        settings = self.folder / "config"
        shutil.rmtree(settings, ignore_errors=True)
        shutil.copytree(self._programs / "config", settings)
        for path in (settings, *settings.rglob("*")):
            give(path, self._home.user)

    def start(self, java: Path | None = None) -> None:
        """Start the (stopped) server and return when it answers."""
        environment = {
            "PATH": os.defpath,
            "ES_JAVA_HOME": str(java or java_home()),
            "ES_JAVA_OPTS": f"-Xms{HEAP} -Xmx{HEAP}",
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "data"),
        }
        paths = {"path.data": self.folder / "data", "path.logs": self.folder / "logs"}
        ports = {"http.port": self.port, "transport.port": choose_port(None)}
        command = ["/usr/bin/env", *(f"{name}={value}" for name, value in environment.items())]
        command += [str(self._programs / "bin" / "elasticsearch")]
        command += [f"-E{name}={value}" for name, value in {**SETTINGS, **paths, **ports}.items()]
        options = ["--bare"] if self._home.user is None else ["--bare", "--user", self._home.user]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                attached_command(command, *options),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_ready()
        except BaseException:
            self.close()
            raise

    def _wait_ready(self) -> None:
        deadline = time.monotonic() + SECONDS_TO_BE_READY
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_cluster/health", timeout=2) as answer:  # noqa: S310  our own # nosec B310
                    if answer.status == 200:
                        return
            except OSError:
                time.sleep(0.2)
        said = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"Elasticsearch does not answer at {self.url}:\n{said[-3000:]}")

    def stop(self) -> None:
        """Stop the server; its index stays for the next ``start``."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def close(self) -> None:
        """Stop for good; a temporary folder goes."""
        self.stop()
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> "SearchServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def main() -> int:
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_signal: stopped.set())
    try:
        with SearchServer(state_folder() / "search-server", port=PORT, keep=True) as server:
            print(f"Elasticsearch {VERSION} answers: ELASTICSEARCH_URL={server.url} make run\nStop: Ctrl-C", flush=True)
            while not stopped.wait(1):
                if server.process.poll() is not None:
                    print(f"It ended by itself: see {server.folder / 'server.log'}", file=sys.stderr)
                    return 1
    except (Missing, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
