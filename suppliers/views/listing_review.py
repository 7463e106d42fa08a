"""The ministry looks at goods before they are on sale: what is due first first, each with its price beside others."""

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

from marketplace import access, calendar
from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.models import Role, StoredFile
from suppliers.listings import deciding, selectors, words
from suppliers.listings.models import LISTING_WAITS, Listing
from suppliers.onboarding.forms import WordsForm
from suppliers.pricelist import prices
from suppliers.states import LISTING

PAGE_SIZE = 30
ASKS: dict[str, tuple[Any, bool]] = {
    "refuse": (gettext_lazy("What has to change?"), True),
    "question-price": (gettext_lazy("What do you want to know?"), False),
}
DOORS: dict[str, Callable[..., Listing]] = {
    "publish": deciding.publish,
    "refuse": deciding.refuse,
    "question-price": deciding.question_price,
}


@login_required
@require_safe
def listings(request: HttpRequest) -> HttpResponse:
    """Every listing, those that wait for the ministry first."""
    access.require_role(request.user, *selectors.READERS)
    page = Paginator(selectors.worklist(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "review/listings/list.html", {"page": page, "waits": LISTING_WAITS})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest, listing_id: int) -> HttpResponse:
    """One listing: what is said, its photos, its price beside the median, the decisions."""
    access.require_role(request.user, *selectors.READERS)
    found = selectors.get(request.user, listing_id)
    wrong = None
    action = request.POST.get("action", "")
    if request.method == "POST" and action in DOORS:
        given = {"text": request.POST.get("text", "")} if action in ASKS else {}
        given |= {"reason": request.POST.get("reason", "")} if action == "refuse" else {}
        try:
            DOORS[action](listing_id=listing_id, actor=request.user, **given)
        except Invalid as error:
            wrong = _form(action, request.POST)
            wrong.is_valid()
            add_errors(wrong, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
            return redirect("suppliers:review_listing", listing_id)
        else:
            messages.success(request, _("Decided. The supplier is told."))
            return redirect("suppliers:review_listing", listing_id)
    context = _context(request, found, action, wrong)
    return render(request, "review/listings/listing.html", context, status=422 if wrong else 200)


def _form(action: str, data: Any = None) -> WordsForm:
    label, chosen = ASKS.get(action, ("", False))
    return WordsForm(data, action=action, label=label, reasons=words.reasons() if chosen else None)


def _context(request: HttpRequest, found: Listing, action: str, wrong: WordsForm | None) -> dict[str, Any]:
    steps = []
    for step in LISTING.allowed(found.status, ["ministry"] if request.user.role == Role.REVIEWER else []):
        refused = wrong is not None and action == step.action
        form = (wrong if refused else _form(step.action)) if step.action in ASKS else None
        steps.append({"action": step.action, "label": step.label, "form": form, "open": refused})
    subject = f"product:{found.product_id}" if found.status == Listing.Status.PUBLISHED else f"listing:{found.pk}"
    return {
        "listing": found,
        "steps": steps,
        "form": wrong,
        "high": prices.out_of_line(found.unit_price, found.median),
        "reason": words.reason_name(found.reason) if found.reason else "",
        "due_words": calendar.in_words(found.due_explained),
        "rows": words.summary(found.title, found.answers, found.product),
        "photos": list(StoredFile.objects.filter(subject=subject).order_by("created_at", "pk")),
    }
