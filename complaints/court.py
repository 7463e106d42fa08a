"""A complaint in court: the body's role, the result, the sum recovered."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints.models import CourtCase
from complaints.states import Outcome
from complaints.stepping import UNDATED, Case, Plan, dated, money, required_text, take
from marketplace import calendar
from marketplace.errors import FieldError, Invalid
from marketplace.idempotency import Answer, Request
from marketplace.models import User

ROLES = {
    "third_party": _("Third party on the person's side"),
    "claimant": _("Claimant in the person's interest"),
    "expert": _("Body that gives its opinion"),
}
RESULTS = ("won", "lost", "settled")


def to_court(
    *,
    number: str,
    actor: User,
    reason: str,
    role: str = "third_party",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """The case goes to court and the body takes part in ``role``; a court keeps its own time."""
    reason = required_text(reason, "reason", _("Say what is claimed in court."))
    if role not in ROLES:
        raise Invalid([FieldError("role", "choice", _("Choose the role in court."))])

    def plan(case: Case) -> Plan:
        CourtCase.objects.create(
            complaint=case.complaint,
            authority=case.complaint.addressee_authority,
            role=role,
            opened_on=case.today,
        )
        return Plan(
            changes={"proposed_outcome": Outcome.LAWSUIT, "proposed_detail": "pending", **UNDATED},
            data={"role": role},
            text=reason,
        )

    return take(number=number, action="to-court", actor=actor, plan=plan, request=request, now=now)


def court_result(
    *,
    number: str,
    actor: User,
    result: str,
    recovered: Any = None,
    text: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """How the court decided and what it awarded, KZT. Raises Invalid."""
    if result not in RESULTS:
        raise Invalid([FieldError("result", "choice", _("Choose how the court decided."))])
    amount = money(recovered, "recovered")

    def plan(case: Case) -> Plan:
        CourtCase.objects.filter(complaint=case.complaint, result=CourtCase.Result.PENDING).update(
            result=result, recovered=amount, decided_on=case.today
        )
        return Plan(
            changes={
                "proposed_outcome": Outcome.LAWSUIT,
                "proposed_detail": result,
                **dated(calendar.deadline("complaint.outcome_check_days", case.today)),
            },
            data={"result": result, "recovered": str(amount)},
            text=text.strip(),
        )

    return take(number=number, action="court-result", actor=actor, plan=plan, request=request, now=now)
