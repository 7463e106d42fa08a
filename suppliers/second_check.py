"""A second check of what the ministry refused, the same for applications and for goods.

Whoever was refused may ask for it until ``respond_by``; another person than ``refused_by`` decides, by a day of its own.
"""

from datetime import date, datetime
from typing import Protocol

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import calendar
from marketplace.errors import DomainError
from marketplace.models import User

APPEALED = "appealed"


class SamePerson(DomainError):
    code = "same_person"
    message = _("You refused this before. Somebody else decides on it now.")


class TooLate(DomainError):
    code = "too_late"
    message = _("The time for this is over. You can send it anew.")


class Case(Protocol):
    """An application or a listing."""

    pk: int
    status: str
    answers: dict[str, object]
    submitted_at: datetime
    reason: str
    words: str
    appeal: str
    decided_at: datetime | None
    respond_by: date | None
    due_explained: dict[str, object]
    overdue_at: datetime | None
    refused_by_id: int | None

    @property
    def number(self) -> str: ...


def date_by(case: Case, rule: str, now: datetime) -> None:
    """Until when whoever has the turn answers, and how that was counted."""
    counted = calendar.deadline(rule, timezone.localdate(now))
    case.respond_by, case.due_explained = counted.respond_by, counted.explained


def is_another(case: Case, actor: User) -> bool:
    """May this person decide now? Who refused does not check herself."""
    return not (case.status == APPEALED and case.refused_by_id == actor.pk)


def by_another(case: Case, actor: User) -> None:
    """Raises SamePerson."""
    if not is_another(case, actor):
        raise SamePerson


def in_time(case: Case, now: datetime) -> None:
    """Raises TooLate when the day until which a second check may be asked for is over."""
    if case.respond_by is None or case.respond_by < timezone.localdate(now):
        raise TooLate
