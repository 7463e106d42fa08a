"""The ministry's market watch: where there is too little choice, which prices are out of line."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import types
from marketplace import places, policy, regions
from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.models import Role
from suppliers import ranking
from suppliers import selectors as suppliers
from suppliers.views.market import index_text, level, link
from suppliers.watch import inviting, prices, reading, simulation
from suppliers.watch import signals as watch
from suppliers.watch.models import Invitation, PriceFlag, Signal

PAGE_SIZE = 25
INVITATIONS = 10
WATCHERS = (Role.REVIEWER, Role.AUDITOR)  # suppliers/watch/signals.py says who sees which kind


class ReasonForm(forms.Form):
    """Why something was looked at and is right."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("It stays on record with your name."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


@policy.only(*reading.OVERSEERS)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """A map and a table of kinds with too little choice, and how many prices wait to be looked at."""
    below = reading.alarm()
    counts = reading.by_region(below)
    address = reverse("suppliers:watch_cells")

    def to(row: reading.RegionChoice, how: str, number: int) -> Any:
        return link(f"{address}?region={row.region.pk}&how={how}", str(number)) if number else 0

    context = {
        "below": below,
        "tiles": [
            places.tile(row.region, row.weak, level(row.weak, row.kinds), f"{address}?region={row.region.pk}")
            for row in counts
        ],
        "columns": [
            {"label": _("Region")},
            {"label": _("No supplier"), "numeric": True},
            {"label": _("One supplier"), "numeric": True},
            {"label": _("Several, but too little choice"), "numeric": True},
            {"label": _("All kinds"), "numeric": True},
        ],
        "rows": [
            [row.region.name, to(row, "none", row.none), to(row, "one", row.one), to(row, "low", row.low), row.kinds]
            for row in counts
        ],
        "dear": reading.flags(request.user).count(),
        "signals": reading.signals(request.user).count() if request.user.role in WATCHERS else None,
        "invitations": [_invitation(row) for row in reading.invitations(request.user)[:INVITATIONS]],
    }
    return render(request, "review/market/board.html", context)


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def cells(request: HttpRequest) -> HttpResponse:
    """Kinds and regions below the alarm, those that most people ask for first."""
    region, how = regions.find(request.GET.get("region", "")), request.GET.get("how", "")
    rows = reading.weak_cells(request.user, region=region.code if region else "", how=how)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    asked = reading.invited(request.user, list(page))
    book = types.book()
    context = {
        "page": page,
        "region": region,
        "rows": [
            {
                "cell": cell,
                "kind": book.by_id[cell.type_id].name,
                "region": regions.name_of(cell.region),
                "index": index_text(cell.choice_index),
                "invitation": asked.get((cell.type_id, cell.region)),
            }
            for cell in page
            if cell.type_id in book.by_id
        ],
        "may_invite": request.user.role == Role.REVIEWER,
    }
    return render(request, "review/market/cells.html", context)


@policy.only(Role.REVIEWER)
@require_POST
def invite(request: HttpRequest, cell_id: int) -> HttpResponse:
    """Ask suppliers to sell a kind in a region."""
    try:
        invitation = inviting.invite(cell_id=cell_id, actor=request.user)
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
    else:
        number = len(invitation.suppliers)
        text = ngettext("%(number)s supplier is invited.", "%(number)s suppliers are invited.", number)
        messages.success(request, text % {"number": number})
    region = regions.find(request.POST.get("region", ""))
    return redirect(f"{reverse('suppliers:watch_cells')}{f'?region={region.code}' if region else ''}")


