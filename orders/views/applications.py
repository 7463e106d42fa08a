"""My applications: the list, a new one, the offer button of the catalogue, the task list of one draft."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import access, policy
from marketplace.drafts import reading, retention, saving
from marketplace.drafts.errors import DraftClosed
from marketplace.errors import NotFound
from marketplace.models import Draft, Role
from marketplace.views import hand_over
from orders import choosing, recalled, repeat_notes
from orders.order_draft import ORDER_DRAFT
from orders.reading import log_people
from orders.review import review
from orders.views import tasks

PAGE_SIZE = 20


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """Drafts to go on with, those that were sent, and those that were put aside; a guardian sees for whom each is."""
    drafts = (
        reading.visible(request.user)
        .filter(kind=ORDER_DRAFT.name)
        .exclude(status=Draft.Status.DISCARDED)
        .select_related("beneficiary")
        .order_by("status", "-updated_at", "pk")
    )
    page = Paginator(drafts, PAGE_SIZE).get_page(request.GET.get("page"))
    people = [] if request.user.role == Role.CASEWORKER else list(access.people_of(request.user).order_by("pk"))
    aside = list(reading.put_aside(request.user, ORDER_DRAFT.name)[:PAGE_SIZE])
    log_people(request.user, [draft.beneficiary_id for draft in [*page, *aside] if draft.beneficiary_id], "draft")
    context: dict[str, Any] = {"page": page, "people": people, "aside": retention.with_ends(aside)}
    context["recalled"] = recalled.in_drafts(draft.pk for draft in page if draft.status == Draft.Status.OPEN)
    context["ready"] = repeat_notes.ready(request.user) if people and page.number == 1 else []
    return render(request, "beneficiary/applications.html", context)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """A new application, for a ward or a person of the own office when ``for`` names one.

    After a sign-in that interrupted a button the browser comes back with GET: to the page of the button.
    """
    if request.method == "GET":
        return redirect("orders:applications")
    return redirect("orders:draft", choosing.start(actor=request.user, person_id=number_of(request, "for")))


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
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
        return redirect(_after_refusal(request))
    messages.success(request, _("The product is in your application. Say how many packs you need."))
    return redirect("orders:draft", draft_id)


def _after_refusal(request: HttpRequest) -> str:
    """Back to where goods are chosen from."""
    draft_id = _uuid(request.POST.get("draft", ""))
    if draft_id is not None:
        return reverse("orders:step", args=[draft_id, "goods"])
    return reverse("orders:office" if request.user.role == Role.CASEWORKER else "orders:programme")


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


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_safe
def draft(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The task list of one application; a sent one leads to its receipt."""
    found = tasks.opened(request, draft_id)
    if found.status == Draft.Status.SUBMITTED:
        return redirect("orders:submitted", draft_id)
    if found.status == Draft.Status.DISCARDED:
        messages.info(request, _("This application was put aside. Restore it to go on."))
        return redirect("orders:applications")
    reviewed = review(found, actor=request.user)
    context: dict[str, Any] = {
        "draft": found,
        "tasks": tasks.task_list(found, reviewed, request.user),
        "repeats": repeat_notes.source_of(found),
        "notes": [note for notes in repeat_notes.of(found, reviewed).values() for note in notes],
        "questions": reading.conflicts(request.user, found),
        "recalled": bool(recalled.in_drafts([found.pk])),
        **hand_over.context(request.user, found),
    }
    context["back_url"], context["back_text"] = tasks.list_of(request.user)
    return render(request, "beneficiary/draft.html", context)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Put an application aside; it is kept and can be restored until it is purged."""
    if request.method == "GET":
        return redirect("orders:draft", draft_id)
    found = tasks.opened(request, draft_id)
    saving.discard(draft_id=draft_id, actor=request.user)
    found.refresh_from_db()
    messages.success(request, _("The application was put aside."))
    context = {"draft_id": draft_id, "ends": retention.with_ends([found])}
    return render(request, "beneficiary/discarded.html", context)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "POST"])
def restore(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Take up an application that was put aside, with everything that was in it."""
    if request.method == "GET":
        return redirect("orders:applications")
    tasks.opened(request, draft_id)
    try:
        saving.restore(draft_id=draft_id, actor=request.user)
    except DraftClosed:
        return redirect("orders:submitted", draft_id)
    messages.success(request, _("The application is open again. Everything is there."))
    return redirect("orders:draft", draft_id)
