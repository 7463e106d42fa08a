"""What is measured: pages, searches, saves and walks of the portal, and what stock Oscar has in their place."""

import itertools
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import psycopg2

from perf.bench import walks
from perf.bench.client import Next, Result, closed_loop, in_turn, prepared
from perf.bench.visitor import Refused, Visitor

LANGUAGE = walks.LANGUAGE
USERS = 8  # at a time, for both shops; saves come from twice as many
TYPE = "adult-diapers"  # what scale people are entitled to
TYPES = (TYPE, "wheelchair-manual-standard", "elbow-crutches", "walking-stick", "rollator-adult", "bath-board")
RUSSIAN = ("подгузники", "кресло-коляска", "костыли", "трость", "ходунки", "доска для ванны")
KAZAKH = ("кресло-арба", "балдақ", "тірек таяқ", "жүріс тірегі")
SLIPS = ("калясска", "падгузники", "кастыли", "ходунький")
BEGINNINGS = ("по", "кол", "кост", "крес", "бал", "тір", "ход", "тро")
DRAFTS = 400
PRODUCTS = 200
LONG = "Есік қоңырауы істемейді. " * 8


@dataclass(frozen=True)
class Length:
    """How long one measurement takes, in seconds, how many are at it at a time, and how many answers it must have."""

    seconds: float
    warm_up: float
    users: int = USERS
    at_least: int = 0

    def closed(self, port: int, requests: Next) -> Result:
        return closed_loop(
            port, requests, users=self.users, seconds=self.seconds, warm_up=self.warm_up, at_least=self.at_least
        )

    def walked(self, one: Sequence[walks.Walk]) -> Result:
        return walks.walking(one[: self.users], self.seconds, self.warm_up, self.at_least)


@dataclass(frozen=True)
class Case:
    """One row's measurement on one side. ``load(length)`` measures.

    For counting statements: ``one`` asks once, each of ``first`` for a page that nobody asked for yet; ``last`` does
    all but the last step and returns that. ``requests``: what an open loop may send.
    """

    row: str
    side: str
    load: Callable[[Length], Result]
    one: Callable[[], object] | None = None
    first: Sequence[Callable[[], object]] = ()
    last: Callable[[], Callable[[], object]] | None = None
    requests: Next | None = None


@dataclass
class Goods:
    """What the portal holds: products of the measured types as (id, slug, type), names of products, brands."""

    products: list[tuple[int, str, str]] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    brands: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, database_url: str) -> "Goods":
        with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.execute(
                "SELECT d.product_id, d.slug, c.code FROM catalogue_productdocument d"
                " JOIN catalogue_productclass c ON c.id = d.type_id WHERE d.offer_count > 0"
                " ORDER BY c.code = %s DESC, md5(d.product_id::text) LIMIT 2000",
                [TYPE],
            )
            products = cursor.fetchall()
            cursor.execute(
                "SELECT titles ->> %s FROM catalogue_productdocument ORDER BY md5(product_id::text) LIMIT 2000",
                [LANGUAGE],
            )
            titles = [title for (title,) in cursor.fetchall()]
            cursor.execute("SELECT DISTINCT brand FROM catalogue_productdocument WHERE brand <> ''")
            return cls(products, titles, [brand for (brand,) in cursor.fetchall()])


def pages(row: str, side: str, port: int, paths: Sequence[str], unseen: Sequence[str] = (), cookie: str = "") -> Case:
    """Closed loop over ``paths``; those of ``unseen`` are kept for counting what a first look costs."""
    headers = {"Accept-Language": LANGUAGE, **({"Cookie": cookie} if cookie else {})}
    requests = [prepared("GET", quoted(path), headers=headers, port=port) for path in paths]

    def look(path: str) -> Callable[[], object]:
        return lambda: Visitor(port).send("GET", quoted(path), headers=headers, expected=200)

    return Case(
        row,
        side,
        lambda length: length.closed(port, in_turn(requests)),
        look(paths[0]),
        [look(path) for path in unseen],
        requests=in_turn(requests),
    )


def quoted(path: str) -> str:
    return quote(path, safe="/?=&%")


def cookie_of(visitor: Visitor) -> str:
    return "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())


