"""Every route with everybody: walks the URL resolver, knocks at each door, says what happened in letters.

Whom the policy keeps out is asked once, since the door does not look at the thing; whom it lets in is asked with a
thing of each relation. Pages are not drawn here (the crawl of test_leaks.py draws them all): of a refusal we keep which
page it is and what it says.
"""

import contextlib
import copy
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import unquote

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.template import loader
from django.test import Client, override_settings
from django.urls import LocalePrefixPattern, URLPattern, URLResolver, get_resolver

from complaints.models import Complaint
from marketplace import policy
from marketplace.api import anyone, api
from marketplace.models import User
from orders.models import Order
from tests.rights.world import RELATIONS, ROLES, World, clients, undone, writes

TABLE = Path(__file__).parent / "routes.txt"
MISSING_CASE = "KZ-79-2020-0009999"
MISSING_UUID = "00000000-0000-4000-8000-000000000000"
# What a read may write: who looked, the visitor's session, and how often a code was scanned.
WRITTEN_BY_READS = {"marketplace_readlog", "django_session", "marketplace_idempotencykey"}
# Addresses of things: parameter (or route with parameter) → kind of thing and the key of one that does not exist.
NUMBERS = {
    "person_id": "person", "entitlement_id": "entitlement", "notice_id": "notice", "need_id": "need", "offer_id": "offer",
    "application_id": "application", "listing_id": "listing", "feedback_id": "feedback", "visit_id": "visit",
    "task_id": "call", "board_id": "board", "minutes_id": "minutes", "measure_id": "measure", "fine_id": "fine",
    "entry_id": "outreach", "day_id": "day", "cell_id": "cell", "signal_id": "signal", "flag_id": "flag", "row_id": "task",
    "recall_id": "recall", "access_id": "emergency",
}  # fmt: skip
# Words in an address that name no thing of anybody's.
WORDS = {
    "slug": "first-wheelchair", "kind": "csv", "what": "done", "name": "contact", "day": "2026-01-01", "place": "0",
    "action": "withdraw", "step": "withdraw", "product_slug": "x", "category_slug": "x", "code": "order.confirm_days",
    "url": "x", "factor_id": "987654321", "session_id": "987654321",
}  # fmt: skip
# Middleware that lets everybody through.
NO_DOORS = ("whitenoise.", "marketplace.metrics.", "marketplace.middleware.Compression", "csp.")
# Things without a page of their own: who reads the whole reads them; and who is shown them in a list.
PART_OF = {"recording": "complaint", "fine": "complaint", "holder": "order"}
LISTED = {("hotline", "notice"), ("hotline", "person"), ("reviewer", "cell"), ("reviewer", "emergency")}
# A device makes drafts under ids of its own, without a connection: a foreign one says nothing is there, one that is free
# is taken. The ids have 122 bits drawn at random: nobody meets a foreign one by trying.
MADE_BY_ADDRESS = {"PATCH  /api/v1/drafts/<draft_id>"}
# What an address asks for where the word alone would not do: a step of this thing, a file of this form.
ASKED = {
    ("complaints:code_sheet", "kind"): "svg",
    ("orders:order_step", "action"): "cancel",
    ("orders:supplier_step", "action"): "confirm",
    ("complaints:fine_step", "what"): "paid",
    ("orders:sign", "paper"): "act",
    ("orders:sign_text", "paper"): "act",
    ("catalogue:type", "code"): "child-diapers",
    ("suppliers:class_kind", "code"): "child-diapers",
    ("complaints:office", "code"): "ust-kamenogorsk",
    ("complaints:office_mark", "code"): "ust-kamenogorsk",
}


@dataclass(frozen=True)
class Route:
    """A door: its name in the table, the pattern of its address, the methods it may answer to."""

    name: str
    pattern: str
    methods: tuple[str, ...]
    policy: policy.Policy
    body: bytes = b""

    @property
    def address(self) -> str:
        """As the table writes it."""
        return "/" + re.sub(r"<\w+:", "<", self.pattern).removeprefix("en/")

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"<(?:\w+:)?(\w+)>", self.pattern)


def routes() -> list[Route]:
    """All of them; a library's routes under ``admin/`` as one door, since they have one policy."""
    pages = list(_walk(get_resolver()))  # first: that is what mounts the API's routers
    found = list(_operations())
    for address, name, route in pages:
        said = policy.of(route.callback)
        if name.startswith("api:"):
            if name not in {"api:api-root", "api:openapi-json"}:
                continue
        elif "admin:" in name and name not in {"admin:index", "admin:login", "admin:marketplace_user_change"}:
            continue
        found.append(Route(name, address, ("GET", "POST"), said or policy.Policy("none")))
    return sorted(found, key=lambda item: (item.pattern, item.methods))


