"""The draft kind "order": its fields, who fills it in, what its submit does."""

from django.utils.translation import gettext_lazy as _

from marketplace import access
from marketplace.drafts import kinds, rights
from marketplace.errors import FieldError, Forbidden, Invalid, NotFound
from marketplace.models import Draft, Role, User
from orders import draft_fields, field_words, second_screen, submission


def may_edit(actor: User, draft: Draft) -> bool:
    """The owner, or a caseworker of the person's own office; for everybody else the draft does not exist."""
    if draft.beneficiary_id is None:
        return False
    if actor.role == Role.BENEFICIARY:
        return actor.pk == draft.beneficiary_id
    if actor.role == Role.CASEWORKER:
        # The pages have the person at hand: no query.
        office = draft.beneficiary.office_id if draft.beneficiary else None
        return actor.is_active and office is not None and office == actor.office_id
    return access.acts_for(actor, draft.beneficiary_id)


def beneficiary_for(actor: User, beneficiary_id: int | None) -> User:
    """Whose draft a new one is. Raises Forbidden (role), NotFound (foreign), Invalid (which person?)."""
    access.require_role(actor, Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
    people = access.people_of(actor)
    if actor.role == Role.CASEWORKER:
        found = people.filter(pk=beneficiary_id).first() if beneficiary_id else None
        if found is None:
            raise Invalid([FieldError("beneficiary", "unknown", _("Name a person of your own office."))])
        return found
    if beneficiary_id is not None:
        found = people.filter(pk=beneficiary_id).first()
        if found is None:
            raise NotFound
        return found
    own = list(people.order_by("pk")[:2])
    if not own:
        raise Forbidden
    if len(own) > 1:
        raise Invalid([FieldError("beneficiary", "required", _("Say for which child you order."))])
    return own[0]


def may_write(actor: User, draft: Draft, field: str) -> bool:
    """Nobody consents for another: the tick is the owner's, the record of a proof the office's."""
    if field == draft_fields.OWNER_CONSENT:
        return rights.owns(actor, draft)
    if field in draft_fields.OFFICE_CONSENT:
        return actor.role == Role.CASEWORKER and may_edit(actor, draft)
    return True


ORDER_DRAFT = kinds.register(
    kinds.Kind(
        name="order",
        schema=draft_fields.SCHEMA,
        knows=draft_fields.knows,
        may_edit=may_edit,
        beneficiary_for=beneficiary_for,
        may_write=may_write,
        submit=submission.submit,
        shared_with_office=True,
        page="applications/%s/",
        label=field_words.label,
        words=field_words.in_words,
        picture=second_screen.picture,
    )
)
