"""The draft kind "onboarding", and its submit: a draft becomes an application once, or corrects one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import access, crypto, events, idempotency, outbox
from marketplace.drafts import files, kinds, sending
from marketplace.drafts.answers import whole_number
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, TooManyTries
from marketplace.limits import Limit, Tries
from marketplace.models import Draft, Role, User
from marketplace.time import database_now
from suppliers import second_check
from suppliers.models import Partner
from suppliers.onboarding import answers, selectors, words
from suppliers.onboarding.models import Application
from suppliers.states import APPLICATION

KIND = "onboarding"
REVIEW_RULE = "supplier.review_days"
TOPIC = "application.moved"
ONE_NUMBER = Limit("application-number", most=1, seconds=24 * 3600)  # the same one again is no further try
NUMBERS_OF_ACCOUNT = Limit("application-numbers", most=20, seconds=24 * 3600)


class TooManyNumbers(TooManyTries):
    message = gettext_lazy("You have tried too many identity numbers today. Go on tomorrow, or call 1414.")
    retry_after = NUMBERS_OF_ACCOUNT.seconds


class AlreadyRuns(DomainError):
    code = "application_runs"

    @classmethod
    def of(cls, application: Application) -> "AlreadyRuns":
        text = _("Your application %(number)s is still being checked.") % {"number": application.number}
        return cls(text, application=application.pk)


def may_edit(actor: User, draft: Draft) -> bool:
    """Only who began it; for everybody else it does not exist."""
    return bool(actor.is_authenticated and actor.is_active and draft.author_id == actor.pk)


def beneficiary_for(actor: User, _beneficiary_id: int | None) -> None:
    """An application is about nobody in particular. Raises Forbidden for other roles and for who has a shop."""
    access.require_role(actor, Role.SUPPLIER)
    if selectors.has_shop(actor):
        raise Forbidden(_("You have a shop here already."))


def submit(
    *, draft_id: UUID, actor: User, expected_rev: int, request: idempotency.Request | None, now: datetime | None = None
) -> idempotency.Answer:
    """Send the application: 201 ``{"application": {"id", "number", "status", "respond_by"}}``.

    Raises NotFound, AlreadySubmitted, Discarded, Changed, OpenConflict, Invalid (every field error; a BIN that is
    banned or sells already), AlreadyRuns, TooManyNumbers; the draft stays as it was.
    """

    def work() -> tuple[int, dict[str, Any]]:
        draft = sending.locked(
            draft_id=draft_id, actor=actor, kind=KIND, expected_rev=expected_rev, came_out=lambda sent: sent.result
        )
        moment = now or database_now()
        found = answers.read(draft, timezone.localdate(moment))
        found.errors += refusals_for(actor, found.bin, found.iin)
        if found.errors:
            raise Invalid(found.errors)
        number = whole_number(draft.value(answers.CORRECTS))
        application = _correct(actor, number, draft, found, moment) if number else _begin(actor, draft, found, moment)
        body = {
            "id": application.pk,
            "number": application.number,
            "status": application.status,
            "respond_by": application.respond_by.isoformat() if application.respond_by else None,
        }
        sending.close(draft, {"application": body})
        files.hand_over(draft, subject=f"application:{application.pk}", purpose="application")
        return 201, {"application": body}

    return idempotency.once_beside_twins(request, work)


def refusals_for(actor: User, bin_number: str, iin: str) -> list[FieldError]:
    """The same for an applicant, who may be asking whose identity number sells here: so many a day, then TooManyNumbers."""
    if iin:
        one = Tries([(ONE_NUMBER, f"{actor.pk} {iin}")])
        if one.allowed() and not Tries([(NUMBERS_OF_ACCOUNT, str(actor.pk))]).allowed():
            one.rollback()
            raise TooManyNumbers
    return refusals_of_number(bin_number, iin)


def refusals_of_number(bin_number: str, iin: str) -> list[FieldError]:
    """A business that sells here already, or may not: it cannot come in by another door."""
    field, known = ("iin" if iin else "bin"), selectors.known_supplier(bin_number, iin)
    if known is None:
        return []
    if known.status == Partner.Status.SUSPENDED and known.suspended_until is not None:
        message = _("This business may not sell here until %(day)s. It need not apply again afterwards.") % {
            "day": f"{known.suspended_until:%d.%m.%Y}"
        }
        return [FieldError(field, "banned", message)]
    if known.status == Partner.Status.TERMINATED:
        message = _("This business was taken off the portal for good. You can complain about that decision.")
        return [FieldError(field, "banned", message)]
    message = _("This business sells here already. Ask its people to let you in.")
    return [FieldError(field, "taken", message)]


def _begin(actor: User, draft: Draft, found: answers.Answers, now: datetime) -> Application:
    running = selectors.running(actor)
    if running is not None:
        raise AlreadyRuns.of(running)
    application = Application(author=actor, submitted_at=now)
    _fill(application, draft, found, now)
    if found.iin:
        application.iin_index = crypto.blind_index(found.iin)  # the rest is bound to the row's key
    application.save(force_insert=True)
    application.put_iin(found.iin)
    application.save(update_fields=["iin_encrypted"])
    tell("sent", application, "", actor, now)
    return application


def _correct(actor: User, number: int, draft: Draft, found: answers.Answers, now: datetime) -> Application:
    application = selectors.locked(actor, number)
    if application.author_id != actor.pk:
        raise Forbidden
    before = application.status
    step = APPLICATION.find("correct", before, ["applicant"])
    APPLICATION.take(Application.objects.filter(pk=application.pk), step, before)
    application.status = step.target
    _fill(application, draft, found, now)
    application.put_iin(found.iin)
    application.save()
    tell("correct", application, before, actor, now)
    return application


def _fill(application: Application, draft: Draft, found: answers.Answers, now: datetime) -> None:
    application.draft, application.bin, application.name = draft, found.bin, found.name
    application.answers = found.as_data()
    date_by(application, REVIEW_RULE, now)


def date_by(application: Application, rule: str, now: datetime) -> None:
    """A new day, which nobody is late for."""
    second_check.date_by(application, rule, now)
    application.overdue_at = None


def tell(
    action: str, application: Application, before: str, actor: User | None, now: datetime, *, reason: str = ""
) -> None:
    """The event, and the outbox row that tells whoever has to know."""
    events.record(
        kind=f"application.{action}",
        subject=f"application:{application.pk}",
        actor=actor,
        before=before,
        after=application.status,
        reason=reason,
        at=now,
    )
    outbox.add(TOPIC, str(application.pk), {"action": action})


ONBOARDING = kinds.register(
    kinds.Kind(
        name=KIND,
        schema=answers.SCHEMA,
        knows=answers.knows,
        may_edit=may_edit,
        beneficiary_for=beneficiary_for,
        submit=submit,
        results=sending.results,
        page="supplier/applications/%s/",
        label=words.label,
        words=words.in_words,
        keep_rule="supplier.application_keep_days",
        sealed=answers.is_secret,
    )
)
