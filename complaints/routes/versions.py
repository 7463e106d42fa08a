"""Versions of the routing table: a working copy, its rows, its publishing. Only the ministry's reviewers come here.

A version never changes once it exists, and a case keeps the version it was filed under. So a new version starts on a
day to come, or today at the earliest, and says why it was made.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from complaints import routing
from complaints.routes.checking import Problem, combinations, problems
from complaints.routes.models import RouteProposal
from marketplace import access, events
from marketplace.errors import DomainError, FieldError, Invalid, NotFound
from marketplace.models import Event, Role, Rule, User
from marketplace.time import database_now

_SUBJECT = "routing:"


class ProposalOpen(DomainError):
    code = "proposal_open"
    message = _("Somebody works on a new version already. Continue that one.")


class ChangedMeanwhile(DomainError):
    code = "changed_meanwhile"
    message = _("Somebody changed the table meanwhile. Look at it again, then repeat your change.")


@dataclass(frozen=True)
class Version:
    """A version with who made it, when and why: the story comes from the event log."""

    rule: Rule
    published: Event | None
    in_force: bool

    @property
    def rows(self) -> int:
        return len(self.rule.value["table"])


@dataclass(frozen=True)
class Change:
    """One combination that two versions answer differently: the rows that apply, and what differs in them."""

    subject: str
    sphere: str
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def columns(self) -> list[str]:
        return [name for name in self.after if self.before.get(name) != self.after[name]]


def require_editor(actor: User) -> None:
    """Raises Forbidden for everybody but the ministry's reviewers."""
    access.require_role(actor, Role.REVIEWER)


def versions(actor: User, today: date | None = None) -> list[Version]:
    """All of them, the newest first."""
    require_editor(actor)
    rules = list(Rule.objects.filter(code=routing.RULE).select_related("author").order_by("-valid_from"))
    found = Event.objects.filter(kind="routing.published", subject__startswith=_SUBJECT).select_related("actor")
    told = {event.subject.removeprefix(_SUBJECT): event for event in found}
    started = [rule.valid_from for rule in rules if rule.valid_from <= (today or timezone.localdate())]
    current = max(started, default=None)
    return [Version(rule, told.get(rule.valid_from.isoformat()), rule.valid_from == current) for rule in rules]


def version(actor: User, valid_from: date) -> Rule:
    """One version. Raises NotFound."""
    require_editor(actor)
    found = Rule.objects.filter(code=routing.RULE, valid_from=valid_from).select_related("author").first()
    if found is None:
        raise NotFound
    return found


def proposal(actor: User) -> RouteProposal | None:
    """The working copy, when there is one."""
    require_editor(actor)
    return RouteProposal.objects.filter(ended_at=None).select_related("author").first()


def begin(*, actor: User, now: datetime | None = None) -> RouteProposal:
    """Open a working copy of the latest version. Raises ProposalOpen."""
    require_editor(actor)
    now = now or database_now()
    latest = Rule.objects.filter(code=routing.RULE).latest("valid_from")
    try:
        with transaction.atomic(durable=True):
            made = RouteProposal.objects.create(
                value=latest.value, based_on=latest.valid_from, author=actor, begun_at=now, changed_at=now
            )
            _log("begun", f"proposal-{made.pk}", actor, now, {"based_on": latest.valid_from.isoformat()})
    except IntegrityError:
        raise ProposalOpen from None
    return made


def put_row(*, actor: User, rev: int, place: int, row: dict[str, Any], now: datetime | None = None) -> RouteProposal:
    """Replace the row at ``place`` (from 1), or add one there when ``place`` is behind the last."""

    def change(rows: list[dict[str, Any]]) -> None:
        rows[place - 1 : place] = [row]

    return _change(actor, rev, change, now)


def insert_row(*, actor: User, rev: int, place: int, row: dict[str, Any], now: datetime | None = None) -> RouteProposal:
    """Add a row before the one at ``place``."""
    return _change(actor, rev, lambda rows: rows.insert(place - 1, row), now)


def drop_row(*, actor: User, rev: int, place: int, now: datetime | None = None) -> RouteProposal:
    return _change(actor, rev, lambda rows: rows.pop(_index(rows, place)), now)


def move_row(*, actor: User, rev: int, place: int, to: int, now: datetime | None = None) -> RouteProposal:
    """Put a row at another place: rows are read from the top."""

    def change(rows: list[dict[str, Any]]) -> None:
        rows.insert(_index(rows, to), rows.pop(_index(rows, place)))

    return _change(actor, rev, change, now)


