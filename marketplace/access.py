"""Who may act for whom. Selectors of the apps build on this; views never decide."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.errors import Forbidden, NotFound
from marketplace.models import ReadLog, Role, User
from marketplace.request import request_id


def people_of(actor: User, on: date | None = None) -> QuerySet[User]:
    """Beneficiaries whose things the actor may see and prepare.

    A beneficiary: herself. A guardian: the wards whose guardianship runs. A caseworker: the people
    of the own office. Everybody else: nobody.
    """
    people = User.objects.filter(record__isnull=False)
    if not actor.is_authenticated or not actor.is_active:
        return people.none()
    if actor.role == Role.BENEFICIARY:
        return people.filter(pk=actor.pk)
    if actor.role == Role.GUARDIAN:
        day = on or timezone.localdate()
        running = Q(guardians__valid_to=None) | Q(guardians__valid_to__gte=day)
        return people.filter(Q(guardians__guardian=actor) & running).distinct()
    if actor.role == Role.CASEWORKER and actor.office_id:
        return people.filter(office_id=actor.office_id)
    return people.none()


def is_owner(actor: User, beneficiary_id: int | None) -> bool:
    """The beneficiary herself or her guardian: who may sign, accept, confirm, withdraw."""
    if beneficiary_id is None or actor.role not in {Role.BENEFICIARY, Role.GUARDIAN}:
        return False
    return actor.pk == beneficiary_id or acts_for(actor, beneficiary_id)


GUARDS = """
SELECT EXISTS (
    SELECT FROM marketplace_guardianship guardianship
    JOIN marketplace_personrecord record ON record.user_id = guardianship.ward_id
    WHERE guardian_id = %s AND ward_id = %s AND (valid_to IS NULL OR valid_to >= %s)
)
"""


def acts_for(actor: User, person_id: int) -> bool:
    """Is this one of ``people_of``? Every save of a guardian asks it: by a statement that nothing has to be built for."""
    if not actor.is_authenticated or not actor.is_active or actor.role != Role.GUARDIAN:
        return people_of(actor).filter(pk=person_id).exists()
    with connection.cursor() as cursor:
        cursor.execute(GUARDS, [actor.pk, person_id, timezone.localdate()])
        return bool(cursor.fetchone()[0])


def person(actor: User, person_id: int) -> User:
    """A beneficiary the actor may act for; NotFound for anybody else's."""
    found = people_of(actor).filter(pk=person_id).first()
    if found is None:
        raise NotFound
    return found


def require_role(actor: User, *roles: str) -> None:
    """Raises Forbidden when the actor has none of the roles."""
    if not actor.is_authenticated or actor.role not in roles:
        raise Forbidden


# What people's data are opened for; the person reads it on the account page.
PURPOSES = {
    "account": _("To keep accounts in order"),
    "call": _("To tell you something by phone"),
    "complaint": _("To examine a complaint"),
    "draft": _("To help with an application"),
    "emergency": _("Support of the portal, in an emergency"),
    "entitlement": _("To see the individual programme"),
    "fit": _("To choose what fits by the body measures"),
    "file": _("To look at a photo, paper or recording"),
    "help": _("To help with an application, by the code you told"),
    "office": _("To serve you at the social office"),
    "order": _("To carry out an order"),
    "visit": _("To arrange mystery visits"),
}


def log_read(
    *, actor: User, person_id: int | None, purpose: str, subject: str, goes_on: timedelta | None = None
) -> None:
    """Leave a row when someone opens another person's data (guarantee G8); own data needs none.

    ``goes_on``: the same look as one of so long before, if there is one: a player asks for its film part by part.
    """
    if person_id is None or not actor.is_authenticated or actor.pk == person_id:
        return
    if goes_on is not None and ReadLog.objects.filter(
        actor=actor, person=person_id, purpose=purpose, subject=subject, at__gte=timezone.now() - goes_on
    ):
        return
    ReadLog.objects.create(
        actor=actor, person_id=person_id, purpose=purpose, subject=subject, request_id=request_id.get()
    )


def log_reads(*, actor: User, person_ids: Iterable[int], purpose: str, subject: str) -> None:
    """The same for a list: one row for each person on it, in one statement."""
    ReadLog.objects.bulk_create(
        ReadLog(actor=actor, person_id=pk, purpose=purpose, subject=subject, request_id=request_id.get())
        for pk in sorted(set(person_ids) - {actor.pk})
    )


def reads_of(person: User) -> QuerySet[ReadLog]:
    """Who opened the person's data and those of the wards, the latest first."""
    people = Q(person=person) | Q(person__in=people_of(person)) if person.role == Role.GUARDIAN else Q(person=person)
    rows = ReadLog.objects.filter(people).exclude(actor=person)
    return rows.select_related("actor__office", "actor__authority", "person").order_by("-pk")


def reads_in_words(rows: Iterable[ReadLog]) -> list[dict[str, Any]]:
    """Rows of the read log for people: when, whose data, who of which body, what for."""
    return [
        {
            "at": row.at,
            "whose": str(row.person),
            "who": str(row.actor),
            "body": str(row.actor.office or row.actor.authority or row.actor.get_role_display()),
            "purpose": PURPOSES.get(row.purpose, row.purpose),
        }
        for row in rows
    ]
