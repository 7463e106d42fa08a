"""The second screen: what the specialist fills in, in front of the person, who says line by line what is right.

A one-time code pairs a tablet or phone that nobody signs in on; its session shows one draft and nothing
else. While it is open the office does not send before every line is confirmed as it stands.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace import access, crypto, events, rules
from marketplace.drafts import kinds, rights
from marketplace.drafts.errors import DraftClosed
from marketplace.drafts.hand_over import DIGITS, Offer, WrongCode, six_digits
from marketplace.drafts.pictures import Line, Picture
from marketplace.errors import Busy, Changed, DomainError, FieldError, Forbidden, Invalid, NotFound, TooManyTries
from marketplace.limits import Limit, Tries, counting
from marketplace.models import Draft, HelpGrant, Mirror, Role, User

log = structlog.get_logger(__name__)

CODE_RULE, SESSION_RULE = "draft.mirror_code_minutes", "draft.mirror_minutes"
TOKEN_BYTES = 32
# An office has one address for many tablets; somebody who guesses has many addresses.
WRONG_CODES_OF_ADDRESS = Limit("wrong-mirror-codes-of-address", most=20, seconds=600)
WRONG_CODES_OF_ALL = Limit("wrong-mirror-codes", most=1000, seconds=600)


class NoScreen(DomainError):
    code = "no_screen"
    message = _("No second screen is open for this application.")


class LineChanged(Changed):
    """The line is another one than the person saw when she pressed."""

    status = 409
    code = "line_changed"
    message = _("This line has just changed. Look at it again.")


class NotConfirmed(Invalid):
    """The person is there and has not yet said of every line that it is right."""

    status = 409
    code = "not_confirmed"
    message = _("The person has not confirmed everything on the second screen yet.")


@dataclass(frozen=True)
class ShownLine:
    """A line on the screen. ``state``: open, confirmed, changed (confirmed before it changed), unready."""

    line: Line
    state: str


@dataclass(frozen=True)
class Shown:
    """What the screen shows now."""

    mirror: Mirror
    picture: Picture
    lines: list[ShownLine]

    @property
    def all_confirmed(self) -> bool:
        return bool(self.lines) and all(item.state == "confirmed" for item in self.lines)


# --- The specialist's side ---------------------------------------------------------------------------


def open_screen(*, draft_id: UUID, actor: User, session_key: str = "") -> Offer:
    """A one-time code for the screen beside the person; an earlier screen of the draft goes dark.

    ``session_key`` is the specialist's own session: when she signs out, the screen ends. Raises NotFound
    (foreign draft, or one of a kind that has no picture), Forbidden (role), DraftClosed.
    """
    access.require_role(actor, Role.CASEWORKER, Role.HOTLINE)
    minutes = rules.get(CODE_RULE).value["minutes"]
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        if kinds.get(draft.kind).picture is None:
            raise NotFound
        if draft.status != Draft.Status.OPEN:
            raise DraftClosed
        now = timezone.now()
        Mirror.objects.filter(draft=draft, ended_at=None).update(ended_at=now, ended_because=Mirror.Ended.RENEWED)
        expires_at = now + timedelta(minutes=minutes)
        code, mirror = _waiting(draft, actor, session_key, expires_at)
        _record("draft.screen_offered", mirror, actor)
    return Offer(code, expires_at)


def close_screen(*, draft_id: UUID, actor: User) -> None:
    """The specialist (or the person, on her own device) ends the second screen. Raises NotFound, NoScreen."""
    with transaction.atomic(durable=True):
        draft = rights.lock(draft_id=draft_id, actor=actor)
        mirror = Mirror.objects.filter(draft=draft, ended_at=None).first()
        if mirror is None:
            raise NoScreen
        mirror.ended_at, mirror.ended_because = timezone.now(), Mirror.Ended.CLOSED
        mirror.save(update_fields=["ended_at", "ended_because"])
        _record("draft.screen_closed", mirror, actor)


def of_draft(draft: Draft) -> Mirror | None:
    """The screen that shows the draft now, or waits for its code."""
    waiting = Q(joined_at=None, code_expires_at__gt=timezone.now())
    return Mirror.objects.filter(waiting | Q(pk__in=_running()), draft=draft, ended_at=None).first()


def shown_beside(draft: Draft) -> Shown | None:
    """What the person sees at this moment; None when no screen is joined."""
    mirror = _running().filter(draft=draft).first()
    return _shown(mirror, draft) if mirror else None


def confirmation(draft: Draft, lines: Iterable[Line]) -> dict[str, Any] | None:
    """What the person confirmed of these very lines, for the order's event; None when no screen is open.

    Called inside the transaction that sends the draft. Raises NotConfirmed with every line that she has
    not confirmed as it stands.
    """
    mirror = _running().filter(draft=draft).first()
    if mirror is None:
        return None
    lines = list(lines)
    missing = [line for line in lines if _state(mirror, line) != "confirmed"]
    if missing:
        message = _("Ask the person to press “This is right” on the second screen: %(line)s.")
        raise NotConfirmed(
            [FieldError(f"line.{line.key}", NotConfirmed.code, message % {"line": line.title}) for line in missing]
        )
    stored = {line.key: mirror.confirmed[line.key] for line in lines}
    return {"by": "second screen", "screen": mirror.pk, "lines": stored}


# --- The person's side --------------------------------------------------------------------------------


def join(*, code: str, address: str) -> tuple[str, timedelta]:
    """Pair a screen: the token of its session, and for how long.

    ``address`` is the network address the tries are counted by. Raises Invalid (no six digits), WrongCode,
    TooManyTries, Busy (tries cannot be counted now).
    """
    digest = crypto.digest("mirror-code", six_digits(code))
    if not counting():
        raise Busy
    tries = Tries([(WRONG_CODES_OF_ADDRESS, address), (WRONG_CODES_OF_ALL, "")])
    if not tries.allowed():
        raise TooManyTries
    token, lasts = secrets.token_urlsafe(TOKEN_BYTES), timedelta(minutes=rules.get(SESSION_RULE).value["minutes"])
    with transaction.atomic(durable=True):
        mirror = _joined(digest, _hash(token), lasts)
        if mirror is not None:
            _record("draft.screen_joined", mirror, None)
    if mirror is None:
        log.warning("mirror_code_refused")
        raise WrongCode
    tries.rollback()
    return token, lasts


def _joined(digest: bytes, token_hash: bytes, lasts: timedelta) -> Mirror | None:
    """The screen that waited with this code, now joined; None when the code does not work (any more)."""
    now = timezone.now()
    waiting = Mirror.objects.filter(code_digest=digest, joined_at=None, ended_at=None, code_expires_at__gt=now)
    mirror = waiting.filter(draft__status=Draft.Status.OPEN).select_related("draft__beneficiary", "opened_by").first()
    if mirror is None or not _take(mirror, token_hash, now, _until(mirror, now + lasts)):
        return None
    return mirror


def _take(mirror: Mirror, token_hash: bytes, now: datetime, until: datetime) -> bool:
    """Two screens that enter the same code: the row count says which was first. One table, no join: the
    condition is then looked at again after the wait for the row.
    """
    waiting = Mirror.objects.filter(pk=mirror.pk, joined_at=None, ended_at=None)
    return waiting.update(token_hash=token_hash, joined_at=now, until=until) == 1


def of_token(token: str) -> Mirror:
    """The running session of a screen. Raises NotFound when it is over: closed, sent, signed out, out of time."""
    if not token:
        raise NotFound
    mirror = _running().filter(token_hash=_hash(token)).first()
    if mirror is None:
        raise NotFound
    return mirror


def etag(mirror: Mirror) -> str:
    """Changes with every save of the draft and every confirmation, and once a minute: prices are not the draft's."""
    said = "-".join(sorted(entry["seal"][:8] for entry in mirror.confirmed.values()))
    return f'"{mirror.pk}.{mirror.draft.rev}.{get_language()}.{timezone.now():%H%M}.{said}"'


