"""The social office's desk: whom to help, whom to call, and one person's programme, applications and orders."""

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import access, policy
from marketplace.access import PURPOSES
from marketplace.drafts import reading as drafts
from marketplace.models import Draft, Role
from marketplace.views import hand_over
from orders import choosing, reading, selectors
from orders.order_draft import ORDER_DRAFT
from orders.views.beneficiary import programme_lines

SHOWN = 20
PAGE_SIZE = 30


@policy.only(Role.CASEWORKER)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """What waits for the office, what is due first: orders, applications to finish, programmes that end."""
    actor = request.user
    orders = list(selectors.to_do(actor).select_related("partner", "user")[:SHOWN])
    open_drafts = list(
        drafts.visible(actor)
        .filter(kind=ORDER_DRAFT.name, status=Draft.Status.OPEN, beneficiary__in=access.people_of(actor))
        .select_related("beneficiary")
        .order_by("updated_at")[:SHOWN]
    )
    expiring = list(selectors.expiring(actor)[:SHOWN])
    stopped = list(selectors.with_stopped_suppliers(actor).select_related("partner", "user")[:SHOWN])
    seen = [row.user_id for row in [*orders, *stopped]] + [row.beneficiary_id for row in [*open_drafts, *expiring]]
    reading.log_people(actor, [pk for pk in seen if pk], "office")
    context = {
        "orders": orders,
        "drafts": open_drafts,
        "expiring": expiring,
        "stopped": stopped,
        **hand_over.desk(actor),
    }
    return render(request, "office/desk.html", context)


@policy.only(Role.CASEWORKER)
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    """People of the own office, found by name or phone, which travel in the body of the request, never in an address."""
    asked = request.POST.get("q", "").strip()[:100]
    found = access.people_of(request.user).order_by("full_name", "pk")
    if asked:
        digits = "".join(letter for letter in asked if letter.isdigit())
        matches = Q(full_name__icontains=asked)
        found = found.filter(matches | Q(phone__endswith=digits[-7:]) if len(digits) >= 7 else matches)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    reading.log_people(request.user, [person.pk for person in page], "office")
    more = bool(asked) and page.has_next()  # the pages of a search would have to name it in their addresses
    return render(request, "office/people.html", {"page": page, "asked": asked, "more": more})


@policy.only(Role.CASEWORKER)
@require_safe
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    """One person: programme, applications, orders. Why the page is opened is written down with the look."""
    purpose = request.GET.get("purpose", "office")
    found = reading.open_person(request.user, person_id, purpose=purpose if purpose in PURPOSES else "office")
    own = drafts.visible(request.user).filter(beneficiary=found, kind=ORDER_DRAFT.name, status=Draft.Status.OPEN)
    context: dict[str, Any] = {
        "person": found,
        "lines": programme_lines(selectors.programme(request.user, person_id=found.pk)),
        "drafts": list(own.order_by("-updated_at")[:SHOWN]),
        "orders": list(
            selectors.visible(request.user)
            .filter(user=found)
            .select_related("partner")
            .order_by("-date_placed")[:SHOWN]
        ),
    }
    return render(request, "office/person.html", context)


@policy.only(Role.CASEWORKER)
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, person_id: int) -> HttpResponse:
    """A new application on behalf of a person of the own office."""
    if request.method == "GET":
        return redirect("orders:office_person", person_id)
    access.person(request.user, person_id)
    return redirect("orders:draft", choosing.start(actor=request.user, person_id=person_id))
