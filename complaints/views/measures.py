"""What was decided beyond a case: the list, the report of an instruction, the lift of a stop-sale, fines."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import selectors as cases
from complaints.measures import carrying_out, fines, selectors, shapes
from complaints.measures.forms import FineForm, ResultForm
from complaints.measures.models import Measure
from complaints.step_forms import StepForm
from complaints.views.case import context
from marketplace import policy
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Role

PAGE_SIZE = 25


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Open measures first, what is due first; then those that are carried out."""
    page = Paginator(selectors.listed(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "review/board/measures.html", {"page": page})


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, measure_id: int) -> HttpResponse:
    """One measure; whoever has to, says here that it is carried out."""
    measure = selectors.listed(request.user).filter(pk=measure_id).first()
    if measure is None:
        raise NotFound
    form = ResultForm(request.POST if request.method == "POST" else None, action="report")
    if request.method == "POST" and _done(
        request, form, lambda given: carrying_out.report(measure_id=measure_id, actor=request.user, **given)
    ):
        messages.success(request, _("The measure is carried out."))
        return redirect("complaints:measure", measure_id)
    return render(request, "review/board/measure.html", _context(request, measure, form))


def _context(request: HttpRequest, measure: Measure, form: StepForm) -> dict[str, Any]:
    may = measure.done_at is None and selectors.may_report(request.user, measure)
    knows_case = cases.visible(request.user).filter(pk=measure.complaint_id).exists()
    selectors.log(request.user, [measure])
    facts, text = shapes.facts(request.user, measure), measure.text if selectors.reads_records(request.user) else ""
    return {"measure": measure, "text": text, "facts": facts, "form": form if may else None, "knows_case": knows_case}


@policy.only(Role.INSPECTOR, Role.REVIEWER)
@require_POST
def fine(request: HttpRequest, number: str) -> HttpResponse:
    """Note a fine; a refusal shows the case again with everything that was typed."""
    form = FineForm(request.POST, action=shapes.FINE)
    if _done(request, form, lambda given: fines.impose(number=number, actor=request.user, **given)):
        messages.success(request, _("The fine is noted."))
        return redirect("complaints:review_case", number)
    complaint = cases.read(request.user, number)
    return render(request, "review/case.html", context(request.user, complaint, form))


_NOTES: dict[str, Callable[..., Any]] = {"paid": fines.note_paid, "appealed": fines.note_appealed}


@policy.only(Role.INSPECTOR, Role.REVIEWER)
@require_POST
def fine_step(request: HttpRequest, fine_id: int, what: str) -> HttpResponse:
    """The fine was paid or appealed against today."""
    found = selectors.fines(request.user).filter(pk=fine_id).first()
    if found is None or what not in _NOTES:
        raise NotFound
    try:
        _NOTES[what](fine_id=fine_id, actor=request.user)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    return redirect("complaints:review_case", found.complaint.number)


def _done(request: HttpRequest, form: StepForm, service: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether the service took the answers; else the form knows what is wrong with them."""
    if not form.is_valid():
        return False
    try:
        service(form.arguments())
    except Invalid as error:
        add_errors(form, error)
        return False
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        form.add_error(None, str(error))
        return False
    return True
