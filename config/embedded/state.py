"""The state folder: what it remembers between starts, and what it tells other processes."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class EmbeddedError(Exception):
    """The embedded services cannot be used; the message says what to do."""


@dataclass(frozen=True)
class ServiceUrls:
    """Where the portal's two services answer, passwords included."""

    database_url: str
    redis_url: str


def make_folder(state: Path) -> Path:
    """The state folder, made when missing; its path without symbolic links."""
    # The servers' account (see home.py) must be able to pass through, not to look around.
    state.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
    return state.resolve()


def read(path: Path) -> dict[str, Any]:
    """A JSON file of the state folder; empty when there is none."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content


def write(path: Path, content: dict[str, Any]) -> None:
    """Replace a JSON file in one step; only the owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    draft.replace(path)


def memory(state: Path) -> dict[str, Any]:
    """What ``prepare`` decided at the first start: folder, ports, passwords. Empty before it."""
    return read(state / "embedded.json")


def remember(state: Path, content: dict[str, Any]) -> None:
    write(state / "embedded.json", content)


@contextmanager
def occupied(state: Path) -> Iterator[None]:
    """Hold the state folder: one portal a folder, and ``service_urls`` sees that it runs.

    The kernel lets go of the lock when this process ends, however it ends.
    """
    state = make_folder(state)
    with (state / "lock").open("a") as lock:
        for attempt in range(20):  # service_urls() holds the lock for a moment, too
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == 19:
                    raise EmbeddedError(
                        f"A portal already runs in {state}: stop it first, or set PORTAL_STATE and "
                        "PORT to run another one beside it."
                    ) from None
                time.sleep(0.05)
        yield


def _is_occupied(state: Path) -> bool:
    try:
        with (state / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def publish(state: Path, urls: ServiceUrls) -> None:
    """Tell other processes (``manage.py``, say) where the services of this running portal answer."""
    content = {"state": str(state.resolve()), "database_url": urls.database_url, "redis_url": urls.redis_url}
    write(state / "services.json", content)


def withdraw(state: Path) -> None:
    """The services are about to stop."""
    (state / "services.json").unlink(missing_ok=True)


def service_urls(state: Path) -> ServiceUrls:
    """Where the services of the portal that runs in ``state`` answer.

    Raises EmbeddedError when none runs. A folder that was copied from a running portal does not count:
    its file names the other portal's services.
    """
    state = state.resolve()
    services = read(state / "services.json")
    if services.get("state") != str(state) or not _is_occupied(state):
        raise EmbeddedError(
            f"No portal runs in {state}, so there is no database to use. Start it with `make run` "
            "(PORTAL_STATE names its folder), or set DATABASE_URL and REDIS_URL."
        )
    return ServiceUrls(services["database_url"], services["redis_url"])
