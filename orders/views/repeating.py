"""The same as last time: the button of an order, and whether applications are prepared at all."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import policy
from marketplace.models import Role
from orders import repeat


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@require_http_methods(["GET", "POST"])
def again(request: HttpRequest, number: str) -> HttpResponse:
    """The button "Order the same again". After a sign-in that interrupted it the browser comes back with GET."""
    if request.method == "GET":
        return redirect("orders:detail", number)
    key = request.POST.get("key", "")[:64] or uuid.uuid4().hex
    try:
        draft_id = repeat.again(number=number, actor=request.user, key=key)
    except repeat.NothingLeft as error:
        messages.error(request, str(error))
        return redirect("orders:detail", number)
    return redirect("orders:draft", draft_id)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@require_http_methods(["GET", "POST"])
def turn(request: HttpRequest, entitlement_id: int) -> HttpResponse:
    """Prepare the next applications of a line of the programme (``on`` = 1), or not (0)."""
    if request.method == "POST":
        on = request.POST.get("on") == "1"
        repeat.turn(entitlement_id=entitlement_id, actor=request.user, on=on)
        messages.success(
            request,
            _("We prepare the next application for you.") if on else _("We do not prepare applications for this."),
        )
    return redirect("orders:programme")