def portal_pages(port: int, goods: Goods) -> list[Case]:
    """Pages of anonymous visitors."""
    catalogue = f"/{LANGUAGE}/catalog"
    product_paths = [f"{catalogue}/{slug}_{pk}/" for pk, slug, _kind in goods.products]
    words = (*RUSSIAN, *KAZAKH, *SLIPS)
    kinds = [code for code in TYPES if any(kind == code for _pk, _slug, kind in goods.products)]
    return [
        pages("list", "portal", port, [f"{catalogue}/search/?page={n}" for n in range(1, 6)],
              [f"{catalogue}/search/?page={n}&sort=price" for n in range(1, 4)]),
        pages("type", "portal", port, [f"{catalogue}/{kind}/" for kind in kinds],
              [f"{catalogue}/{kind}/?sort=-price" for kind in kinds[:3]]),
        pages("product", "portal", port, product_paths[3:PRODUCTS], product_paths[:3]),
        pages("search", "portal", port, [f"{catalogue}/search/?q={word}" for word in words],
              [f"{catalogue}/search/?q={word}&sort=price" for word in RUSSIAN[:3]]),
        fresh(port, words, goods),
        pages("suggest", "portal", port, [f"/api/v1/suggest?q={text}" for text in BEGINNINGS]),
    ]  # fmt: skip


def fresh(port: int, words: Sequence[str], goods: Goods) -> Case:
    """Searches with a price limit that no other names and that leaves nothing out, so no kept page answers: a third for a
    word, a third for a word and a brand, a third for the name of a product.
    """
    numbers = itertools.count(10_000_000)

    def path(turn: int) -> str:
        word, round_ = words[turn % len(words)], turn // len(words)
        asked = (
            word,
            f"{word} {goods.brands[round_ % len(goods.brands)]}" if goods.brands else word,
            goods.titles[turn % len(goods.titles)] if goods.titles else word,
        )[round_ % 3]
        return f"/{LANGUAGE}/catalog/search/?q={asked}&price_to={turn}"

    def ask() -> bytes:
        return prepared("GET", quoted(path(next(numbers))), headers={"Accept-Language": LANGUAGE}, port=port)

    def look() -> object:
        return Visitor(port).send(
            "GET", quoted(path(next(numbers))), headers={"Accept-Language": LANGUAGE}, expected=200
        )

    return Case("fresh", "portal", lambda length: length.closed(port, ask), look, requests=ask)


def portal_signed_in(port: int, people: Sequence[Visitor], supplier: Visitor) -> list[Case]:
    """The list with fit verdicts, saves with a session's CSRF token, the walk, and a supplier's work lists."""
    person = people[0]
    path = f"/{LANGUAGE}/catalog/{TYPE}/"
    chosen = [(visitor, walks.Chosen(visitor, TYPE, turn)) for turn, visitor in enumerate(people[:USERS])]

    def walk(visitor: Visitor, goal: walks.Chosen) -> walks.Walk:
        return lambda: walks.walk_portal(visitor, TYPE, goal)

    saves = Saves(people)
    one = Saves(people[:1], drafts=1)
    return [
        pages("fit", "portal", port, [path, f"{path}?fits=1"], cookie=cookie_of(person)),
        Case(
            "save", "portal",
            lambda length: replace(length, users=2 * length.users).closed(port, saves),
            one.send,
            requests=saves,
        ),
        Case(
            "walk", "portal",
            lambda length: length.walked([walk(*pair) for pair in chosen]),
            walk(*chosen[0]),
            last=lambda: walks.fill_in(chosen[0][0], TYPE, chosen[0][1])[0],
        ),
        pages("work", "portal", port, [f"/{LANGUAGE}/supplier/"], cookie=cookie_of(supplier)),
        pages("inbox", "portal", port, [f"/{LANGUAGE}/supplier/complaints/"], cookie=cookie_of(supplier)),
    ]  # fmt: skip


def portal_complaints(port: int, ministry: Visitor, database_url: str) -> list[Case]:
    """What grows with complaints and their events: the list of all, and single cases with their history."""
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT number FROM complaints_complaint ORDER BY md5(number) LIMIT %s", [PRODUCTS])
        numbers = [number for (number,) in cursor.fetchall()]
    cookie = cookie_of(ministry)
    return [
        pages("complaints", "portal", port, [f"/{LANGUAGE}/complaints/"], cookie=cookie),
        pages("case", "portal", port, [f"/{LANGUAGE}/review/{number}/" for number in numbers], cookie=cookie),
    ]