def shown(mirror: Mirror) -> Shown:
    """The draft as the screen shows it."""
    return _shown(mirror, mirror.draft)


def confirm(*, token: str, line: str, seal: str) -> None:
    """The person pressed "This is right" at a line; ``seal`` says which state of it she saw.

    Raises NotFound (the session is over), LineChanged.
    """
    found = of_token(token)
    with transaction.atomic(durable=True):
        # Nobody saves while it is compared.
        draft = Draft.objects.select_for_update(of=("self",)).select_related("beneficiary").get(pk=found.draft_id)
        mirror = _running().select_for_update(of=("self",)).filter(pk=found.pk).first()
        if mirror is None:
            raise NotFound
        seen = next((item.line for item in _shown(mirror, draft).lines if item.line.key == line), None)
        if seen is None or not seen.ready or seen.seal != seal:
            raise LineChanged
        now = timezone.now()
        mirror.confirmed[line] = {"at": now.isoformat(), "versions": seen.versions, "seal": seen.seal}
        mirror.save(update_fields=["confirmed"])
        events.record(
            kind="draft.line_confirmed",
            subject=f"draft:{draft.pk}",
            actor=None,
            on_behalf_of=draft.beneficiary,
            data={"by": "second screen", "screen": mirror.pk, "line": line, "versions": seen.versions},
            at=now,
        )


