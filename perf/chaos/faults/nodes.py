"""More than one machine, on one: two web nodes behind nginx of which one dies, and a copy of the database that takes over."""

import os
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from signal import SIGTERM

import psutil
import psycopg2

from config import embedded
from config.embedded import state as state_folder
from config.embedded.home import as_user, give, locate, make_folder_for
from config.proxy import front_command
from perf.bench.servers import Server, portal_web
from perf.chaos.cluster import Cluster, Person, until_heard
from perf.chaos.suite import Found, NotTried, Stage, control, fault
from perf.portal import free_port

READERS, SAVERS = 3, 2
MOST_WAITING = 10.0
PAGES = ("/ru/catalog/", "/api/v1/products", "/ru/", "/ru/reports/")


def node(cluster: Cluster, name: str, **environment: str) -> Server:
    """A web node of the portal on a port of its own."""
    folder = cluster.portal.state / "chaos"
    folder.mkdir(exist_ok=True)
    return portal_web(name, cluster.portal, folder, probe="/healthz/ready", **environment)


@contextmanager
def front(cluster: Cluster, *nodes: Server) -> Iterator[str]:
    """nginx in front of the nodes, with the portal's own settings; its address."""
    port = free_port()
    command = front_command(
        cluster.portal.state, "127.0.0.1", port, [f"127.0.0.1:{one.port}" for one in nodes], "chaos-proxy"
    )
    if command is None:
        raise NotTried("there is no nginx for this platform")
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        Cluster.until(lambda: Person(url).get("/healthz/live").status == 200, 20)
        yield url
    finally:
        process.send_signal(SIGTERM)
        process.wait(15)


class Crowd:
    """People who read and save without a pause; what they were told."""

    def __init__(self, cluster: Cluster, url: str, readers: int = READERS, savers: int = SAVERS) -> None:
        self.cluster, self.url = cluster, url
        self.over = threading.Event()
        self.reads: list[tuple[int, float]] = []
        self.saved: list[str] = []
        self.slowest = 0.0
        people = [cluster.person(cluster.people[number], url) for number in range(savers)]
        self.threads = [threading.Thread(target=self._read, args=(turn,), daemon=True) for turn in range(readers)]
        self.threads += [threading.Thread(target=self._save, args=(person,), daemon=True) for person in people]

    def _read(self, turn: int) -> None:
        visitor = Person(self.url)
        while not self.over.is_set():
            answer = visitor.get(PAGES[turn % len(PAGES)])
            self.reads.append((answer.status, answer.seconds))
            turn += 1

    def _save(self, person: Person) -> None:
        draft, number = str(uuid.uuid4()), 0
        while not self.over.is_set():
            key, number = str(uuid.uuid4()), number + 1
            fields = {"contact.name": f"chaos {number}"}
            # As the browser does it: the same save under the same key until it is acknowledged.
            answer = until_heard(lambda key=key, fields=fields: person.save(draft, fields, key), 15)
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status in (200, 409):
                self.saved.append(key)

    @contextmanager
    def busy(self) -> Iterator["Crowd"]:
        for thread in self.threads:
            thread.start()
        try:
            yield self
        finally:
            self.over.set()
            for thread in self.threads:
                thread.join(30)

    def lost(self, database_url: str) -> int:
        """Acknowledged saves that this database does not have."""
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT count(DISTINCT key) FROM marketplace_draftsave WHERE key = ANY(%s)", [self.saved])
            return len(self.saved) - int(cursor.fetchone()[0])  # type: ignore[index]


def kill_node(server: Server) -> None:
    """As a machine that loses its power: the main process and its workers."""
    main = psutil.Process(server.process.pid)
    for process in [*main.children(recursive=True), main]:
        process.kill()


# --- A node dies --------------------------------------------------------------------------------------


