"""Whose data come out to whom: marked values of the demo country, every page and answer, held against leaks.txt.

Each look at somebody else's data must also have left its row in the read log (guarantee G8). What leaves by other ways
(queues, search, caches, logs, reports of errors, messages) is in test_leaks_elsewhere.py.
"""

import copy
import io
import logging
import os
import re
import shutil
import subprocess
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpResponseBase
from django.test import Client, override_settings

from complaints.models import Complaint
from marketplace import access
from marketplace.models import PersonRecord, ReadLog, User
from orders import selectors as order_selectors
from orders.models import Order
from tests.rights import matrix
from tests.rights.markers import Mark, Marks, put_everywhere, unmarked
from tests.rights.world import Thing, World, clients, undone

TABLE = Path(__file__).parent / "leaks.txt"
WRITES = os.environ.get("RIGHTS") == "write"
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rights leaks")]
# Names and addresses of those who work here, and of shops.
STAFF = ("marketplace.User.", "partner.Partner.", "partner.Application.", "complaints.MysteryVisitor.")
IN_ADDRESS = re.compile(r'(?:href|action|src)="(?!tel:|mailto:)([^"]*zq[a-j]{6}q[^"]*)"')
EACH = 2  # pages of a route that are read in each language
# Files and searches that have no route of their own, by who may ask for them.
QUESTIONS = (
    ("reviewer", "GET", "/en/feedback/visits/fees/?as=csv", {}),
    ("reviewer", "GET", "/en/feedback/board/?as=csv", {}),
    ("caseworker", "POST", "/en/office/people/", {"q": "а"}),
    ("hotline", "POST", "/en/hotline/", {"what": "NAME"}),
)


@dataclass
class Seen:
    """What the crawl found, and what it went through."""

    marks: Marks
    world: World
    shown: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    where: dict[tuple[str, str, str], str] = field(default_factory=dict)
    unlogged: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    cached: set[str] = field(default_factory=set)
    logged: list[str] = field(default_factory=list)
    kin: dict[tuple[str, int], str] = field(default_factory=dict)
    # Pages that told somebody of people, by role and route; how many answers there were by method and language.
    telling: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    asked: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    looks: int = 0  # answers that held a mark of somebody else


