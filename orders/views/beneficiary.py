"""Orders as people see them: the list, one order with its next steps, the courier's card, the programme."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import policy
from marketplace.drafts import files as draft_files
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Role
from orders import act, fulfilment, holders, norms, reading, repeat, selectors, shapes, signing
from orders.forms import ReasonForm, RemarksForm, StepForm
from orders.models import Order
from orders.states import HAPPENED, ORDER, OrderStatus

PAGE_SIZE = 20
# A complaint about a line can begin when there is something to complain about: not before the answer.
COMPLAINABLE = set(OrderStatus) - {OrderStatus.SENT}


@dataclass(frozen=True)
class Door:
    """The form of a step and the service behind it."""

    form: type[StepForm]
    service: Callable[..., Order]


DOORS = {
    "accept": Door(StepForm, fulfilment.accept),
    "accept-with-remarks": Door(RemarksForm, fulfilment.accept_with_remarks),
    "reject": Door(RemarksForm, fulfilment.reject),
    "cancel": Door(ReasonForm, fulfilment.cancel),
    "pay": Door(StepForm, fulfilment.pay),
    "hold": Door(ReasonForm, fulfilment.hold),
    "release": Door(ReasonForm, fulfilment.release),
}
# Steps that undo or refuse stand behind a summary, in another colour.
GRAVE = {"reject", "cancel", "hold"}


@policy.signed_in
@require_safe
def orders(request: HttpRequest) -> HttpResponse:
    """Orders the person may see, the latest first; six queries for any number of rows."""
    rows = (
        selectors.visible(request.user)
        .select_related("partner", "user")
        .prefetch_related("lines__product__product_class")
    )
    page = Paginator(rows.order_by("-date_placed", "-pk"), PAGE_SIZE).get_page(request.GET.get("page"))
    if request.user.role == Role.CASEWORKER:
        reading.log_people(request.user, [row.user_id for row in page], "order")
    show_person = request.user.role in (Role.GUARDIAN, Role.CASEWORKER)
    return render(request, "beneficiary/orders.html", {"page": page, "show_person": show_person})


@policy.signed_in
@require_safe
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One order: where it is, whose turn, by when, and the buttons of the person's next steps."""
    if request.user.role == Role.SUPPLIER:
        return redirect("orders:supplier_order", number)
    return _page(request, number)


@policy.signed_in
@kept_over_sign_in
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, number: str, action: str) -> HttpResponse:
    """Take a step; a refusal shows the page again with everything that was typed.

    After a sign-in that interrupted a button the browser comes back with GET: to the page of the button.
    """
    if request.method == "GET":
        return redirect("orders:detail", selectors.get(request.user, number).number)
    door = DOORS.get(action)
    if door is None:
        raise NotFound
    form = door.form(request.POST, action=action)
    form.is_valid()
    try:
        door.service(number=number, actor=request.user, **form.arguments())
    except Invalid as error:
        put_errors(form, error)
        return _page(request, number, wrong=form)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    else:
        messages.success(request, f"{HAPPENED[action][1]}.")
    return redirect("orders:detail", number)


def put_errors(form: StepForm, error: Invalid) -> None:
    """The service's field errors at the form's fields; what has no field stands at the top."""
    for item in error.errors:
        form.add_error(item.field if item.field in form.fields else None, str(item.message))


def step_forms(actions: list[str], doors: dict[str, Any], wrong: StepForm | None, make: Any) -> list[dict[str, Any]]:
    """The allowed steps with their forms, in the order of the table; the one that was refused keeps its text."""
    labels = {item.action: item.label for item in ORDER.steps}
    return [
        {
            "action": action,
            "label": labels[action],
            "form": wrong if wrong is not None and wrong.action == action else make(action),
            "grave": action in GRAVE | {"decline", "fail-delivery"},
        }
        for action in actions
        if action in doors
    ]


def _page(request: HttpRequest, number: str, wrong: StepForm | None = None) -> HttpResponse:
    opened = reading.open_order(request.user, number)
    found = opened.order
    held = selectors.parties(request.user, found)
    turn = selectors.whose_turn(found)
    context: dict[str, Any] = {
        "order": found,
        "lines": list(found.lines.all()),
        "timeline": shapes.timeline(opened.events),
        "turn": shapes.TURNS.get(turn or "", ""),
        "mine": turn in held,
        "steps": step_forms(
            selectors.allowed(found, held), DOORS, wrong, lambda action: DOORS[action].form(action=action)
        ),
        "wrong": wrong,
        "code": shapes.delivery_code(found) if held == ["owner"] and shapes.code_is_needed(found) else "",
        "shows_contact": selectors.shows_contact(request.user, found),
        "has_act": found.status in shapes.WITH_ACT and request.user.role not in (Role.REVIEWER, Role.AUDITOR),
        "passed_on": list(found.passed_on.select_related("partner")) if found.status in shapes.NOT_TAKEN else [],
        "can_complain": held in (["owner"], ["office"]) and found.status in COMPLAINABLE,
        "again_key": uuid.uuid4().hex if _may_repeat(found, held) else "",
        "recalls": holders.of_order(found),
        "signed": signing.of_order(found) if held in (["owner"], ["office"]) else [],
        "to_sign": signing.papers_to_sign(request.user, found),
        "photos": draft_files.kept(found.draft_id) if held in (["owner"], ["office"]) else [],
        "person": found.user if request.user.role in (Role.GUARDIAN, Role.CASEWORKER) else None,
    }
    return render(request, "beneficiary/order.html", context, status=422 if wrong is not None else 200)


def _may_repeat(found: Order, held: list[str]) -> bool:
    return held in (["owner"], ["office"]) and repeat.may_repeat(found, timezone.localdate())


@policy.signed_in
@require_safe
def card(request: HttpRequest, number: str) -> HttpResponse:
    """The delivery code in large digits on a page to print; for the owner alone."""
    found = selectors.get(request.user, number)
    if selectors.parties(request.user, found) != ["owner"] or not shapes.code_is_needed(found):
        raise NotFound
    return render(request, "beneficiary/card.html", {"order": found, "code": shapes.delivery_code(found)})


@policy.signed_in
@require_safe
def act_pdf(request: HttpRequest, number: str) -> HttpResponse:
    """The acceptance act as PDF."""
    found = reading.open_act(request.user, number)
    return HttpResponse(
        act.pdf(found),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="act-{number}.pdf"'},
    )


@policy.only(Role.BENEFICIARY, Role.GUARDIAN)
@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    """What the programme entitles to, line by line, with the way to choose."""
    standings = reading.open_programme(request.user)
    return render(request, "beneficiary/programme.html", {"lines": programme_lines(standings)})


def programme_lines(standings: list[norms.Standing]) -> list[dict[str, Any]]:
    """Programme lines as pages show them: what is left, the rule in words, or why nothing can be ordered."""
    lines = []
    for standing in standings:
        reason = norms.why_not(standing)
        lines.append(
            {
                "standing": standing,
                "line": standing.entitlement,
                "rule": norms.rule_in_words(standing),
                "reason": reason[1] if reason else "",
                "next": norms.next_in_words(standing),
                "repeatable": repeat.is_repeatable(standing.entitlement),
            }
        )
    return lines
