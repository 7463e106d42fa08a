"""Two people, one draft, three of five requests faulted, the real engine: what was typed is what is there."""

import random
from collections import Counter
from itertools import pairwise

import pytest
from django.test import Client
from playwright.sync_api import Error, Page, Route, expect

from marketplace import loading
from marketplace.models import Draft, User
from tests.frontend.conftest import DRAFT
from tests.frontend.loops import runs
from tests.frontend.test_real_engine import _has_state, _return_to

pytestmark = [
    pytest.mark.django_db(transaction=True),
]
EDITS = 120
FAULTS = ["busy", "lost", "proxy", "session", "cut"]


class Weather:
    """Stands between the pages and the portal. ``share``: of a hundred requests to drafts so many fail."""

    def __init__(self, share: int) -> None:
        self.share, self.dice, self.seen = share, random.Random(11), Counter[str]()

    def over(self, page: Page) -> None:
        page.context.route("**/api/v1/drafts/**", self.pass_on)

    def pass_on(self, route: Route) -> None:
        fault = self.dice.choice(FAULTS) if self.dice.randrange(100) < self.share else "none"
        self.seen[fault] += 1
        try:
            if fault == "none":
                route.continue_()
            elif fault == "lost":
                route.fetch()  # done, and the answer never arrives
                route.abort()
            elif fault == "cut":
                route.abort()
            elif fault == "busy":
                route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")
            elif fault == "proxy":
                route.fulfill(status=502, content_type="text/html", body="<h1>Bad gateway</h1>")
            else:
                route.fulfill(status=401, content_type="application/json", body="{}")
        except Error:
            self.seen["page gone"] += 1  # a request of a page that was reloaded meanwhile


def _type(page: Page, label: str, letter: str) -> None:
    page.get_by_label(label).press("End")
    page.get_by_label(label).press_sequentially(letter)


def _chain_is_whole(draft: Draft) -> bool:
    """Each applied value is one version above the one before, whoever wrote it."""
    versions: dict[str, list[int]] = {}
    for save in draft.saves.order_by("pk"):
        for op in save.ops:
            if op["s"] in {"applied", "resolved"}:
                versions.setdefault(op["f"], []).append(op["ver"])
    return all(later == earlier + 1 for chain in versions.values() for earlier, later in pairwise([0, *chain]))


def _submit(user: User) -> int:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    rev = Draft.objects.get(pk=DRAFT).rev
    headers = {"Idempotency-Key": f"submit-{rev}", "If-Match": f'"{rev}"'}
    return client.post(f"/api/v1/drafts/{DRAFT}/submit", headers=headers).status_code


def test_a_storm_over_the_real_engine_loses_nothing_and_nothing_is_sent_with_an_open_question(
    aigul, marat, at_the_form
):
    """120 edits in full; Aigul writes the name, Marat the phone, both the comment."""
    loading.load_all()  # submitting reads rules
    hers = at_the_form(aigul)
    _type(hers, "Name", "ә")
    _has_state(hers, "saved")
    his = at_the_form(marat)
    weather = Weather(60)
    weather.over(hers)
    weather.over(his)
    typed = {"contact.name": "ә", "contact.phone": ""}
    for step in range(max(12, runs(EDITS // 2))):
        _type(hers, "Name", "ғ")
        _type(his, "Phone", str(step % 10))
        typed["contact.name"] += "ғ"
        typed["contact.phone"] += str(step % 10)
        if step == 4:
            hers.get_by_label("Comment").fill("Екінші қабат 🦽")
            his.get_by_label("Comment").fill("Second floor")
        if step % 7 == 6:
            hers.reload()
        if step % 9 == 8:
            his.reload()
        hers.wait_for_timeout(100)
    assert sum(weather.seen[fault] for fault in FAULTS) >= weather.seen["none"], weather.seen

    weather.share = 0
    for page in (hers, his, hers):
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        page.wait_for_timeout(800)
        _return_to(page)
    _has_state(hers, "conflict")
    draft = Draft.objects.get(pk=DRAFT)
    comments = {draft.value("delivery.comment"), draft.conflicts["delivery.comment"]["v"]}
    assert comments == {"Екінші қабат 🦽", "Second floor"}
    assert _submit(aigul) == 409
    hers.get_by_role("group", name="Which answer do we keep?").get_by_role("button", name="Keep my answer").click()
    _has_state(hers, "saved")
    expect(his.get_by_label("Phone")).to_have_value(typed["contact.phone"])

    draft.refresh_from_db()
    assert {name: draft.value(name) for name in typed} == typed
    assert (draft.value("delivery.comment"), draft.conflicts) == ("Екінші қабат 🦽", {})
    assert _chain_is_whole(draft)
    assert len({save.key for save in draft.saves.all()}) == draft.saves.count()
    assert _submit(aigul) == 422, "the question is settled; what is still missing in the application is said"
