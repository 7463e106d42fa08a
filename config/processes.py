"""`make run`: every process of the portal on one machine, started, kept alive and stopped together.

    python -m config.processes [--attached]

prepares the services, starts supervisor with the programs postgres, valkey, proxy, web, worker, talker, relay and
beat (the first two only when DATABASE_URL and REDIS_URL do not name others, the proxy where nginx's wheel is
installed), brings everything up to date, prints the address, and stays in the foreground. What dies is started
again, without end.

Nothing is left behind: Ctrl-C, SIGTERM and SIGHUP stop all of it in order, and when this process or
supervisor is killed the kernel tells the rest to stop (config/attached.py). With --attached that also
holds for this process and the one that started it: make, say.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from xmlrpc.client import Fault  # nosec B411

from config import embedded
from config.attached import die_with_parent
from config.embedded.home import claim, private_folder
from config.programs import BASE_DIR, PROGRAMS, state_folder, web, web_address
from config.proxy import proxy_command, web_socket
from config.supervision import control_socket, supervisor, supervisor_settings
from config.upkeep import Upkeep, UpkeepError

SECONDS_TO_STOP = 60
SECONDS_TO_BE_READY = 180


class StartError(Exception):
    """The portal cannot start; the message says what to do."""


class Stopped(BaseException):
    """Somebody asked the portal to stop. Not an error, so nothing on the way may catch it as one."""


def say(text: str) -> None:
    print(text, flush=True)


def portal_environment(state: Path, urls: embedded.ServiceUrls) -> dict[str, str]:
    """What every program gets: our environment without make's own variables, and each choice spelt out."""
    foreign = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKE_TERMERR", "MAKE_TERMOUT", "VIRTUAL_ENV", "PYTHONHOME"}
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    demo = environment.get("DEMO", "1").strip().lower()
    return {
        **environment,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PORTAL_STATE": str(state),
        "PORT": str(web_address()[1]),
        "DATABASE_URL": urls.database_url,
        "REDIS_URL": urls.redis_url,
        "DEMO": "0" if demo in ("0", "false", "no", "off", "") else "1",
        "PYTHONUNBUFFERED": "1",
    }


# --- The launcher ----------------------------------------------------------------------------------


