"""The ministry looks at applications of suppliers: what is due first first, each with its papers and its decisions."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import calendar, events, policy
from marketplace.models import Role
from suppliers import second_check
from suppliers.onboarding import answers, deciding, selectors, words
from suppliers.onboarding.forms import WordsForm
from suppliers.onboarding.models import Application
from suppliers.states import APPLICATION
from suppliers.views.deciding import Decisions

PAGE_SIZE = 30
DECISIONS = Decisions(
    doors={
        "approve": deciding.approve,
        "ask": deciding.ask,
        "refuse": deciding.refuse,
        "uphold": deciding.uphold,
    },
    asks={
        "ask": (gettext_lazy("What is missing?"), False),
        "refuse": (gettext_lazy("Why is it refused?"), True),
        "uphold": (gettext_lazy("Why is it refused?"), False),
    },
    reasons=words.reasons,
    named="application_id",
    route="suppliers:review_application",
    told=gettext_lazy("Decided. The applicant is told."),
)


@policy.only(*selectors.READERS)
@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """Every application, those that wait for the ministry first."""
    page = Paginator(selectors.worklist(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [{"application": row, "turn": words.whose_turn(row)} for row in page]
    return render(request, "review/applications/list.html", {"page": page, "rows": rows})


@policy.only(*selectors.READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """One application: answers, documents, who else names this BIN, what happened, the decisions."""
    found = selectors.get(request.user, application_id)
    answer, wrong = DECISIONS.taken(request, application_id)
    if answer is not None:
        return answer
    context = _context(request, found, wrong)
    return render(request, "review/applications/application.html", context, status=422 if wrong else 200)


def _context(request: HttpRequest, found: Application, wrong: WordsForm | None) -> dict[str, Any]:
    same_person = not second_check.is_another(found, request.user)
    may_decide = request.user.role == Role.REVIEWER and not same_person
    allowed = APPLICATION.allowed(found.status, ["ministry"] if may_decide else [])
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
        "steps": DECISIONS.offered(allowed, wrong),
        "form": wrong,
        "same_person": same_person,
        "reason": words.reason_name(found.reason) if found.reason else "",
        "due_words": calendar.in_words(found.due_explained),
        "rows": words.summary(found.bin, found.iin_shown, found.name, found.answers),
        "papers": answers.papers(found.pk),
        "same_business": selectors.same_business(found),
        "events": happened,
    }
