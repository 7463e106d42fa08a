"""Pages of price lists: send one, see how far it is and what became of each row, apply it."""

from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog import types
from marketplace import policy
from marketplace.errors import FieldError, Invalid
from marketplace.models import Role
from suppliers.models import PriceList
from suppliers.pricelist import files, jobs, selectors, words
from suppliers.selectors import own_supplier

PAGE_SIZE = 20
REMARKS_SHOWN = 100
RENEW_SECONDS = 4


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def price_lists(request: HttpRequest) -> HttpResponse:
    """The form for a new list, which is checked first, the template, and the lists that were sent."""
    supplier = own_supplier(request.user)
    if request.method != "POST":
        return _lists(request)
    upload = request.FILES.get("file")
    try:
        if upload is None:
            raise Invalid([FieldError("file", "required", _("Choose the file of your price list."))])
        price_list = jobs.send(
            supplier_id=supplier.pk, sent_by=request.user, upload=upload, name=upload.name, dry_run=True
        )
    except Invalid as error:
        return _lists(request, [str(item.message) for item in error.errors])
    return redirect("suppliers:price_list", price_list.pk)


def _lists(request: HttpRequest, errors: list[str] | None = None) -> HttpResponse:
    page = Paginator(selectors.own_lists(request.user), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "types": [{"value": "", "label": _("My offers")}]
        + [{"value": one.code, "label": one.name} for one in types.book().types],
        "file_errors": errors or [],
        "errors": [{"text": text, "target": "file"} for text in errors or []],
        "has_errors": bool(errors),
    }
    return render(request, "supplier/pricelist/lists.html", context, status=422 if errors else 200)


@policy.only(Role.SUPPLIER)
@require_safe
def price_list(request: HttpRequest, price_list_id: UUID) -> HttpResponse:
    """How far a list is, or what became of it. The page of a list that is being read renews itself."""
    found = selectors.own_list(request.user, price_list_id)
    still = "still" in request.GET
    rows = [
        {
            "number": number,
            "sku": sku,
            "kind": words.kind(kind, dry_run=found.dry_run),
            "refused": kind == "refused",
            "remarks": [words.remark(cell, code, params) for cell, code, params in remarks],
        }
        for number, sku, kind, remarks in selectors.remarked(found, REMARKS_SHOWN)
    ]
    context = {
        "price_list": found,
        "refusal": _refusal(found),
        "counts": [
            {"key": words.kind(kind, dry_run=found.dry_run), "value": getattr(found, kind)} for kind in words.KINDS
        ],
        "rows": rows,
        "most": REMARKS_SHOWN if len(rows) == REMARKS_SHOWN else 0,
        "applied": jobs.applied_of(found) if found.dry_run and found.status == PriceList.Status.DONE else None,
        "still": still,
    }
    response = render(request, "supplier/pricelist/list.html", context)
    if not found.is_finished and not still:
        response["Refresh"] = str(RENEW_SECONDS)
    return response


def _refusal(found: PriceList) -> str:
    return words.said(found.refusal["code"], found.refusal["params"]) if found.refusal else ""


@policy.only(Role.SUPPLIER)
@require_POST
def apply(request: HttpRequest, price_list_id: UUID) -> HttpResponse:
    """Apply a list that was checked."""
    found = selectors.own_list(request.user, price_list_id)
    applied = jobs.apply_checked(supplier_id=found.supplier_id, price_list_id=found.pk, sent_by=request.user)
    jobs.at_once(applied)
    return redirect("suppliers:price_list", applied.pk)


@policy.only(Role.SUPPLIER)
@require_POST
def check_anew(request: HttpRequest, price_list_id: UUID) -> HttpResponse:
    """Check the same file again."""
    found = selectors.own_list(request.user, price_list_id)
    again = jobs.check_anew(supplier_id=found.supplier_id, price_list_id=found.pk, sent_by=request.user)
    jobs.at_once(again)
    return redirect("suppliers:price_list", again.pk)


@policy.only(Role.SUPPLIER)
@require_safe
def result_file(request: HttpRequest, price_list_id: UUID, kind: str) -> HttpResponse:
    """Every row with what became of it."""
    found = selectors.own_list(request.user, price_list_id)
    if found.status != PriceList.Status.DONE:
        raise Http404
    return _file(files.result(found, kind), kind, f"result-{found.created_at:%Y-%m-%d}")


@policy.only(Role.SUPPLIER)
@require_safe
def template_file(request: HttpRequest) -> HttpResponse:
    """A list to fill in: the own offers, or the products of a type."""
    supplier = own_supplier(request.user)
    kind = "csv" if request.GET.get("kind") == "csv" else "xlsx"
    return _file(files.template(supplier, kind, request.GET.get("type", "")), kind, "price-list")


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=files.CONTENT_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response["Cache-Control"] = "private, no-store"
    return response
