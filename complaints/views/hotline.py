"""The operator of 1414 on one screen: find the caller or the case, register a complaint, tell by phone."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from complaints import routing, selectors
from complaints.forms import FindForm
from complaints.models import Complaint
from complaints.views.case import turn_words
from marketplace import access
from marketplace.models import Role
from marketplace.notices import calls
from marketplace.views import hand_over

CALLS_SHOWN = 20


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """Search by phone or number; a phone number travels in the body of the request, never in an address."""
    access.require_role(request.user, Role.HOTLINE)
    form = FindForm(request.POST if request.method == "POST" else None)
    table = routing.table()
    context: dict[str, Any] = {
        "form": form,
        "outcome_calls": [_row(complaint, table) for complaint in selectors.owed(request.user)[:CALLS_SHOWN]],
        "calls": list(calls.waiting(request.user)[:CALLS_SHOWN]),
        **hand_over.desk(request.user),
    }
    if form.is_valid():
        found = selectors.find_for_call(request.user, form.cleaned_data["what"])
        context |= {
            "searched": True,
            "people": found.people,
            "cases": [_row(complaint, table) for complaint in found.cases],
        }
    return render(request, "hotline/desk.html", context)


def _row(complaint: Complaint, table: routing.Table) -> dict[str, Any]:
    return {
        "complaint": complaint,
        "subject": table.subject_name(complaint.subject),
        "turn": turn_words(complaint),
    }
