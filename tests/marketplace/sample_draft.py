"""A small draft kind and the words of the save protocol, for the tests of the engine."""

import json
import uuid
from typing import Any

from django.test import Client
from django.utils import timezone

from marketplace import access, idempotency
from marketplace.drafts import kinds, rights, saving
from marketplace.errors import Changed, FieldError, Invalid
from marketplace.models import Draft, User

FIELDS = {"name", "phone", "address", "note", "consent"}
ROUTE = "/api/v1/drafts/"


def _beneficiary(actor: User, person_id: int | None) -> User | None:
    if actor.role == "beneficiary":
        return actor
    if person_id is None:
        raise Invalid([FieldError("beneficiary", "required", "whose?")])
    return access.person(actor, person_id)


def _may_edit(actor: User, draft: Draft) -> bool:
    return draft.beneficiary_id is not None and access.people_of(actor).filter(pk=draft.beneficiary_id).exists()


def _submit(*, draft_id: uuid.UUID, actor: User, expected_rev: int, request: idempotency.Request) -> idempotency.Answer:
    def work() -> tuple[int, dict[str, Any]]:
        draft = rights.lock(draft_id=draft_id, actor=actor)
        if draft.status != Draft.Status.OPEN:
            raise saving.DraftClosed(orders=draft.result["orders"])
        if draft.rev != expected_rev:
            raise Changed
        draft.status, draft.submitted_at = Draft.Status.SUBMITTED, timezone.now()
        draft.result = {"orders": [{"number": "4000000001"}]}
        draft.save()
        return 201, draft.result

    return idempotency.once(request, work)


SAMPLE = kinds.Kind(
    name="sample",
    schema=1,
    knows=FIELDS.__contains__,
    may_edit=_may_edit,
    beneficiary_for=_beneficiary,
    may_write=lambda actor, draft, field: field != "consent" or actor.role != "caseworker",
    submit=_submit,
)


def op(field: str, value: Any, base: int = 0, seq: int = 1) -> dict[str, Any]:
    return {"f": field, "v": value, "base": base, "seq": seq}


def body_of(*ops: dict[str, Any], device: str = "phone", **more: Any) -> str:
    return json.dumps({"device": device, "schema": 1, "kind": "sample", "ops": list(ops), **more})


def patch(client: Client, draft_id: uuid.UUID, body: str | bytes, key: str | None = None, **headers: str) -> Any:
    """One save; a fresh key unless one is given, none with key="" ."""
    chosen = str(uuid.uuid4()) if key is None else key
    given = {"Idempotency-Key": chosen} if chosen else {}
    return client.patch(f"{ROUTE}{draft_id}", body, content_type="application/json", headers=given | headers)


def saved(client: Client, draft_id: uuid.UUID, *ops: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The results of a save that must succeed."""
    response = patch(client, draft_id, body_of(*ops, **more))
    assert response.status_code == 200, response.content
    return response.json()["r"]