@policy.only(*WATCHERS)
@require_safe
def signals(request: HttpRequest) -> HttpResponse:
    """Signals and alerts, each with its evidence; below them those that were dismissed."""
    page = Paginator(reading.signals(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    dismissed = reading.signals(request.user, Signal.State.DISMISSED)[:PAGE_SIZE]
    context = {
        "page": page,
        "items": [_signal(row) for row in page],
        "dismissed": [_signal(row) for row in dismissed],
    }
    return render(request, "review/market/signals.html", context)


@policy.only(*WATCHERS, act=[Role.AUDITOR])
@require_http_methods(["GET", "HEAD", "POST"])
def signal(request: HttpRequest, signal_id: int) -> HttpResponse:
    """One of them; the ministry says why it means nothing."""
    found = reading.signal(request.user, signal_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            watch.dismiss(signal_id=signal_id, actor=request.user, reason=form.cleaned_data["reason"])
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The signal is dismissed. It comes back when it gets stronger."))
            return redirect("suppliers:watch_signals")
    open_ = found.state == Signal.State.OPEN
    may = open_ and request.user.role == Role.REVIEWER
    context = {"item": _signal(found), "form": form if may else None}
    return render(request, "review/market/signal.html", context, status=422 if open_ and form.errors else 200)


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def dear(request: HttpRequest) -> HttpResponse:
    """Prices out of line, each with its median and reason; below them those that were explained."""
    page = Paginator(reading.flags(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "items": [_flag(flag) for flag in page],
        "explained": [_flag(flag) for flag in reading.explained(request.user)[:PAGE_SIZE]],
    }
    return render(request, "review/market/prices.html", context)


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def price(request: HttpRequest, flag_id: int) -> HttpResponse:
    """One of them; the ministry says why it is right."""
    flag = reading.flag(request.user, flag_id)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            prices.explain(flag_id=flag_id, actor=request.user, reason=form.cleaned_data["reason"])
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The price is explained. It is asked about again when it rises."))
            return redirect("suppliers:watch_prices")
    may = request.user.role == Role.REVIEWER and flag.state == PriceFlag.State.OPEN
    context = {"item": _flag(flag), "form": form if may else None}
    return render(request, "review/market/price.html", context, status=422 if may and form.errors else 200)


def _flag(flag: PriceFlag) -> dict[str, Any]:
    product = flag.offer.product
    kind = types.book().by_id[product.product_class_id]
    return {
        "flag": flag,
        "title": product.title,
        "supplier": flag.offer.partner,
        "kind": kind.name,
        "words": prices.in_words(flag, kind.unit),
        "product_url": reverse("catalogue:detail", kwargs={"product_slug": product.slug, "pk": product.pk}),
    }


def _invitation(row: Invitation) -> dict[str, Any]:
    kind = types.book().by_id.get(row.type_id)
    return {"row": row, "kind": kind.name if kind is not None else "", "number": len(row.suppliers)}


def _signal(row: Signal) -> dict[str, Any]:
    told, kind = watch.kinds[row.kind], types.book().by_id.get(row.type_id or 0)
    return {
        "signal": row,
        "label": told.label,
        "why": told.why,
        "parties": [(code, suppliers.name_of(code)) for code in row.parties],
        "staff": row.staff,
        "place": [text for text in (kind.name if kind else "", regions.name_of(row.region)) if text],
        "lines": [told.line(fact) for fact in row.evidence],
        "more": max(0, row.strength - len(row.evidence)),
    }


@policy.only(*reading.OVERSEERS)
@require_safe
def lowest_price(request: HttpRequest) -> HttpResponse:
    """What would change if the lowest price alone decided who stands first."""
    region = regions.find(request.GET.get("region", ""))
    place = region.code if region else ""
    whole, kinds = simulation.lowest_price_alone(place)
    book = types.book()
    context = {
        "regions": regions.options(place),
        "whole": whole,
        "parts": [
            [ranking.LABELS[part.name], f"{part.now * 100:.0f}", f"{part.by_price * 100:.0f}"]
            for part in (whole.parts if whole else ())
        ],
        "part_columns": [
            {"label": _("Part of the score, 0 to 100")},
            {"label": _("Best value first"), "numeric": True},
            {"label": _("Lowest price first"), "numeric": True},
        ],
        "kinds": [
            [
                book.by_id[outcome.type_id or 0].name,
                outcome.products,
                outcome.changed,
                outcome.suppliers_now,
                outcome.suppliers_by_price,
                f"{outcome.cheaper * 100:.1f} %",
            ]
            for outcome in kinds
        ],
        "kind_columns": [
            {"label": _("Kind")},
            {"label": _("Products with a choice"), "numeric": True},
            {"label": _("Another supplier would stand first"), "numeric": True},
            {"label": _("Suppliers that stand first now"), "numeric": True},
            {"label": _("Suppliers that would stand first"), "numeric": True},
            {"label": _("Prices of the first"), "numeric": True},
        ],
        "cheaper": f"{whole.cheaper * 100:.1f} %" if whole else "",
    }
    return render(request, "review/market/lowest_price.html", context)
