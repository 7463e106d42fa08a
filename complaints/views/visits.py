"""Mystery visits: the ministry's assignments, reviews and fees; the visitor's own list and report."""

import csv
from decimal import Decimal
from typing import Any

from django import forms as django_forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from complaints.feedback import questions, selectors, visiting
from complaints.feedback.forms import AssignForm, EnlistForm, ReportForm, WordsForm
from complaints.feedback.models import MysteryVisit, MysteryVisitor, VisitFee
from complaints.feedback.states import VISIT
from marketplace import access, formats, policy
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Office, Role
from suppliers.models import Partner

PAGE_SIZE = 25


@policy.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def listed(request: HttpRequest) -> HttpResponse:
    """The ministry registers visitors and sends them; a visitor sees the own assignments; nobody else comes in."""
    ministry = request.user.role in selectors.MINISTRY
    known = request.user.role in selectors.READERS
    if not known and not MysteryVisitor.objects.filter(user=request.user, active=True).exists():
        raise NotFound
    forms = _desk_forms(request) if ministry else {}
    if ministry and request.method == "POST" and _done(request, forms):
        return redirect("complaints:visits")
    page = Paginator(selectors.visits(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    if ministry:  # the form names them to choose from
        named = MysteryVisitor.objects.filter(active=True).values_list("user_id", flat=True)
        access.log_reads(actor=request.user, person_ids=named, purpose="visit", subject="people:visits")
    failed = next((form for form in forms.values() if form.errors), None)
    return render(request, "feedback/visits.html", {"page": page, "ministry": ministry, "form": failed, **forms})


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def fees(request: HttpRequest) -> HttpResponse:
    """The fee ledger of a year with its sums, as a page or as CSV."""
    rows = visiting.fees(request.user)
    years = [day.year for day in rows.order_by().dates("entered_at", "year", order="DESC")]
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isdecimal() and int(asked) in years else None
    listed = list(rows.filter(entered_at__year=year) if year else rows)
    if request.GET.get("as") == "csv":
        return _fees_file(listed)
    approved = sum((fee.amount for fee in listed if fee.approved_at), Decimal(0))
    context = {
        "years": years,
        "year": year,
        "columns": [
            {"label": _("Visit")}, {"label": _("Number of the contract")}, {"label": _("Entered on")}, {"label": _("Approved on")},
            {"label": _("Sum"), "numeric": True},
        ],
        "rows": [
            [
                f"{fee.visit_id}: {fee.visit.place_name}",
                fee.visit.visitor.contract,
                formats.date_long(timezone.localdate(fee.entered_at)),
                formats.date_long(timezone.localdate(fee.approved_at)) if fee.approved_at else "–",
                formats.money(fee.amount),
            ]
            for fee in listed
        ],
        "approved": approved,
        "waiting": sum((fee.amount for fee in listed), Decimal(0)) - approved,
    }  # fmt: skip
    return render(request, "feedback/fees.html", context)


def _fees_file(listed: list[VisitFee]) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="visit-fees.csv"'
    writer = csv.writer(response)
    writer.writerow(["visit", "place", "contract", "entered_on", "approved_on", "amount_kzt"])
    for fee in listed:
        days = [timezone.localdate(at).isoformat() if at else "" for at in (fee.entered_at, fee.approved_at)]
        writer.writerow([fee.visit_id, fee.visit.place_name, fee.visit.visitor.contract, *days, f"{fee.amount:.2f}"])
    return response


def _desk_forms(request: HttpRequest) -> dict[str, Any]:
    action = request.POST.get("action", "")
    people = MysteryVisitor.objects.filter(active=True).exclude(user=request.user).select_related("user")
    places = [(f"office:{code}", name) for code, name in Office.objects.values_list("code", "name")]
    shops = Partner.objects.filter(status=Partner.Status.APPROVED).values_list("code", "name")
    places += [(f"supplier:{code}", name) for code, name in shops]
    return {
        "enlist": EnlistForm(request.POST if action == "enlist" else None),
        "assign": AssignForm(
            request.POST if action == "assign" else None,
            visitors=[(str(visitor.pk), str(visitor.user)) for visitor in people],
            places=places,
        ),
    }


def _done(request: HttpRequest, forms: dict[str, Any]) -> bool:
    """Run the form that was sent; false when something is wrong with it."""
    form = forms.get(request.POST.get("action", ""))
    if form is None or not form.is_valid():
        return False
    values = form.cleaned_data
    try:
        if isinstance(form, EnlistForm):
            visiting.enlist(actor=request.user, username=values["username"], contract=values["contract"])
            messages.success(request, _("The visitor is registered."))
        else:
            kind, _colon, code = values["place"].partition(":")
            visiting.assign(actor=request.user, visitor_id=int(values["visitor"]), **{kind: code})
            messages.success(request, _("The visit is assigned."))
    except Invalid as error:
        add_errors(form, error)
        return False
    return True


@policy.signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: HttpRequest, visit_id: int) -> HttpResponse:
    """One visit: the visitor reports, the ministry reviews and pays."""
    found = selectors.visit(request.user, visit_id)
    actions = VISIT.actions(found.status, selectors.visit_parties(request.user, found))
    action = request.POST.get("action", "") if request.method == "POST" else ""
    form = _form(found, actions, action, request)
    if action:
        try:
            if form is None or not form.is_bound or form.is_valid():
                _do(request, action, visit_id, form)
                messages.success(request, _("Saved."))
                return redirect("complaints:visit", visit_id)
        except Invalid as error:
            assert form is not None
            add_errors(form, error)
        except DomainError as error:
            if error.status != 409:
                raise
            messages.error(request, str(error))
            return redirect("complaints:visit", visit_id)
    return render(request, "feedback/visit.html", _context(found, actions, form))


def _form(found: MysteryVisit, actions: list[str], action: str, request: HttpRequest) -> django_forms.Form | None:
    """The visitor's report, or the ministry's reason for sending one back."""
    what = "office" if found.office_id else "supplier"
    if "report" in actions:
        sent = action == "report"
        return ReportForm(
            request.POST if sent else None,
            request.FILES if sent else None,
            checklist=visiting.checklist_of(what),
            scale=questions.form_about(what),
        )
    if "return" in actions:
        label = gettext_lazy("What is missing?")
        return WordsForm(request.POST if action == "return" else None, name="reason", label=label)
    return None


def _do(request: HttpRequest, action: str, visit_id: int, form: Any) -> None:
    who = {"visit_id": visit_id, "actor": request.user}
    if action == "report" and isinstance(form, ReportForm):
        visiting.report(**who, said=form.report(), photos=form.cleaned_data["photos"])
    elif action == "return" and isinstance(form, WordsForm):
        visiting.send_back(**who, reason=form.words)
    elif action == "accept":
        visiting.accept(**who)
    elif action == "cancel":
        visiting.cancel(**who)
    elif action == "pay":
        visiting.approve_fee(**who)
    else:
        raise NotFound


def _context(found: MysteryVisit, actions: list[str], form: Any) -> dict[str, Any]:
    what = "office" if found.office_id else "supplier"
    answers = {questions.YES: _("Yes"), questions.NO: _("No")}
    return {
        "visit": found,
        "place": found.office or found.supplier,
        "form": form,
        "may": {action.replace("-", "_"): True for action in actions},
        "photos": visiting.photos_of(found),
        "fee": getattr(found, "fee", None),
        "lines": [
            {"key": line.label, "value": answers.get(found.checklist.get(line.code), "–")}
            for line in visiting.checklist_of(what)
        ]
        if found.checklist
        else [],
    }
