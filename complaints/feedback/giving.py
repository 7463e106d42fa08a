"""Taking a mark: one door for all channels, one answer for each event.

An event is what the mark is about: an order, a visit, a mystery visit; for a code on a wall a day of a
browser. The unique index on it decides between twins.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints import standing
from complaints.codes import subjects
from complaints.feedback import questions
from complaints.feedback.models import Feedback, Occasion
from complaints.feedback.states import FEEDBACK
from marketplace import calendar, crypto, events, outbox, rules
from marketplace.errors import DomainError, NotFound, TooManyTries
from marketplace.limits import Limit, Tries
from marketplace.models import Office, User
from marketplace.time import database_now
from suppliers.models import Partner

Channel = Feedback.Channel
VISITOR_LENGTH = 16  # hex digits of a digest: enough to tell the browsers of a day apart


class AlreadyGiven(DomainError):
    """One answer for each event."""

    code = "already_given"
    message = _("Your mark is already here. Each visit or delivery is rated once. Thank you!")


class LinkOver(DomainError):
    """The link is too old."""

    status = 410
    code = "link_over"
    message = _("This link is no longer valid. You can still complain or call 1414.")


@dataclass(frozen=True)
class Said:
    """An answer as it came."""

    mark: Any
    facets: dict[str, Any] = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class About:
    """What a mark is about; exactly one of ``supplier`` and ``office``."""

    event: str
    supplier: Partner | None = None
    office: Office | None = None
    region_id: str | None = None

    @property
    def what(self) -> str:
        return "office" if self.office is not None else "supplier"

    @property
    def code(self) -> str:
        owner = self.office or self.supplier
        assert owner is not None
        return owner.code


def by_code(*, token: str, visitor: str, address: str, said: Said, now: datetime | None = None) -> Feedback:
    """A mark by a printed code, without a name. Raises NotFound, Invalid, AlreadyGiven, TooManyTries.

    ``visitor`` tells browsers apart, ``address`` is the network's; neither is kept.
    """
    now = now or database_now()
    subject = subjects.of_token(token)
    about = About(
        event=subject.event or _of_visitor("qr", f"{subject.kind}{subject.number}", visitor, timezone.localdate(now)),
        region_id=subject.region_id,
        **subject.owner,
    )
    return _anonymous(about, Channel.QR, address, said, now)


def on_map(*, office: str, visitor: str, address: str, said: Said, now: datetime | None = None) -> Feedback:
    """A mark on the page of an office. Raises like ``by_code``."""
    now = now or database_now()
    found = Office.objects.filter(code=office).first()
    if found is None:
        raise NotFound
    event = _of_visitor("map", found.code, visitor, timezone.localdate(now))
    return _anonymous(About(event, office=found, region_id=found.region_id), Channel.MAP, address, said, now)


def by_link(*, token: str = "", occasion_id: int | None = None, said: Said, now: datetime | None = None) -> Feedback:
    """The answer to an invitation, by its token or by what the page exchanged it for.

    Raises NotFound, LinkOver, AlreadyGiven, Invalid.
    """
    now = now or database_now()
    with transaction.atomic(durable=True):
        occasion = occasion_of(token=token, occasion_id=occasion_id, now=now, lock=True)
        return of_occasion(occasion, Channel.SMS_LINK, said, actor=None, now=now)


def occasion_of(
    *, token: str = "", occasion_id: int | None = None, now: datetime | None = None, lock: bool = False
) -> Occasion:
    """The occasion that an invitation opens. Looking at it uses nothing up.

    Raises NotFound, LinkOver (too old), AlreadyGiven.
    """
    rows = Occasion.objects.select_for_update(of=("self",)) if lock else Occasion.objects.all()
    rows = rows.select_related("supplier", "office").filter(invited_at__isnull=False)
    if token:
        rows = rows.filter(token_hash=crypto.digest("feedback-link", token))
    elif occasion_id is not None:
        rows = rows.filter(pk=occasion_id)
    else:
        raise NotFound
    found = rows.first()
    if found is None:
        raise NotFound
    if found.used_at is not None or Feedback.objects.filter(event=found.event).exists():
        raise AlreadyGiven
    if found.expires_on is not None and found.expires_on < timezone.localdate(now):
        raise LinkOver
    return found


def of_occasion(occasion: Occasion, channel: str, said: Said, *, actor: User | None, now: datetime) -> Feedback:
    """Write the answer to a locked occasion inside the caller's transaction."""
    about = About(occasion.event, supplier=occasion.supplier, office=occasion.office, region_id=occasion.region_id)
    given = register(about, channel, said, actor=actor, now=now)
    Occasion.objects.filter(pk=occasion.pk).update(used_at=now)
    return given


def _anonymous(about: About, channel: str, address: str, said: Said, now: datetime) -> Feedback:
    most = int(rules.get("feedback.anonymous_marks").value["of_address_an_hour"])
    if not Tries([(Limit("feedback-of-address", most=most, seconds=3600), address)]).allowed():
        raise TooManyTries
    with transaction.atomic(durable=True):
        given = register(about, channel, said, actor=None, now=now)
        Occasion.objects.filter(event=about.event, used_at=None).update(used_at=now)
        return given


def _of_visitor(way: str, thing: str, visitor: str, day: date) -> str:
    # Only a digest, and another one each day: nobody's visits can be put together.
    mark = crypto.digest("feedback-visitor", f"{visitor}:{day}").hex()[:VISITOR_LENGTH]
    return f"{way}:{thing}:{day}:{mark}"


def register(about: About, channel: str, said: Said, *, actor: User | None, now: datetime) -> Feedback:
    """Check, write, flag, log, announce, inside the caller's transaction. Raises Invalid, AlreadyGiven."""
    answer = questions.check(about.what, mark=said.mark, facets=said.facets, text=said.text)
    given = Feedback(
        event=about.event,
        channel=channel,
        supplier=about.supplier,
        office=about.office,
        region_id=about.region_id,
        mark=answer.mark,
        facets=answer.facets,
        text=answer.text,
        language=(get_language() or "kk")[:2],
        given_at=now,
    )
    if reason := questions.why_flagged(answer):
        deadline = calendar.deadline("feedback.owner_reply_days", timezone.localdate(now))
        given.status = FEEDBACK.find("flag", given.status, ["clock"]).target
        given.flagged_for = reason
        given.reply_by, given.due_explained = deadline.respond_by, deadline.explained
    _insert(given)
    if about.supplier is not None and about.event.startswith("order:"):
        # Only marks of people who have the goods move a supplier in the market; a code on a wall proves nothing.
        standing.marked(about.supplier.pk, given.mark)
    events.record(
        kind="feedback.given",
        subject=f"feedback:{given.pk}",
        actor=actor,
        after=given.status,
        data={"channel": channel, "mark": given.mark, "about": about.code, "region": about.region_id or ""},
        at=now,
    )
    if given.flagged_for:
        outbox.add("feedback.flagged", str(given.pk))
    return given


def _insert(given: Feedback) -> None:
    try:
        with transaction.atomic():
            given.save(force_insert=True)
    except IntegrityError as error:
        if "event" not in str(error):
            raise
        raise AlreadyGiven from None
