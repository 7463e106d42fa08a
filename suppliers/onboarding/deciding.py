"""What becomes of an application: the ministry's decisions, the applicant's answers, and what silence does.

A decision comes with its reason and its day. Silence of the ministry passes the application on to a second check with
a day of its own; nobody sells unchecked because somebody was silent. A second check is another person's than the one
who refused. Every step is one transaction: the row locked, a conditional UPDATE, the event, the outbox row.
"""

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.slugs import slugify
from marketplace import access, events, outbox
from marketplace.errors import FieldError, Forbidden, Invalid
from marketplace.models import Role, User
from marketplace.time import database_now
from suppliers import sweeping
from suppliers.models import Partner
from suppliers.onboarding import selectors, words
from suppliers.onboarding.models import Application
from suppliers.onboarding.sending import date_by, refusals_of_number, tell
from suppliers.second_check import TooLate, by_another, in_time
from suppliers.states import APPLICATION
from suppliers.written import required

FIX_RULE = "supplier.fix_days"
APPEAL_RULE = "supplier.appeal_days"
SECOND_RULE = "supplier.appeal_review_days"
S = Application.Status
Change = Callable[[Application, datetime], None]


def approve(*, application_id: int, actor: User, now: datetime | None = None) -> Application:
    """The business becomes a supplier, its account the shop's. Raises Forbidden, NotFound, IllegalStep, SamePerson, Invalid."""

    def change(application: Application, moment: datetime) -> None:
        if problems := refusals_of_number(application.bin, application.iin):
            raise Invalid(problems)
        application.partner = _open_shop(application, timezone.localdate(moment))
        outbox.add("supplier.changed", str(application.partner.pk))

    try:
        return _decide("approve", application_id, actor, change, now)
    except IntegrityError:
        # Two applications with one number, or one shop's code: the second look finds the first.
        return _decide("approve", application_id, actor, change, now)


def ask(*, application_id: int, actor: User, text: str, now: datetime | None = None) -> Application:
    """Ask the applicant for what is missing, until a day. Raises like ``approve``."""
    asked = required(text, "text", _("Write what is missing. The applicant reads it."))

    def change(application: Application, moment: datetime) -> None:
        application.words = asked
        date_by(application, FIX_RULE, moment)

    return _decide("ask", application_id, actor, change, now, reason=asked)


def refuse(*, application_id: int, actor: User, reason: str, text: str, now: datetime | None = None) -> Application:
    """Refuse for a reason of the list and in words; the applicant may ask for a second check. Raises like ``approve``."""
    errors = []
    if reason not in dict(words.reasons()):
        errors.append(FieldError("reason", "required", _("Choose the reason.")))
    try:
        told = required(text, "text", _("Write why. The applicant reads it."))
    except Invalid as error:
        errors += error.errors
    if errors:
        raise Invalid(errors)

    def change(application: Application, moment: datetime) -> None:
        application.reason, application.words, application.refused_by = reason, told, actor
        date_by(application, APPEAL_RULE, moment)

    return _decide("refuse", application_id, actor, change, now, reason=told)


def uphold(*, application_id: int, actor: User, text: str, now: datetime | None = None) -> Application:
    """Refuse after the second check. Raises like ``approve``."""
    told = required(text, "text", _("Write why. The applicant reads it."))

    def change(application: Application, _moment: datetime) -> None:
        application.words = told

    return _decide("uphold", application_id, actor, change, now, reason=told)


def appeal(*, application_id: int, actor: User, text: str, now: datetime | None = None) -> Application:
    """The applicant asks for a second check. Raises NotFound, IllegalStep, TooLate, Invalid (nothing said)."""
    said = required(text, "text", _("Write what was judged wrongly."))
    moment = now or database_now()
    with transaction.atomic(durable=True):
        application = _own(actor, application_id)
        step = APPLICATION.find("appeal", application.status, ["applicant"])
        in_time(application, moment)
        if selectors.running(actor) is not None or selectors.has_shop(actor):
            raise TooLate(_("You have sent a new application since. It is the one that counts."))
        application.appeal = said
        date_by(application, SECOND_RULE, moment)
        _take(application, step.action, "applicant", actor, moment, reason=said)
    return application


