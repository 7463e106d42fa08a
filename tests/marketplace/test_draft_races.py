"""Many devices save one draft at once: every acknowledged save stands in one unbroken chain."""

import uuid
from collections.abc import Callable
from uuid import UUID

import pytest
from django.test import Client

from marketplace.drafts import saving
from marketplace.models import Draft, DraftSave, User
from tests.marketplace.racing import together
from tests.marketplace.sample_draft import body_of, op, patch

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sample_kind")]

SignIn = Callable[[User], Client]
THREADS, SAVES = 8, 6


def race(signed_in: SignIn, marat: User) -> UUID:
    """Eight devices, six saves each, all of the field "note" and each on top of its own last answer."""
    draft_id = uuid.uuid4()
    clients = [signed_in(marat) for _number in range(THREADS)]

    def device(number: int) -> None:
        base = 0
        for turn in range(SAVES):
            body = body_of(op("note", f"{number}.{turn}", base=base), device=f"device-{number}")
            response = patch(clients[number], draft_id, body)
            assert response.status_code == 200, response.content
            base = response.json()["r"]["note"]["ver"]

    together(device, THREADS)
    return draft_id


def is_unbroken(draft_id: UUID) -> bool:
    """Every save has a revision of its own, and each applied value is one version above the one before."""
    draft = Draft.objects.get(pk=draft_id)
    saves = list(DraftSave.objects.filter(draft=draft).order_by("pk"))
    revisions = sorted(save.rev for save in saves)
    applied = sorted(save.ops[0]["ver"] for save in saves if save.ops[0]["s"] == "applied")
    return (
        revisions == list(range(1, THREADS * SAVES + 1))
        and applied == list(range(1, len(applied) + 1))
        and (draft.rev, draft.fields["note"]["ver"]) == (revisions[-1], applied[-1])
    )


def test_saves_of_eight_devices_form_one_chain(signed_in: SignIn, marat: User) -> None:
    assert is_unbroken(race(signed_in, marat))


def test_control_without_the_row_lock_the_chain_breaks(
    signed_in: SignIn, marat: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "_locked", lambda draft_id: Draft.objects.filter(pk=draft_id).first())
    assert not is_unbroken(race(signed_in, marat))


def test_one_save_sent_eight_times_at_once_is_one_save(signed_in: SignIn, marat: User) -> None:
    draft_id, body = uuid.uuid4(), body_of(op("name", "Марат"))
    clients = [signed_in(marat) for _number in range(THREADS)]

    responses = together(lambda number: patch(clients[number], draft_id, body, key="k-1"), THREADS)

    assert {response.status_code for response in responses} == {200}
    assert len({response.content for response in responses}) == 1
    assert sum("Idempotent-Replayed" not in response for response in responses) == 1
    assert DraftSave.objects.count() == 1
    assert Draft.objects.get().rev == 1