def put_table(*, actor: User, rev: int, rows: list[dict[str, Any]], now: datetime | None = None) -> RouteProposal:
    """Replace all rows, as from a file."""

    def change(old: list[dict[str, Any]]) -> None:
        old[:] = rows

    return _change(actor, rev, change, now)


def discard(*, actor: User, rev: int, now: datetime | None = None) -> None:
    """Drop the working copy; the log keeps that it was."""
    require_editor(actor)
    now = now or database_now()
    with transaction.atomic(durable=True):
        held = _lock(rev)
        held.ended_at = now
        held.save(update_fields=["ended_at"])
        _log("discarded", f"proposal-{held.pk}", actor, now)


def publish(*, actor: User, rev: int, valid_from: date, reason: str, now: datetime | None = None) -> Rule:
    """Make the working copy a version from a day on. Raises Invalid with every problem of the table."""
    require_editor(actor)
    now = now or database_now()
    reason = reason.strip()
    with transaction.atomic(durable=True):
        held = _lock(rev)
        errors = _errors(held, valid_from, reason, timezone.localdate(now))
        if errors:
            raise Invalid(errors)
        base = Rule.objects.get(code=routing.RULE, valid_from=held.based_on)
        changed = len(differences(base.value, held.value))
        rule = Rule.objects.create(
            code=routing.RULE, valid_from=valid_from, value=held.value, legal_basis=base.legal_basis, mark=base.mark,
            author=actor,
        )  # fmt: skip
        held.ended_at = now
        held.save(update_fields=["ended_at"])
        facts = {"based_on": held.based_on.isoformat(), "rows": len(held.value["table"]), "combinations": changed}
        _log("published", valid_from.isoformat(), actor, now, facts, reason)
    return rule


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    """Every combination that the second version answers differently from the first."""
    known = dict.fromkeys([*combinations(before), *combinations(after)])
    found = []
    for subject, sphere in known:
        old, new = _answer(before, subject, sphere), _answer(after, subject, sphere)
        if old != new:
            found.append(Change(subject, sphere, old, new))
    return found


def checked(value: dict[str, Any]) -> list[Problem]:
    """What stands in the way of publishing."""
    return problems(value)


def _answer(value: dict[str, Any], subject: str, sphere: str) -> dict[str, Any]:
    try:
        return routing.decide(value["table"], subject, sphere)
    except LookupError:
        return {}


def _errors(held: RouteProposal, valid_from: date, reason: str, today: date) -> list[FieldError]:
    errors = [FieldError("table", "table", str(problem)) for problem in problems(held.value)]
    if not reason:
        errors.append(FieldError("reason", "required", _("Say why the table changes.")))
    if valid_from < today:
        errors.append(
            FieldError("valid_from", "past", _("Choose today or a day to come: filed cases keep their route."))
        )
    elif Rule.objects.filter(code=routing.RULE, valid_from=valid_from).exists():
        errors.append(FieldError("valid_from", "taken", _("A version starts on this day already. Choose another day.")))
    if Rule.objects.get(code=routing.RULE, valid_from=held.based_on).value["table"] == held.value["table"]:
        errors.append(FieldError("table", "same", _("Nothing was changed.")))
    return errors


def _change(
    actor: User, rev: int, change: Callable[[list[dict[str, Any]]], Any], now: datetime | None
) -> RouteProposal:
    require_editor(actor)
    now = now or database_now()
    with transaction.atomic(durable=True):
        held = _lock(rev)
        value = deepcopy(held.value)
        change(value["table"])
        held.value, held.rev, held.changed_at = value, held.rev + 1, now
        held.save(update_fields=["value", "rev", "changed_at"])
        _log("changed", f"proposal-{held.pk}", actor, now, {"rev": held.rev, "rows": len(value["table"])})
    return held


def _lock(rev: int) -> RouteProposal:
    """The working copy, as the editor saw it. Raises NotFound, ChangedMeanwhile."""
    held = RouteProposal.objects.select_for_update().filter(ended_at=None).first()
    if held is None:
        raise NotFound
    if held.rev != rev:
        raise ChangedMeanwhile
    return held


def _index(rows: list[dict[str, Any]], place: int) -> int:
    if not 1 <= place <= len(rows):
        raise NotFound
    return place - 1


def _log(
    word: str, what: str, actor: User, now: datetime, data: dict[str, Any] | None = None, reason: str = ""
) -> None:
    events.record(
        kind=f"routing.{word}", subject=f"{_SUBJECT}{what}", actor=actor, data=data or {}, reason=reason, at=now
    )
