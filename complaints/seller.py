"""The supplier's steps: a reasoned answer, an offer, the remedy done (law 274-IV, art. 42-4)."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from complaints import attachments, routing
from complaints.states import Outcome
from complaints.stepping import Case, Plan, dated, money, required_text, take
from marketplace import calendar, rules
from marketplace.errors import FieldError, Invalid
from marketplace.files import Picture
from marketplace.idempotency import Answer, Request
from marketplace.models import User

MAX_WORDS = 1000


def answer(
    *,
    number: str,
    actor: User,
    text: str,
    papers: Sequence[Picture] = (),
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """A written answer with reasons, and pages of ``papers`` that it rests on; the person then has 20 days to disagree.

    Raises Invalid without reasons, or with too many pictures.
    """
    text = required_text(text, "text", _("Write the reasons of your answer. The law asks for a reasoned answer."))

    def plan(case: Case) -> Plan:
        return Plan(
            changes={
                "answer": text,
                "answered_at": case.now,
                **dated(calendar.deadline("complaint.person_decision_days", case.today)),
            },
            data=_in_time(case) | {"papers": attachments.keep(case.complaint, papers, actor, field="papers")},
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
    """Offer a remedy by a day, at most 30 days ahead; ``amount`` is money to return, KZT.

    ``remedy`` is one of the demands of the routing table, or nothing. Raises Invalid.
    """
    text = required_text(text, "text", _("Say what you offer."))
    returned = money(amount, "amount")

    def plan(case: Case) -> Plan:
        latest = calendar.deadline("complaint.remedy_days", case.today).respond_by
        promised = promised_on or latest
        if not case.today <= promised <= latest:
            message = _("Choose a day from today to %(latest)s.") % {"latest": f"{latest:%d.%m.%Y}"}
            raise Invalid([FieldError("promised_on", "out_of_range", message)])
        if remedy and remedy not in routing.table(case.complaint.rule_version).demands:
            raise Invalid([FieldError("remedy", "choice", _("Choose a kind of remedy from the list."))])
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
    *,
    number: str,
    actor: User,
    text: str = "",
    kind: str = "",
    delivered_on: date | None = None,
    value: Any = None,
    returned: Any = None,
    proof: Picture | None = None,
    proof_file: UUID | None = None,
    no_proof: str = "",
    request: Request | None = None,
    now: datetime | None = None,
) -> Answer:
    """The promised thing happened, says the supplier; only the person confirms it (domain 5.4).

    ``kind`` is a demand of the list, the offered one when empty; ``delivered_on`` today when empty; ``value`` what the
    remedy is worth and ``returned`` the money that went back, KZT, the offered sum when not given. The proof is a
    picture, or ``proof_file``, which the supplier has added to the case, or the reason why there is none.
    Raises Invalid.
    """
    worth, back = money(value, "value"), money(returned, "returned")
    no_proof = no_proof.strip()
    if proof is None and proof_file is None and not no_proof:
        message = _("Add a photo that proves it, for example of the receipt or the act. If there is none, say why.")
        raise Invalid([FieldError("no_proof", "required", message)])
    if len(no_proof) > MAX_WORDS:
        raise Invalid([FieldError("no_proof", "too_long", _("Write at most 1,000 characters."))])

    def plan(case: Case) -> Plan:
        complaint = case.complaint
        day = delivered_on or case.today
        if not complaint.day_zero <= day <= case.today:
            message = _("Choose a day from %(first)s to today.") % {"first": f"{complaint.day_zero:%d.%m.%Y}"}
            raise Invalid([FieldError("delivered_on", "out_of_range", message)])
        chosen = kind or str(complaint.remedy.get("kind", ""))
        if chosen and chosen not in routing.table(complaint.rule_version).demands:
            raise Invalid([FieldError("kind", "choice", _("Choose a kind of remedy from the list."))])
        kept = attachments.keep(complaint, [proof], actor, field="proof") if proof is not None else []
        kept += [attachments.own(complaint, proof_file, actor)] if proof_file is not None else []
        record = {
            "kind": chosen,
            "on": day.isoformat(),
            "value": str(worth),
            "proof": kept,
            "no_proof": "" if kept else no_proof,
        }
        return Plan(
            changes={
                "remedy": complaint.remedy | {"delivered": record},
                "proposed_outcome": Outcome.SATISFIED,
                "proposed_detail": "by_seller",
                "returned_sum": money(complaint.remedy.get("amount"), "amount") if returned in (None, "") else back,
                **dated(calendar.deadline("complaint.outcome_check_days", case.today)),
            },
            # The reason may name people: it stays with the case, out of the log.
            data={name: said for name, said in record.items() if name != "no_proof"},
            text=text.strip(),
        )

    return take(number=number, action="remedy-done", actor=actor, plan=plan, request=request, now=now)


def _in_time(case: Case) -> dict[str, Any]:
    """Facts for the report: was the answer in time, and after how many days. Dates count, not seconds."""
    complaint = case.complaint
    law = rules.get("complaint.seller_answer_days", on=complaint.day_zero).value["days"]
    return {
        "days": (case.today - complaint.day_zero).days,
        "in_time": complaint.respond_by is None or case.today <= complaint.respond_by,
        "law_days": law,
    }