def _a_node_dies(stage: Stage, nodes: int) -> Found:
    found, cluster = Found(), stage.cluster
    with ExitStack() as made:
        running = [made.enter_context(node(cluster, f"node-{number}")) for number in range(nodes)]
        crowd = Crowd(cluster, made.enter_context(front(cluster, *running)))
        with crowd.busy():
            time.sleep(stage.number(2, 5))
            before = len(crowd.reads)
            kill_node(running[0])
            time.sleep(stage.number(4, 15))
        failed = [status for status, _seconds in crowd.reads if status != 200]
        found.figures |= {"pages read": len(crowd.reads), "refused": len(failed), "saves": len(crowd.saved)}
        found.check(not failed, f"{len(failed)} pages of {len(crowd.reads)} were refused: {sorted(set(failed))}")
        found.check(len(crowd.reads) > before, "nobody read anything after the node died")
        found.check(crowd.lost(cluster.services.database_url) == 0, "acknowledged saves are missing")
        found.within(
            "slowest answer, ms", max([crowd.slowest, *(seconds for _status, seconds in crowd.reads)]), MOST_WAITING
        )
    return found


@fault("F31", "one of two web nodes loses its power", "G1 G6", "no page refused, no acknowledged save lost")
def a_node_dies(stage: Stage) -> Found:
    return _a_node_dies(stage, 2)


@control("F31", "the second node")
def the_only_node_dies(stage: Stage) -> Found:
    return _a_node_dies(stage, 1)


# --- The database is lost, its copy takes over -----------------------------------------------------------


class Owner:
    """The superuser of the portal's own PostgreSQL."""

    def __init__(self, cluster: Cluster) -> None:
        memory = state_folder.memory(cluster.portal.state.resolve())
        self.password, self.port = memory["superuser_password"], memory["postgres_port"]

    def say(self, *statements: str) -> None:
        connection = psycopg2.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=self.password, dbname="postgres"
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()


