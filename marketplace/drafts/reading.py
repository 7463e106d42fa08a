"""What people see of drafts: lists, one draft, its history."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from marketplace import access
from marketplace.drafts import kinds, rights, saving
from marketplace.errors import NotFound
from marketplace.models import Draft, DraftSave, Role, User

# Of the person's record a form needs the measures; the number of identity stays where it is.
SECRET = ("iin_encrypted", "iin_index")


def visible(actor: User) -> QuerySet[Draft]:
    """Drafts of the people the actor acts for, the actor's own, and those a specialist was let in to by a code."""
    theirs = Q(beneficiary__in=access.people_of(actor))
    if actor.role == Role.CASEWORKER:
        theirs &= Q(kind__in=kinds.shared_with_office()) | Q(author=actor)
    own = Q(author=actor, beneficiary=None)
    if actor.role in rights.STAFF:
        own |= Q(pk__in=rights.running_help().filter(helper=actor).values("draft"))
    return Draft.objects.filter(theirs | own)


def get(actor: User, draft_id: UUID) -> Draft:
    """One draft the actor may edit; foreign and missing alike raise NotFound."""
    rows = Draft.objects.select_related("beneficiary__record").defer(
        *(f"beneficiary__record__{name}" for name in SECRET)
    )
    draft = rows.filter(pk=draft_id).first()
    if draft is None or not rights.may_edit(actor, draft):
        raise NotFound
    return draft


def opened(actor: User, draft_id: UUID) -> Draft:
    """The same for whoever reads it: a specialist's look is written down first (guarantee G8)."""
    draft = get(actor, draft_id)
    rights.log_look(actor, draft)
    return draft


def as_data(actor: User, draft: Draft) -> dict[str, Any]:
    """The API's shape of a draft, conflicts seen from the actor's side."""
    return {
        "id": str(draft.pk),
        "kind": draft.kind,
        "schema": draft.schema,
        "rev": draft.rev,
        "status": draft.status,
        "beneficiary": draft.beneficiary_id,
        "created_at": draft.created_at,
        "updated_at": draft.updated_at,
        "fields": {
            name: {"v": entry["v"], "ver": entry["ver"], "by": entry["by"], "at": entry["at"]}
            for name, entry in draft.fields.items()
        },
        "conflicts": conflicts(actor, draft),
        "orders": kinds.get(draft.kind).results(draft),
    }


def conflicts(actor: User, draft: Draft) -> list[dict[str, Any]]:
    """Open questions: both values, who wrote the other one and when, the version to answer to."""
    questions = []
    for name, conflict in draft.conflicts.items():
        mine, theirs = saving.sides(actor, draft.fields[name], conflict)
        questions.append(
            {
                "f": name,
                "yours": mine["v"],
                "theirs": theirs["v"],
                "by": theirs["by"],
                "at": theirs["at"],
                "ver": draft.fields[name]["ver"],
            }
        )
    return questions


def saves_of(draft: Draft) -> QuerySet[DraftSave]:
    """The log of a draft that was opened, the latest save first."""
    return draft.saves.select_related("actor").order_by("-pk")


def put_aside(actor: User, kind: str) -> QuerySet[Draft]:
    """Drafts of a kind that the actor may take up again, the latest first."""
    drafts = visible(actor).filter(kind=kind, status=Draft.Status.DISCARDED)
    return drafts.select_related("beneficiary").order_by("-discarded_at", "pk")


def history(actor: User, draft_id: UUID) -> list[dict[str, Any]]:
    """Who changed what, when, from which device; newest last. ``via`` is "key" for a save without a session."""
    draft = get(actor, draft_id)
    return [
        {
            "rev": save.rev,
            "at": save.at,
            "by": save.actor_id,
            "by_name": str(save.actor),
            "device": save.device,
            "via": save.via,
            "ops": [{name: said for name, said in op.items() if name != "sealed"} for op in save.ops],
        }
        for save in draft.saves.select_related("actor").order_by("pk")
    ]
