"""A disk without room: of the database, of files and of logs, since they share it here."""

import io
import os
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from PIL import Image

from config.supervision import program_pids
from perf.chaos import drafts
from perf.chaos.cluster import PASSWORD, Person, until_heard
from perf.chaos.suite import Found, NotTried, Stage, control, fault
from perf.portal import RunningPortal

DISK = "900m"  # of which a fresh portal takes some 400
LEFT = 200 * 1024  # bytes of room when it counts as full: a log line fits, a table that grows does not
FULL_FOR = 12.0  # seconds
PORTAL_GROWS = 60.0


class Ballast:
    """A file that takes all the room there is, and gives it back."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def fill(self) -> None:
        room = os.statvfs(self.file.parent)
        with self.file.open("wb") as out:
            os.posix_fallocate(out.fileno(), 0, max(1, room.f_bavail * room.f_frsize - LEFT))

    def leave(self) -> None:
        self.file.unlink(missing_ok=True)


@contextmanager
def small_disk() -> Iterator[Path]:
    """A folder on a disk of its own, of DISK. Raises NotTried where we may not mount one."""
    with tempfile.TemporaryDirectory(prefix="tirek-disk-") as folder:
        Path(folder).chmod(0o755)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", folder], capture_output=True, check=False
        )
        if mounted.returncode:
            raise NotTried("mounting a small disk needs root")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", folder], capture_output=True, check=False)


def _photo() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((1200, 900), 90).convert("RGB").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()[: 500 * 1024]


def _while_full(portal: RunningPortal, token: str, found: Found) -> None:
    """What people get meanwhile: pages, and refusals in words; never an error without them, never a wait."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    photo, refused, slowest = _photo(), 0, 0.0
    until = time.monotonic() + FULL_FOR
    while time.monotonic() < until:
        draft, key = uuid.uuid4(), str(uuid.uuid4())
        save = {"device": "full", "schema": 1, "ops": [{"f": "contact.name", "v": "x" * 120, "base": 0, "seq": 1}]}
        upload = {
            "Upload-Offset": "0", "Upload-Length": str(len(photo)), "Upload-Type": "image/jpeg",
            "Content-Type": "application/octet-stream",
        }  # fmt: skip
        asked = {
            "save": ("PATCH", f"/api/v1/drafts/{draft}", {"json": save, "headers": {"Idempotency-Key": key}}),
            "photo": ("PUT", f"/api/v1/drafts/{draft}/files/{uuid.uuid4()}", {"data": photo, "headers": upload}),
            "home": ("GET", "/ru/", {}),
            "catalogue": ("GET", "/ru/catalog/", {}),
        }
        for what, (method, path, more) in asked.items():
            try:
                answer = session.request(method, f"{portal.url}{path}", timeout=20, **more)  # type: ignore[arg-type]
            except requests.RequestException as error:
                found.check(False, f"{what}: no answer, {type(error).__name__}")
                continue
            slowest = max(slowest, answer.elapsed.total_seconds())
            allowed = {"save": (200, 503), "photo": (204, 404, 503), "home": (200, 503), "catalogue": (200, 503)}[what]
            found.check(answer.status_code in allowed, f"{what}: {answer.status_code} {answer.text[:100]}")
            if answer.status_code == 503:
                refused += 1
                found.check("Retry-After" in answer.headers, f"{what}: refused without a time to come back")
        time.sleep(0.2)
    found.check(refused > 0, "the disk was never full: nothing was refused")
    found.figures["refused in words"] = refused
    found.within("slowest answer, ms", slowest, 10.0)


def _full_disk(stage: Stage, *, trusting: bool = False) -> Found:
    found = Found()
    with small_disk() as folder, RunningPortal(folder / "state") as portal:
        ballast, reports = Ballast(folder / "ballast"), list[drafts.Report]()
        # More saves than the database has room for while the disk is full.
        storm = drafts.Storm(
            acks=stage.number(1500, 4000), web_kills=0, database_kills=0, seed=stage.seed, trusting=trusting
        )
        account = {"username": storm.username, "password": PASSWORD}
        token = until_heard(lambda: Person(portal.url).ask("POST", "/api/v1/auth/token", account)).body["token"]
        before = program_pids(portal.state)
        people = threading.Thread(target=lambda: reports.append(drafts.run(portal, storm)), daemon=True)
        people.start()
        time.sleep(1.0)
        ballast.fill()
        _while_full(portal, token, found)
        ballast.leave()
        people.join(PORTAL_GROWS + drafts.GIVE_UP)
        found.check(bool(reports), "the saves did not go on when there was room again")
        for report in reports:
            found.wrong += report.faults[:5]
            found.figures |= {
                "acknowledged": report.history.count("ok"),
                "tried again": sum(save.tries > 1 for save in report.history.saves),
                "lost": sum("lost" in line for line in report.faults),
            }
        # A database that cannot begin a new file of its log ends itself, and recovers when it can; nobody else may.
        ended = [name for name, pid in program_pids(portal.state).items() if before.get(name) not in (pid, None)]
        found.check(set(ended) <= {"postgres"}, f"ended: {ended}")
        found.figures["database restarted"] = "postgres" in ended
    return found


@fault("F17+F18", "the disk full: database, files, logs", "G1 G6", "refusals in words, all goes on when there is room")
def full_disk(stage: Stage) -> Found:
    return _full_disk(stage)


@control("F17+F18", "receipts: a client that says saved when it has sent")
def full_disk_trusting(stage: Stage) -> Found:
    return Found(wrong=[line for line in _full_disk(stage, trusting=True).wrong if "lost" in line or "there" in line])
