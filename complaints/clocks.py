"""The clock that nobody can forget: one sweep for every date of a complaint.

Beat asks for a sweep each minute; ``run_clock`` is its twin for people. A sweep compares local dates
of the moment it was given (the database's clock), takes rows that nobody else holds, moves each by a
conditional UPDATE and leaves a unique step row: twice, late, or by two beats at once, every case moves
once. A case that is silent on its last day is passed on at 00:05 of the next day (``complaint.escalation_time``),
never before: from the supplier to the first body, from each silent body to the next of the chain.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from complaints import confirming, holds, misdirected, parallels, shapes, standing
from complaints.feedback import clocks as feedback_clocks
from complaints.headquarters import working as headquarters
from complaints.measures import carrying_out, pretrial
from complaints.models import Complaint, ComplaintStep
from complaints.person import resumed
from complaints.routing import body_clock
from complaints.states import CLOCK, ComplaintStatus, Outcome
from complaints.stepping import Case, Plan, advance, closed, dated, joined, passed, passed_on
from marketplace import events, outbox, rules
from marketplace.time import database_now
from orders import clocks as order_clocks
from suppliers import declaring
from suppliers import standing as supplier_standing
from suppliers.listings import deciding as listings
from suppliers.onboarding import deciding as applications

log = structlog.get_logger(__name__)

S = ComplaintStatus
BATCH = 100
_DATE_AS_TEXT = Cast(OuterRef("respond_by"), CharField())
# Seals are set some hours after midnight, when no transaction of the day before can still be open.
SEAL_DELAY = timedelta(hours=3)


@dataclass
class Summary:
    """What one sweep did: how many of which step, in how many seconds."""

    now: datetime
    done: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        what = ", ".join(f"{name} {count}" for name, count in sorted(self.done.items())) or "nothing was due"
        trouble = f"; {self.failed} failed and will be tried again" if self.failed else ""
        return f"{timezone.localtime(self.now):%Y-%m-%d %H:%M:%S}: {what}{trouble}; {self.seconds:.2f} s"


def run(now: datetime) -> Summary:
    """Every date of complaints and orders that has passed at ``now``, once; then the seals of the audit log."""
    summary = Summary(now)
    begun = time.monotonic()
    today = timezone.localdate(now)
    for state, move in _MOVES.items():
        _sweep(summary, state, now, move)
    summary.done += parallels.run(now)
    _remind(summary, today, now)
    summary.done += misdirected.remind(now)
    summary.done += Counter({name.replace("_", " "): count for name, count in order_clocks.run(now).done.items()})
    _hold_payments(summary, now)
    summary.done += feedback_clocks.run(now)
    summary.done += supplier_standing.lift_due(now)
    summary.done += declaring.run(now)
    summary.done += applications.run(now)
    summary.done += listings.run(now)
    summary.done += carrying_out.mark_late(now)
    summary.done += headquarters.mark_late(now)
    # Sealed by the real date: a rehearsal with a future ``now`` seals nothing ahead of time.
    sealed = events.seal_until(timezone.localdate(database_now() - SEAL_DELAY) - timedelta(days=1))
    summary.done += Counter({"days sealed": sealed})
    summary.seconds = time.monotonic() - begun
    return summary


# --- Dates that have passed -------------------------------------------------------------------


def overdue(state: str, now: datetime) -> Q:
    """Cases of a state whose time is over."""
    return Q(status=state) & passed(now)


def _sweep(summary: Summary, state: str, now: datetime, move: Callable[[Case], str]) -> None:
    """Move every overdue case of a state, each in its own transaction, in order of its date."""
    told = ComplaintStep.objects.filter(complaint=OuterRef("pk"), step=Concat(Value("overdue:"), _DATE_AS_TEXT))
    due = Complaint.objects.filter(~Exists(told), overdue(state, now)).order_by("respond_by", "pk")
    last: tuple[date | None, int] | None = None
    while True:
        page = due if last is None else due.filter(Q(respond_by__gt=last[0]) | Q(respond_by=last[0], pk__gt=last[1]))
        rows = list(page.values_list("respond_by", "pk")[:BATCH])
        for _respond_by, pk in rows:
            try:
                if step := _move_one(pk, state, now, move):
                    summary.done[step] += 1
            except Exception:
                # One broken case must not stop the clock of the others; the next sweep tries again.
                summary.failed += 1
                log.exception("clock_failed", complaint=pk, state=state)
        if len(rows) < BATCH:
            return
        last = rows[-1]


def _move_one(pk: int, state: str, now: datetime, move: Callable[[Case], str]) -> str:
    """The name of the step, or nothing when someone else was first."""
    with transaction.atomic(durable=True):
        complaint = (
            Complaint.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(overdue(state, now), pk=pk)
            .select_related("addressee_authority__parent", "escalates_to__parent", "addressee_supplier")
            .first()
        )
        return move(Case(complaint, now)) if complaint is not None else ""


def _once(complaint: Complaint, step: str, now: datetime) -> bool:
    """Leave the step's row; False when it stands already."""
    try:
        with transaction.atomic():
            ComplaintStep.objects.create(complaint=complaint, step=step, at=now)
    except IntegrityError:
        return False
    return True


