"""The ministry's board: systemic cases with their thresholds, late bodies, bans and instructions that run."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import routing, shapes
from complaints.measures import systemic
from complaints.step_forms import ReasonForm
from complaints.views.case import case_url, turn_words
from marketplace import places, policy
from marketplace.errors import DomainError, Invalid
from marketplace.forms import add_errors
from marketplace.models import Role
from suppliers.views.market import level, link
from suppliers.watch.reading import RegionChoice

PAGE_SIZE = 25


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Where something goes wrong again and again, and what is being done about it."""
    found = systemic.board(request.user)
    sections = [{"by": by, "title": systemic.By(by).label, "groups": groups} for by, groups in found.groups.items()]
    context = {"board": found, "sections": sections, **_choice(found.choice)}
    return render(request, "review/board/board.html", context)


@policy.only(Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_http_methods(["GET", "HEAD", "POST"])
def cases(request: HttpRequest) -> HttpResponse:
    """The cases behind one group; from here the ministry takes them up as one matter."""
    named = {name: request.GET.get(name, "") for name in ("by", "key", "subject")}
    rows = systemic.cases_of(request.user, **named)
    form = ReasonForm(request.POST if request.method == "POST" else None, action="systemic")
    if form.is_valid():
        try:
            matter = systemic.make_systemic(actor=request.user, **named, **form.arguments())
        except Invalid as error:
            add_errors(form, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
        else:
            messages.success(request, _("The ministry examines these cases as one matter now."))
            return redirect(case_url(request.user, matter.lead.number))
    return render(request, "review/board/cases.html", _context(request, rows, named, form))


def _choice(regions: list[RegionChoice]) -> dict[str, Any]:
    """Kinds of goods without a supplier and with a single one, as tiles and as a table; each leads to its kinds."""
    address = reverse("suppliers:watch_cells")
    parts = {"none": _("Kinds of goods without a supplier"), "one": _("Kinds of goods with a single supplier")}

    def url(row: RegionChoice, how: str) -> str:
        return f"{address}?region={row.region.pk}&how={how}" if getattr(row, how) else ""

    def cell(row: RegionChoice, how: str) -> Any:
        return link(url(row, how), str(getattr(row, how))) if getattr(row, how) else 0

    return {
        "maps": [
            {
                "label": label,
                "tiles": [
                    places.tile(row.region, getattr(row, how), level(getattr(row, how), row.kinds), url(row, how))
                    for row in regions
                ],
            }
            for how, label in parts.items()
        ],
        "choice_columns": [{"label": _("Region")}, *({"label": label, "numeric": True} for label in parts.values())],
        "choice_rows": [[row.region.name, *(cell(row, how) for how in parts)] for row in regions],
    }


def _context(request: HttpRequest, rows: Any, named: dict[str, str], form: ReasonForm) -> dict[str, Any]:
    table = routing.table()
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    items = [
        {
            "url": case_url(request.user, complaint.number),
            "complaint": complaint,
            "subject": table.subject_name(complaint.subject),
            "addressee": shapes.addressee(complaint)["name"],
            "turn": turn_words(complaint),
            "outcome": shapes.outcome_name(complaint.outcome, complaint.outcome_detail),
        }
        for complaint in page
    ]
    return {
        "page": page,
        "items": items,
        "name": systemic.name_of(named["by"], named["key"]),
        "subject": table.subject_name(named["subject"]),
        "form": form if request.user.role == Role.REVIEWER and items else None,
    }