def _operations() -> Iterator[Route]:
    """The API's, each with its method, who may come, and a body of the right shape."""
    document = api.get_openapi_schema()
    bodies = {
        (bare_pattern(path), method.upper()): operation.get("requestBody", {}).get("content", {})
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    for router in api._get_bound_routers():
        for address, view in router.path_operations.items():
            pattern = bare_pattern(f"api/v1/{address.lstrip('/')}")
            for operation in view.operations:
                said, name = _policy_of(operation.auth_callbacks), f"api:{operation.view_func.__name__}"
                for method in operation.methods:
                    schema = bodies[pattern, method].get("application/json", {}).get("schema")
                    body = sample(schema, document["components"]["schemas"]) if schema else {}
                    yield Route(name, pattern, (method,), said, b"" if method == "GET" else json.dumps(body).encode())


def bare_pattern(path: str) -> str:
    """``/api/v1/orders/{slug:number}`` as the routes have it."""
    return re.sub(r"\{(?:\w+:)?(\w+)\}", r"<\1>", path.lstrip("/"))


def _policy_of(callbacks: Any) -> policy.Policy:
    if not callbacks or anyone in callbacks:
        return policy.ANYONE
    return policy.Policy("signed in" if len(callbacks) < 3 else "signed in or key")


def _walk(resolver: URLResolver, prefix: str = "", names: str = "") -> Iterator[tuple[str, str, URLPattern]]:
    for item in resolver.url_patterns:
        text = "en/" if isinstance(item.pattern, LocalePrefixPattern) else _plain(str(item.pattern))
        if isinstance(item, URLResolver):
            yield from _walk(item, prefix + text, f"{names}{item.namespace}:" if item.namespace else names)
        else:
            yield prefix + text, names + (item.name or text), item


def _plain(pattern: str) -> str:
    """A regular expression as a path with parameters."""
    text = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern)
    return text.strip("^$").replace("\\.", ".").replace("\\Z", "")


def address(route: Route, world: World, actor: Any, relation: str) -> str | None:
    """The route's address for a thing of that relation; None when there is no such thing."""
    values = values_of(route, world, actor, relation)
    if values is None:
        return None
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(values[match[1]]), route.pattern)


def addresses(route: Route, user: User | None, world: World) -> Iterator[str]:
    """The route with a thing of each relation; with an order or a complaint, one of each state and relation."""
    kinds = {_kind(route, name)[0] for name in route.parameters} & {"order", "complaint"}
    for relation in ("own", "near", "far"):
        if not kinds or relation == "far":
            path = address(route, world, user, relation)
            if path is not None:
                yield path
            continue
        [kind] = kinds
        picked = (kind, user.username if user else "")
        for key in _of_each_state(kind, user, relation, world):
            world.pick(kind, user, relation)
            before = dict(world._picked[picked])
            world._picked[picked][relation] = key
            path = address(route, world, user, relation)
            world._picked[picked] = before
            if path is not None:
                yield path


def _of_each_state(kind: str, user: User | None, relation: str, world: World) -> list[Any]:
    states: dict[Any, Any]
    if kind == "order":
        states = dict(Order.objects.values_list("number", "status"))
    else:
        states = {row[0]: row[1:] for row in Complaint.objects.values_list("number", "status", "hide_name")}
    found: dict[Any, Any] = {}
    for thing in world.things[kind]:
        if world.relation(user, thing) == relation:
            found.setdefault(states[thing.key], thing.key)
    return list(found.values())


def values_of(route: Route, world: World, actor: Any, relation: str) -> dict[str, Any] | None:
    """What stands for the parameters of its address."""
    values: dict[str, Any] = {}
    tied = False
    for name in route.parameters:
        kind, missing = _kind(route, name)
        if name in values:
            continue
        if kind is None:
            values[name] = ASKED.get((route.name, name)) or WORDS[name]
            continue
        tied = True
        value = missing if relation == "missing" else world.pick(kind, actor, relation)
        if value is None:
            return None
        values |= value if isinstance(value, dict) else {name: value}
    return values if tied or relation == "far" else None


def kind_of(route: Route) -> str | None:
    """The kind of thing that its address names."""
    return next((kind for name in route.parameters if (kind := _kind(route, name)[0])), None)


