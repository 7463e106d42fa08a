"""Asks operations of the API with parameters that schemathesis makes from its document, and holds the answers against it.

Right and wrong ones: every limit that the document names is tried from both sides, and some are drawn at random from
a fixed seed. An address gets the keys of things that the role has, so that questions come past the door.
"""

import copy
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

import requests
import schemathesis
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.meta import CoverageScenario
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from marketplace.api import api
from tests.rights import matrix
from tests.rights.world import ROLES, World, clients, undone

SEED, DRAWN = 2026, 2
BASE = "http://testserver"
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]


@dataclass
class Asked:
    """What came of it: breaches, by what they are; how many answers of each status; which operations answered well."""

    breaches: dict[str, str] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    operations: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)


def document() -> Any:
    """The document as schemathesis reads it; who calls is the roles' business, so it makes up no tokens."""
    said = copy.deepcopy(api.get_openapi_schema())
    for operation in [operation for methods in said["paths"].values() for operation in methods.values()]:
        operation.pop("security", None)
    found = schemathesis.openapi.from_dict(said)
    found.config.phases.coverage.unexpected_methods = {"trace"}
    found.config.phases.coverage.generate_duplicate_query_parameters = True
    return found


def ask(world: World, only: str = "") -> Asked:
    """Every operation, or those whose address holds the given text; nothing that happens behind them stays."""
    asked, routes = Asked(), {matrix.door(route, route.methods[0]): route for route in matrix._operations()}
    table = matrix.table()
    with matrix.undrawn():
        browsers = clients(world)
        for found in document().get_all_operations():
            operation = found.ok()
            if only not in operation.path:
                continue
            route = routes[f"{operation.method.upper():<6} /{matrix.bare_pattern(operation.path)}"]
            knocks = Knocks(route, table[matrix.door(route, route.methods[0])], world, browsers)
            asked.operations.add(operation.label)
            for case in cases(operation):
                _hold(case, knocks, asked)
    return asked


def cases(operation: APIOperation) -> Iterator[Case]:
    """Each limit of the document from both sides, then some at random."""
    schema, both = operation.schema, list(GenerationMode)
    config = schema.config.generation_for(operation=operation)
    for case in schema.iter_coverage_cases(operation, generation_modes=both, generation_config=config):
        # Names that an operation does not know are not read: the document does not forbid them in the address.
        if getattr(case.meta.phase.data, "scenario", None) is not CoverageScenario.OBJECT_UNEXPECTED_PROPERTIES:
            yield case
    for mode in both:
        yield from _drawn(operation, mode)


def _drawn(operation: APIOperation, mode: GenerationMode) -> list[Case]:
    drawn: list[Case] = []

    @seed(SEED)
    @settings(
        max_examples=DRAWN, phases=[Phase.generate], database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(mode))
    def draw(case: Case) -> None:
        drawn.append(case)

    try:
        draw()
    except Unsatisfiable:  # nothing can be sent to it that would be wrong
        assert mode is GenerationMode.NEGATIVE
    return drawn


class Knocks:
    """Who asks an operation: of those whom the table of rights answers alike, one."""

    def __init__(self, route: matrix.Route, cells: str, world: World, browsers: dict[str, Client]) -> None:
        self.route, self.world, self.browsers = route, world, browsers
        alike: dict[str, str] = {}
        for role, cell in zip(ROLES, cells.split(), strict=False):
            alike.setdefault(cell, role)
        # Whom the door keeps out is asked about cases, too, but by far not so often.
        inside = [role for cell, role in alike.items() if cell.strip("sx.-")]
        self.turns = cycle([*inside * 3, *alike.values()])
        self.addresses = {role: cycle(_addresses(route, world, role)) for role in alike.values()}

    def knock(self, case: Case) -> Response:
        role = next(self.turns)
        request = self._request(case, role)
        cache.clear()  # tries are counted there
        client = self.browsers[role]
        cookies = copy.deepcopy(client.cookies)
        headers = {name: text for name, text in request.headers.items() if name.lower() != "content-length"}
        kind = headers.pop("Content-Type", "")
        body = request.body or b""
        with undone():
            answer = client.generic(
                request.method,
                request.url.removeprefix(BASE),
                body.encode() if isinstance(body, str) else body,
                kind,
                headers=headers,
            )
            content = b"".join(answer) if answer.streaming else answer.content
        client.cookies = cookies  # what was undone in the database is undone in the browser too
        self.said = f"{role}: {request.method} {request.url.removeprefix(BASE)[:200]} {str(body)[:200]}"
        return Response(
            answer.status_code,
            {name: [text] for name, text in answer.items()},
            content,
            request,
            elapsed=0.0,
            verify=False,
            encoding=answer.charset,
        )

    def _request(self, case: Case, role: str) -> requests.PreparedRequest:
        sent = case.as_transport_kwargs(base_url=BASE)
        keys = case.meta.components.get(ParameterLocation.PATH)
        if keys is None or keys.mode is GenerationMode.POSITIVE:
            path = next(self.addresses[role])
            sent["url"] = BASE + path if path else sent["url"]
        return requests.Request(**sent).prepare()


def _addresses(route: matrix.Route, world: World, role: str) -> list[str | None]:
    """The operation's, with things of each state and relation that are something to the role."""
    return list(matrix.addresses(route, world.users[role], world)) or [None]


def _hold(case: Case, knocks: Knocks, asked: Asked) -> None:
    response = knocks.knock(case)
    asked.statuses[response.status_code] += 1
    if response.status_code < 300:
        asked.answered.add(case.operation.label)
    if response.status_code >= 500:  # the library's own check would ask once more, over a network
        asked.breaches.setdefault(f"{case.operation.label} {response.status_code} Server error", knocks.said)
        return
    try:
        case.validate_response(response, checks=CHECKS)
    except FailureGroup as group:
        for failure in group.exceptions:
            words = " ".join(str(failure).split())[:400]
            what = f"{case.operation.label} {response.status_code} {failure.title}"
            asked.breaches.setdefault(what, f"{knocks.said}\n    {words}")
