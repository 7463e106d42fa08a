"""The supplier's steps: a reasoned answer, an offer, the remedy done (law 274-IV, art. 42-4)."""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints.states import Outcome
from complaints.stepping import Case, Plan, dated, money, required_text, take
from marketplace import calendar, rules
from marketplace.errors import FieldError, Invalid
from marketplace.idempotency import Answer, Request
from marketplace.models import User


def answer(
    *, number: str, actor: User, text: str, request: Request | None = None, now: datetime | None = None
) -> Answer:
    """A written answer with reasons; the person then has 20 days to disagree. Raises Invalid without reasons."""
    text = required_text(text, "text", _("Write the reasons of your answer. The law asks for a reasoned answer."))

    def plan(case: Case) -> Plan:
        return Plan(
            changes={
                "answer": text,
                "answered_at": case.now,
                **dated(calendar.deadline("complaint.person_decision_days", case.today)),
            },
            data=_in_time(case),
            text=text,
        )

    return take(number=number, action="answer", actor=actor, plan=plan, request=request, now=now)


def offer(
    *,
    number: str,
    actor: User,
    text: str,
    remedy: str = "",
    promised_on: date | None = None,
    amount: Any = None,
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """Offer a remedy by a day, at most 30 days ahead; ``amount`` is money to return, KZT. Raises Invalid."""
    text = required_text(text, "text", _("Say what you offer."))
    returned = money(amount, "amount")

    def plan(case: Case) -> Plan:
        latest = calendar.deadline("complaint.remedy_days", case.today).respond_by
        promised = promised_on or latest
        if not case.today <= promised <= latest:
            message = _("Choose a day from today to %(latest)s.") % {"latest": f"{latest:%d.%m.%Y}"}
            raise Invalid([FieldError("promised_on", "out_of_range", message)])
        return Plan(
            changes={
                "answer": text,
                "answered_at": case.now,
                "remedy": {"kind": remedy, "promised_on": promised.isoformat(), "amount": str(returned)},
                **dated(calendar.deadline("complaint.offer_acceptance_days", case.today)),
            },
            data={"promised_on": promised.isoformat(), "amount": str(returned), **_in_time(case)},
            text=text,
        )

    return take(number=number, action="offer", actor=actor, plan=plan, request=request, now=now)


def remedy_done(
    *, number: str, actor: User, text: str = "", request: Request | None = None, now: datetime | None = None
) -> Answer:
    """The promised thing happened, says the supplier; only the person confirms it."""

    def plan(case: Case) -> Plan:
        return Plan(
            changes={
                "proposed_outcome": Outcome.SATISFIED,
                "proposed_detail": "by_seller",
                "returned_sum": money(case.complaint.remedy.get("amount"), "amount"),
                **dated(calendar.deadline("complaint.outcome_check_days", case.today)),
            },
            text=text.strip(),
        )

    return take(number=number, action="remedy-done", actor=actor, plan=plan, request=request, now=now)


def _in_time(case: Case) -> dict[str, Any]:
    """Facts for the report: was the answer in time, and after how many days. Dates count, not seconds."""
    complaint = case.complaint
    law = rules.get("complaint.seller_answer_days", on=complaint.filed_on).value["days"]
    return {
        "days": (case.today - complaint.filed_on).days,
        "in_time": complaint.respond_by is None or case.today <= complaint.respond_by,
        "law_days": law,
    }
