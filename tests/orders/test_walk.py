"""What the whole walk to a placed order costs the database: browse, product, three saves, check, send, receipt."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog import types
from orders.models import Order
from orders.review import most_fallbacks

FRAME = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT")
PASSWORD = "a long password"
# Statements of each request; the walk of perf/README.md has more on its pages, where there is more to show.
MOST = {"type": 5, "first save": 5, "save": 4, "check": 9, "send": 22, "receipt": 5}


@pytest.fixture
def walker(family) -> Client:
    """Aigul's browser, signed in through the page: a session as she has it."""
    family.aigul.set_password(PASSWORD)
    family.aigul.save()
    browser = Client()
    words = {"login": family.aigul.username, "password": PASSWORD}
    assert browser.post("/kk/account/login/", words).status_code == 302
    types.book(), most_fallbacks.get()  # a process keeps them for a minute, and what all lists are made of
    browser.get(f"/kk/catalog/{family.walker_offer.product.product_class.code}/")
    return browser


def test_no_request_of_the_walk_asks_more_than_it_has_to(family, walker):
    spent: dict[str, list[str]] = {}

    def step(name: str, ask: Callable[[], HttpResponse], status: int = 200) -> HttpResponse:
        with CaptureQueriesContext(connection) as captured:
            answer = ask()
        assert answer.status_code == status, (name, answer.content)
        asked = [query["sql"] for query in captured.captured_queries if not query["sql"].startswith(FRAME)]
        spent[f"{name} {len(spent)}"] = asked
        assert len(asked) <= MOST[name], (name, "\n".join(statement[:200] for statement in asked))
        return answer

    def save(name: str, turn: int, **fields: object) -> None:
        ops = [{"f": field.replace("__", "."), "v": value, "base": 0, "seq": turn} for field, value in fields.items()]
        step(
            name,
            lambda: walker.patch(
                f"/api/v1/drafts/{draft}",
                {"device": "phone", "beneficiary": family.alihan.pk, "ops": ops},
                content_type="application/json",
                headers={"Idempotency-Key": f"walk-{turn}"},
            ),
        )

    draft, offer = uuid.uuid4(), family.walker_offer
    step("type", lambda: walker.get(f"/kk/catalog/{offer.product.product_class.code}/"))
    save("first save", 1, line__a__entitlement=family.walker.pk, line__a__offer=offer.pk, line__a__quantity=1)
    save("save", 2, contact__name="Айгүл", contact__phone="+77000000099")
    save("save", 3, delivery__region="KZ-63", delivery__address="Абай 1", consent__terms=True)
    check = f"/kk/applications/{draft}/check/"
    page = step("check", lambda: walker.get(check)).content.decode()
    form = {name: re.findall(rf'name="{name}" value="([^"]*)"', page)[0] for name in ("rev", "key", "you_pay")}
    step("send", lambda: walker.post(check, form | {"consent.terms": "on"}), 302)
    step("receipt", lambda: walker.get(f"/kk/applications/{draft}/sent/"))
    assert Order.objects.count() == 1
    assert sum(map(len, spent.values())) <= 53
