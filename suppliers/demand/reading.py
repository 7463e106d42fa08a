"""Who sees which needs: a person's own word is hers, her guardian's and her office's."""

from collections.abc import Iterable

from django.db.models import F, QuerySet

from marketplace import access
from marketplace.errors import NotFound
from marketplace.models import Role, User
from suppliers.demand.models import UnmetNeed


def own(actor: User) -> QuerySet[UnmetNeed]:
    """Needs of the actor's people, open ones first, the latest first."""
    rows = UnmetNeed.objects.filter(person__in=access.people_of(actor)).select_related("person", "region", "product")
    return rows.order_by(F("ended_at").desc(nulls_first=True), "-pk")


def log_looks(actor: User, person_ids: Iterable[int]) -> None:
    """A caseworker's list of what people lack leaves a row for each of them (guarantee G8)."""
    if actor.role == Role.CASEWORKER:
        access.log_reads(actor=actor, person_ids=person_ids, purpose="fit", subject="people:fit")


def only_person(actor: User) -> int:
    """The one person whom the actor acts for. Raises NotFound when there is none or more than one."""
    people = list(access.people_of(actor).values_list("pk", flat=True)[:2])
    if len(people) != 1:
        raise NotFound
    return people[0]
