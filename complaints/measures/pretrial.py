"""Pre-trial settlement (law 274-IV, art. 42-8): before whom, on whose written consent, and how it ended."""

from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from complaints.measures.models import PretrialCase
from complaints.stepping import Case
from marketplace.errors import FieldError, Invalid


def checked(
    kind: str, body: str, person_consented_on: date | None, supplier_consented_on: date | None
) -> dict[str, Any]:
    """The facts of a settlement that begins. Raises Invalid naming every field that is wrong."""
    errors = []
    if kind not in PretrialCase.Body.values:
        errors.append(FieldError("kind", "choice", _("Choose the kind of the body.")))
    if not body.strip() or len(body) > 200:
        errors.append(FieldError("body", "required", _("Name the body, in at most 200 characters.")))
    for name, day in (("person_consented_on", person_consented_on), ("supplier_consented_on", supplier_consented_on)):
        if day is None:
            errors.append(FieldError(name, "required", _("Enter the day, month and year.")))
    if errors:
        raise Invalid(errors)
    return {
        "kind": kind,
        "body": body.strip(),
        "person_consented_on": person_consented_on,
        "supplier_consented_on": supplier_consented_on,
    }


def begin(case: Case, papers: str, facts: dict[str, Any]) -> PretrialCase:
    """Inside the step: a consent is given before the settlement begins, never after. Raises Invalid."""
    late = [name for name in ("person_consented_on", "supplier_consented_on") if facts[name] > case.today]
    if late:
        raise Invalid([FieldError(name, "future", _("Give a day that has come already.")) for name in late])
    return PretrialCase.objects.create(complaint=case.complaint, papers=papers, opened_on=case.today, **facts)


def end(case: Case, result: str, text: str = "", amount: Decimal = Decimal(0)) -> None:
    """Inside the step that ends it, the clock's one too; nothing for cases of the time before these records."""
    PretrialCase.objects.filter(complaint=case.complaint, result=PretrialCase.Result.PENDING).update(
        result=result, agreed_text=text, agreed_sum=amount, ended_on=case.today
    )
