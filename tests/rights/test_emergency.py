"""Access in an emergency takes two persons, ends by itself, leaves its rows, and the person is told."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketplace import access, emergency, outbox
from marketplace.errors import Forbidden, Invalid, NotFound
from marketplace.models import EmergencyAccess, Event, Notice, ReadLog, Role, User
from tests import factories as make

BACKEND = "django.contrib.auth.backends.ModelBackend"
pytestmark = pytest.mark.django_db


@pytest.fixture
def marat() -> User:
    make.make_rules(emergency.RULE)
    return make.make_person("marat", phone="+77010000001")


@pytest.fixture
def support() -> User:
    return make.make_user("support", Role.ADMIN)


@pytest.fixture
def ministry() -> User:
    return make.make_user("ministry", Role.REVIEWER)


def asked(support: User, marat: User) -> int:
    return emergency.ask(actor=support, person_id=marat.pk, reason="Her order 17 does not open")


def test_one_asks_another_gives_and_the_person_is_told_when_it_is_over(client, marat, support, ministry):
    access_id = asked(support, marat)
    with pytest.raises(NotFound):
        emergency.look(actor=support, access_id=access_id)
    emergency.decide(actor=ministry, access_id=access_id, give=True)
    found, parts = emergency.look(actor=support, access_id=access_id)
    assert found.person == marat
    assert {"account", "drafts"} <= {part.code for part in parts} and not {"identity", "notices"} & {
        part.code for part in parts
    }
    kinds = list(Event.objects.order_by("pk").values_list("kind", "actor__username"))
    assert kinds == [("emergency.ask", "support"), ("emergency.give", "ministry")]
    row = ReadLog.objects.get()
    assert (row.actor, row.person, row.purpose) == (support, marat, "emergency")
    outbox.drain()
    assert not Notice.objects.exists(), "it is not over yet"
    EmergencyAccess.objects.update(until=timezone.now() - timedelta(hours=1))
    with pytest.raises(NotFound):
        emergency.look(actor=support, access_id=access_id)
    outbox.OutboxRow.objects.update(available_at=timezone.now() - timedelta(seconds=1))
    outbox.drain()
    notice = Notice.objects.get()
    assert (notice.recipient, "Her order 17 does not open" in notice.text) == (marat, True)
    client.force_login(marat, BACKEND)
    page = client.get("/en/account/").content.decode()
    assert "Support of the portal, in an emergency" in page and "Support" in page
    assert access.reads_of(marat).count() == 1


@pytest.mark.parametrize("who", ["support", "auditor", "caseworker", "marat"])
def test_nobody_else_decides_and_nobody_decides_for_herself(marat, support, who):
    access_id = asked(support, marat)
    actor = {"support": support, "marat": marat}.get(who) or make.make_user(who, who)
    with pytest.raises(Forbidden):
        emergency.decide(actor=actor, access_id=access_id, give=True)
    found = EmergencyAccess.objects.get()
    assert (found.status, found.decided_by, found.until) == ("asked", None, None)
    with pytest.raises(NotFound):
        emergency.look(actor=support, access_id=access_id)
    assert not ReadLog.objects.exists() and Event.objects.count() == 1


def test_the_database_refuses_one_person_in_both_places(marat, support):
    access_id = asked(support, marat)
    with pytest.raises(IntegrityError, match="emergency_two_persons"), transaction.atomic():
        EmergencyAccess.objects.filter(pk=access_id).update(
            status="given", decided_by=support, decided_at=timezone.now(), until=timezone.now()
        )


def test_what_was_refused_opens_nothing_and_is_not_decided_again(marat, support, ministry):
    access_id = asked(support, marat)
    emergency.decide(actor=ministry, access_id=access_id, give=False)
    with pytest.raises(emergency.AlreadyDecided):
        emergency.decide(actor=ministry, access_id=access_id, give=True)
    with pytest.raises(NotFound):
        emergency.look(actor=support, access_id=access_id)
    outbox.drain()
    assert not Notice.objects.exists() and not ReadLog.objects.exists()


def test_only_who_asked_looks(marat, support, ministry):
    access_id = asked(support, marat)
    emergency.decide(actor=ministry, access_id=access_id, give=True)
    for other in (ministry, make.make_user("other", Role.ADMIN)):
        with pytest.raises(NotFound):
            emergency.look(actor=other, access_id=access_id)
    assert not ReadLog.objects.exists()


@pytest.mark.parametrize(
    ("person", "reason", "field"), [(0, "x", "person"), (None, "  ", "reason"), ("staff", "x", "person")]
)
def test_it_takes_a_person_and_a_reason(marat, support, ministry, person, reason, field):
    number = {None: marat.pk, "staff": ministry.pk}.get(person, person)
    with pytest.raises(Invalid) as refused:
        emergency.ask(actor=support, person_id=number, reason=reason)
    assert [error.field for error in refused.value.errors] == [field]
    with pytest.raises(Forbidden):
        emergency.ask(actor=ministry, person_id=marat.pk, reason="x")
    assert not EmergencyAccess.objects.exists() and not Event.objects.exists()


def test_the_same_request_waits_once(marat, support):
    asked(support, marat)
    with pytest.raises(Invalid):
        asked(support, marat)
    assert EmergencyAccess.objects.count() == 1


def test_a_guardian_is_told_for_who_cannot_sign_in(marat, support, ministry):
    make.make_guardian("aigul", [marat])
    emergency.decide(actor=ministry, access_id=asked(support, marat), give=True)
    with time_machine.travel(timezone.now() + timedelta(hours=2)):
        outbox.OutboxRow.objects.update(available_at=timezone.now() - timedelta(hours=3))
        outbox.drain()
    assert [notice.recipient.username for notice in Notice.objects.all()] == ["aigul"]


def test_it_goes_through_the_pages(client, marat, support, ministry):
    client.force_login(support, BACKEND)
    assert client.post("/en/emergency/", {"person": marat.pk, "reason": ""}).status_code == 422
    assert client.post("/en/emergency/", {"person": marat.pk, "reason": "Trouble"}).status_code == 302
    access_id = EmergencyAccess.objects.get().pk
    assert b"Give access" not in client.get("/en/emergency/").content, "not to who asked"
    assert client.post(f"/en/emergency/{access_id}/decide/", {"give": "1"}).status_code == 403
    client.force_login(ministry, BACKEND)
    page = client.get("/en/emergency/").content.decode()
    assert "Give access" in page and "Trouble" in page and "Marat" not in page
    assert client.post(f"/en/emergency/{access_id}/decide/", {"give": "1"}).status_code == 302
    assert client.get(f"/en/emergency/{access_id}/").status_code == 403
    client.force_login(support, BACKEND)
    assert "+77010000001" in client.get(f"/en/emergency/{access_id}/").content.decode()
