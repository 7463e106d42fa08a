"""Every route says who may come to it; one that does not is refused, and no test of ours lets it pass."""

from datetime import timedelta

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import get_resolver, path
from django.utils import timezone

from marketplace import checks, policy
from marketplace.api import api, hash_token
from marketplace.models import ApiToken, Role
from tests.factories import make_user

# Operations that are open without even looking at who calls; all others look.
OPEN_OPERATIONS = {"sign_in", "csrf", "read_mirror"}


def undeclared() -> list[str]:
    return [error.msg for error in checks.routes_say_who_may_come()]


def test_every_route_says_who_may_come():
    assert undeclared() == []


def test_every_operation_of_the_api_looks_at_who_calls_but_the_named_ones():
    assert get_resolver().url_patterns, "that is what mounts the API's routers"
    operations = [
        operation
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    ]
    assert len(operations) > 100
    assert {item.view_func.__name__ for item in operations if not item.auth_callbacks} == OPEN_OPERATIONS


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("everybody's names")


@policy.anyone
def declared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("declared")


urlpatterns = [path("forgotten/", forgotten), path("api/v1/forgotten/", forgotten), path("declared/", declared)]


@pytest.mark.parametrize("address", ["/forgotten/", "/api/v1/forgotten/"])
def test_a_route_that_says_nothing_is_refused_and_found(client, db, address):
    with override_settings(ROOT_URLCONF=__name__):
        assert client.get("/declared/").content == b"declared"
        answer = client.get(address)
        assert (answer.status_code, b"names" in answer.content) == (404, False)
        assert undeclared() == [f"/{path} does not say who may come." for path in ("forgotten/", "api/v1/forgotten/")]


def test_passwords_are_tried_at_the_one_door_that_counts_wrong_ones(client, db):
    """Django's admin has a sign-in page of its own, which counts nothing."""
    answer = client.post("/en/admin/login/", {"username": "admin", "password": "a guess"})
    assert (answer.status_code, answer.url) == (302, "/en/account/login/?next=/en/admin/login/")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.GUEST, Role.ADMIN])
def test_who_only_looks_changes_nothing_but_the_own_account(client, db, role):
    user = make_user("looker", role)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    assert client.post("/en/orders/1234567890/cancel/").status_code == 403
    assert client.post("/api/v1/needs", "{}", "application/json").status_code == 403
    ApiToken.objects.create(user=user, token_hash=hash_token("key"), expires_at=timezone.now() + timedelta(hours=1))
    by_token = {"headers": {"Authorization": "Bearer key"}}
    assert Client().post("/api/v1/needs", "{}", "application/json", **by_token).status_code == 403
    assert Client().get("/api/v1/me", **by_token).status_code == 200
    assert client.get("/en/orders/").status_code == 200
    assert client.post("/en/account/sessions/end/").status_code == 302, "the own account is hers"


def test_control_who_acts_is_let_through_the_same_doors(client, db):
    client.force_login(make_user("aigul", Role.BENEFICIARY), "django.contrib.auth.backends.ModelBackend")
    assert client.post("/en/orders/1234567890/cancel/").status_code == 404
    assert client.post("/api/v1/needs", "{}", "application/json").status_code == 422
