"""The market's part of the API: products with offers, suppliers, a supplier's own offers."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from catalog import fit, parameters, search, selectors, types
from catalog.search.query import PAGE_SIZE, beneficiary_id, from_params, region_of
from marketplace import api_document, regions
from marketplace.api import Problem, anyone, paged
from suppliers import guarantees, market, offers, qr, ranking, recalls, schemas, shapes, standing
from suppliers import selectors as suppliers

router = Router(tags=["market"])

ATTRIBUTES_PARAMETER = {
    "parameters": [
        {
            "in": "query",
            "name": "attributes",
            "description": "attr.<code>=a..b (whole numbers in the attribute's unit) or attr.<code>=choice,choice; "
            "codes and units are in /product-types.",
            "style": "form",
            "explode": True,
            "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        }
    ]
}


@router.get(
    "/products",
    auth=anyone,
    response={200: schemas.ProductsOut, 422: Problem},
    openapi_extra=ATTRIBUTES_PARAMETER,
    operation_id="list_products",
)
def list_products(request: HttpRequest, params: Query[schemas.ProductsIn]) -> dict[str, Any]:
    """Search and filter products; each comes with its best offer and whether it fits the person."""
    beneficiary = selectors.beneficiary_of(request.auth, beneficiary_id(request.GET))
    query = from_params(request.GET, measures=beneficiary.measures, near=beneficiary.region)
    page = search.find(query)
    indexes = market.choice_indexes({row.type_id for row in page.rows}, query.region)
    guarantee_of = guarantees.of_person(beneficiary.id)
    following = None
    if query.page * PAGE_SIZE < page.count:
        turned = request.GET.copy()
        turned["page"] = str(query.page + 1)
        following = request.build_absolute_uri(f"{request.path}?{turned.urlencode()}")
    return {
        "results": [
            shapes.product_data(
                row,
                beneficiary=beneficiary,
                guarantee_of=guarantee_of,
                choice_index=indexes[row.type_id],
                region=query.region or beneficiary.region,
                supplier=query.supplier,
            )
            for row in page.rows
        ],
        "next": following,
        "count": page.count,
        "facets": facets_data(page.facets),
    }


def facets_data(facets: search.Facets) -> dict[str, list[dict[str, Any]]]:
    """Filter name → choices as they are written in a query, with the words people see."""
    book = types.book()
    read: dict[str, Any] = {
        "type": lambda item: (book.by_id[int(item.value)].code, book.by_id[int(item.value)].name),
        "region": lambda item: (item.value, regions.name_of(item.value)),
        "supplier": lambda item: (item.value, suppliers.name_of(item.value)),
        "fit": lambda item: (code := search.filters.FITS[int(item.value)], str(fit.LABELS[code])),
    }
    data: dict[str, list[dict[str, Any]]] = {}
    for name, values in facets.items():
        data[name] = []
        for item in values:
            value, label = read[name](item) if name in read else (item.value, _choice_label(name, item.value))
            data[name].append({"value": value, "label": label, "count": item.count})
    return data


def _choice_label(name: str, value: str) -> str:
    attribute = next(types.book().definitions(name.removeprefix("attr.")))
    return dict(parameters.choices(attribute)).get(value, value)


@router.get(
    "/products/{int:product_id}",
    auth=anyone,
    response={200: schemas.ProductDetailOut, 404: Problem, 422: Problem},
    operation_id="get_product",
)
def get_product(request: HttpRequest, product_id: int, params: Query[schemas.ProductIn]) -> dict[str, Any]:
    """One product with its offers ranked by value; what the state pays is said for the signed-in person."""
    beneficiary = selectors.beneficiary_of(request.auth, beneficiary_id(request.GET))
    region = region_of(request.GET) or beneficiary.region
    row = selectors.document(product_id)
    guarantee_of = guarantees.of_person(beneficiary.id)
    policy = ranking.policy()
    ranked = suppliers.ranked_offers(
        [row.pk], region=region, guarantee_of=guarantee_of, packs=params.packs, policy=policy
    )
    return shapes.detail_data(
        row,
        ranked[row.pk],
        beneficiary=beneficiary,
        guarantee_of=guarantee_of,
        choice_index=market.choice_indexes([row.type_id], region)[row.type_id],
    )


@router.get(
    "/suppliers", auth=anyone, response={200: schemas.SuppliersOut, 422: Problem}, operation_id="list_suppliers"
)
def list_suppliers(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """Suppliers that sell or sold here, by name."""
    return paged(request, suppliers.visible_suppliers(), page, shapes.supplier_data)


@router.get(
    "/suppliers/{slug:code}",
    auth=anyone,
    response={200: schemas.SupplierDetailOut, 404: Problem},
    operation_id="get_supplier",
)
def get_supplier(request: HttpRequest, code: str) -> dict[str, Any]:
    """One supplier: contacts and the counts behind its score."""
    qr_url = request.build_absolute_uri(f"{request.path}/qr.svg")
    return shapes.supplier_detail_data(suppliers.supplier(code), qr_url)


@router.get(
    "/suppliers/{slug:code}/qr.svg",
    auth=anyone,
    response={404: Problem},
    operation_id="get_supplier_qr",
    openapi_extra=api_document.file_of("image/svg+xml"),
)
def get_supplier_qr(request: HttpRequest, code: str) -> HttpResponse:
    """The supplier's QR code as an SVG image; it opens the page where one complains or thanks."""
    return HttpResponse(qr.svg_of(suppliers.supplier(code)), content_type="image/svg+xml")


