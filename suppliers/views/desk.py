"""The supplier's own offers: price, stock and delivery in the list, one row one form."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from marketplace import policy
from marketplace.errors import Invalid
from marketplace.models import Role
from suppliers import home, offers, selectors
from suppliers.forms import OfferForm
from suppliers.models import StockRecord
from suppliers.states import OFFER

PAGE_SIZE = 20
DONE = {
    "confirm": lambda: _("The stock is confirmed as of today."),
    "publish": lambda: _("The offer is on sale."),
    "withdraw": lambda: _("The offer is withdrawn from sale."),
    "save": lambda: _("Saved."),
}


@policy.only(Role.SUPPLIER)
@require_safe
def own_offers(request: HttpRequest) -> HttpResponse:
    """All own offers, those that need a confirmation of their stock marked."""
    return _list(request)


@policy.only(Role.SUPPLIER)
@require_POST
def change_offer(request: HttpRequest, offer_id: int) -> HttpResponse:
    """One row's form; which button was pressed says what to do."""
    action = request.POST.get("action", "save")
    form = OfferForm(request.POST if action == "save" else {})
    if not form.is_valid():
        selectors.own_offer(request.user, offer_id)
        return _list(request, failed=(offer_id, form))
    try:
        _do(request, action, offer_id, form)
    except Invalid as error:
        for item in error.errors:
            form.add_error(item.field, str(item.message))
        return _list(request, failed=(offer_id, form))
    messages.success(request, DONE.get(action, DONE["save"])())
    return redirect(f"{reverse('suppliers:offers')}?page={_page(request)}#offer-{offer_id}")


def _do(request: HttpRequest, action: str, offer_id: int, form: OfferForm) -> None:
    if action == "publish":
        offers.publish(offer_id=offer_id, actor=request.user)
    elif action == "withdraw":
        offers.withdraw(offer_id=offer_id, actor=request.user)
    elif action == "confirm":
        offers.change(offer_id=offer_id, actor=request.user, confirm_stock=True)
    else:
        offers.change(
            offer_id=offer_id,
            actor=request.user,
            price=form.cleaned_data["price"],
            stock=form.cleaned_data["stock"],
            delivery_price=form.cleaned_data["delivery_price"],
        )


def _page(request: HttpRequest) -> str:
    text = request.GET.get("page", "1")
    return text if text.isdecimal() else "1"


def _list(request: HttpRequest, failed: tuple[int, OfferForm] | None = None) -> HttpResponse:
    page = Paginator(selectors.own_offers(request.user), PAGE_SIZE).get_page(_page(request))
    rows = [_row(offer, failed[1] if failed and failed[0] == offer.pk else None) for offer in page]
    errors = []
    if failed is not None:
        offer_id, form = failed
        errors = [
            {"text": text, "target": f"{name}-{offer_id}"} for name, texts in form.errors.items() for text in texts
        ]
    context = {
        "page": page,
        "rows": rows,
        "errors": errors,
        "has_errors": bool(errors),
        **home.standing_of(request.user),
    }
    return render(request, "supplier/offers.html", context, status=422 if errors else 200)


def _row(offer: StockRecord, failed: OfferForm | None) -> dict[str, Any]:
    """An offer with what stands in its boxes: what was typed when it was wrong, else what is stored."""
    typed = failed.data if failed is not None else {}
    return {
        "offer": offer,
        "price": typed.get("price", _sum(offer.price)),
        "stock": typed.get("stock", offer.net_stock_level),
        "delivery": typed.get("delivery_price", _sum(offer.delivery)),
        "price_errors": failed.errors.get("price", []) if failed is not None else [],
        "delivery_errors": failed.errors.get("delivery_price", []) if failed is not None else [],
        "stock_errors": failed.errors.get("stock", []) if failed is not None else [],
        "actions": [step for step in OFFER.allowed(offer.status, ["supplier"]) if step.action != "confirm-stock"],
        "confirmable": offer.status in (StockRecord.Status.PUBLISHED, StockRecord.Status.HIDDEN),
    }


def _sum(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount:.2f}".replace(".00", "")
