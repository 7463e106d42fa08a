"""A ban with an end date: offers leave at once, people and offices are told, it lifts itself, once."""

import json
import threading
from datetime import date

import pytest
from django.db import connections
from django.test import Client

from complaints import clocks
from complaints import loading as complaint_data
from marketplace import loading as master_data
from marketplace import outbox
from marketplace.errors import Forbidden, IllegalStep, Invalid
from marketplace.models import Event, Notice, OutboxRow, Role, User
from orders import placing
from orders.models import Order
from suppliers import standing, strategy
from suppliers.models import Partner, Suspension
from suppliers.states import SUPPLIER
from tests.complaints.factories import at
from tests.orders import factories as make
from tests.orders.conftest import family, ground, monday  # noqa: F401

pytestmark = pytest.mark.django_db
NOW = at("2026-11-23 10:00")
UNTIL = date(2027, 1, 31)
WHY = {"reason": "Twelve orders never arrived.", "legal_basis": "Law No. 274-IV, article 42-4"}


@pytest.fixture
def ministry(family) -> User:  # noqa: F811
    return User.objects.create(username="ministry", role=Role.REVIEWER, language="en", full_name="Saule")


def read(answer: object) -> str:
    """A page as people read it: dates have no line breaks inside."""
    return answer.content.decode().replace("\xa0", " ")


def ban(actor: User, code: str = "jarqyn-med", **more: object) -> Suspension:
    return standing.suspend(**({"supplier": code, "until": UNTIL, "actor": actor, "now": NOW} | WHY | more))


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(recipient=user, kind="supplier.suspended").values_list("title", flat=True))


def test_a_ban_takes_the_offers_away_at_once_and_says_until_when(family, ministry):  # noqa: F811
    assert strategy.purchasable().filter(partner=family.jarqyn).exists()
    found = ban(ministry)
    family.jarqyn.refresh_from_db()
    assert (family.jarqyn.status, family.jarqyn.suspended_until) == ("suspended", UNTIL)
    assert not strategy.purchasable().filter(partner=family.jarqyn).exists()
    event = Event.objects.get(kind="supplier.suspended")
    assert (event.actor, event.before, event.after, event.reason) == (ministry, "approved", "suspended", WHY["reason"])
    assert event.data == {"suspension": found.pk, "until": "2027-01-31"}
    topics = set(OutboxRow.objects.values_list("topic", "key"))
    assert {("supplier.suspended", str(family.jarqyn.pk)), ("supplier.changed", str(family.jarqyn.pk))} <= topics


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"reason": "  "}, "reason"),
        ({"legal_basis": ""}, "legal_basis"),
        ({"until": date(2026, 11, 22)}, "until"),
        ({"until": date(2031, 1, 1)}, "until"),
    ],
)
def test_a_ban_needs_reason_basis_and_an_end_in_time(family, ministry, wrong, field):  # noqa: F811
    with pytest.raises(Invalid) as refused:
        ban(ministry, **wrong)
    assert [error.field for error in refused.value.errors] == [field]
    family.jarqyn.refresh_from_db()
    assert family.jarqyn.status == "approved"
    assert not Suspension.objects.exists() and not Event.objects.filter(kind__startswith="supplier.").exists()


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.REVIEWER])
def test_only_the_ministry_bans_ends_and_removes(family, role):  # noqa: F811
    actor = User.objects.create(username=f"some-{role}", role=role)
    for service in (
        lambda: ban(actor),
        lambda: standing.end_early(supplier="jarqyn-med", reason="x", actor=actor, now=NOW),
        lambda: standing.terminate(supplier="jarqyn-med", reason="x", actor=actor, now=NOW),
    ):
        with pytest.raises(Forbidden):
            service()
    family.jarqyn.refresh_from_db()
    assert family.jarqyn.status == "approved" and not Suspension.objects.exists()


def test_steps_out_of_turn_are_refused_and_change_nothing(family, ministry):  # noqa: F811
    services = {
        "suspend": lambda: ban(ministry),
        "restore": lambda: standing.end_early(supplier="jarqyn-med", reason="Appeal", actor=ministry, now=NOW),
        "terminate": lambda: standing.terminate(supplier="jarqyn-med", reason="Fraud", actor=ministry, now=NOW),
    }
    refused = 0
    for state in Partner.Status.values:
        Partner.objects.filter(pk=family.jarqyn.pk).update(
            status=state, suspended_until=UNTIL if state == "suspended" else None
        )
        before = Event.objects.count(), OutboxRow.objects.count(), Suspension.objects.count()
        for action in set(services) - set(SUPPLIER.actions(state, ["ministry"])):
            with pytest.raises(IllegalStep):
                services[action]()
            refused += 1
        assert (Event.objects.count(), OutboxRow.objects.count(), Suspension.objects.count()) == before
        assert Partner.objects.get(pk=family.jarqyn.pk).status == state
    assert refused == 12 - 6