@router.get("/supplier/offers", response={200: schemas.OwnOffersOut, 403: Problem}, operation_id="list_own_offers")
def list_own_offers(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """The signed-in supplier's own offers in every state."""
    return paged(request, suppliers.own_offers(request.auth), page, shapes.own_offer_data)


@router.post(
    "/supplier/offers/{int:offer_id}",
    response={200: schemas.OwnOfferOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    operation_id="change_own_offer",
)
def change_own_offer(request: HttpRequest, offer_id: int, body: schemas.OwnOfferIn) -> dict[str, Any]:
    """Change price, stock and price of delivery of an own offer, or confirm that the stock is still right."""
    offer = offers.change(
        offer_id=offer_id,
        actor=request.auth,
        price=body.price,
        stock=body.stock,
        delivery_price=body.delivery_price,
        confirm_stock=body.confirm_stock,
    )
    return shapes.own_offer_data(offer)


@router.post(
    "/supplier/offers/{int:offer_id}/publish",
    response={200: schemas.OwnOfferOut, 403: Problem, 404: Problem, 409: Problem},
    operation_id="publish_own_offer",
)
def publish_own_offer(request: HttpRequest, offer_id: int) -> dict[str, Any]:
    """Put a withdrawn or hidden own offer on sale."""
    return shapes.own_offer_data(offers.publish(offer_id=offer_id, actor=request.auth))


@router.post(
    "/supplier/offers/{int:offer_id}/withdraw",
    response={200: schemas.OwnOfferOut, 403: Problem, 404: Problem, 409: Problem},
    operation_id="withdraw_own_offer",
)
def withdraw_own_offer(request: HttpRequest, offer_id: int) -> dict[str, Any]:
    """Take an own offer from sale; orders that stand are not touched."""
    return shapes.own_offer_data(offers.withdraw(offer_id=offer_id, actor=request.auth))


# --- May a supplier sell? -------------------------------------------------------------------------

_DECIDED = {200: schemas.StandingOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem}


@router.get(
    "/suppliers/{slug:code}/standing",
    response={200: schemas.StandingOut, 404: Problem},
    operation_id="get_supplier_standing",
)
def get_standing(request: HttpRequest, code: str) -> dict[str, Any]:
    """May the supplier sell, and every ban it had: for the ministry, the audit and the supplier itself."""
    return shapes.standing_data(suppliers.with_standing(request.auth, code))


@router.post("/suppliers/{slug:code}/suspend", response=_DECIDED, operation_id="suspend_supplier")
def suspend_supplier(request: HttpRequest, code: str, body: schemas.SuspendIn) -> dict[str, Any]:
    """The ministry bans a supplier until a day, for a reason and on a legal basis; the ban lifts itself."""
    standing.suspend(
        supplier=code, until=body.until, reason=body.reason, legal_basis=body.legal_basis, actor=request.auth
    )
    return shapes.standing_data(suppliers.with_standing(request.auth, code))


@router.post("/suppliers/{slug:code}/end-suspension", response=_DECIDED, operation_id="end_suspension")
def end_suspension(request: HttpRequest, code: str, body: schemas.StandingReasonIn) -> dict[str, Any]:
    """The ministry ends a ban before its time."""
    standing.end_early(supplier=code, reason=body.reason, actor=request.auth)
    return shapes.standing_data(suppliers.with_standing(request.auth, code))


@router.post("/suppliers/{slug:code}/terminate", response=_DECIDED, operation_id="terminate_supplier")
def terminate_supplier(request: HttpRequest, code: str, body: schemas.StandingReasonIn) -> dict[str, Any]:
    """The ministry takes a supplier off the portal for good."""
    standing.terminate(supplier=code, reason=body.reason, actor=request.auth)
    return shapes.standing_data(suppliers.with_standing(request.auth, code))


# --- Lots that are called back ---------------------------------------------------------------------


@router.get("/recalls", auth=anyone, response=schemas.RecallsOut, operation_id="list_recalls")
def list_recalls(request: HttpRequest, page: int = 1) -> dict[str, Any]:
    """Lots that are or were called back, those that run first: for everybody."""
    return paged(request, recalls.public(), page, shapes.recall_data)


@router.get(
    "/recalls/{int:recall_id}", auth=anyone, response={200: schemas.RecallOut, 404: Problem}, operation_id="get_recall"
)
def get_recall(request: HttpRequest, recall_id: int) -> dict[str, Any]:
    """One of them."""
    return shapes.recall_data(recalls.get(recall_id))


@router.post(
    "/recalls",
    response={201: schemas.RecallOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem},
    operation_id="announce_recall",
)
def announce_recall(request: HttpRequest, body: schemas.RecallIn) -> tuple[int, dict[str, Any]]:
    """A supplier calls a lot of its own back, the ministry one of any supplier; every holder is told."""
    found = recalls.announce(
        product=body.product, lot=body.lot, texts={name: getattr(body, name) for name in recalls.TEXTS},
        legal_basis=body.legal_basis, supplier=body.supplier, actor=request.auth,
    )  # fmt: skip
    return 201, shapes.recall_data(found)
