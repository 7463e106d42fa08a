"""Lists of complaints: mine, the supplier's inbox, the desk of a state body."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from complaints import listing, routing, selectors, shapes
from complaints.complaint_draft import KIND
from complaints.list_forms import ListForm
from complaints.models import Complaint
from complaints.routing import Why
from complaints.views.case import case_url, turn_words
from marketplace import policy
from marketplace.drafts import reading, retention
from marketplace.models import Draft, Role

PAGE_SIZE = 25


@policy.signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What is not sent yet or was put aside, then every complaint the person may see: what is due first first."""
    if request.user.role in selectors.ALL_SEEING:
        return _all(request)
    rows = reading.visible(request.user).filter(kind=KIND).exclude(status=Draft.Status.SUBMITTED)
    unsent = list(rows.order_by("-updated_at", "pk")[: 2 * PAGE_SIZE])
    context = _context(request, selectors.listed(request.user)) | {
        "drafts": [draft for draft in unsent if draft.status == Draft.Status.OPEN],
        "aside": retention.with_ends([draft for draft in unsent if draft.status == Draft.Status.DISCARDED]),
    }
    return render(request, "complaints/list.html", context)


@policy.only(Role.SUPPLIER)
@require_safe
def supplier_inbox(request: HttpRequest) -> HttpResponse:
    """Open complaints to the supplier, what is due first first."""
    return render(request, "complaints/supplier_inbox.html", _context(request, selectors.worklist(request.user)))


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The desk of a state body (its own cases) and of the ministry (all), what is due first first."""
    return render(request, "review/list.html", _context(request, selectors.worklist(request.user)))


def _all(request: HttpRequest) -> HttpResponse:
    """The list of those who see every complaint: filtered, page after page from the place where the last one ended."""
    form = ListForm(request.GET if request.GET else None)
    found = listing.page(request.user, form.asked(timezone.localdate()), request.GET.get("from", ""))
    query = {name: value for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "form": form,
        "count": listing.COUNTED if found.more else found.count,
        "more": found.more,
        "items": _items(request, found.rows),
        "first_url": f"?{urlencode(query)}" if "from" in request.GET else "",
        "next_url": f"?{urlencode(query | {'from': found.next})}" if found.next else "",
        "clear_url": "?" if query else "",
    }
    return render(request, "complaints/all.html", context)


def _context(request: HttpRequest, rows: QuerySet[Complaint]) -> dict[str, Any]:
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    page.object_list = selectors.some_of(rows, page.object_list)
    return {"page": page, "items": _items(request, page)}


def _items(request: HttpRequest, complaints: Iterable[Complaint]) -> list[dict[str, Any]]:
    table = routing.table()
    return [
        {
            "url": case_url(request.user, complaint.number),
            "complaint": complaint,
            "subject": table.subject_name(complaint.subject),
            "addressee": shapes.addressee(complaint)["name"],
            "turn": turn_words(complaint),
            "own_why": Why(complaint.own_why).label if getattr(complaint, "own_why", None) else "",
            "outcome": shapes.outcome_name(complaint.outcome, complaint.outcome_detail),
        }
        for complaint in complaints
    ]