def _kind(route: Route, name: str) -> tuple[str | None, Any]:
    """What the parameter names, and the key of a thing that is not there."""
    parameters = set(route.parameters)
    if "holder_id" in parameters:
        return "holder", {"number": "1234567890", "recall_id": 987654321, "holder_id": 987654321}
    if {"number", "file_id"} <= parameters:
        return "recording", {"number": MISSING_CASE, "file_id": MISSING_UUID}
    if {"draft_id", "file_id"} <= parameters:
        return "draft_file", {"draft_id": MISSING_UUID, "file_id": MISSING_UUID}
    if name in NUMBERS:
        return NUMBERS[name], 987654321
    if name == "number":
        of_case = "complaint" in route.pattern or "review" in route.pattern
        return ("complaint", MISSING_CASE) if of_case else ("order", "1234567890")
    if name == "draft_id":
        kind = next((word for word in ("complaint", "application_", "listing") if word in route.name), "order")
        return f"draft:{'onboarding' if kind == 'application_' else kind}", MISSING_UUID
    if name == "file_id":
        return "file", MISSING_UUID
    if name == "price_list_id":
        return "price_list", MISSING_UUID
    if name == "code" and ("supplier" in route.pattern or "standing" in route.name):
        return "supplier", "nobody"
    if name == "token":
        return "code", "S0000000"
    if name in {"pk", "product_id"}:
        return "category" if "category" in route.name else "product", 987654321
    if name == "object_id":
        return "person", 987654321
    return None, None


def knock(client: Client, method: str, path: str, body: bytes = b"") -> HttpResponseBase:
    """One request: of a browser with nothing filled in, or of a program."""
    if path.startswith("/api/"):
        headers = {"HTTP_IDEMPOTENCY_KEY": "rights", "HTTP_IF_MATCH": '"0"'}
        return client.generic(method, path, body, "application/json", **headers)
    return client.generic(method, path, b"", "application/x-www-form-urlencoded")