def withdraw(*, application_id: int, actor: User, now: datetime | None = None) -> Application:
    """The applicant takes it back. Raises NotFound, IllegalStep."""
    with transaction.atomic(durable=True):
        application = _own(actor, application_id)
        application.respond_by = None
        _take(application, "withdraw", "applicant", actor, now or database_now())
    return application


def run(now: datetime) -> Counter[str]:
    """Every application whose day has passed at ``now``, once; twice or by two at once changes nothing more."""
    today = timezone.localdate(now)
    late = Application.objects.filter(respond_by__lt=today, status__in=(S.SUBMITTED, S.NEEDS_FIX, S.APPEALED))
    due = late.exclude(status=S.APPEALED, overdue_at__isnull=False)
    return sweeping.one_by_one(
        due.select_related("author"), "respond_by", lambda application: _silence(application, now),
        broken="application_not_moved", named="application",
    )  # fmt: skip


# --- Steps --------------------------------------------------------------------------------------


def _silence(application: Application, now: datetime) -> str:
    if application.status == S.SUBMITTED:
        date_by(application, SECOND_RULE, now)
        _take(application, "escalate", "clock", None, now)
        return "applications passed on"
    if application.status == S.NEEDS_FIX:
        application.respond_by = None
        _take(application, "lapse", "clock", None, now)
        return "applications lapsed"
    application.overdue_at = now
    application.save(update_fields=["overdue_at"])
    tell("overdue", application, application.status, None, now)
    return "applications overdue"


def _decide(
    action: str, application_id: int, actor: User, change: Change, now: datetime | None, *, reason: str = ""
) -> Application:
    access.require_role(actor, Role.REVIEWER)
    moment = now or database_now()
    with transaction.atomic(durable=True):
        application = selectors.locked(actor, application_id)
        APPLICATION.find(action, application.status, ["ministry"])
        by_another(application, actor)
        application.respond_by, application.due_explained = None, {}
        application.decided_at = moment
        change(application, moment)
        _take(application, action, "ministry", actor, moment, reason=reason)
    return application


def _take(
    application: Application, action: str, party: str, actor: User | None, now: datetime, *, reason: str = ""
) -> None:
    before = application.status
    step = APPLICATION.find(action, before, [party])
    APPLICATION.take(
        Application.objects.filter(pk=application.pk), step, before, partner_id=application.partner_id,
        respond_by=application.respond_by,
    )  # fmt: skip
    application.status = step.target
    application.save()
    tell(action, application, before, actor, now, reason=reason)


def _own(actor: User, application_id: int) -> Application:
    application = selectors.locked(actor, application_id)
    if application.author_id != actor.pk:
        raise Forbidden
    return application


def _open_shop(application: Application, today: date) -> Partner:
    """The supplier with what was declared; its account may sell at once."""
    data = application.answers
    language = application.author.language
    partner: Partner = Partner.objects.create(
        code=_free_code(application.name),
        name=application.name,
        bin=application.bin or None,
        status=Partner.Status.APPROVED,
        home_region_id=data["home_region"],
        address=data["address"],
        phone=data["contact_phone"],
        email=data["contact_email"],
        approved_at=today,
        declared_on=today,
        licence_number=data["licence_number"],
        licence_until=date.fromisoformat(data["licence_until"]) if data["licence_until"] else None,
        **{f"about_{language}": data["about"]},
    )
    if iin := application.iin:
        partner.put_iin(iin)
        partner.save(update_fields=["iin_encrypted", "iin_index"])
    partner.users.add(application.author)
    events.record(
        kind="supplier.opened",
        subject=f"supplier:{partner.code}",
        actor=None,
        after=partner.status,
        data={"application": application.pk},
    )
    return partner


def _free_code(name: str) -> str:
    """An address for the shop from its name; with a number when it is taken."""
    wanted = slugify(name)[:60].strip("-")
    taken = set(Partner.objects.filter(code__startswith=wanted).values_list("code", flat=True))
    return next(code for code in (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3))) if code not in taken)
