"""Help with a draft: the person tells a specialist six digits, the specialist goes on with that one draft.

The code lives for minutes and works once; the help lives for hours, and the person stops it at any time.
Who agreed to what is an event: the version of the words she read, when, for how long.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace import access, crypto, events, outbox, rules
from marketplace.drafts import rights
from marketplace.drafts.errors import DraftClosed
from marketplace.errors import Busy, DomainError, FieldError, Forbidden, Invalid, TooManyTries
from marketplace.limits import Limit, Tries, counting
from marketplace.models import ContinueCode, Draft, Event, HelpGrant, Mirror, Role, User

DIGITS = 6
# The words of templates/drafts/help.html: another text is another version.
CONSENT_TEXT = "help-1"
CODE_RULE, HELP_RULE = "draft.continue_code_minutes", "draft.help_hours"
WRONG_CODES = Limit("wrong-continue-codes", most=10, seconds=900)


class WrongCode(Invalid):
    """Unknown, used, replaced and expired codes answer alike: nothing is told about other people's codes."""

    code = "wrong_code"
    message = _("This code does not work. It is valid once and for a short time. Ask for a new code.")

    def __init__(self) -> None:
        super().__init__([FieldError("code", "wrong", self.message)], self.message)


class NobodyHelps(DomainError):
    code = "nobody_helps"
    message = _("Nobody else helps with this application now.")


@dataclass(frozen=True)
class Offer:
    """A fresh code in clear, for the one page that shows it."""

    code: str
    expires_at: datetime


def offer(*, draft_id: UUID, actor: User) -> Offer:
    """Record the person's consent and give her a code; an earlier one stops working.

    Raises NotFound, Forbidden (only the person or her guardian asks for help), DraftClosed.
    """
    in_force = rules.several(CODE_RULE, HELP_RULE)
    minutes, hours = in_force[CODE_RULE].value["minutes"], in_force[HELP_RULE].value["hours"]
    with transaction.atomic(durable=True):
        draft = _owned(draft_id, actor)
        if draft.status != Draft.Status.OPEN:
            raise DraftClosed
        now = timezone.now()
        consent = events.record(
            kind="draft.help_agreed",
            subject=f"draft:{draft.pk}",
            actor=actor,
            on_behalf_of=draft.beneficiary,
            data={"text": CONSENT_TEXT, "language": get_language(), "code_minutes": minutes, "help_hours": hours},
            at=now,
        )
        _withdraw(draft, now)
        code = _waiting_code(draft, actor, consent, now, now + timedelta(minutes=minutes))
    return Offer(code, now + timedelta(minutes=minutes))


def stop(*, draft_id: UUID, actor: User) -> None:
    """The person ends all help: a waiting code, running help, and the second screens that helpers opened.

    Raises NotFound, Forbidden, NobodyHelps.
    """
    with transaction.atomic(durable=True):
        draft = _owned(draft_id, actor)
        now = timezone.now()
        withdrawn = _withdraw(draft, now)
        grants = list(HelpGrant.objects.filter(draft=draft, ended_at=None).values_list("pk", "helper_id"))
        if not grants and not withdrawn:
            raise NobodyHelps
        helpers = [helper for _pk, helper in grants]
        HelpGrant.objects.filter(pk__in=[pk for pk, _helper in grants]).update(
            ended_at=now, ended_because=HelpGrant.Ended.STOPPED
        )
        screens = Mirror.objects.filter(draft=draft, ended_at=None, opened_by__in=helpers)
        # A caseworker of the person's own office keeps her screen: it does not hang on the help.
        foreign = [screen.pk for screen in screens if rights.only_helps(screen.opened_by, draft)]
        Mirror.objects.filter(pk__in=foreign).update(ended_at=now, ended_because=Mirror.Ended.CLOSED)
        events.record(
            kind="draft.help_stopped",
            subject=f"draft:{draft.pk}",
            actor=actor,
            on_behalf_of=draft.beneficiary,
            data={"helpers": helpers, "code_withdrawn": bool(withdrawn)},
            at=now,
        )


def redeem(*, actor: User, code: str) -> Draft:
    """A specialist enters the code: from now on she may fill in that draft.

    A wrong code is an event as well and counts against the account. Raises Forbidden (role), Invalid (no
    six digits), WrongCode, TooManyTries, Busy (tries cannot be counted now).
    """
    access.require_role(actor, Role.CASEWORKER, Role.HOTLINE)
    digits = six_digits(code)
    if not counting():
        raise Busy
    tries = Tries([(WRONG_CODES, str(actor.pk))])
    if not tries.allowed():
        raise TooManyTries
    with transaction.atomic(durable=True):
        draft = _redeemed(actor, crypto.digest("continue-code", digits), timezone.now())
        if draft is None:
            events.record(kind="draft.code_refused", subject=f"user:{actor.pk}", actor=actor)
    if draft is None:
        raise WrongCode
    tries.rollback()
    return draft


