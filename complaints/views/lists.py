"""Lists of complaints: mine, the supplier's inbox, the desk of a state body."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from complaints import routing, selectors, shapes
from complaints.complaint_draft import KIND
from complaints.models import Complaint
from complaints.routing import Why
from complaints.views.case import case_url, turn_words
from marketplace import access
from marketplace.drafts import reading, retention
from marketplace.models import Draft, Role

PAGE_SIZE = 25


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What is not sent yet or was put aside, then every complaint the person may see: what is due first first."""
    rows = reading.visible(request.user).filter(kind=KIND).exclude(status=Draft.Status.SUBMITTED)
    unsent = list(rows.order_by("-updated_at", "pk")[: 2 * PAGE_SIZE])
    context = _context(request, selectors.listed(request.user)) | {
        "drafts": [draft for draft in unsent if draft.status == Draft.Status.OPEN],
        "aside": retention.with_ends([draft for draft in unsent if draft.status == Draft.Status.DISCARDED]),
    }
    return render(request, "complaints/list.html", context)


@login_required
@require_safe
def supplier_inbox(request: HttpRequest) -> HttpResponse:
    """Open complaints to the supplier, what is due first first."""
    access.require_role(request.user, Role.SUPPLIER)
    return render(request, "complaints/supplier_inbox.html", _context(request, selectors.worklist(request.user)))


@login_required
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The desk of a state body (its own cases) and of the ministry (all), what is due first first."""
    access.require_role(request.user, Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
    return render(request, "review/list.html", _context(request, selectors.worklist(request.user)))


def _context(request: HttpRequest, rows: QuerySet[Complaint]) -> dict[str, Any]:
    table = routing.table()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    items = [
        {
            "url": case_url(request.user, complaint.number),
            "complaint": complaint,
            "subject": table.subject_name(complaint.subject),
            "addressee": shapes.addressee(complaint)["name"],
            "turn": turn_words(complaint),
            "own_why": Why(complaint.own_why).label if getattr(complaint, "own_why", None) else "",
            "outcome": shapes.outcome_name(complaint.outcome, complaint.outcome_detail),
        }
        for complaint in page
    ]
    return {"page": page, "items": items}