def test_the_ban_lifts_itself_after_its_last_day_and_only_once(family, ministry):  # noqa: F811
    found = ban(ministry)
    assert standing.lift_due(at("2027-01-31 23:59")) == {}
    assert Partner.objects.get(pk=family.jarqyn.pk).status == "suspended"
    assert clocks.run(at("2027-02-01 00:05")).done["suspensions lifted"] == 1
    family.jarqyn.refresh_from_db()
    found.refresh_from_db()
    assert (family.jarqyn.status, family.jarqyn.suspended_until) == ("approved", None)
    assert found.ended_at == at("2027-02-01 00:05") and found.ended_by is None
    assert strategy.purchasable().filter(partner=family.jarqyn).exists()
    assert standing.lift_due(at("2027-02-01 00:06")) == {}
    assert Event.objects.filter(kind="supplier.restored").count() == 1
    assert ban(ministry, until=date(2027, 3, 1), now=at("2027-02-02 10:00")).pk != found.pk, "banned once more"


def test_a_granted_appeal_ends_it_before_time(family, ministry):  # noqa: F811
    found = ban(ministry)
    standing.end_early(supplier="jarqyn-med", reason="The orders had arrived.", actor=ministry, now=NOW)
    found.refresh_from_db()
    assert (found.ended_by, found.ended_reason) == (ministry, "The orders had arrived.")
    assert Partner.objects.get(pk=family.jarqyn.pk).status == "approved"


def test_owners_of_applications_and_orders_and_the_office_are_told_once(family, ministry):  # noqa: F811
    order = family.order()
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    text = {f"line.a.{part}": value for part, value in (("offer", str(family.diaper_offer.pk)),)}
    as_text = make.make_draft(family.marat, text)
    fallback = {"line.a.offer": family.walker_offer.pk, "line.a.fallback": [family.diaper_offer.pk]}
    as_fallback = make.make_draft(family.marat, fallback)
    other = make.make_draft(family.aigul, make.fields_for((family.diapers, family.other_diaper_offer, 1)))
    ban(ministry)
    outbox.drain()
    row = OutboxRow.objects.get(topic="supplier.suspended")
    OutboxRow.objects.filter(pk=row.pk).update(done_at=None)  # a relay that hands it on twice
    outbox.drain()
    subjects = Notice.objects.filter(kind="supplier.suspended").values_list("recipient__username", "subject")
    assert sorted(subjects) == sorted(
        [
            ("aigul", f"draft:{draft.pk}"),
            ("aigul", f"order:{order.number}"),
            ("gulnar", f"office:{family.gulnar.office_id}"),
            ("marat", f"draft:{as_text.pk}"),
            ("marat", f"draft:{as_fallback.pk}"),
            ("yerlan", "supplier:jarqyn-med"),
        ]
    )
    assert not Notice.objects.filter(subject=f"draft:{other.pk}").exists()
    letter = Notice.objects.get(recipient=family.yerlan, kind="supplier.suspended").text
    assert WHY["reason"] in letter and WHY["legal_basis"] in letter and "/supplier/offers/" in letter


def test_the_office_sees_the_orders_and_the_supplier_sees_until_when_and_how_to_appeal(family, ministry):  # noqa: F811
    order, browser = family.order(), Client()
    browser.force_login(family.gulnar, "django.contrib.auth.backends.ModelBackend")
    section = "Orders with suppliers that may not sell now"
    assert section not in read(browser.get("/en/office/"))
    ban(ministry)
    page = read(browser.get("/en/office/"))
    assert section in page and order.number in page
    browser.force_login(family.yerlan, "django.contrib.auth.backends.ModelBackend")
    for url in ("/en/", "/en/supplier/offers/"):
        page = read(browser.get(url))
        assert "You may not sell until 31 January 2027" in page and WHY["reason"] in page, url
        assert "/en/complaints/new/?sphere=market&amp;subject=onboarding" in page, url
    browser.force_login(family.natalya, "django.contrib.auth.backends.ModelBackend")
    assert "You may not sell" not in read(browser.get("/en/supplier/offers/"))


