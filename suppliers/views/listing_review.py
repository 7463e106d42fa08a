"""The ministry looks at goods before they are on sale: what is due first first, each with its price beside others."""

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import calendar, policy
from marketplace.models import Role, StoredFile
from suppliers import second_check
from suppliers.listings import deciding, selectors, words
from suppliers.listings.models import LISTING_WAITS, Listing
from suppliers.onboarding.forms import WordsForm
from suppliers.pricelist import prices
from suppliers.states import LISTING
from suppliers.views.deciding import Decisions

PAGE_SIZE = 30
DECISIONS = Decisions(
    doors={
        "publish": deciding.publish,
        "refuse": deciding.refuse,
        "question-price": deciding.question_price,
        "uphold": deciding.uphold,
    },
    asks={
        "refuse": (gettext_lazy("What has to change?"), True),
        "question-price": (gettext_lazy("What do you want to know?"), False),
        "uphold": (gettext_lazy("What has to change?"), False),
    },
    reasons=words.reasons,
    named="listing_id",
    route="suppliers:review_listing",
    told=gettext_lazy("Decided. The supplier is told."),
)


# A price out of line is put on sale with a note only.
OF_DEAR = replace(DECISIONS, asks={**DECISIONS.asks, "publish": (gettext_lazy("Why may the price be so high?"), False)})


@policy.only(*selectors.READERS)
@require_safe
def listings(request: HttpRequest) -> HttpResponse:
    """Every listing, those that wait for the ministry first."""
    page = Paginator(selectors.worklist(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "review/listings/list.html", {"page": page, "waits": LISTING_WAITS})


@policy.only(*selectors.READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest, listing_id: int) -> HttpResponse:
    """One listing: what is said, its photos, its price beside the median, the decisions."""
    found = selectors.get(request.user, listing_id)
    answer, wrong = _decisions(found).taken(request, listing_id)
    if answer is not None:
        return answer
    context = _context(request, found, wrong)
    return render(request, "review/listings/listing.html", context, status=422 if wrong else 200)


def _decisions(found: Listing) -> Decisions:
    return OF_DEAR if prices.out_of_line(found.unit_price, found.median) else DECISIONS


def _context(request: HttpRequest, found: Listing, wrong: WordsForm | None) -> dict[str, Any]:
    same_person = not second_check.is_another(found, request.user)
    may_decide = request.user.role == Role.REVIEWER and not same_person
    allowed = LISTING.allowed(found.status, ["ministry"] if may_decide else [])
    subject = f"product:{found.product_id}" if found.status == Listing.Status.PUBLISHED else f"listing:{found.pk}"
    return {
        "listing": found,
        "steps": _decisions(found).offered(allowed, wrong),
        "form": wrong,
        "same_person": same_person,
        "waits": LISTING_WAITS,
        "high": prices.out_of_line(found.unit_price, found.median),
        "reason": words.reason_name(found.reason) if found.reason else "",
        "due_words": calendar.in_words(found.due_explained),
        "rows": words.summary(found.name, found.answers, found.product),
        "photos": list(StoredFile.objects.filter(subject=subject).order_by("created_at", "pk")),
    }
