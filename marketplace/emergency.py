"""Access in an emergency: who keeps the portal running serves nobody, and sometimes has to see one person's data.

One asks with a reason, another gives it for a while (rule ``access.emergency``), each step is an event, each look a
row of the read log, and when it is over the person is told who, when and why.
"""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import access, events, formats, notices, outbox, rules
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import EmergencyAccess, Guardianship, OutboxRow, ReadLog, Role, User
from marketplace.personal import IDENTITY, Told, of
from marketplace.time import database_now

RULE = "access.emergency"
TOPIC = "emergency.over"
LONGEST_REASON = 1000
ASKS = (Role.ADMIN,)
DECIDES = (Role.ADMIN, Role.REVIEWER)
READS = (*DECIDES, Role.AUDITOR)
# Nobody but the person needs her number; her messages hold codes that open deliveries and complaints.
WITHHELD = (IDENTITY, "notices")
Status = EmergencyAccess.Status


class AlreadyDecided(DomainError):
    code = "already_decided"
    message = gettext_lazy("Somebody has decided about this already.")


def ask(*, actor: User, person_id: int, reason: str) -> int:
    """Ask for one person's data. Raises Invalid for an unknown person, no reason, or a request that waits already."""
    access.require_role(actor, *ASKS)
    words = reason.strip()[:LONGEST_REASON]
    errors = []
    if not words:
        errors.append(FieldError("reason", "required", _("Say why you have to see these data.")))
    person = User.objects.filter(pk=person_id, record__isnull=False).exclude(pk=actor.pk).first()
    if person is None:
        errors.append(FieldError("person", "unknown", _("There is no person with this number.")))
    if errors or person is None:
        raise Invalid(errors)
    try:
        with transaction.atomic(durable=True):
            found = EmergencyAccess.objects.create(person=person, asked_by=actor, asked_at=database_now(), reason=words)
            _record("ask", found, actor, "", Status.ASKED, words)
    except IntegrityError:
        raise Invalid([FieldError("person", "waits", _("Your request for this person waits already."))]) from None
    return found.pk


def decide(*, actor: User, access_id: int, give: bool) -> EmergencyAccess:
    """Another person gives or refuses it. Raises Forbidden to who asked, NotFound, AlreadyDecided."""
    access.require_role(actor, *DECIDES)
    with transaction.atomic(durable=True):
        found = EmergencyAccess.objects.select_for_update().filter(pk=access_id).first()
        if found is None:
            raise NotFound
        if found.asked_by_id == actor.pk:
            raise Forbidden(_("Another person has to decide about your request."))
        if found.status != Status.ASKED:
            raise AlreadyDecided
        lasts = timedelta(minutes=rules.get(RULE).value["minutes"])
        found.decided_by, found.decided_at = actor, database_now()
        found.status = Status.GIVEN if give else Status.REFUSED
        found.until = found.decided_at + lasts if give else None
        found.save(update_fields=["status", "decided_by", "decided_at", "until"])
        _record("give" if give else "refuse", found, actor, Status.ASKED, found.status, "")
        if give:
            outbox.add(TOPIC, str(found.pk), wait=lasts)
    return found


def look(*, actor: User, access_id: int) -> tuple[EmergencyAccess, list[Told]]:
    """The person's data while the access runs; each look leaves its row. Raises NotFound in all other cases."""
    running = EmergencyAccess.objects.filter(asked_by=actor, status=Status.GIVEN, until__gt=database_now())
    found = running.select_related("person").filter(pk=access_id).first()
    if found is None or actor.role not in ASKS:
        raise NotFound
    access.log_read(actor=actor, person_id=found.person_id, purpose="emergency", subject=_subject(found))
    return found, of(found.person, without=WITHHELD)


def listed(actor: User) -> QuerySet[EmergencyAccess]:
    """All requests, what waits first: nobody's data, but who asked for whose, why, and who decided."""
    access.require_role(actor, *READS)
    rows = EmergencyAccess.objects.select_related("asked_by", "decided_by")
    return rows.order_by(F("decided_at").desc(nulls_first=True), "-pk")


@outbox.handler(TOPIC)
def tell_the_person(row: OutboxRow) -> None:
    """When it is over: who could look, when and why, and how often it was done. ``key`` is the access's id."""
    found = EmergencyAccess.objects.select_related("person", "asked_by").get(pk=row.key)
    looks = ReadLog.objects.filter(person=found.person_id, subject=_subject(found)).count()

    def words() -> tuple[str, str]:
        text = _(
            "%(who)s, who keeps the portal running, could see the data of %(name)s from %(since)s to %(until)s and "
            "opened them %(looks)s times. Why: %(reason)s. If this surprises you, call 1414."
        ) % {
            "who": found.asked_by,
            "name": found.person,
            "since": formats.datetime_short(found.decided_at) if found.decided_at else "",
            "until": formats.datetime_short(found.until) if found.until else "",
            "looks": looks,
            "reason": found.reason,
        }
        return _("Your data were opened in an emergency"), text

    notices.tell(
        _who_is_told(found.person), words, kind=TOPIC, subject=_subject(found), dedupe=f"{_subject(found)}:over"
    )


def _who_is_told(person: User) -> list[User]:
    """The person; for who cannot sign in, those who act for her."""
    running = Guardianship.objects.filter(ward=person).filter(Q(valid_to=None) | Q(valid_to__gte=database_now().date()))
    guardians = [row.guardian for row in running.select_related("guardian").order_by("pk")]
    return guardians or [person]


def _subject(found: EmergencyAccess) -> str:
    return f"emergency:{found.pk}"


def _record(step: str, found: EmergencyAccess, actor: User, before: str, after: str, reason: str) -> None:
    events.record(
        kind=f"emergency.{step}",
        subject=_subject(found),
        actor=actor,
        before=before,
        after=after,
        reason=reason,
        data={"person": found.person_id},
        at=found.decided_at or found.asked_at,
    )
