"""Each kind of personal data has its term in a rule, and a night in which it goes; what stays says why."""

from datetime import datetime, timedelta

import pytest
from django.db.models import Q
from django.utils import timezone

from catalog.models import MeasuredValue
from complaints.models import Complaint
from complaints.states import ENDED_STATES
from marketplace import keeping, tidying
from marketplace.models import Draft, DraftSave, Event, Notice, Rule, StoredFile, User
from orders.models import Order
from orders.states import OPEN_STATES
from suppliers.demand.models import UnmetNeed
from tests.rights.data_classes import register
from tests.rights.world import World, clients, undone

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("rights leaks")]
# Emptied by another night's work, by rules or within days.
ELSEWHERE = {
    "complaints.TelegramChat": "complaints/intake/receiving.py", "complaints.TelegramPhoto": "complaints/intake/receiving.py",
}  # fmt: skip
# No night empties these.
KEPT = {
    "marketplace.Event": "the log of what was done: append-only for everybody, its chain would break",
    "marketplace.User": "while the account is there",
    "marketplace.PersonRecord": "while the account is there",
    "marketplace.Guardianship": "while the account is there; it has its own last day",
    "order.Entitlement": "the individual programme: while the account is there, the ledger is counted from it",
    "order.Tranche": "how much of a norm was used",
    "order.Act": "signed paper of an acceptance: an archive's matter, the state paid by it",
    "order.PaperSignature": "the same, electronically signed",
    "order.RecallHolder": "what was wanted after a recall, by a code; of goods, not of health",
    "complaints.Measure": "decision of a body about a supplier, in force until it is lifted",
    "complaints.BoardGuest": "who of an organisation sits on a board: work, not need",
    "complaints.MysteryVisit": "work by contract", "complaints.MysteryVisitor": "work by contract",
    "complaints.VisitFee": "accounts of the ministry",
    "complaints.NoInvitations": "that somebody does not want to be asked",
    "partner.Partner": "whose shop it is: an entrepreneur's own number, sealed, while the shop is there",
    "account.EmailAddress": "not used: empty", "address.UserAddress": "not used: empty",
    "order.ShippingAddress": "not used: empty", "order.ShippingEvent": "not used: empty", "order.OrderNote": "not used: empty",
}  # fmt: skip


def personal_tables() -> set[str]:
    return {model for (model, _column), name in register().items() if name in {"P2", "P3"}}


def test_every_table_with_personal_columns_has_its_term_or_a_reason():
    assert sorted(personal_tables() - keeping.tables() - ELSEWHERE.keys() - KEPT.keys()) == []
    assert sorted((keeping.tables() | ELSEWHERE.keys() | KEPT.keys()) - personal_tables()) == []
    assert keeping.tables() & KEPT.keys() == set()


def test_control_a_table_without_a_term_is_found(monkeypatch):
    monkeypatch.delitem(keeping._kinds, "retention.need_days")
    assert personal_tables() - keeping.tables() - ELSEWHERE.keys() - KEPT.keys() == {"partner.UnmetNeed"}


def years(count: int) -> datetime:
    return timezone.now() + timedelta(days=366 * count)


def end_some(country: World) -> None:
    """Of the demo: one complaint closed, one need met, measures with a history, a visitor's photo of the closed case."""
    now = timezone.now()
    UnmetNeed.objects.update(ended_at=now, outcome="met")
    person = User.objects.get(username="person")
    MeasuredValue.objects.create(person=person, code="hip_mm", value=950, actor=person, at=now)
    case = Complaint.objects.filter(status__in=ENDED_STATES).exclude(text="").first()
    assert case is not None
    StoredFile.objects.create(
        subject=f"complaint:{case.number}", purpose="complaint", content_type="image/jpeg", size=1, file="files/x.jpg"
    )
    Notice.objects.filter(status="sent").update(finished_at=now)


def test_nothing_goes_before_its_term(country):
    with undone():
        end_some(country)
        assert set(keeping.sweep(timezone.now()).values()) == {0}