def sample(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """The least that has the shape of the schema, with its words: rights are asked once the shape is right."""
    if "$ref" in schema:
        return sample(parts[schema["$ref"].rpartition("/")[2]], parts)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return sample(schema[several][0], parts)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        # Also words that may be left out: a step that needs some says so before it looks for the case.
        named = schema.get("properties", {})
        words = [name for name, part in named.items() if part.get("type") == "string"]
        told = {name: sample(named[name], parts) for name in dict.fromkeys([*schema.get("required", []), *words])}
        return told | {"product": 987654321} if "product" in told else told
    if kind == "array":
        return [sample(schema["items"], parts)] if schema.get("minItems") else []
    if kind == "string":
        formats = {"date": "2099-01-12", "date-time": "2099-01-12T10:00:00Z", "uuid": MISSING_UUID}
        return formats.get(schema.get("format", ""), "x" * schema.get("minLength", 1))
    return {"integer": schema.get("minimum", 1), "number": 1, "boolean": True}.get(str(kind))


def letter(response: HttpResponseBase) -> str:
    """What happened, in one letter of the table's legend."""
    code = response.status_code
    if code == 302 and "/account/login/" in response["Location"]:
        return "s"
    named = {401: "s", 403: "x", 404: ".", 405: "m", 409: "!", 429: "~"}
    return named.get(code) or {2: "o", 3: ">", 4: "?"}.get(code // 100, "E")


def bare(response: HttpResponseBase, path: str) -> bytes:
    """The answer without what differs by nature: the asked address itself, tokens, the request's id."""
    body: bytes = getattr(response, "content", b"")
    tail = path.split("/", 2)[2].encode()
    for text in (tail, tail.replace(b"/", b"%2F")):
        body = body.replace(text, b"ADDRESS")
    body = re.sub(rb'(csrfmiddlewaretoken" value=|nonce=)"[^"]*"', b"", body)
    return re.sub(rb"\d\d:\d\d(:\d\d)?", b"TIME", body)


@dataclass
class Findings:
    """Rows of the table, and what no table may allow."""

    rows: dict[str, str] = field(default_factory=dict)
    writing: dict[str, set[str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    # Who may read which kind of thing at which relation; answers that tell what is foreign from what is missing.
    reads: set[tuple[str, str, str]] = field(default_factory=set)
    told: list[tuple[str, str, str, str]] = field(default_factory=list)

    def unlike(self) -> list[str]:
        """Answers about foreign things, other than about missing ones, to who may not read such things anyway."""
        return [
            line
            for role, kind, relation, line in self.told
            if (role, PART_OF.get(kind, kind), relation) not in self.reads
            and (role, kind) not in LISTED
            and not line.startswith(tuple(f"{one} " for one in MADE_BY_ADDRESS))
        ]


@contextlib.contextmanager
def undrawn() -> Iterator[None]:
    """Pages say which template they are and what is refused, nothing is logged, counted or compressed: that is most of the

    time.
    """

    def said(
        name: str, context: dict[str, Any] | None = None, request: HttpRequest | None = None, using: Any = None
    ) -> str:
        return f"{name}: {(context or {}).get('error', '')}"

    logging.disable(logging.CRITICAL)
    needed = [name for name in settings.MIDDLEWARE if not name.startswith(NO_DOORS)]
    try:
        with mock.patch.object(loader, "render_to_string", said), override_settings(MIDDLEWARE=needed):
            yield
    finally:
        logging.disable(logging.NOTSET)


def examine(found: list[Route], world: World, *, draws: bool = False) -> Findings:
    """Knock at every door; nothing that happens behind it stays."""
    findings = Findings()
    with contextlib.nullcontext() if draws else undrawn():
        browsers = clients(world)
        for route in found:
            for method in route.methods:
                if not _has(route, method, world, browsers):
                    continue
                cells = [_cell(route, method, role, world, browsers[role], findings) for role in ROLES]
                findings.rows[door(route, method)] = " ".join(
                    [*(f"{cell:<4}" for cell in cells), "|", route.policy.name]
                )
    return findings


def _has(route: Route, method: str, world: World, browsers: dict[str, Client]) -> bool:
    """A page that is only read, or only posted to, has no line for the other: asked as one whom the policy lets in."""
    for role, user in world.users.items():
        path = address(route, world, user, "far") or address(route, world, user, "missing")
        if path is not None and route.policy.admits(user or AnonymousUser(), method):
            response = _answer(route, method, path, role, browsers[role], Findings())
            return response.status_code != 405
    return True


def door(route: Route, method: str) -> str:
    """The beginning of a line of the table."""
    return f"{method:<6} {route.address}"


def _cell(route: Route, method: str, role: str, world: World, client: Client, findings: Findings) -> str:
    user = world.users[role]
    paths = {relation: address(route, world, user, relation) for relation in RELATIONS}

    def ask(path: str) -> HttpResponseBase:
        return _answer(route, method, path, role, client, findings)

    if not route.policy.admits(user or AnonymousUser(), method):
        return letter(ask(next(path for relation in RELATIONS[::-1] if (path := paths[relation]))))
    if set(paths.values()) == {None, paths["far"]}:  # no thing in the address
        return letter(ask(str(paths["far"])))
    answers = {relation: ask(path) for relation, path in paths.items() if path}
    cell = "".join(letter(answers[relation]) if relation in answers else "-" for relation in RELATIONS)
    kind = str(kind_of(route))
    looks = {
        relation: _look(answers[relation], str(paths[relation]), values_of(route, world, user, relation) or {})
        for relation in answers
    }
    for relation in answers.keys() - {"missing"}:
        if method == "GET" and answers[relation].status_code == 200 and answers["missing"].status_code != 200:
            findings.reads.add((role, kind, relation))
        if relation != "own" and looks[relation] != looks["missing"]:
            findings.told.append((role, kind, relation, f"{door(route, method)} {role} {relation}: {cell}"))
    return cell


def _look(response: HttpResponseBase, path: str, values: dict[str, Any]) -> tuple[int, str, bytes]:
    """What a visitor can tell answers apart by: not by what was asked for itself."""
    place = unquote(response.headers.get("Location", ""))
    for value in values.values():
        place = place.replace(f"/{value}/", "/KEY/")
    return response.status_code, place, bare(response, path)


def _answer(route: Route, method: str, path: str, role: str, client: Client, findings: Findings) -> HttpResponseBase:
    if method != "GET" or "track" in path:
        cache.clear()  # tries are counted there
    cookies = copy.deepcopy(client.cookies)
    with undone(), writes() as written:
        response = knock(client, method, path, route.body)
    client.cookies = cookies  # what was undone in the database is undone in the browser too
    if response.status_code >= 500:
        why = (getattr(response, "exc_info", None) or [None, None])[1]
        findings.broken.append(f"{method} {path} {role}: {response.status_code} {why!r}")
    if method == "GET" and (changed := set(written) - WRITTEN_BY_READS):
        findings.writing.setdefault(route.name, set()).update(changed)
    return response


LEGEND = """# Who gets through which door: written by RIGHTS=write, read before it is kept, held against the portal by test_matrix.py.
# A line: method, address, a cell for each role, the policy (marketplace/policy.py). A cell is one letter where the door
# does not look at a thing, else a letter for each of own, near (of somebody of the same office or region), far, missing:
#   o answered   > sent on   s sign in first   x not this role   . nothing there   ! not now   ? not like this   m no such method
#   ~ tried too often   - the role has no such thing
# Pages are knocked at with nothing filled in, operations with the least that has the right shape.
"""


def table() -> dict[str, str]:
    """The table's rows: door → cells and policy."""
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {row.partition(" | ")[0].rstrip(): row.partition(" | ")[2] for row in rows}


def written(rows: dict[str, str]) -> str:
    """The table as a file, its roles named again at each part of the portal."""
    width = max(len(one) for one in rows)
    heads = " ".join(f"{role[:4]:<4}" for role in ROLES)
    lines, part = [LEGEND], ""
    for one, cells in rows.items():
        here = "/".join(one.split()[1].split("/")[:2])
        if here != part and one.count("/") > 2:
            lines.append(f"\n{'# ' + here:<{width}} | {heads} |\n")
            part = here
        lines.append(f"{one:<{width}} | {cells}\n")
    return "".join(lines)
