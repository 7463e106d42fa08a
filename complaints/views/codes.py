"""Printing the codes: a list for whoever has a wall, the sheet and the plain code, how far they have spread."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.codes import sheets, spreading, subjects
from marketplace import places, policy
from marketplace.models import Role


@policy.only(Role.SUPPLIER, Role.CASEWORKER)
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The sheets of the own shop or office."""
    return render(request, "scanned/codes.html", {"codes": subjects.printable(request.user)})


@policy.by_code
@require_safe
def sheet(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """One code as ``pdf`` to hang up or ``svg`` to print elsewhere; who holds a code may print it again."""
    subject = subjects.of_token(token)
    if request.method == "GET" and subjects.is_own(request.user, subject):
        spreading.count(subject, spreading.PRINTED)
    response = HttpResponse(sheets.render(subject, kind), content_type=sheets.CONTENT_TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="qr-{subject.token}.{kind}"'
    return response


@policy.anyone
@require_safe
def spread(request: HttpRequest) -> HttpResponse:
    """The share of offices and suppliers with a code in use, by region."""
    shares = spreading.by_region()
    context = {
        "columns": [
            {"label": _("Region")},
            {"label": _("Offices and suppliers"), "numeric": True},
            {"label": _("Printed"), "numeric": True},
            {"label": _("Scanned"), "numeric": True},
            {"label": _("Share"), "numeric": True},
        ],
        "rows": [
            [share.region.name, share.total, share.printed, share.scanned, f"{share.percent} %"] for share in shares
        ],
        "tiles": [places.tile(share.region, f"{share.percent} %", round(share.percent / 25)) for share in shares],
    }
    return render(request, "scanned/spread.html", context)


@policy.anyone
@require_safe
def spread_file(request: HttpRequest) -> HttpResponse:
    """The same numbers as CSV."""
    response = HttpResponse(spreading.as_csv(spreading.by_region()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="qr-codes.csv"'
    return response