# --- Both ------------------------------------------------------------------------------------------------


def _running() -> QuerySet[Mirror]:
    """Joined screens of open drafts whose time is not over and whose specialist has not signed out."""
    now = timezone.now()
    signed_in = Exists(Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gt=now))
    return (
        Mirror.objects.filter(ended_at=None, until__gt=now, draft__status=Draft.Status.OPEN)
        .filter(Q(session_key="") | signed_in)
        .select_related("draft__beneficiary")
    )


def _shown(mirror: Mirror, draft: Draft) -> Shown:
    picture_of = kinds.get(draft.kind).picture
    if picture_of is None:
        raise Forbidden
    picture = picture_of(draft)
    return Shown(mirror, picture, [ShownLine(line, _state(mirror, line)) for line in picture.lines])


def _state(mirror: Mirror, line: Line) -> str:
    said = mirror.confirmed.get(line.key)
    if not line.ready:
        return "unready"
    if said is None:
        return "open"
    return "confirmed" if said["seal"] == line.seal else "changed"


def _until(mirror: Mirror, latest: datetime) -> datetime:
    """A helper's screen does not outlive her help."""
    if not rights.only_helps(mirror.opened_by, mirror.draft):
        return latest
    grant = HelpGrant.objects.filter(draft=mirror.draft, helper=mirror.opened_by, ended_at=None).first()
    return min(latest, grant.until) if grant else mirror.made_at


def _waiting(draft: Draft, actor: User, session_key: str, expires_at: datetime) -> tuple[str, Mirror]:
    """Six random digits that no other screen waits with: the unique index decides."""
    now = timezone.now()
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        digest = crypto.digest("mirror-code", code)
        stale = Mirror.objects.filter(code_digest=digest, joined_at=None, ended_at=None, code_expires_at__lte=now)
        stale.update(ended_at=now, ended_because=Mirror.Ended.CLOSED)
        try:
            with transaction.atomic():
                return code, Mirror.objects.create(
                    draft=draft, opened_by=actor, session_key=session_key, code_digest=digest, code_expires_at=expires_at, made_at=now
                )  # fmt: skip
        except IntegrityError:
            continue


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _record(kind: str, mirror: Mirror, actor: User | None) -> None:
    draft = mirror.draft
    events.record(
        kind=kind,
        subject=f"draft:{draft.pk}",
        actor=actor,
        on_behalf_of=draft.beneficiary,
        data={"screen": mirror.pk},
    )