class Portal:
    """One run of the portal in one state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.logs = state / "log"
        self.host, self.port = web_address()
        self.programs = {name: make() for name, make in PROGRAMS.items()}
        self.services: dict[str, list[str]] = {}  # what they stand on, in the order of starting
        self.supervisord: subprocess.Popen[bytes] | None = None

    # Supervisor ...........................................................................

    def start_supervisor(self, environment: dict[str, str]) -> None:
        """Start supervisor, and with it the embedded services; return when it takes orders."""
        settings = self.state / "supervisord.conf"
        if control_socket(self.state).parent != self.state:
            claim(private_folder(self.state))
        settings.write_text(supervisor_settings(self.state, self.services, list(self.programs.values())))
        with (self.logs / "supervisord.out").open("wb") as output:
            self.supervisord = subprocess.Popen(
                embedded.attached_command([sys.executable, "-m", "config.manager", "-c", str(settings)]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=BASE_DIR,
                # Python's warnings about supervisor's own imports help nobody here.
                env={**environment, "PYTHONWARNINGS": "ignore"},
                # Ctrl-C in the terminal is for us: we stop everything in order.
                start_new_session=True,
            )
        deadline = time.monotonic() + 15
        while True:
            try:
                with supervisor(self.state) as manager:
                    manager.getState()
                return
            except (OSError, http.client.HTTPException) as error:
                if self.supervisord.poll() is not None or time.monotonic() > deadline:
                    raise StartError(f"supervisor did not start: see {self.logs / 'supervisord.out'}") from error
            time.sleep(0.05)

    def start_programs(self) -> None:
        """Start the portal's own programs; return when the web server answers.

        It starts alone, because the imports of all four at once take everybody three times as long.
        """
        self._start("web")
        self.wait_for_web()
        for name in self.programs.keys() - {"web"}:
            self._start(name)

    def _start(self, name: str) -> None:
        with supervisor(self.state) as manager:
            manager.startProcess(f"portal:{name}", False)

    def gave_up_on(self) -> list[str]:
        """Programs that ended at once, again and again."""
        with supervisor(self.state) as manager:
            states = manager.getAllProcessInfo()
        return [f"{info['group']}:{info['name']}" for info in states if info["statename"] == "FATAL"]

    def stop(self) -> None:
        """Stop everything that was started, in order; kill what does not end in time."""
        if self.supervisord is None:
            return
        with suppress(ProcessLookupError):
            self.supervisord.terminate()
        try:
            self.supervisord.wait(timeout=SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.supervisord.kill()
            self.supervisord.wait()
        self._end_left_over(seconds=0)

    def _left_over(self) -> list[int]:
        """Processes of supervisor's session that outlived it."""
        assert self.supervisord is not None
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if os.getsid(int(entry.name)) == self.supervisord.pid:
                    found.append(int(entry.name))
        return found

    def _end_left_over(self, seconds: float) -> None:
        """Give what outlived supervisor ``seconds`` to end by itself, then kill it."""
        deadline = time.monotonic() + seconds
        while self._left_over() and time.monotonic() < deadline:
            time.sleep(0.1)
        for pid in self._left_over():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # The way up ...........................................................................

    def await_predecessor(self) -> None:
        """Return when nothing runs of a portal in this folder whose launcher was killed: it is stopping."""
        deadline = time.monotonic() + SECONDS_TO_STOP
        while time.monotonic() < deadline:
            try:
                with supervisor(self.state) as manager, suppress(Fault):  # it answers so while it is stopping
                    manager.getPID()
            except (OSError, http.client.HTTPException):
                return
            time.sleep(0.2)
        raise StartError(f"An earlier portal in {self.state} does not stop: see {self.logs / 'supervisord.log'}")

    def check_port(self) -> None:
        """Raises StartError when somebody else listens where we want to."""
        with socket.socket(socket.AF_INET6 if ":" in self.host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                raise StartError(
                    f"Cannot listen on {self.host}:{self.port} ({error.strerror}). "
                    f"Choose another port: make run PORT={self.port + 1}"
                ) from error

    def prepare_services(self) -> embedded.ServiceUrls:
        """The services' addresses: the given ones, or embedded ones made ready to start."""
        given = embedded.ServiceUrls(os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", ""))
        if given.database_url and given.redis_url:
            return given
        made = embedded.prepare(self.state)
        if not given.database_url:
            self.services["postgres"] = embedded.postgres_command(self.state)
        if not given.redis_url:
            self.services["valkey"] = embedded.valkey_command(self.state)
        return embedded.ServiceUrls(given.database_url or made.database_url, given.redis_url or made.redis_url)

    def prepare_proxy(self) -> None:
        """Put nginx in front of the web server, where there is one."""
        command = proxy_command(self.state, self.host, self.port)
        if command is not None:
            self.services["proxy"] = command
            self.programs["web"] = web(web_socket(self.state))

    def wait_for_web(self) -> None:
        """Return when /healthz/ready answers 200."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound # nosec B104
        deadline = time.monotonic() + SECONDS_TO_BE_READY
        answer = "no answer"
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(host, self.port, timeout=5)
            try:
                connection.request("GET", "/healthz/ready", headers={"Host": "localhost"})
                response = connection.getresponse()
                if response.status == 200:
                    return
                answer = f"status {response.status}"
            except (OSError, http.client.HTTPException):
                if "portal:web" in self.gave_up_on():
                    break
            finally:
                connection.close()
            time.sleep(0.1)
        log = self.logs / "web.log"
        last_words = log.read_text(encoding="utf-8", errors="replace")[-3000:] if log.exists() else ""
        raise StartError(f"The web server is not ready ({answer}). The end of {log}:\n{last_words}")

    def run(self) -> None:
        """Start, keep alive, until Stopped."""
        self.logs.mkdir(exist_ok=True, mode=0o700)
        self.await_predecessor()
        self.check_port()
        urls = self.prepare_services()
        self.prepare_proxy()
        environment = portal_environment(self.state, urls)
        self.start_supervisor(environment)
        embedded.wait_ready(urls, valkey="valkey" in self.services)
        embedded.publish(self.state, urls)
        accounts = Upkeep(self.state, environment, say).run()
        self.start_programs()
        self._greet(accounts)
        self.watch(environment)

    def watch(self, environment: dict[str, str]) -> None:
        """Keep supervisor alive, and make it try again what it gave up on."""
        assert self.supervisord is not None
        while True:
            time.sleep(1)
            if self.supervisord.poll() is not None:
                say("The process manager died: starting it again.")
                # The kernel told its programs to stop. Two web servers at once would quarrel over the socket.
                self._end_left_over(seconds=20)
                self.start_supervisor(environment)
                for name in self.programs:
                    self._start(name)
                continue
            with suppress(OSError, http.client.HTTPException, Fault):
                for name in self.gave_up_on():
                    with supervisor(self.state) as manager:
                        manager.startProcess(name, False)

    def _greet(self, accounts: str) -> None:
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - compared, not bound # nosec B104
        say(f"\nTirek is ready: http://{host}:{self.port}/\nLogs: {self.logs}   Stop: Ctrl-C\n\n{accounts}".rstrip())


# --- Signals ---------------------------------------------------------------------------------------


@contextmanager
def _stop_signals() -> Iterator[None]:
    """The first of SIGINT, SIGTERM and SIGHUP raises Stopped; later ones cannot disturb the stopping."""
    names = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, frame: FrameType | None) -> None:
        for name in names:
            signal.signal(name, signal.SIG_IGN)
        raise Stopped

    for name in names:
        signal.signal(name, stop)
    yield


def main() -> int:
    if sys.argv[1:] == ["--attached"]:
        die_with_parent(signal.SIGTERM)
    elif sys.argv[1:]:
        print("usage: python -m config.processes [--attached]", file=sys.stderr)
        return 2
    state = state_folder()
    try:
        with _stop_signals(), embedded.occupied(state):
            portal = Portal(state)
            try:
                portal.run()
            finally:
                for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    signal.signal(name, signal.SIG_IGN)
                embedded.withdraw(state)
                portal.stop()
    except Stopped:
        say("\nStopped.")
        return 0
    except (StartError, UpkeepError, embedded.EmbeddedError, ValueError) as error:
        print(f"\n{error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
