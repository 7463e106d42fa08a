"""The storefront: shelves, lists with filters, one product with its offers, products side by side, suppliers."""

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from catalog import parameters, search, selectors, types
from catalog.search import suggest, tokens
from catalog.search.query import PAGE_SIZE, Query, beneficiary_id
from catalog.selectors import Beneficiary
from catalog.types import ProductType
from marketplace import policy, regions
from marketplace.models import Role
from marketplace.rules import in_language
from marketplace.shared_pages import shared_page, shared_page_of_product
from suppliers import guarantees, market, ranking, recalls, strategy
from suppliers import selectors as suppliers
from suppliers.forms import FilterForm
from suppliers.listings import photos
from suppliers.models import Partner
from suppliers.views.cards import (
    ORDERING_ROLES,
    as_query,
    carried,
    crumbs,
    delivery_words,
    draw,
    fit_data,
    measures_wanted,
    product_url,
    say_need_url,
)
from suppliers.watch import prices

MOST_COMPARED = 4
MOST_KINDS = 5


@policy.anyone
@require_safe
@shared_page
def index(request: HttpRequest) -> HttpResponse:
    """Shelves with their product types, the search box, and what the person's programme entitles to."""
    beneficiary = selectors.beneficiary_of(request.user, beneficiary_id(request.GET))
    book = types.book()
    counts = search.products_by_type()
    programme = [
        {"type": book.by_id[guarantee.type_id], "guarantee": guarantee}
        for guarantee in guarantees.of_person(beneficiary.id).values()
        if guarantee.type_id in book.by_id
    ]
    shelves = [
        {"shelf": shelf, "types": [(product_type, counts.get(product_type.id, 0)) for product_type in shelf.types]}
        for shelf in book.shelves
        if shelf.types
    ]
    context = {
        "shelves": shelves,
        "beneficiary": beneficiary,
        "programme": programme,
        **_passed_on(request),
        "crumbs": [{"label": _("Home"), "url": reverse("marketplace:home")}],
    }
    return render(request, "catalog/index.html", context)


@policy.anyone
@require_safe
def shelf(request: HttpRequest, category_slug: str, pk: int) -> HttpResponse:
    """A shelf is a part of the first page."""
    return redirect(f"{reverse('catalogue:index')}#{category_slug.rpartition('/')[2]}")


@policy.anyone
@require_safe
@shared_page
def product_type(request: HttpRequest, code: str) -> HttpResponse:
    """The products of one type."""
    found = types.book().by_code.get(code)
    if found is None:
        raise Http404
    return _listing(request, found)


@policy.anyone
@require_safe
@shared_page
def results(request: HttpRequest) -> HttpResponse:
    """What a search found, in all types."""
    return _listing(request, None)


