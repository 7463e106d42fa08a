"""Keys and the retention of drafts when several ask at the same moment."""

import uuid
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from marketplace.drafts import keys, retention, rights
from marketplace.models import Draft, DraftKey, DraftReminder, DraftSave, Notice, Rule, User
from tests.factories import make_rules
from tests.marketplace.racing import together
from tests.marketplace.sample_draft import ROUTE, body_of, op, patch, saved

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sample_kind", "rule_data")]

SignIn = Callable[[User], Client]
THREADS = 8


@pytest.fixture
def rule_data(db: None) -> None:
    for code, value in (
        ("draft.key_days", {"days": 7}),
        ("order.draft_keep_days", {"days": 180}),
        ("order.draft_reminder_days", {"days": [3, 14]}),
        ("draft.put_aside_days", {"days": 30}),
    ):
        Rule.objects.create(code=code, valid_from="2024-01-01", value=value, mark="D", legal_basis={})
    make_rules("supplier.application_keep_days")  # another kind of draft is kept by its own


@pytest.fixture
def marats(signed_in: SignIn, marat: User, draft_id: uuid.UUID) -> Client:
    client = signed_in(marat)
    saved(client, draft_id, op("name", "Марат"))
    return client


def ask_together(clients: list[Client], draft_id: uuid.UUID) -> list[int]:
    """Statuses of eight requests for a key of the same device."""

    def ask(number: int) -> int:
        clients[number].raise_request_exception = False
        return clients[number].post(
            f"{ROUTE}{draft_id}/key", {"device": "phone"}, content_type="application/json"
        ).status_code  # fmt: skip

    return together(ask, THREADS)


def test_one_save_by_session_and_by_key_at_once_is_one_save(
    signed_in: SignIn, marats: Client, marat: User, draft_id: uuid.UUID
) -> None:
    answer = marats.post(f"{ROUTE}{draft_id}/key", {"device": "phone"}, content_type="application/json")
    key, body = answer.json()["key"], body_of(op("note", "көмек"))
    clients = [signed_in(marat) if number % 2 else Client() for number in range(THREADS)]

    def save(number: int) -> int:
        headers = {} if number % 2 else {"Draft-Key": key}
        return patch(clients[number], draft_id, body, key="k-1", **headers).status_code

    assert set(together(save, THREADS)) == {200}
    assert DraftSave.objects.filter(key="k-1").count() == 1
    assert Draft.objects.get().fields["note"]["ver"] == 1


def test_of_keys_asked_for_at_once_one_works(
    signed_in: SignIn, marats: Client, marat: User, draft_id: uuid.UUID
) -> None:
    assert ask_together([signed_in(marat) for _number in range(THREADS)], draft_id) == [200] * THREADS
    assert DraftKey.objects.count() == THREADS
    assert DraftKey.objects.filter(revoked_at=None).count() == 1


def test_control_without_the_row_lock_the_database_refuses_the_second_key(
    signed_in: SignIn, marats: Client, marat: User, draft_id: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "lock", lambda *, draft_id, actor: Draft.objects.get(pk=draft_id))
    assert keys.rights is rights
    assert set(ask_together([signed_in(marat) for _number in range(THREADS)], draft_id)) != {200}
    assert DraftKey.objects.filter(revoked_at=None).count() == 1


def test_two_sweeps_at_once_remind_once_and_remove_once(marats: Client, draft_id: uuid.UUID) -> None:
    almaty = ZoneInfo("Asia/Almaty")
    Draft.objects.filter(pk=draft_id).update(updated_at=datetime(2026, 1, 10, 12, tzinfo=almaty))
    for day, expected in (((2026, 6, 25), "reminded"), ((2026, 7, 6), "reminded"), ((2026, 7, 9), "purged")):
        counts = together(lambda _number, day=day: retention.sweep(datetime(*day, 9, tzinfo=almaty)), 4)
        assert sum(count[expected] for count in counts) == 1
        if expected == "reminded":
            assert DraftReminder.objects.count() == Notice.objects.count()
    assert Notice.objects.count() == 2
    assert not Draft.objects.exists()
