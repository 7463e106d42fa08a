"""Measures, fines and pre-trial records as plain data, for the API and for the page of a case."""

from typing import Any

from django.db.models import Prefetch, Q
from django.utils.translation import gettext as _

from complaints import selectors as cases
from complaints.measures import selectors
from complaints.measures.forms import FineForm
from complaints.measures.models import Fine, Measure, SystemicMatter
from complaints.models import Complaint
from complaints.routing import named
from complaints.selectors import Viewer
from complaints.shapes import local
from complaints.step_forms import StepForm
from marketplace.money import money

FINE = "fine"


def measure(actor: Any, row: Measure) -> dict[str, Any]:
    """One measure; ``listed`` of the selectors joins what is read here."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "complaint": row.complaint.number,
        "authority": named(row.authority) if row.authority else None,
        "addressee": named(row.addressee) if row.addressee else None,
        "supplier": named(row.supplier) if row.supplier else None,
        "product": row.product_id,
        "lot": row.lot,
        "text": row.text if selectors.reads_records(actor) else "",
        "legal_basis": row.legal_basis,
        "made_at": local(row.made_at),
        "until": row.suspension.until if row.suspension else None,
        "respond_by": row.respond_by,
        "late": row.late_at is not None,
        "rule": str(row.rule) if row.rule else None,
        "done_at": local(row.done_at),
        "result": row.result if selectors.reads_records(actor) else "",
        "may_report": row.done_at is None and selectors.may_report(actor, row),
    }


def fine(row: Fine) -> dict[str, Any]:
    return {
        "id": row.pk,
        "complaint": row.complaint.number,
        "supplier": named(row.supplier) if row.supplier else None,
        "article": row.article,
        "amount": money(row.amount),
        "imposed_on": row.imposed_on,
        "appealed_on": row.appealed_on,
        "paid_on": row.paid_on,
    }


def facts(actor: Any, row: Measure) -> list[dict[str, Any]]:
    """A measure as rows of a summary, without what it does not have."""
    pairs = [
        (_("Decided by the body"), row.authority),
        (_("Supplier"), row.supplier),
        (_("Product"), row.product.title if row.product else ""),
        (_("Lot"), row.lot),
        (_("Addressed to"), row.addressee),
        (_("Rule"), row.rule),
        (_("Legal basis"), row.legal_basis),
        (_("Report"), row.result if selectors.reads_records(actor) else ""),
    ]
    return [{"key": key, "value": str(value)} for key, value in pairs if value]


def of_case(actor: Viewer, complaint: Complaint, wrong: StepForm | None = None) -> dict[str, Any] | None:
    """What the state did about a case: for bodies and overseers only; None for the two sides."""
    if not selectors.reads_records(actor):
        return None
    may_fine = selectors.may_fine(actor, complaint)
    refused = wrong is not None and wrong.action == FINE
    shown = ("authority", "addressee", "supplier", "product", "rule", "suspension")
    rows = complaint.measures.select_related(*shown)
    return {
        "measures": [{"row": row, "facts": facts(actor, row)} for row in rows],
        "fines": list(complaint.fines.select_related("supplier")),
        "pretrial": list(complaint.pretrial_cases.all()),
        "systemic": _systemic(actor, complaint),
        "may_fine": may_fine,
        "fine_form": (wrong if refused else FineForm(action=FINE)) if may_fine else None,
        "fine_open": refused,
    }


def _systemic(actor: Viewer, complaint: Complaint) -> list[dict[str, Any]]:
    """Matters that this case belongs to: the lead case, and the numbers of the cases that the actor may know."""
    known = cases.visible(actor).order_by("pk")
    matters = SystemicMatter.objects.filter(Q(cases=complaint) | Q(lead=complaint)).distinct()
    return [
        {
            "lead": matter.lead.number if matter.lead_id != complaint.pk else "",
            "cases": [case.number for case in matter.cases.all()],
        }
        for matter in matters.select_related("lead").prefetch_related(Prefetch("cases", known))
    ]