class Saves:
    """Saves of many drafts of several people, each of other content under a key of its own: requests in turn.

    0.5 KB: a field that people write much into, and a short one.
    """

    def __init__(self, people: Sequence[Visitor], drafts: int = DRAFTS, port: int = 0) -> None:
        """``port``: of another server than the one that the people signed in to."""
        self.turn = itertools.count()
        self.run = uuid.uuid4().hex[:8]
        values = {"delivery.comment": f"@ {LONG}", "contact.name": "Өлшеу @"}
        operations = [{"f": name, "v": value, "base": 0, "seq": 1} for name, value in values.items()]
        body = json.dumps({"device": "bench", "schema": 1, "ops": operations}, ensure_ascii=False)
        self.port = port or people[0].port
        self.templates = [
            prepared(
                "PATCH",
                f"/api/v1/drafts/{uuid.uuid4()}",
                headers={
                    "Content-Type": "application/json",
                    "X-CSRFToken": people[number % len(people)].csrf,
                    "Cookie": cookie_of(people[number % len(people)]),
                    "Idempotency-Key": f"bench-{self.run}-@",
                },
                body=body.replace("@", "0" * 9).encode(),
                port=self.port,
            )
            .replace(b"%", b"%%")
            .replace(b"@", b"%(n)09d")
            .replace(b"0" * 9, b"%(n)09d")
            for number in range(drafts)
        ]

    def __call__(self) -> bytes:
        number = next(self.turn)
        return self.templates[number % len(self.templates)] % {b"n": number}

    def send(self) -> object:
        """One save, over a connection of its own."""
        visitor = Visitor(self.port)
        answer = visitor.exchange(self())
        if answer.status != 200:
            raise Refused(f"save: {answer.status} {answer.text[:300]}")
        return answer


def key_of(request: bytes) -> str:
    """The idempotency key of a request."""
    at = request.index(b"Idempotency-Key: ") + 17
    return request[at : request.index(b"\r\n", at)].decode()


def oscar_cases(side: str, port: int, database_url: str, *, searches: bool) -> list[Case]:
    """Stock Oscar's pages; its list pages and searches through Haystack only while there is an index."""
    with psycopg2.connect(database_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT p.id, p.slug FROM catalogue_product p ORDER BY md5(p.id::text) LIMIT %s", [PRODUCTS])
        products = cursor.fetchall()
        cursor.execute("SELECT id, slug FROM catalogue_category WHERE slug = ANY(%s)", [list(TYPES)])
        categories = cursor.fetchall()
    paths = [f"/catalogue/{slug}_{pk}/" for pk, slug in products]
    cases = []
    if searches or side == "dbbrowse":
        cases += [
            pages("list", side, port, [f"/catalogue/?page={n}" for n in range(1, 6)]),
            pages("type", side, port, [f"/catalogue/category/{slug}_{pk}/" for pk, slug in categories]),
        ]
    cases.append(pages("product", side, port, paths))
    if side == "dbbrowse":
        return cases
    if searches:
        cases.append(pages("search", side, port, [f"/search/?q={word}" for word in RUSSIAN]))
    add = adding(port, [pk for pk, _slug in products])
    turns = itertools.cycle(products)

    def walk() -> object:
        pk, slug = next(turns)
        return walks.walk_oscar(Visitor(port), f"/catalogue/{slug}_{pk}/", pk)

    cases += [
        Case(
            "save", side,
            lambda length: length.closed(port, in_turn(add)),
            lambda: Visitor(port).exchange(add[0]),
        ),
        Case("walk", side, lambda length: length.walked([walk] * length.users), walk),
    ]  # fmt: skip
    return cases


def adding(port: int, products: Sequence[int]) -> list[bytes]:
    """ "Add to basket" of new visitors: what comes nearest to the save of a draft."""
    token = "a" * 32  # CSRF compares the form's with the cookie's
    body = f"csrfmiddlewaretoken={token}&quantity=1".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={token}"}
    return [prepared("POST", f"/basket/add/{pk}/", headers=headers, body=body, port=port) for pk in products]


def limit_cases(plain_port: int, portal_port: int, *, static: bool, pgbench: Any) -> list[Case]:
    """A plain view on the same server, a static file by the same nginx, PostgreSQL's own update."""
    cases = [pages("plain", "limit", plain_port, ["/"])]
    if static:
        cases.append(pages("static", "limit", portal_port, ["/static/app/plain.css"]))

    def update(length: Length) -> Result:
        seconds = max(1, round(length.seconds))
        rate, milliseconds = pgbench.run(seconds)
        return Result(seconds, latencies=[milliseconds / 1000] * round(rate * seconds))

    return [*cases, Case("pgbench", "limit", update)]