@contextmanager
def confirmed_by_the_copy(owner: Owner) -> Iterator[None]:
    """A commit is answered when the copy has it on its disk, too (docs/operations.md)."""
    owner.say("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (*)'", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        owner.say("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


def _copy_takes_over(stage: Stage, *, confirmed: bool) -> Found:
    found, cluster = Found(), stage.cluster
    owner = Owner(cluster)
    with ExitStack() as made:
        copy = made.enter_context(embedded.RunningCopy(cluster.portal.state))
        settings = made.enter_context(ExitStack())
        if confirmed:
            settings.enter_context(confirmed_by_the_copy(owner))
            time.sleep(1.0)
        crowd = Crowd(cluster, cluster.url, readers=0)
        with crowd.busy():
            time.sleep(stage.number(2, 6))
            if not confirmed:
                copy.kill()  # nobody waits for it: the database goes on without
                time.sleep(2.0)
            began = time.monotonic()
            cluster.kill("postgres", group=True)
            crowd.over.set()
        with cluster.away("postgres"):
            if not confirmed:
                copy.start()
            copy.promote()
            with node(cluster, "taken-over", DATABASE_URL=copy.url) as server:
                found.within("saves again, ms", time.monotonic() - began, 120)
                url = f"http://127.0.0.1:{server.port}"
                person, draft = cluster.person(cluster.people[0], url), str(uuid.uuid4())
                found.expect(person.save(draft, {"contact.name": "after"}), 200, what="a save on the new database")
                found.expect(Person(url).get("/ru/catalog/"), 200, what="the catalogue")
            lost = crowd.lost(copy.url)
            found.figures |= {"acknowledged": len(crowd.saved), "lost": lost}
            found.check(lost == 0, f"{lost} of {len(crowd.saved)} acknowledged saves are lost")
        Cluster.until(cluster.database_answers, 60)
    return found


@fault(
    "F32", "the database is lost and its copy takes over", "G1", "no acknowledged save lost; one command, one address"
)
def copy_takes_over(stage: Stage) -> Found:
    return _copy_takes_over(stage, confirmed=True)


@control("F32", "commits that wait for the copy")
def copy_that_lagged_takes_over(stage: Stage) -> Found:
    return Found(wrong=[line for line in _copy_takes_over(stage, confirmed=False).wrong if "lost" in line])


# --- A backup is brought back to a minute -------------------------------------------------------------------


@contextmanager
def wal_archived(owner: Owner, cluster: Cluster) -> Iterator[Path]:
    """Every segment of the log goes to a folder as it is written, as docs/operations.md wants of a server of one's own."""
    home = locate(cluster.portal.state.resolve())
    folder = home.folder / "wal-archive"
    shutil.rmtree(folder, ignore_errors=True)
    make_folder_for(folder, home.user)
    receiver = subprocess.Popen(
        [
            *(str(home.postgres_programs / "pg_receivewal"), "--directory", str(folder), "--no-password"),
            *("--host", "127.0.0.1", "--port", str(owner.port), "--username", "postgres"),
        ],
        env={"PATH": os.defpath, "LC_ALL": "C", "PGPASSWORD": owner.password},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", umask=0o077,
        **as_user(home.user),
    )  # fmt: skip
    try:
        yield folder
    finally:
        receiver.terminate()
        receiver.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


def _brought_back(stage: Stage, *, archived: bool) -> Found:
    """A base backup, saves, the moment, a mistake that destroys them; the backup is brought back to the moment."""
    found, cluster = Found(), stage.cluster
    owner = Owner(cluster)
    with ExitStack() as made:
        archive = made.enter_context(wal_archived(owner, cluster))
        backup = embedded.RunningCopy(cluster.portal.state, follows=False)
        crowd = Crowd(cluster, cluster.url, readers=0)
        with crowd.busy():
            time.sleep(stage.number(3, 10))
        moment = cluster.sql("SELECT clock_timestamp()")[0][0]
        kept = cluster.sql(DIGEST, crowd.saved)[0]
        time.sleep(1.0)
        cluster.sql(
            "UPDATE marketplace_draftsave SET answer = '{}', device = 'mistake' WHERE key = ANY(%s)", crowd.saved
        )
        segment = cluster.sql("SELECT pg_walfile_name(pg_current_wal_lsn())")[0][0]
        owner.say("SELECT pg_switch_wal()")
        Cluster.until((archive / segment).exists, 60)
        if archived:
            with (backup.data / "postgresql.auto.conf").open("a") as settings:
                settings.write(
                    f"restore_command = 'cp \"{archive}/%f\" \"%p\"'\nrecovery_target_time = '{moment.isoformat()}'\n"
                    "recovery_target_action = 'promote'\n"
                )
            (backup.data / "recovery.signal").touch()
            give(backup.data / "recovery.signal", backup.home.user)
        began = time.monotonic()
        made.enter_context(backup)
        with psycopg2.connect(backup.url) as connection, connection.cursor() as cursor:
            cursor.execute(DIGEST, [crowd.saved])
            again = cursor.fetchone()
        found.within("brought back in ms", time.monotonic() - began, 600)
        found.figures |= {"saves before the moment": kept[0]}
        found.check(kept[0] > 0, "nothing was saved")
        found.check(again == kept, f"of {kept[0]} saves before the moment {again[0] if again else 0} are as they were")
        connection.close()
    return found


DIGEST = "SELECT count(*), md5(string_agg(s::text, '|' ORDER BY s.id)) FROM marketplace_draftsave s WHERE key = ANY(%s)"


@fault(
    "F30", "a backup brought back to a minute", "G1", "what was saved before the mistake is there, the mistake is not"
)
def brought_back(stage: Stage) -> Found:
    return _brought_back(stage, archived=True)


@control("F30", "the archived log: the base backup alone")
def base_backup_alone(stage: Stage) -> Found:
    return _brought_back(stage, archived=False)
