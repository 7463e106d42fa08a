"""My applications: the list, a new one, the offer button of the catalogue, the task list of one draft."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import access
from marketplace.drafts import reading, saving
from marketplace.errors import NotFound
from marketplace.models import Draft, Role
from orders import choosing
from orders.order_draft import ORDER_DRAFT
from orders.reading import log_people
from orders.review import review
from orders.views import tasks

PAGE_SIZE = 20


@login_required
@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """Drafts to go on with, and those that were sent; a guardian sees for whom each is."""
    access.require_role(request.user, Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
    drafts = (
        reading.visible(request.user)
        .filter(kind=ORDER_DRAFT.name)
        .exclude(status=Draft.Status.DISCARDED)
        .select_related("beneficiary")
        .order_by("status", "-updated_at", "pk")
    )
    page = Paginator(drafts, PAGE_SIZE).get_page(request.GET.get("page"))
    log_people(request.user, [draft.beneficiary_id for draft in page if draft.beneficiary_id], "draft")
    people = [] if request.user.role == Role.CASEWORKER else list(access.people_of(request.user).order_by("pk"))
    return render(request, "beneficiary/applications.html", {"page": page, "people": people})


@login_required
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """A new application, for a ward or a person of the own office when ``for`` names one.

    After a sign-in that interrupted a button the browser comes back with GET: to the page of the button.
    """
    if request.method == "GET":
        return redirect("orders:applications")
    return redirect("orders:draft", choosing.start(actor=request.user, person_id=number_of(request, "for")))


@login_required
@require_http_methods(["GET", "POST"])
def add_line(request: HttpRequest) -> HttpResponse:
    """The button "Choose this offer": ``offer``, and ``entitlement``, ``draft``, ``for`` when the page knows them."""
    if request.method == "GET":
        return redirect("catalogue:index")
    offer_id = number_of(request, "offer")
    if offer_id is None:
        raise NotFound
    try:
        draft_id = choosing.choose_offer(
            actor=request.user,
            offer_id=offer_id,
            entitlement_id=number_of(request, "entitlement"),
            draft_id=_uuid(request.POST.get("draft", "")),
            person_id=number_of(request, "for"),
        )
    except choosing.NotInProgramme as error:
        messages.error(request, str(error))
        return redirect("orders:office" if request.user.role == Role.CASEWORKER else "orders:programme")
    messages.success(request, _("The product is in your application. Say how many packs you need."))
    return redirect("orders:draft", draft_id)


def number_of(request: HttpRequest, name: str) -> int | None:
    """A posted id; NotFound when it is no number, because nothing has such an id."""
    text = request.POST.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound
    return int(text)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise NotFound from None


@login_required
@require_safe
def draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The task list of one application; a sent one leads to its receipt."""
    found = tasks.opened(request, draft_id)
    if found.status == Draft.Status.SUBMITTED:
        return redirect("orders:submitted", draft_id)
    context: dict[str, Any] = {
        "draft": found,
        "tasks": tasks.task_list(found, review(found, actor=request.user), request.user),
        "questions": reading.conflicts(request.user, found),
        "back_url": reverse("orders:applications"),
    }
    return render(request, "beneficiary/draft.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Put an application aside; it is kept and can be restored until it is purged."""
    if request.method == "GET":
        return redirect("orders:draft", draft_id)
    tasks.opened(request, draft_id)
    saving.discard(draft_id=draft_id, actor=request.user)
    messages.success(request, _("The application was put aside."))
    return render(request, "beneficiary/discarded.html", {"draft_id": draft_id})


@login_required
@require_safe
def history(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Who changed what and when, the latest first."""
    found = tasks.opened(request, draft_id)
    saves = list(reversed(reading.history(request.user, draft_id)))
    rows = [
        {**save, "changes": [{"label": tasks.field_label(op["f"]), "value": tasks.shown(op["v"]), "state": op["s"]} for op in save["ops"]]}
        for save in saves
    ]  # fmt: skip
    return render(request, "beneficiary/history.html", {"draft": found, "rows": rows})