def six_digits(code: str) -> str:
    """The digits of a code as it was typed or read out: "123 456", "123-456". Raises Invalid for anything else."""
    digits = "".join(letter for letter in code if letter not in " -\u00a0\u2009\t")
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        raise Invalid([FieldError("code", "digits", _("Enter the 6 digits of the code, for example 123 456."))])
    return digits


def helpers_of(draft: Draft) -> QuerySet[HelpGrant]:
    """Whose help with the draft runs now, the latest first."""
    return rights.running_help().filter(draft=draft).select_related("helper__office").order_by("-begins_at")


def helped_by(actor: User) -> QuerySet[HelpGrant]:
    """Drafts that the specialist may go on with by a code, the one that ends first on top."""
    rows = rights.running_help().filter(helper=actor)
    return rows.select_related("draft__beneficiary").order_by("until")


def name_of(helper: User) -> str:
    """A specialist in words for the person: her name with her body; never a login."""
    body = str(helper.office.name if helper.office else helper.get_role_display())
    return f"{helper.full_name} ({body})" if helper.full_name else body


def waiting_code(draft: Draft) -> ContinueCode | None:
    """The code that was given out and not used yet; its digits are nowhere."""
    waiting = ContinueCode.objects.filter(draft=draft, used_at=None, withdrawn_at=None)
    return waiting.filter(expires_at__gt=timezone.now()).first()


def _owned(draft_id: UUID, actor: User) -> Draft:
    draft = rights.lock(draft_id=draft_id, actor=actor)
    if not rights.is_owner(actor, draft):
        raise Forbidden(_("Only the person herself, or who acts for her by law, decides who helps."))
    return draft


def _withdraw(draft: Draft, now: datetime) -> int:
    waiting = ContinueCode.objects.filter(draft=draft, used_at=None, withdrawn_at=None)
    return waiting.update(withdrawn_at=now)


def _waiting_code(draft: Draft, actor: User, consent: Event, now: datetime, expires_at: datetime) -> str:
    """Six random digits that wait for nobody else now: the unique index decides."""
    while True:
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
        digest = crypto.digest("continue-code", code)
        # A code whose time is over still holds its place in the index.
        stale = ContinueCode.objects.filter(digest=digest, used_at=None, withdrawn_at=None, expires_at__lte=now)
        stale.update(withdrawn_at=now)
        try:
            with transaction.atomic():
                ContinueCode.objects.create(
                    draft=draft, digest=digest, made_by=actor, consent=consent, made_at=now, expires_at=expires_at
                )  # fmt: skip
        except IntegrityError:
            continue
        return code


def _redeemed(actor: User, digest: bytes, now: datetime) -> Draft | None:
    """The draft behind the code with its help begun; None when the code does not work (any more)."""
    found = _waiting_with(digest, now)
    if found is None:
        return None
    # The draft first, as every other change of it: then nobody waits for somebody who waits for them.
    draft = Draft.objects.select_for_update(of=("self",)).select_related("beneficiary").get(pk=found.draft_id)
    if draft.status != Draft.Status.OPEN or not _take(found, actor, now):
        return None
    _begin(draft, found, actor, now)
    return draft


def _waiting_with(digest: bytes, now: datetime) -> ContinueCode | None:
    waiting = ContinueCode.objects.filter(digest=digest, used_at=None, withdrawn_at=None, expires_at__gt=now)
    return waiting.select_related("consent").first()


def _take(code: ContinueCode, actor: User, now: datetime) -> bool:
    """Two who enter the same code: the row count says who was first."""
    waiting = ContinueCode.objects.filter(pk=code.pk, used_at=None, withdrawn_at=None, expires_at__gt=now)
    return waiting.update(used_at=now, used_by=actor) == 1


def _begin(draft: Draft, code: ContinueCode, actor: User, now: datetime) -> None:
    """The help itself, for the hours that the person agreed to; an earlier one of the same specialist is replaced."""
    until = now + timedelta(hours=code.consent.data["help_hours"])
    HelpGrant.objects.filter(draft=draft, helper=actor, ended_at=None).update(
        ended_at=now, ended_because=HelpGrant.Ended.RENEWED
    )
    grant = HelpGrant.objects.create(
        draft=draft,
        helper=actor,
        granted_by_id=code.made_by_id,
        consent_id=code.consent_id,
        begins_at=now,
        until=until,
    )
    events.record(
        kind="draft.help_began",
        subject=f"draft:{draft.pk}",
        actor=actor,
        on_behalf_of=draft.beneficiary,
        data={"consent": code.consent_id, "grant": grant.pk, "until": until.isoformat()},
        at=now,
    )
    rights.log_look(actor, draft)
    outbox.add("draft.help_began", str(draft.pk), {"grant": grant.pk})
