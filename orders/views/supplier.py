"""The supplier's desk: what is due first, one button for each legal step."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import files, policy
from marketplace.desk import shop_of
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Role
from orders import fulfilment, holders, reading, selectors, shapes, signing
from orders.forms import DeliverForm, ReasonForm, StepForm
from orders.models import Line, Order
from orders.states import HAPPENED, ORDER
from orders.views.beneficiary import Door, put_errors, step_forms
from suppliers.onboarding import selectors as onboarding

PAGE_SIZE = 20
DOORS = {
    "confirm": Door(StepForm, fulfilment.confirm),
    "decline": Door(ReasonForm, fulfilment.decline),
    "ship": Door(StepForm, fulfilment.ship),
    "deliver": Door(DeliverForm, fulfilment.deliver),
    "fail-delivery": Door(ReasonForm, fulfilment.fail_delivery),
    "replace": Door(ReasonForm, fulfilment.replace),
    "take-back": Door(ReasonForm, fulfilment.take_back),
    "sign-act": Door(StepForm, fulfilment.sign_act),
}
# Steps that ask nothing have their button in the list itself.
AT_ONCE = ("confirm", "ship", "sign-act")


@policy.only(Role.SUPPLIER)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """Orders in which it is the supplier's turn, what is due first; then those that wait for others."""
    if not onboarding.has_shop(request.user):
        return redirect("suppliers:applications")
    rows = selectors.to_do(request.user).select_related("region").prefetch_related("lines__product")
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    labels = {step.action: step.label for step in ORDER.steps}
    tasks = []
    for order in page:
        allowed = selectors.allowed(order, ["supplier"])
        at_once = [{"action": action, "label": labels[action]} for action in allowed if action in AT_ONCE]
        tasks.append(
            {
                "order": order,
                "lines": list(order.lines.all()),
                "at_once": at_once,
                "next": labels[allowed[0]] if allowed else _("Open"),
            }
        )
    context = {
        "page": page,
        "tasks": tasks,
        "waiting": list(selectors.waiting(request.user).select_related("region")[:PAGE_SIZE]),
        "parts": shop_of(request.user),
    }
    return render(request, "supplier/desk.html", context)


@policy.only(Role.SUPPLIER)
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order with the forms of its next steps; name and address only while they are needed."""
    return _page(request, number)


@policy.only(Role.SUPPLIER)
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Take a step; a refusal shows the page again with everything that was typed."""
    if request.method == "GET":
        return redirect("orders:supplier_order", selectors.get(request.user, number).number)
    door = DOORS.get(action)
    if door is None:
        raise NotFound
    form = _bound(request, number, action)
    form.is_valid()
    try:
        door.service(number=number, actor=request.user, **_arguments(form))
    except Invalid as error:
        put_errors(form, error)
        return _page(request, number, wrong=form)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    else:
        messages.success(request, _("Order %(number)s: %(what)s.") % {"number": number, "what": HAPPENED[action][1]})
    back = (
        reverse("orders:supplier_desk")
        if "from_desk" in request.POST
        else reverse("orders:supplier_order", args=[number])
    )
    return redirect(back)


def _bound(request: HttpRequest, number: str, action: str) -> StepForm:
    if action == "deliver":
        found = selectors.get(request.user, number)
        return DeliverForm(request.POST, request.FILES, action=action, lines=_titles(found))
    return DOORS[action].form(request.POST, action=action)


def _arguments(form: StepForm) -> dict[str, Any]:
    """The form's answers; a photo is drawn anew before the order is locked."""
    given = form.arguments()
    if "upload" in given:
        upload = given.pop("upload")
        given["photo"] = files.draw(upload, field="photo") if upload else None
    return given


def _titles(found: Order) -> dict[str, str]:
    return {str(line.pk): _title(line) for line in found.lines.all()}


def _title(line: Line) -> str:
    return line.product.title if line.product else line.title


def _page(request: HttpRequest, number: str, wrong: StepForm | None = None) -> HttpResponse:
    opened = reading.open_order(request.user, number)
    found = opened.order

    def make(action: str) -> StepForm:
        if action == "deliver":
            return DeliverForm(action=action, lines=_titles(found))
        return DOORS[action].form(action=action)

    turn = selectors.whose_turn(found)
    context = {
        "order": found,
        "lines": list(found.lines.all()),
        "timeline": shapes.timeline(opened.events),
        "turn": shapes.TURNS.get(turn or "", ""),
        "mine": turn == "supplier",
        "steps": step_forms(selectors.allowed(found, ["supplier"]), DOORS, wrong, make),
        "wrong": wrong,
        "shows_contact": selectors.shows_contact(request.user, found),
        "has_act": found.status in shapes.WITH_ACT,
        "recalls": holders.of_order(found),
        "signed": signing.of_order(found, paper="act"),
        "to_sign": signing.papers_to_sign(request.user, found),
    }
    return render(request, "supplier/order.html", context, status=422 if wrong is not None else 200)