def _listing(request: HttpRequest, product_type: ProductType | None) -> HttpResponse:
    beneficiary = selectors.beneficiary_of(request.user, beneficiary_id(request.GET))
    form = FilterForm(request.GET, product_type=product_type, beneficiary=beneficiary, passed_on=carried(request))
    query = form.query(page=_page_number(request))
    page = search.find(query, brief=True)
    if not page.ids and page.count:  # the list has become shorter than this page
        query = query.turned_to(1 + (page.count - 1) // PAGE_SIZE)
        page = search.find(query, brief=True)
    form.count(page.facets)
    guarantee_of = guarantees.of_person(beneficiary.id)
    context = {
        "product_type": product_type,
        "form": form,
        "query": query,
        "count": page.count,
        "cards": draw(
            page, query=query, beneficiary=beneficiary, guarantee_of=guarantee_of, passed_on=carried(request)
        ),
        "page": Paginator(range(page.count), PAGE_SIZE).get_page(query.page),
        "chosen": form.chosen(),
        "clear_url": request.path + as_query(carried(request)),
        "beneficiary": beneficiary,
        "measures_wanted": measures_wanted(request, beneficiary, query.product_type),
        "crumbs": crumbs(),
        "last_resort": page.engine == search.LAST_RESORT,
        "spare_engine": search.spare(page.engine),
        "read_as": page.read_as,
        **_nearby(request, query, page),
    }
    return render(request, "catalog/list.html", context)


def _nearby(request: HttpRequest, query: Query, page: search.Page) -> dict[str, Any]:
    """Kinds of products that the text may mean, and where to say that nothing fits when nothing was found."""
    if not query.text or query.product_type is not None:
        near = []
    elif page.count:
        near = suggest.types_beginning([tokens.fold(word) for word in tokens.words(page.read_as or query.text)])
    else:
        near = suggest.nearest_types(query.text)
    kinds = [
        {"label": kind.name, "url": reverse("catalogue:type", kwargs={"code": kind.code}) + as_query(carried(request))}
        for kind in near[:MOST_KINDS]
    ]
    about = query.product_type or next(iter(near), None)
    return {
        "kinds": kinds,
        "nothing_fits_url": "" if page.count else _nothing_fits_url(about),
        "say_need_url": say_need_url(request, about) if about is not None or not page.count else "",
    }


def _nothing_fits_url(about: ProductType | None) -> str:
    """The complaint "nothing fits me", with the sphere of what was looked for where that is known."""
    try:
        url = reverse("complaints:new")
    except NoReverseMatch:  # the complaints' layer is not installed
        return ""
    return f"{url}?{urlencode({'subject': 'nothing_fits', **({'sphere': about.sphere} if about else {})})}"


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isdecimal() and len(text) < 10 else 1


@policy.anyone
@require_safe
@shared_page_of_product
def product(request: HttpRequest, product_slug: str, pk: int) -> HttpResponse:
    """One product: parameters, fit, and its offers side by side with what each costs the person."""
    row = selectors.document(pk)
    if row.slug != product_slug:
        return redirect(f"{product_url(row)}?{request.GET.urlencode()}".rstrip("?"), permanent=True)
    beneficiary = selectors.beneficiary_of(request.user, beneficiary_id(request.GET))
    region, policy, kind = _region(request) or beneficiary.region, ranking.policy(), selectors.type_of(row)
    guarantee_of = guarantees.of_person(beneficiary.id)
    offers = suppliers.ranked_offers([row.pk], region=region, guarantee_of=guarantee_of, policy=policy)[row.pk]
    shown = parameters.shown(kind, row.parameters)
    dear = prices.for_everybody([offer.id for offer in offers], kind.unit)
    context = {
        "document": row,
        "title": selectors.title_of(row),
        "description": in_language(row.texts),
        "product_type": kind,
        "photos": photos.of_product(row.pk),
        "recalls": recalls.on_page_of(row.pk),
        "own": [{"key": line.name, "value": line.text} for line in shown if not line.common],
        "common": [{"key": line.name, "value": line.text} for line in shown if line.common],
        "fit": fit_data(row, beneficiary),
        "measures_wanted": measures_wanted(request, beneficiary, kind),
        "say_need_url": say_need_url(request, kind),
        "beneficiary": beneficiary,
        "offers": [offer for offer in offers if offer.delivers],
        "dear": [(offer, dear[offer.id]) for offer in offers if offer.delivers and offer.id in dear],
        "elsewhere": [offer for offer in offers if not offer.delivers],
        "guarantee": guarantee_of.get(row.type_id),
        "choice_index": market.choice_indexes([row.type_id], region)[row.type_id],
        "region": region,
        "region_name": regions.name_of(region) if region else "",
        "regions": regions.options(region),
        "crumbs": crumbs(kind),
        **_passed_on(request),
        **_ordering(request, beneficiary),
    }
    return render(request, "catalog/product.html", context)


def _region(request: HttpRequest) -> str:
    """The region asked for; a page takes an unknown one for none."""
    found = regions.find(request.GET.get("region", ""))
    return found.code if found else ""


@policy.anyone
@require_safe
def how_we_rank(request: HttpRequest) -> HttpResponse:
    """The weights of best value and an example, in plain words: the same rule data and the same function as everywhere."""
    policy = ranking.policy()
    context = {
        "weights": [
            {"label": str(ranking.LABELS[name]), "value": round(share * 100)} for name, share in ranking.shares(policy)
        ],
        "months": int(policy.complaint_prior["decay_months"]),
        "most": policy.delivery_most,
        "example": ranking.example(policy),
        "crumbs": crumbs(),
    }
    return render(request, "catalog/how_we_rank.html", context)


def _ordering(request: HttpRequest, beneficiary: Beneficiary) -> dict[str, Any]:
    """Where a chosen offer goes: into the person's application, or to the sign-in page first."""
    try:
        add_line_url = reverse("orders:add_line")
    except NoReverseMatch:  # the orders' layer is not installed
        add_line_url = ""
    user = request.user
    # An operator of 1414 orders for nobody, but goes on with an application that a person let her in to.
    may_order = user.is_authenticated and (
        user.role in ORDERING_ROLES or (user.role == Role.HOTLINE and "draft" in carried(request))
    )
    return {
        "add_line_url": add_line_url if may_order else "",
        "sign_in_first": "" if user.is_authenticated else f"{reverse(settings.LOGIN_URL)}?{_next(request)}",
    }


def _passed_on(request: HttpRequest) -> dict[str, Any]:
    return {"passed_on": carried(request), "passed_on_query": as_query(carried(request))}


def _next(request: HttpRequest) -> str:
    return urlencode({"next": request.get_full_path()})


@policy.anyone
@require_safe
@shared_page
def compare(request: HttpRequest) -> HttpResponse:
    """Up to four products side by side; one alone is set beside the best of its type."""
    beneficiary = selectors.beneficiary_of(request.user, beneficiary_id(request.GET))
    asked = [int(text) for text in request.GET.getlist("p") if text.isdecimal() and len(text) < 19]
    rows = selectors.documents(list(dict.fromkeys(asked))[:MOST_COMPARED])
    if len(rows) == 1 and "alone" not in request.GET:
        kind = selectors.type_of(rows[0])
        best = search.find(Query(product_type=kind, measures=beneficiary.measures, size=MOST_COMPARED)).ids
        others = [product_id for product_id in best if product_id != rows[0].pk]
        rows += selectors.documents(others[: MOST_COMPARED - 1])
    products = [_compared(request, row, rows, beneficiary) for row in rows]
    context = {
        "products": products,
        "lines": _side_by_side(rows),
        "beneficiary": beneficiary,
        "addable": _addable(rows, beneficiary) if 0 < len(rows) < MOST_COMPARED else [],
        "passed_on": carried(request),
        "crumbs": crumbs(selectors.type_of(rows[0]) if rows else None),
    }
    return render(request, "catalog/compare.html", context)


def _compared(request: HttpRequest, row: Any, rows: list[Any], beneficiary: Beneficiary) -> dict[str, Any]:
    """A column: what it costs, how it comes, why it may be worth it, and the way to take it out."""
    offers = suppliers.current(row)
    near = [offer for offer in offers if not beneficiary.region or beneficiary.region in offer["regions"]]
    best = next(iter(near), None)
    rest = [("p", str(other.pk)) for other in rows if other.pk != row.pk]
    return {
        "id": row.pk,
        "title": selectors.title_of(row),
        "url": product_url(row) + as_query(carried(request)),
        "fit": fit_data(row, beneficiary),
        "price": min((Decimal(offer["price"]) for offer in near), default=None),
        "unit_price": min((round(Decimal(offer["unit_price"]), 2) for offer in near), default=None),
        "unit": selectors.type_of(row).unit,
        "offer_count": len(near),
        "best": best,
        "lead_days": best and best["lead_days_by_region"].get(beneficiary.region, best["lead_days"]),
        "delivery": delivery_words(best),
        "why": best and in_language(best["why"]),
        # One alone is not filled up again: she has just taken the others out.
        "remove_url": f"?{urlencode([*rest, ('alone', '1'), *carried(request).items()])}" if rest else "",
    }


def _addable(rows: list[Any], beneficiary: Beneficiary) -> list[dict[str, Any]]:
    """Other products of the kind, what fits first, as options."""
    kind = selectors.type_of(rows[0])
    found = search.find(Query(product_type=kind, measures=beneficiary.measures, region=beneficiary.region)).rows
    chosen = {row.pk for row in rows}
    return [{"value": str(row.pk), "label": selectors.title_of(row)} for row in found if row.pk not in chosen]


def _side_by_side(rows: list[Any]) -> list[tuple[str, list[str]]]:
    """(parameter, its text for each product), empty where one does not state it."""
    names: dict[str, str] = {}
    texts: list[dict[str, str]] = []
    for row in rows:
        shown = parameters.shown(selectors.type_of(row), row.parameters)
        names |= {line.code: line.name for line in shown}
        texts.append({line.code: line.text for line in shown})
    return [(name, [stated.get(code, "") for stated in texts]) for code, name in names.items()]


@policy.anyone
@require_safe
def supplier(request: HttpRequest, code: str) -> HttpResponse:
    """A supplier: who it is, what it sells, and the facts behind its score."""
    found = suppliers.supplier(code)
    beneficiary = selectors.beneficiary_of(request.user)
    query = Query(supplier=found.code, measures=beneficiary.measures, page=_page_number(request))
    page = search.find(query, brief=True)
    context = {
        "supplier": found,
        "facts": _facts(found),
        "contacts": [
            # The number of an entrepreneur is the person's own: nobody reads it here.
            {"key": _("Business"), "value": _("individual entrepreneur")}
            if found.iin_index
            else {"key": _("BIN"), "value": found.bin},
            {"key": _("Region"), "value": found.home_region.name if found.home_region else ""},
            {"key": _("Address"), "value": found.address},
            {"key": _("Phone"), "value": found.phone},
            {"key": _("E-mail"), "value": found.email},
        ],
        "cards": draw(page, query=query, beneficiary=beneficiary, guarantee_of={}),
        "count": page.count,
        "page": Paginator(range(page.count), PAGE_SIZE).get_page(_page_number(request)),
        "crumbs": crumbs(),
    }
    return render(request, "catalog/supplier.html", context)


def _facts(supplier: Partner) -> list[dict[str, str]]:
    """The counts behind the score, in words."""
    standing = strategy.standing(supplier)
    months = int(ranking.policy().complaint_prior["decay_months"])
    marks = ngettext("%(count)s mark", "%(count)s marks", standing.rating_count) % {"count": standing.rating_count}
    mean = _("%(mean)s of 5, %(marks)s") % {"mean": standing.rating, "marks": marks}
    return [
        {"key": _("Marks"), "value": _("no marks yet") if standing.rating is None else mean},
        {"key": _("Delivered lines of orders"), "value": str(standing.delivered_lines)},
        {"key": _("Delivered in time"), "value": str(standing.on_time_lines)},
        {"key": _("Rejected at acceptance"), "value": str(standing.rejected_lines)},
        {
            "key": _("Confirmed complaints of the last %(months)s months") % {"months": months},
            "value": str(supplier.confirmed_cases),
        },
        {"key": _("Complaints left without an answer, not confirmed"), "value": str(supplier.silent_cases)},
    ]
