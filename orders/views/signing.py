"""A paper of an order to be signed electronically: what it says in words, and the signature."""

import base64
from typing import Any

from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import formats, policy
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import NCALAYER, SignatureForm
from marketplace.models import Role
from orders import act, reading, signing
from orders.models import Order, PaperSignature
from suppliers import delivery

SIGNERS = policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.SUPPLIER)


@SIGNERS
@csp_update(NCALAYER)
@require_http_methods(["GET", "HEAD", "POST"])
def sign(request: HttpRequest, number: str, paper: str) -> HttpResponse:
    """Shows the paper; a POST with a signature keeps it."""
    order, content = _opened(request, number, paper)
    form = SignatureForm(request.POST, request.FILES) if request.method == "POST" else SignatureForm()
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("seen", "")
        try:
            signing.sign(number=number, paper=paper, actor=request.user, cms=form.cleaned_data["cms"], seen=seen)
        except Invalid as error:
            form.add_error("file", str(error.message))
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            messages.success(request, _("Signed. The signature is kept with the order."))
            return redirect(_back(request), number)
    data = act.canonical(content)
    context = {
        "order": order,
        "paper": PaperSignature.Paper(paper),
        "rows": in_words(content),
        "form": form,
        "seen": act.digest(content),
        "data": base64.b64encode(data).decode(),
        "canonical": data.decode(),
        "back": _back(request),
    }
    return render(request, "beneficiary/sign.html", context)


@SIGNERS
@require_safe
def text(request: HttpRequest, number: str, paper: str) -> HttpResponse:
    """Exactly what is signed, as a file."""
    _order, content = _opened(request, number, paper)
    return HttpResponse(
        act.canonical(content),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="{paper}-{number}.json"'},
    )


def in_words(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of the summary: the same as the signed bytes say, for who reads no JSON."""
    language = get_language() or "kk"
    lines = [
        f"{line['title'].get(language) or line['title'].get('ru') or ''}:"
        f" {formats.packs(line['quantity'], line['pack_size'], line['unit'])}, {formats.money(line['price'])}"
        for line in content["lines"]
    ]
    region = content["region"].get(language) or content["region"].get("ru") or ""
    rows = [
        {"key": _("Order"), "value": content["order"]},
        {
            "key": _("Supplier"),
            "value": ", ".join(filter(None, [content["supplier"]["name"], content["supplier"]["bin"]])),
        },
        {"key": _("For whom"), "value": content["person"]},
        {"key": _("Delivery address"), "value": ", ".join(filter(None, [region, content["address"]]))},
        {"key": _("Goods"), "lines": lines},
        {"key": _("Price"), "value": formats.money(content["total"])},
        *([{"key": _("Delivery"), "value": words}] if (words := delivery.of_data(content).words) else []),
        {"key": _("The state pays"), "value": formats.money(content["state_pays"])},
        {"key": _("The person pays"), "value": formats.money(content["you_pay"])},
    ]
    if content.get("remarks"):
        rows.append({"key": _("Remarks"), "value": content["remarks"]})
    return rows


def _opened(request: HttpRequest, number: str, paper: str) -> tuple[Order, dict[str, Any]]:
    """The order with what the paper says; the look is written down. Raises NotFound for what is not this side's to sign."""
    if paper not in PaperSignature.Paper:
        raise NotFound
    order = (
        reading.open_act(request.user, number).order
        if paper == "act"
        else reading.open_order(request.user, number).order
    )
    if signing.side_of(request.user, order, paper) is None:
        raise NotFound
    return order, signing.content_of(order, paper)


def _back(request: HttpRequest) -> str:
    return "orders:supplier_order" if request.user.role == Role.SUPPLIER else "orders:detail"