def test_the_appeal_opens_with_its_subject_chosen(family, ministry):  # noqa: F811
    master_data.load_all()
    complaint_data.load_all()
    browser = Client()
    browser.force_login(family.yerlan, "django.contrib.auth.backends.ModelBackend")
    page = read(browser.get("/en/complaints/new/?sphere=market&subject=onboarding"))
    chosen = page[page.index('value="onboarding"') :][:200]
    assert "checked" in chosen


def test_the_ministry_bans_on_the_page_and_nothing_typed_is_lost(family, ministry):  # noqa: F811
    browser = Client()
    browser.force_login(ministry, "django.contrib.auth.backends.ModelBackend")
    assert "jarqyn-med" in read(browser.get("/en/review/suppliers/"))
    url = "/en/review/suppliers/jarqyn-med/"
    typed = {"action": "suspend", "until_day": "31", "until_month": "1", "until_year": "2027", "reason": "Late"}
    page = browser.post(url, typed)
    assert page.status_code == 200 and b"Late" in page.content and not Suspension.objects.exists()
    page = read(browser.post(url, typed | {"legal_basis": "Article 42-4"}, follow=True))
    assert "The supplier is suspended" in page and "31 January 2027" in page
    page = read(browser.post(url, {"action": "restore", "reason": "Granted"}, follow=True))
    assert "The suspension is over" in page and "Granted" in page
    browser.force_login(family.yerlan, "django.contrib.auth.backends.ModelBackend")
    assert browser.get(url).status_code == 403
    assert browser.get("/en/review/suppliers/").status_code == 403


def test_the_api_bans_and_tells(family, ministry):  # noqa: F811
    browser = Client()
    browser.force_login(ministry, "django.contrib.auth.backends.ModelBackend")

    def post(path: str, body: dict) -> object:
        return browser.post(f"/api/v1/suppliers/jarqyn-med/{path}", json.dumps(body), content_type="application/json")

    refused = post("suspend", {"until": "2027-01-31", "reason": "", "legal_basis": ""})
    assert refused.status_code == 422
    assert {error["field"] for error in refused.json()["errors"]} == {"reason", "legal_basis"}
    answer = post("suspend", {"until": "2027-01-31"} | WHY)
    assert answer.status_code == 200 and answer.json()["suspended_until"] == "2027-01-31"
    assert post("suspend", {"until": "2027-01-31"} | WHY).status_code == 409
    assert browser.get("/api/v1/suppliers/jarqyn-med").json()["suspended_until"] == "2027-01-31"
    browser.force_login(family.yerlan, "django.contrib.auth.backends.ModelBackend")
    own = browser.get("/api/v1/suppliers/jarqyn-med/standing").json()
    assert [row["reason"] for row in own["suspensions"]] == [WHY["reason"]]
    assert browser.get("/api/v1/suppliers/qadam-orto/standing").status_code == 404
    assert post("suspend", {"until": "2027-01-31"} | WHY).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("protected", [True, False])
def test_nobody_orders_in_the_moment_of_the_ban(family, ministry, monkeypatch, protected):  # noqa: F811
    """The submit reads the supplier as approved, waits for the ban's lock, and must still be refused."""
    draft = make.make_draft(family.aigul, make.fields_for((family.diapers, family.diaper_offer, 1)))
    holds, go_on = threading.Event(), threading.Event()
    create = Suspension.objects.create

    def slow(**fields: object) -> Suspension:
        holds.set()  # the offers are locked now
        assert go_on.wait(timeout=20)
        return create(**fields)

    monkeypatch.setattr(Suspension.objects, "create", slow)
    if not protected:
        monkeypatch.setattr(placing, "reserve_stock", lambda lines: None)
    outcome: list[object] = []

    def run(work: object) -> None:
        try:
            outcome.append(work())
        except Exception as error:
            outcome.append(error)
        finally:
            connections.close_all()

    banning = threading.Thread(target=run, args=(lambda: ban(ministry),))
    banning.start()
    assert holds.wait(timeout=20)
    ordering = threading.Thread(target=run, args=(lambda: make.submit(draft, family.aigul),))
    ordering.start()
    ordering.join(timeout=1)
    assert ordering.is_alive(), "the submit waits for the ban"
    go_on.set()
    for thread in (banning, ordering):
        thread.join(timeout=20)
    assert Partner.objects.get(pk=family.jarqyn.pk).status == "suspended"
    assert Order.objects.count() == (0 if protected else 1), outcome
