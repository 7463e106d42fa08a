"""What several pages of the storefront show alike."""

import threading
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from cachetools import TTLCache
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from catalog import fit, selectors
from catalog.models import ProductDocument
from catalog.search import Listed, Page
from catalog.search.query import Query
from catalog.selectors import Beneficiary
from catalog.types import ProductType
from marketplace.drawing import HERE, drawn_around
from marketplace.models import Role
from marketplace.shared_pages import OLDEST_S
from suppliers import delivery, guarantees, shapes
from suppliers import selectors as suppliers
from suppliers.guarantees import Guarantee

CARRIED = ("for", "draft")
MOST_KEPT = 10_000  # cards, about a kilobyte each
ORDERING_ROLES = (Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)


def carried(request: HttpRequest) -> dict[str, str]:
    """Whom the visit is for and which application it fills: every link and form of the storefront passes it on."""
    return {name: request.GET[name] for name in CARRIED if request.GET.get(name)}


def card(
    row: ProductDocument | Listed,
    *,
    query: Query,
    beneficiary: Beneficiary,
    guarantee_of: dict[int, Guarantee],
    passed_on: dict[str, str] | None = None,
) -> dict[str, Any]:
    """The context of components/product_card.html: the price is the lowest of the offers that meet the filters."""
    region, supplier, near = query.region, query.supplier, beneficiary.region
    offers = [
        offer
        for offer in suppliers.current(row)
        if (not region or region in offer["regions"]) and (not supplier or offer["supplier"] == supplier)
    ]
    cheapest = min(offers, key=lambda offer: Decimal(offer["price"]), default=None)
    guarantee = guarantee_of.get(row.type_id)
    you_pay = None
    if cheapest is not None and guarantee is not None:
        you_pay = guarantees.split(Decimal(cheapest["price"]), cheapest["pack_size"], guarantee)[1]
        you_pay += shapes.kept_delivery(cheapest) or 0
    return {
        "title": selectors.title_of(row),
        "url": product_url(row) + as_query(passed_on or {}),
        "type": selectors.type_of(row).name,
        "offers": len(offers),
        "price": cheapest and Decimal(cheapest["price"]),
        "you_pay": you_pay,
        "delivery": delivery_words(cheapest),
        "far": bool(offers) and bool(near) and not any(near in offer["regions"] for offer in offers),
        "fit": _fit_tag(selectors.fit_of(row, beneficiary.measures)) if beneficiary.user is not None else None,
    }


# Drawing the cards is the most of a list's work, and those of common goods are on many lists.
_drawn: TTLCache[tuple[Any, ...], str] = TTLCache(MOST_KEPT, OLDEST_S)
_drawing = threading.Lock()


def draw(
    page: Page,
    *,
    query: Query,
    beneficiary: Beneficiary,
    guarantee_of: dict[int, Guarantee],
    passed_on: dict[str, str] | None = None,
) -> list[str]:
    """The cards of a page as HTML. For a visitor those that were drawn a moment ago, while their documents stay the same."""

    def html_of(row: Listed) -> str:
        shown = card(row, query=query, beneficiary=beneficiary, guarantee_of=guarantee_of, passed_on=passed_on)
        # The address may name a person; a visitor's card is kept by its version.
        if passed_on or not shown["fit"]:
            return render_to_string("components/product_card.html", {"product": shown})
        # A reason tells her measures.
        reason = shown["fit"]["reason"]
        shown["fit"]["reason"] = reason and HERE
        return drawn_around("components/product_card.html", {"product": shown}, reason)

    if beneficiary.user is not None or passed_on or not settings.SHARED_PAGES:
        return [html_of(row) for row in page.rows]
    keys = {pk: (get_language(), query.region, query.supplier, pk, version) for pk, version in page.versions().items()}
    with _drawing:
        found = {pk: _drawn.get(key) for pk, key in keys.items()}
    missing = {row.pk: html_of(row) for row in page.read([pk for pk, html in found.items() if html is None])}
    with _drawing:
        _drawn.update({keys[pk]: html for pk, html in missing.items()})
    return [html for pk, known in found.items() if (html := known or missing.get(pk))]


def forget() -> None:
    """Forget all cards of this process."""
    with _drawing:
        _drawn.clear()


def delivery_words(offer: dict[str, Any] | None) -> str:
    """What a delivery costs beside the price of an offer of a search document; empty when nothing."""
    asked = shapes.kept_delivery(offer) if offer is not None else Decimal(0)
    return "" if asked == 0 else delivery.words(asked)


def fit_data(row: ProductDocument | Listed, beneficiary: Beneficiary) -> dict[str, Any]:
    """Verdict as a tag, the reason that decides, all reasons."""
    found = selectors.fit_of(row, beneficiary.measures)
    return {**_fit_tag(found), "reasons": found.texts}


def _fit_tag(found: fit.Fit) -> dict[str, Any]:
    return {
        "status": found.verdict,
        "label": fit.LABELS[found.verdict],
        "reason": "" if found.verdict == fit.FITS else found.texts[0],
    }


def measures_wanted(request: HttpRequest, beneficiary: Beneficiary, kind: ProductType | None) -> dict[str, Any] | None:
    """Where to enter what is not known yet of the person's body; None for a visitor or when nothing is missing.

    ``missing``: the measures that this kind of product asks for; in a list of all kinds only a person of whom
    nothing is known is asked.
    """
    if beneficiary.user is None:
        return None
    known = beneficiary.measures
    missing = [measure.name for measure in kind.measures if measure.code not in known] if kind else []
    if not missing and (kind is not None or known):
        return None
    query = {"for": str(beneficiary.id), "next": request.get_full_path(), **({"type": kind.code} if kind else {})}
    return {"missing": missing, "url": f"{reverse('fit:measures')}?{urlencode(query)}"}


def say_need_url(request: HttpRequest, kind: ProductType | None) -> str:
    """Where one says that nothing of the kind fits; who serves nobody has no such need."""
    if request.user.is_authenticated and request.user.role not in ORDERING_ROLES:
        return ""
    query = {
        **({"type": kind.code} if kind else {}),
        **{name: value for name, value in carried(request).items() if name == "for"},
    }
    if request.user.is_authenticated and request.user.role == Role.CASEWORKER and "for" not in query:
        return ""
    return reverse("catalogue:say_need") + as_query(query)


def as_query(params: dict[str, str]) -> str:
    """``?for=5``; empty without parameters."""
    return f"?{urlencode(params)}" if params else ""


def product_url(row: ProductDocument | Listed) -> str:
    return reverse("catalogue:detail", kwargs={"product_slug": row.slug, "pk": row.pk})


def crumbs(kind: ProductType | None = None) -> list[dict[str, str]]:
    """Breadcrumbs of a page inside the catalogue, or inside the list of a type."""
    listed = [
        {"label": _("Home"), "url": reverse("marketplace:home")},
        {"label": _("Catalogue"), "url": reverse("catalogue:index")},
    ]
    if kind is not None:
        listed.append({"label": kind.name, "url": reverse("catalogue:type", kwargs={"code": kind.code})})
    return listed
