"""Nothing fits: the person's own word and its list, and the demand radar of suppliers and the ministry."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import selectors, types, units
from catalog.search.query import beneficiary_id
from catalog.types import ProductType
from marketplace import formats, policy, regions
from marketplace.errors import Invalid, NotFound
from marketplace.forms import EMPTY, add_errors, offer
from marketplace.models import Role
from suppliers.demand import needs, radar, reading
from suppliers.demand.models import UnmetNeed
from suppliers.views.cards import as_query, crumbs
from suppliers.views.market import link

PAGE_SIZE = 20


class NeedForm(forms.Form):
    """What nothing fits of, and where it should come to."""

    kind = forms.ChoiceField(
        label=gettext_lazy("What are you looking for?"),
        error_messages={"required": gettext_lazy("Choose what you are looking for.")},
    )
    region = forms.ChoiceField(
        label=gettext_lazy("Delivery to"),
        error_messages={"required": gettext_lazy("Choose the region of delivery.")},
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offer(self, "kind", [EMPTY, *((kind.code, kind.name) for kind in types.book().types)])
        offer(self, "region", [EMPTY, *((row.code, row.name) for row in regions.listed())])


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@require_http_methods(["GET", "HEAD", "POST"])
def say(request: HttpRequest) -> HttpResponse:
    """Say that nothing fits the person whom ``for`` names; the page shows what will be counted."""
    beneficiary = selectors.beneficiary_of(request.user, beneficiary_id(request.GET))
    if beneficiary.user is None:
        raise NotFound
    kind = types.book().by_code.get(request.POST.get("kind") or request.GET.get("type", ""))
    form = NeedForm(request.POST or None, initial={"kind": kind.code if kind else "", "region": beneficiary.region})
    if request.method == "POST" and form.is_valid():
        try:
            needs.say(
                actor=request.user,
                person_id=beneficiary.user.pk,
                kind=form.cleaned_data["kind"],
                region=form.cleaned_data["region"],
            )
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("Counted. We tell you when something fits."))
            return redirect("catalogue:needs")
    context = {
        "form": form,
        "beneficiary": beneficiary,
        "own": beneficiary.user == request.user,
        "kind": kind,
        "sizes": _sizes(kind, needs.rounded(kind, beneficiary.measures)) if kind else [],
        "crumbs": crumbs(kind),
    }
    return render(request, "catalog/say_need.html", context, status=422 if form.errors else 200)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """What the actor's people lack, with a button that takes it back."""
    page = Paginator(reading.own(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    reading.log_looks(request.user, [row.person_id for row in page])
    rows = [_need(row) for row in page]
    return render(request, "catalog/needs.html", {"page": page, "needs": rows, "crumbs": crumbs()})


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@require_POST
def withdraw(request: HttpRequest, need_id: int) -> HttpResponse:
    """Take it back."""
    needs.withdraw(need_id=need_id, actor=request.user)
    messages.success(request, _("Taken back. It is not counted any more."))
    return redirect("catalogue:needs")


def _need(row: UnmetNeed) -> dict[str, Any]:
    kind = types.book().by_id[row.type_id]
    return {
        "row": row,
        "kind": kind,
        "url": reverse("catalogue:type", args=[kind.code]) + as_query({"for": str(row.person_id)}),
        "sizes": _sizes(kind, row.sizes),
    }


def _sizes(kind: ProductType, sizes: dict[str, list[int]]) -> list[str]:
    """``Handle height 60–70 cm``: a band in words."""
    words = []
    for measure in kind.measures:
        if measure.code in sizes:
            lower, upper = sizes[measure.code]
            words.append(f"{measure.name} {units.interval(lower, upper, measure.unit, measure.shown_unit)}")
    return words


# --- The radar


@policy.only(Role.SUPPLIER, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def radar_page(request: HttpRequest) -> HttpResponse:
    """How many people want what and where; of one kind also the sizes."""
    region = regions.find(request.GET.get("region", ""))
    place = region.code if region else ""
    kind = types.book().by_code.get(request.GET.get("type", ""))
    listed = radar.demand(request.user, place)
    smallest = radar.smallest_shown()
    few = _("fewer than %(number)s") % {"number": smallest}
    chosen = next((row for row in listed if row.kind == kind), None)
    bands = radar.bands(request.user, kind) if kind else []
    context = {
        "region": region,
        "regions": regions.options(place),
        "kind": kind,
        "sentence": _sentence(chosen, bands) if chosen else "",
        "bands": bands,
        "smallest": smallest,
        "columns": [
            {"label": _("Kind")},
            {"label": _("Nothing fits"), "numeric": True},
            {"label": _("In programmes"), "numeric": True},
        ],
        "rows": [
            [
                link(as_query({"type": row.kind.code, **({"region": place} if place else {})}), row.kind.name),
                row.needs.count if row.needs.shown else few,
                row.asked.count if row.asked.shown else few,
            ]
            for row in listed
        ],
    }
    return render(request, "catalog/demand.html", context)


def _sentence(row: radar.Demand, bands: list[tuple[str, list[radar.Band]]]) -> str:
    """``37 children, walker, handle height 60–80 cm, 3 regions``; empty where the number is too small."""
    if not row.needs.count:
        return ""
    people = (
        formats.quantity(row.children.count, "child")
        if row.children.count == row.needs.count
        else formats.quantity(row.needs.count, "person")
    )
    parts = [people, row.kind.name.lower()]
    parts += [f"{name.lower()}: {', '.join(band.text for band in listed)}" for name, listed in bands[:1]]
    if row.regions.count:
        parts.append(formats.quantity(row.regions.count, "region"))
    return ", ".join(parts)