def test_after_the_terms_who_it_was_is_gone_and_what_it_was_stays(country):
    with undone():
        end_some(country)
        open_cases = list(Complaint.objects.exclude(status__in=ENDED_STATES).values_list("pk", "text", "contact"))
        cases, orders, notices = Complaint.objects.count(), Order.objects.count(), Notice.objects.count()
        sums = sorted(Order.objects.values_list("number", "state_pays", "status"))
        counts = keeping.sweep(years(30))
        assert {code for code, count in counts.items() if code.startswith("retention.") and count} >= {
            "retention.message_days", "retention.order_days", "retention.complaint_days", "retention.sent_draft_days",
            "retention.need_days", "retention.measure_days",
        }  # fmt: skip
        ended = Complaint.objects.filter(status__in=ENDED_STATES)
        told = ~Q(text="") | ~Q(contact={}) | ~Q(answer="") | ~Q(texts={}) | ~Q(contact_key=b"")
        assert ended.exists() and not ended.filter(told).exists()
        assert not StoredFile.objects.filter(subject__in=[f"complaint:{row.number}" for row in ended]).exists()
        assert (
            list(Complaint.objects.exclude(status__in=ENDED_STATES).values_list("pk", "text", "contact")) == open_cases
        )
        over = Order.objects.exclude(status__in=OPEN_STATES)
        assert over.exists() and not over.exclude(contact_name="", contact_phone="", delivery_address="").exists()
        assert not Order.objects.filter(status__in=OPEN_STATES, contact_name="").exists()
        assert not Notice.objects.exclude(finished_at=None).exclude(text="", address="").exists()
        sent = Draft.objects.filter(status=Draft.Status.SUBMITTED)
        assert sent.exists() and not sent.exclude(fields={}).exists()
        assert not DraftSave.objects.filter(draft__in=sent).exists()
        assert not UnmetNeed.objects.exists() and not MeasuredValue.objects.exists()
        assert (Complaint.objects.count(), Order.objects.count(), Notice.objects.count()) == (cases, orders, notices)
        assert sorted(Order.objects.values_list("number", "state_pays", "status")) == sums
        assert Event.objects.filter(kind="retention.removed", subject="rule:retention.order_days").exists()
        assert sum(keeping.sweep(years(30)).values()) == 0, "a second night finds nothing"


def test_every_night_does_it(country):
    with undone():
        assert {code for code in tidying.tidy_up() if code.startswith("retention.")} == set(keeping._kinds)


def test_a_longer_rule_keeps_longer(country):
    with undone():
        rule = Rule.objects.get(code="retention.complaint_days")
        Rule.objects.filter(pk=rule.pk).update(value={"days": 7300})
        assert keeping.sweep(years(6))["retention.complaint_days"] == 0
        Rule.objects.filter(pk=rule.pk).update(value={"days": 1826})
        assert keeping.sweep(years(6))["retention.complaint_days"] > 0


def test_a_rule_that_is_not_there_takes_nothing(country):
    with undone():
        Rule.objects.filter(code="retention.order_days").delete()
        assert "retention.order_days" not in keeping.sweep(years(30))
        assert Order.objects.exclude(status__in=OPEN_STATES).exclude(contact_name="").exists()


def test_pages_of_what_was_forgotten_still_open(country):
    with undone():
        keeping.sweep(years(30))
        browsers = clients(country)
        case = Complaint.objects.filter(status__in=ENDED_STATES, complainant__username="zhanar").first()
        order = Order.objects.exclude(status__in=OPEN_STATES).filter(user__username="zhanar").first()
        for role, path in (
            ("visitor", f"/en/complaints/{case.number}/" if case else "/en/complaints/"),
            ("visitor", f"/en/orders/{order.number}/" if order else "/en/orders/"),
            ("reviewer", "/en/complaints/"), ("visitor", "/en/account/data/"), ("caseworker", "/en/office/"),
            ("hotline", "/en/hotline/"), ("supplier", "/en/supplier/"),
        ):  # fmt: skip
            assert browsers[role].get(path).status_code == 200, path
