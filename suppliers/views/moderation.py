"""The ministry looks at applications of suppliers: what is due first first, each with its papers and its decisions."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import access, calendar, events
from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.models import Role
from suppliers.onboarding import answers, deciding, forms, selectors, words
from suppliers.onboarding.models import Application
from suppliers.states import APPLICATION

PAGE_SIZE = 30
# The label of the words, whether a reason is chosen from the list; approving asks nothing.
ASKS: dict[str, tuple[Any, bool]] = {
    "ask": (gettext_lazy("What is missing?"), False),
    "refuse": (gettext_lazy("Why is it refused?"), True),
    "uphold": (gettext_lazy("Why is it refused?"), False),
}
DOORS: dict[str, Callable[..., Application]] = {
    "approve": deciding.approve,
    "ask": deciding.ask,
    "refuse": deciding.refuse,
    "uphold": deciding.uphold,
}


@login_required
@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """Every application, those that wait for the ministry first."""
    access.require_role(request.user, *selectors.READERS)
    page = Paginator(selectors.worklist(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [{"application": row, "turn": words.whose_turn(row)} for row in page]
    return render(request, "review/applications/list.html", {"page": page, "rows": rows})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """One application: answers, documents, who else names this BIN, what happened, the decisions."""
    access.require_role(request.user, *selectors.READERS)
    found = selectors.get(request.user, application_id)
    wrong = None
    action = request.POST.get("action", "")
    if request.method == "POST" and action in DOORS:
        given = {"text": request.POST.get("text", "")} if action in ASKS else {}
        given |= {"reason": request.POST.get("reason", "")} if action == "refuse" else {}
        try:
            DOORS[action](application_id=application_id, actor=request.user, **given)
        except Invalid as error:
            wrong = _form(action, request.POST)
            wrong.is_valid()
            add_errors(wrong, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
            return redirect("suppliers:review_application", application_id)
        else:
            messages.success(request, _("Decided. The applicant is told."))
            return redirect("suppliers:review_application", application_id)
    context = _context(request, found, action, wrong)
    return render(request, "review/applications/application.html", context, status=422 if wrong else 200)


def _form(action: str, data: Any = None) -> forms.WordsForm:
    label, chosen = ASKS.get(action, ("", False))
    return forms.WordsForm(data, action=action, label=label, reasons=words.reasons() if chosen else None)


def _context(request: HttpRequest, found: Application, action: str, wrong: forms.WordsForm | None) -> dict[str, Any]:
    may_decide = request.user.role == Role.REVIEWER and not (
        found.status == Application.Status.APPEALED and found.refused_by_id == request.user.pk
    )
    steps = [
        {
            "action": step.action,
            "label": step.label,
            "form": (wrong if wrong is not None and action == step.action else _form(step.action))
            if step.action in ASKS
            else None,
            "open": wrong is not None and action == step.action,
        }
        for step in APPLICATION.allowed(found.status, ["ministry"] if may_decide else [])
    ]
    labels = {step.action: step.label for step in APPLICATION.steps}
    happened = [
        {
            "title": labels.get(event.kind.partition(".")[2], _("Sent")),
            "at": event.at,
            "by": str(event.actor) if event.actor else _("the clock"),
            "text": event.reason,
        }
        for event in reversed(events.of_subject(f"application:{found.pk}"))
    ]
    return {
        "application": found,
        "turn": words.whose_turn(found),
        "steps": steps,
        "form": wrong,
        "same_person": found.status == Application.Status.APPEALED and found.refused_by_id == request.user.pk,
        "reason": words.reason_name(found.reason) if found.reason else "",
        "due_words": calendar.in_words(found.due_explained),
        "rows": words.summary(found.bin, found.name, found.answers),
        "papers": answers.papers(found.pk),
        "same_business": selectors.same_business(found),
        "events": happened,
    }