def _silence(case: Case) -> str:
    """The supplier was silent: ignored, and passed to the state body, in one go."""
    complaint = case.complaint
    if not _once(complaint, f"ignored:{complaint.respond_by}", case.now):
        return ""
    standing.silent(complaint, case.today)
    advance(case, "ignore", [CLOCK], actor=None, plan=Plan(data={"respond_by": f"{complaint.respond_by}"}))
    advance(case, "escalate", [CLOCK], actor=None, plan=joined(case))
    return "escalated"


def _offer_lapsed(case: Case) -> str:
    advance(case, "lapse-offer", [CLOCK], actor=None, plan=joined(case))
    return "offers lapsed"


def _answer_lapsed(case: Case) -> str:
    advance(case, "lapse", [CLOCK], actor=None, plan=closed(case, Outcome.EXPLAINED, "no_objection"))
    return "answers lapsed"


def _unconfirmed(case: Case) -> str:
    """Nobody confirmed: never "satisfied", whatever was proposed."""
    complaint = case.complaint
    outcome, detail = complaint.proposed_outcome, complaint.proposed_detail
    if outcome == Outcome.SATISFIED and complaint.status in {S.DECIDED, S.OUTCOME_CHECK}:
        action, plan = confirming.unheard(case)
        advance(case, action, [CLOCK], actor=None, plan=plan)
        return "outcomes to ask about"
    if outcome in ("", Outcome.SATISFIED):
        outcome, detail = Outcome.EXPLAINED, "unconfirmed"
    advance(case, "lapse-check", [CLOCK], actor=None, plan=closed(case, outcome, detail))
    return "unconfirmed"


def _resumed(case: Case) -> str:
    advance(case, "resume", [CLOCK], actor=None, plan=resumed(case))
    return "resumed"


def _pretrial_over(case: Case) -> str:
    pretrial.end(case, "not_agreed")
    deadline = body_clock(case.complaint.subject, case.complaint.addressee_authority, case.today)
    advance(case, "pretrial-failed", [CLOCK], actor=None, plan=Plan(changes=dated(deadline)))
    return "pre-trial failed"


def _body_late(case: Case) -> str:
    """A silent body loses its case to the next of the chain, once per date; the last one keeps it.

    The late mark stays with the body that was silent. The one above it is told, and so is the person.
    """
    complaint = case.complaint
    if not _once(complaint, f"overdue:{complaint.respond_by}", case.now):
        return ""
    further = complaint.escalates_to
    event = events.record(
        kind="complaint.overdue",
        subject=f"complaint:{complaint.number}",
        actor=None,
        data={
            "party": CLOCK,
            "authority": shapes.addressee(complaint)["code"],
            "respond_by": f"{complaint.respond_by}",
        },
        at=case.now,
    )
    outbox.add("complaint.overdue", complaint.number, {"event": event.pk, "passed_up": further is not None})
    if further is None:
        return "bodies overdue"
    advance(case, "pass-up", [CLOCK], actor=None, plan=passed_on(case))
    return "passed up"


_MOVES: dict[str, Callable[[Case], str]] = {
    S.WITH_SELLER: _silence,
    S.REMEDY_RUNNING: _silence,
    S.SETTLED_OFFER: _offer_lapsed,
    S.ANSWERED: _answer_lapsed,
    S.DECIDED: _unconfirmed,
    S.OUTCOME_CHECK: _unconfirmed,
    S.OUTCOME_CALL: _unconfirmed,
    S.OUTCOME_PANEL: _unconfirmed,
    S.WAITING_PERSON: _resumed,
    S.PRETRIAL: _pretrial_over,
    S.ESCALATED: _body_late,
    S.WITH_BODY: _body_late,
    S.WITH_MINISTRY: _body_late,
}


# --- Reminders ----------------------------------------------------------------------------------


def _remind(summary: Summary, today: date, now: datetime) -> None:
    """Tell a silent supplier on days 3, 7 and 9 of its term, which runs from the day of receipt.

    After an outage only the latest that is due.
    """
    days = sorted(int(day) for day in rules.get("complaint.seller_reminder_days", on=today).value["days"])
    waiting = Complaint.objects.filter(status=S.WITH_SELLER, respond_by__gte=today).annotate(
        zero=Coalesce("received_on", "filed_on")
    )
    for position, day in enumerate(days):
        first = today - timedelta(days=day)
        later = days[position + 1 :]
        due = waiting.filter(zero__lte=first).exclude(steps__step=f"reminder:{day}")
        if later:
            due = due.filter(zero__gt=today - timedelta(days=later[0]))
        for pk in list(due.order_by("pk").values_list("pk", flat=True)):
            with transaction.atomic(durable=True):
                complaint = (
                    Complaint.objects.select_for_update(skip_locked=True)
                    .filter(pk=pk, status=S.WITH_SELLER, respond_by__gte=today)
                    .first()
                )
                if complaint is not None and _once(complaint, f"reminder:{day}", now):
                    outbox.add("complaint.reminder", complaint.number, {"day": day})
                    summary.done["reminders"] += 1


def _hold_payments(summary: Summary, now: datetime) -> None:
    """Payments that an open complaint should stop and does not yet."""
    for complaint in holds.missed().order_by("pk")[:BATCH]:
        with transaction.atomic(durable=True):
            summary.done["payments held"] += holds.hold(complaint, now)
    summary.done = +summary.done