class Lines(logging.Handler):
    """Log lines as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        writes = next(handler for handler in logging.getLogger().handlers if "structlog" in str(handler.formatter))
        self.setFormatter(writes.formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def log_lines() -> Iterator[list[str]]:
    lines, root = Lines(), logging.getLogger()
    root.addHandler(lines)
    try:
        yield lines.lines
    finally:
        root.removeHandler(lines)


@pytest.fixture(scope="module")
def seen(country: World) -> Iterator[Seen]:
    """Every page and answer that a role is let in to, with its own, a neighbour's and a stranger's things."""
    # As a real installation: the demonstration shows everybody what was sent to phones.
    with undone(), override_settings(DEMO=False):
        marks = put_everywhere()
        found = Seen(marks, World())
        browsers = clients(found.world)
        with log_lines() as lines:
            for role in browsers:
                crawl(role, browsers[role], found)
            for role, method, path, asked in QUESTIONS:
                look(method, path, path, role, browsers[role], found, _with_words(asked))
            translations = list(_translations(found))
            for role, path, name in translations:
                look("GET", path, name, role, browsers[role], found)
        found.logged = [line for line in lines if marks.found_in(line)]
        yield found


def _with_words(asked: dict[str, str]) -> dict[str, str]:
    person = User.objects.exclude(phone="").filter(record__isnull=False).earliest("pk")
    words = {"NAME": person.full_name.split()[0]}
    return {name: words.get(value, value) for name, value in asked.items()}


def _translations(found: Seen) -> Iterator[tuple[str, str, str]]:
    """The pages that tell of people, in the other two languages."""
    for (role, name), paths in found.telling.items():
        for path in paths[:EACH]:
            for language in ("kk", "ru"):
                yield role, path.replace("/en/", f"/{language}/", 1), name


def crawl(role: str, client: Client, found: Seen, only: set[str] | None = None) -> None:
    """All that the role is let in to: what it reads, and what it hears of what it sends."""
    user = found.world.users[role]
    for route in matrix.routes():
        if only and route.name not in only:
            continue
        if "GET" in route.methods and route.policy.admits(user or AnonymousUser()):
            for path in matrix.addresses(route, user, found.world):
                look("GET", path, route.name, role, client, found)
        for method in {"POST", "PUT", "PATCH", "DELETE"} & set(route.methods):
            if not route.policy.admits(user or AnonymousUser(), method):
                continue
            for path in {matrix.address(route, found.world, user, relation) for relation in ("own", "near", "far")}:
                if path is not None:
                    look(method, path, route.name, role, client, found, body=route.body)


def look(
    method: str,
    path: str,
    name: str,
    role: str,
    client: Client,
    found: Seen,
    asked: dict[str, str] | None = None,
    body: bytes = b"",
) -> None:
    """One answer: what it says of whom, whether the look was written down, what stayed behind."""
    cache.clear()
    user, cookies = found.world.users[role], copy.deepcopy(client.cookies)
    with undone():
        last = ReadLog.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        response = client.post(path, asked) if asked else matrix.knock(client, method, path, body)
        said = text_of(response)
        here = found.marks.found_in(said)
        rows = ReadLog.objects.filter(pk__gt=last, actor=user).exclude(purpose="") if here else ReadLog.objects.none()
        logged = set(rows.values_list("person_id", flat=True))
    client.cookies = cookies  # what was undone in the database is undone in the browser too
    found.answers += 1
    language = path[1:3] if path[:4] in {"/kk/", "/ru/"} else ""
    found.asked[language or method] += 1
    found.cached |= {f"{name} {mark.column}" for mark in found.marks.found_in(remembered())}
    found.addresses |= {f"{name} {role}: {address}" for address in IN_ADDRESS.findall(said)}
    strangers = 0
    for mark in here:
        if mark.person is None:
            if not mark.column.startswith(STAFF):
                found.shown[role, "nameless"].add(mark.column)
                found.where.setdefault((role, "nameless", mark.column), path)
            continue
        kin = found.kin.get((role, mark.person)) or kin_of(found.world, role, mark.person)
        found.kin[role, mark.person] = kin
        found.shown[role, kin].add(mark.column)
        found.where.setdefault((role, kin, mark.column), path)
        strangers += kin != "own"
        if kin != "own" and mark.person not in logged:
            found.unlogged.add(f"{role} {name} {mark.column}")
    found.looks += bool(strangers)
    if method == "GET" and path.startswith("/en/") and any(mark.person is not None for mark in here):
        found.telling[role, name].append(path)


def remembered() -> str:
    """Keys and values of every kind that an answer left in Valkey, broker and cache alike."""
    valkey = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    parts: list[Any] = []
    for key in valkey.keys("*"):
        kind = valkey.type(key)
        parts.append(key)
        if kind == b"string":
            parts.append(valkey.get(key))
        elif kind == b"list":
            parts += valkey.lrange(key, 0, -1)
        elif kind == b"hash":
            parts += [part for pair in valkey.hgetall(key).items() for part in pair]
        elif kind == b"set":
            parts += valkey.smembers(key)
        elif kind == b"zset":
            parts += valkey.zrange(key, 0, -1)
    return "\n".join(_unpacked(part).decode("latin-1") for part in parts if part)


def _unpacked(part: bytes) -> bytes:
    """With what is packed in it: kept pages are."""
    at = part.find(b"\x1f\x8b\x08")
    return part + (zlib.decompressobj(31).decompress(part[at:]) if at >= 0 else b"")


def text_of(response: HttpResponseBase) -> str:
    """What an answer says, in whatever form, and where it sends to."""
    content = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined, arg-type]
    kind = response.headers.get("Content-Type", "")
    if kind == "application/pdf":
        said = _of_pdf(content)
    elif content[:4] == b"PK\3\4":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            said = "\n".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    else:
        said = "" if kind.startswith("image/") else content.decode("utf-8", "replace")
    return f"{response.headers.get('Location', '')}\n{said}"


def _of_pdf(content: bytes) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    return subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True).stdout.decode()


def kin_of(world: World, role: str, person_id: int) -> str:
    """What the person is to who looks: own, office (hers), client (of the shop), case (before the body), other."""
    actor = world.users[role]
    if actor is None:
        return "other"
    if actor.pk == person_id:
        return "own"
    if actor.role == "supplier":
        return "client" if Order.objects.filter(partner__users=actor, user=person_id).exists() else "other"
    if actor.role == "inspector":
        told = Complaint.objects.filter(complainant=person_id, addressee_authority=actor.authority_id)
        return "case" if told.exists() else "other"
    relation = world.relation(actor, Thing(None, person=User.objects.get(pk=person_id)))
    if actor.role == "caseworker":
        return "office" if relation == "own" else "other"
    return "own" if relation == "own" else "other"


def table() -> dict[tuple[str, str], set[str]]:
    found = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            who, columns = line.split("|")
            role, kin = who.split()
            found[role, kin] = set(columns.split())
    return found


def leaks(seen: Seen) -> list[str]:
    allowed = table()
    return [
        f"{role} sees {column} of {kin} at {seen.where[role, kin, column]}"
        for (role, kin), columns in seen.shown.items()
        for column in sorted(columns - allowed.get((role, kin), set()))
    ]


HEAD = """# Which personal columns (docs/data-classes.md, P2 and P3) come out to whom on pages and in answers of the API. What is not here must
# not come out: test_leaks.py. Who looks, whose: own (hers, her ward's), office (of the same office), client (of the shop), case (before the
# body), other; nameless: of people who have no account, or whose row says not whose it is. Written by RIGHTS=write, read before it is kept.
"""


@pytest.mark.skipif(not WRITES, reason="only with RIGHTS=write")
def test_write_the_table(seen):
    rows = [f"{role:<12} {kin:<7} | {' '.join(sorted(seen.shown[role, kin]))}\n" for role, kin in sorted(seen.shown)]
    TABLE.write_text(HEAD + "".join(rows), encoding="utf-8")


def test_personal_values_come_out_only_where_the_table_lets_them(seen):
    assert leaks(seen) == []
    assert seen.answers > 2500 and seen.looks > 50, "the crawl went round, and saw what others may see"
    assert min(seen.asked[how] for how in ("GET", "POST", "kk", "ru")) > 100, seen.asked


def test_nobody_sees_people_without_signing_in(seen):
    assert [key for key in seen.shown if key[0] == "anonymous"] == []


def test_no_identity_number_is_in_the_table():
    """They come out to the person herself, on the page of what is kept of her; to nobody else, in no form."""
    seen_by = [who for who, columns in table().items() if any("iin" in column for column in columns)]
    assert {kin for _role, kin in seen_by} <= {"own"}


def test_each_look_at_somebody_else_left_its_row(seen):
    assert sorted(seen.unlogged) == []


def test_no_mark_is_in_an_address_in_a_line_of_the_log_or_in_the_cache(seen):
    assert (sorted(seen.addresses), seen.logged, sorted(seen.cached)) == ([], [], [])


def test_every_personal_column_was_marked(seen):
    assert sorted(unmarked(seen.marks)) == []


# --- Controls: what the crawl would find ---------------------------------------------------------------------------


def _again(seen: Seen, role: str, *names: str) -> Seen:
    """The same marks, some doors once more."""
    found = Seen(seen.marks, seen.world)
    crawl(role, clients(seen.world)[role], found, set(names))
    return found


def test_control_a_planted_leak_is_caught(seen, monkeypatch):
    monkeypatch.setattr(order_selectors, "shows_contact", lambda actor, order: True)
    found = _again(seen, "reviewer", "orders:detail", "api:get_order")
    assert {"order.Order.contact_name", "order.Order.contact_phone"} <= found.shown["reviewer", "other"]
    assert any("reviewer sees order.Order.contact_phone" in leak for leak in leaks(found))


def test_control_a_look_that_leaves_no_row_is_caught(seen, monkeypatch):
    monkeypatch.setattr(access, "log_read", lambda **facts: None)
    assert _again(seen, "caseworker", "orders:office_person").unlogged


def test_control_an_address_a_log_line_and_a_kept_value_are_caught(seen):
    record = PersonRecord.objects.exclude(address="").earliest("pk")
    mark = Mark("marketplace.PersonRecord.address", record.user_id)
    assert mark in seen.marks.found_in(f"before {record.address} after")
    assert IN_ADDRESS.findall(f'<a href="/en/people/?q={record.address}">') != []
    cache.set("planted", record.address)
    assert mark in seen.marks.found_in(remembered())
    cache.clear()
    with log_lines() as lines:
        logging.getLogger("somewhere").warning("cannot serve %s", record.address)
    assert mark in seen.marks.found_in("".join(lines))
