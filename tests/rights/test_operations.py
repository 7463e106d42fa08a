"""What the document of the API says of each operation is so, whatever is sent to it and whoever sends it."""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from ninja import Schema

from marketplace.api import api
from marketplace.errors import DomainError
from tests.rights import matrix, operations
from tests.rights.world import World

APPS = {"marketplace", "catalog", "suppliers", "orders", "complaints"}
READ_NO_TOKEN = {"api:sign_in", "api:csrf", "api:read_mirror"}
# The country stands around each test; what a test does is undone before the next one.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rights")]


@pytest.fixture(scope="module")
def asked(country: World) -> operations.Asked:
    return operations.ask(country)


def test_no_answer_breaks_the_document(asked):
    assert asked.breaches == {}


def test_every_operation_was_asked_and_many_let_somebody_through(asked):
    assert len(asked.operations) == sum(len(methods) for methods in api.get_openapi_schema()["paths"].values())
    assert len(asked.answered) > 70 and asked.statuses[422] > 500, asked.statuses


def test_every_shape_has_a_name_of_its_own():
    """Two with one name are one in the document: it says the shape of one of them for both."""
    ours = {shape for shape in _below(Schema) if shape.__module__.partition(".")[0] in APPS}
    names = Counter(shape.__name__ for shape in ours)
    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []


def _below(shape: type) -> Iterator[type]:
    for one in shape.__subclasses__():
        yield one
        yield from _below(one)


def test_a_token_that_is_none_of_ours_opens_nothing(country: World):
    """Also where nobody need be signed in: who sends one wants to be somebody."""
    for route in matrix._operations():
        [method] = route.methods
        if route.name in READ_NO_TOKEN:
            continue
        path = matrix.address(route, country, None, "far") or matrix.address(route, country, None, "missing")
        answer = Client().generic(
            method, path, route.body, "application/json", headers={"Authorization": "Bearer wrong"}
        )
        assert answer.status_code == 401, (route.name, answer.status_code)


# --- One parameter in two places, or twice (ASVS 15.3.7) -------------------------------------------------------------


def test_what_belongs_in_the_body_is_not_read_off_the_address(client):
    cache.clear()
    said = json.dumps({"username": "nobody"})
    answer = client.post("/api/v1/auth/token?username=person&password=demo-portal", said, "application/json")
    assert answer.status_code == 422 and answer.json()["errors"][0]["field"] == "password"
    answer = client.post("/en/account/login/?login=person&password=demo-portal", {})
    assert answer.status_code == 200 and "_auth_user_id" not in client.session


def test_of_a_parameter_that_comes_twice_one_counts(client):
    answers = [client.get(f"/api/v1/suppliers?{query}") for query in ("page=1&page=x", "page=x&page=1", "page=1")]
    assert [answer.status_code for answer in answers] == [422, 200, 200]
    assert answers[1].json() == answers[2].json()
    twice = client.post("/api/v1/auth/token", '{"username": "a", "password": "b", "username": 1}', "application/json")
    assert twice.status_code == 422


# --- Controls: operations that are broken on purpose ------------------------------------------------------------------


def _fails(*args: Any) -> Any:
    raise RuntimeError


def _refuses(*args: Any) -> Any:
    error = DomainError()
    error.status = 418
    raise error


@pytest.mark.parametrize(
    ("instead", "breach"),
    [(_fails, "500 Server error"), (_refuses, "418 Undocumented status code"), (lambda *args: {}, "500 Server error")],
)
def test_control_an_operation_that_breaks_is_noticed(
    country: World, monkeypatch: pytest.MonkeyPatch, instead: Callable[..., Any], breach: str
):
    monkeypatch.setattr("suppliers.shapes.supplier_detail_data", instead)
    found = operations.ask(country, only="/suppliers/{code}")
    assert f"GET /api/v1/suppliers/{{code}} {breach}" in found.breaches


def test_control_a_document_that_says_something_else_is_noticed(country: World, monkeypatch: pytest.MonkeyPatch):
    said = copy.deepcopy(api.get_openapi_schema())
    answers = said["paths"]["/api/v1/suppliers/{code}/qr.svg"]["get"]["responses"]["200"]
    answers["content"] = {"image/png": {}}
    said["components"]["schemas"]["SupplierDetailOut"]["required"].append("moon")
    monkeypatch.setattr(api, "_document", said)
    found = operations.ask(country, only="/suppliers/{code}")
    assert set(found.breaches) == {
        "GET /api/v1/suppliers/{code} 200 Response violates schema",
        "GET /api/v1/suppliers/{code}/qr.svg 200 Undocumented Content-Type",
    }
