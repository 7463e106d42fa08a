"""The ministry edits rules: a new version from a day to come, with its legal basis. No version ever changes.

Who was dated by the old version keeps the date. A value that breaks the shape of the rule cannot be published; two
reviewers at once do not overwrite each other: each says which newest version he or she saw.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import access, events, rule_shapes
from marketplace.errors import DomainError, FieldError, Invalid, NotFound
from marketplace.models import Event, Role, Rule, User
from marketplace.rules import in_language
from marketplace.time import database_now

LANGUAGES = rule_shapes.LANGUAGES
MARKS = {
    "L": _("A law"),
    "S": _("A source article"),
    "W": _("Seen elsewhere"),
    "K": _("Usual practice"),
    "D": _("Default of the portal"),
}
_SUBJECT = "rule:"
# Rules that are edited at a page of their own: code → name of the route.
_own_editors: dict[str, str] = {}


class ChangedMeanwhile(DomainError):
    code = "changed_meanwhile"
    message = _("Somebody published a version of this rule meanwhile. Look at it, then repeat your change.")


@dataclass(frozen=True)
class Version:
    """A version with who made it and why; ``event`` is None for what came with the portal."""

    rule: Rule
    event: Event | None
    in_force: bool


@dataclass(frozen=True)
class Line:
    """One rule in the list: what is in force today, and what starts later."""

    code: str
    title: str
    in_force: Rule | None
    to_come: list[Rule]
    editor: str


@dataclass(frozen=True)
class Group:
    name: str
    lines: list[Line] = field(default_factory=list)


def own_editor(code: str, route: str) -> None:
    """Register a rule with an editor of its own while an app gets ready."""
    _own_editors[code] = route


def require_editor(actor: User) -> None:
    """Raises Forbidden for everybody but the ministry's reviewers."""
    access.require_role(actor, Role.REVIEWER)


def title_of(code: str) -> str:
    """The rule's name in the active language, or its code."""
    return in_language(rule_shapes.shapes().rules.get(code, {}).get("title")) or code


def editor_of(code: str) -> str:
    """The route of the rule's own editor, or nothing."""
    return _own_editors.get(code, "")


def listed(actor: User, today: date | None = None) -> list[Group]:
    """Every rule by group, in the order of the shapes; rules that nobody described stand last in theirs."""
    require_editor(actor)
    day = today or timezone.localdate()
    versions: dict[str, list[Rule]] = defaultdict(list)
    for rule in Rule.objects.order_by("code", "valid_from"):
        versions[rule.code].append(rule)
    names = rule_shapes.shapes()
    groups = {key: Group(in_language(text)) for key, text in names.groups.items()}
    known = [code for code in names.rules if code in versions]
    for code in [*known, *sorted(set(versions) - set(known))]:
        key = code.split(".")[0]
        group = groups.setdefault(key, Group(key))
        started = [rule for rule in versions[code] if rule.valid_from <= day]
        later = [rule for rule in versions[code] if rule.valid_from > day]
        group.lines.append(Line(code, title_of(code), started[-1] if started else None, later, editor_of(code)))
    return [group for group in groups.values() if group.lines]


def history(actor: User, code: str, today: date | None = None) -> list[Version]:
    """All versions of a rule, the newest first. Raises NotFound."""
    require_editor(actor)
    rules = list(Rule.objects.filter(code=code).order_by("-valid_from"))
    if not rules:
        raise NotFound
    told = {
        event.after: event
        for event in Event.objects.filter(subject=f"{_SUBJECT}{code}", kind="rule.published").select_related("actor")
    }
    day = today or timezone.localdate()
    current = max((rule.valid_from for rule in rules if rule.valid_from <= day), default=None)
    return [Version(rule, told.get(rule.valid_from.isoformat()), rule.valid_from == current) for rule in rules]


def publish(
    *,
    actor: User,
    code: str,
    seen: int,
    valid_from: date,
    value: dict[str, Any],
    mark: str,
    legal_basis: dict[str, str],
    reason: str,
    now: datetime | None = None,
) -> Rule:
    """Make a version that starts on a day to come.

    ``seen`` is the key of the newest version that the editor looked at. Raises Invalid with every
    problem (fields of the value as ``value.days``), ChangedMeanwhile, NotFound.
    """
    require_editor(actor)
    if editor_of(code):
        raise NotFound
    now = now or database_now()
    with transaction.atomic(durable=True):
        # The first version never goes away: its row is the lock of the rule.
        if Rule.objects.select_for_update().filter(code=code).order_by("pk").first() is None:
            raise NotFound
        newest = Rule.objects.filter(code=code).latest("valid_from")
        if newest.pk != seen:
            raise ChangedMeanwhile
        today = timezone.localdate(now)
        errors = [*value_errors(code, value, valid_from), *_errors(code, valid_from, mark, legal_basis, reason, today)]
        before = _in_force_on(code, valid_from)
        if before is not None and (before.value, before.legal_basis, before.mark) == (value, legal_basis, mark):
            errors.append(FieldError("value", "same", _("Nothing was changed.")))
        if errors:
            raise Invalid(errors)
        rule = Rule.objects.create(
            code=code, valid_from=valid_from, value=value, legal_basis=legal_basis, mark=mark, author=actor
        )
        events.record(
            kind="rule.published", subject=f"{_SUBJECT}{code}", actor=actor,
            before=before.valid_from.isoformat() if before else "", after=valid_from.isoformat(),
            reason=reason.strip(), data={"value": value}, at=now,
        )  # fmt: skip
    return rule


def value_errors(code: str, value: Any, valid_from: date | None) -> list[FieldError]:
    """What is wrong with a value by itself, and beside the other rules that are in force on the day."""
    found = [
        FieldError(".".join(["value", *map(str, problem.path)]), "value", problem.message)
        for problem in rule_shapes.problems(code, value, strict=True)
    ]
    if found or valid_from is None:
        return found
    for smaller, greater in rule_shapes.shapes().less:
        if code not in (smaller, greater):
            continue
        other = _in_force_on(greater if code == smaller else smaller, valid_from)
        if other is None:
            continue
        few, many = (value, other.value) if code == smaller else (other.value, value)
        if max(few["days"]) >= many["days"]:
            texts = {"fewer": title_of(smaller), "more": title_of(greater)}
            message = _("The days of “%(fewer)s” must be fewer than the days of “%(more)s”.") % texts
            found.append(FieldError("value.days", "less", message))
    return found


def _in_force_on(code: str, day: date) -> Rule | None:
    return Rule.objects.filter(code=code, valid_from__lte=day).order_by("-valid_from").first()


def _errors(
    code: str, valid_from: date, mark: str, legal_basis: dict[str, str], reason: str, today: date
) -> list[FieldError]:
    errors = []
    if valid_from <= today:
        errors.append(FieldError("valid_from", "past", _("Choose a day to come: what began keeps its dates.")))
    elif Rule.objects.filter(code=code, valid_from=valid_from).exists():
        errors.append(FieldError("valid_from", "taken", _("A version starts on this day already. Choose another day.")))
    if mark not in MARKS:
        errors.append(FieldError("mark", "unknown", _("Choose one of the answers.")))
    errors += [
        FieldError(f"basis_{language}", "required", _("Give the legal basis in this language."))
        for language in LANGUAGES
        if not legal_basis.get(language, "").strip()
    ]
    if not reason.strip():
        errors.append(FieldError("reason", "required", _("Say why the rule changes.")))
    return errors
