"""The operator's interviews: who was drawn for today, the script to read out, the answers or no answer."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints.feedback import calling, selectors
from complaints.feedback.forms import MarkForm, mark_form
from complaints.feedback.giving import AlreadyGiven
from marketplace import access, policy
from marketplace.errors import IllegalStep, Invalid
from marketplace.forms import add_errors
from marketplace.models import Role
from marketplace.time import database_now

SHOWN = 50


@policy.only(Role.HOTLINE, Role.CASEWORKER)
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Calls of today; names and numbers are on the page of each call only."""
    calls = selectors.calls(request.user, database_now())
    return render(request, "feedback/calls.html", {"calls": calls[:SHOWN], "count": calls.count()})


@policy.only(Role.HOTLINE, Role.CASEWORKER)
@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest, task_id: int) -> HttpResponse:
    """One call: the script, the same questions as everywhere, three buttons."""
    task = selectors.call(request.user, task_id, database_now())
    what = "office" if task.occasion.office_id else "supplier"
    answering = request.method == "POST" and request.POST.get("action") == "interview"
    form: MarkForm = mark_form(what, request.POST if answering else None)
    try:
        if answering and form.is_valid():
            calling.interview(task_id=task_id, actor=request.user, said=form.said())
            messages.success(request, _("The answers are saved."))
            return redirect("complaints:calls")
        if request.method == "POST" and not answering:
            _without_answers(request, task_id)
            return redirect("complaints:calls")
    except Invalid as error:
        add_errors(form, error)
    except (IllegalStep, AlreadyGiven) as error:
        messages.error(request, str(error))
        return redirect("complaints:calls")
    if not answering:
        access.log_read(
            actor=request.user,
            person_id=task.occasion.person_id,
            purpose="call",
            subject=f"occasion:{task.occasion_id}",
        )
    context = {
        "task": task,
        "form": form,
        "script": calling.script(),
        "owner": task.occasion.office or task.occasion.supplier,
    }
    return render(request, "feedback/call.html", context)


def _without_answers(request: HttpRequest, task_id: int) -> None:
    if request.POST.get("action") == "decline":
        calling.decline(task_id=task_id, actor=request.user)
        messages.success(request, _("Noted: the person will not be asked again."))
    else:
        calling.no_answer(task_id=task_id, actor=request.user)
        messages.success(request, _("Noted: nobody answered."))
