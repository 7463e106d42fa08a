"""The reports: a month's totals for everybody, the cases behind a figure for those who may know them, files."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints import report_files, reports, routing, selectors, shapes
from complaints.models import Complaint, MonthlyReport
from complaints.reporting import cases, facts, open_data, scorecard
from complaints.states import Outcome
from complaints.views.case import case_url
from marketplace import formats, places, policy, regions, replica
from marketplace.errors import DomainError
from marketplace.models import Region, Role
from marketplace.rules import in_language

MONTHS_OFFERED = 12


@policy.anyone
@require_safe
@replica.may_read
def report(request: HttpRequest) -> HttpResponse:
    """The month's totals with charts that are tables, by region; published history below, marked as such."""
    month, region = month_of(request.GET.get("month", "")), region_of(request.GET.get("region", ""))
    after = facts.position()
    found = reports.of_period(month, region, after=after)
    beside = scorecard.beside(month, region, after=after)
    tiles = _tiles(month, beside.of_month(month.first))
    links = Links(request, month, region)
    outcomes = [
        {"label": str(Outcome(name).label), "value": found["outcomes"][name], "url": links.to(outcome=name)}
        for name in Outcome.values
    ]
    channels = [
        {"label": str(Complaint.Channel(name).label), "value": count, "url": links.to(channel=name)}
        for name, count in found["by_channel"].items()
    ]
    context = {
        "month": month,
        "region": region,
        "found": found,
        "months": months_offered(),
        "regions": regions.listed(),
        "outcomes": outcomes,
        "channels": channels,
        "seller_rows": _seller_rows(found["seller"] or {}, links),
        "bodies": _body_columns(), "body_rows": _body_rows(beside.bodies, links),
        "outreach": _outreach_rows(found["outreach"] or {}),
        "by_month": _by_month(beside.of_region(region), region),
        "tiles": tiles,
        "tiles_as_bars": [{"label": tile["name"], "value": tile["value"], "url": tile["url"]} for tile in tiles],
        "received_url": links.to(step="received"),
        "returned_url": links.to(step="returned"),
        "court_urls": {"joined": links.to(step="court_joined"), "won": links.to(step="court_won")},
        "history": [_published(table) for table in reports.history()],
    }  # fmt: skip
    return render(request, "reports/complaints.html", context)


@policy.anyone
@require_safe
@replica.may_read
def report_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The month as CSV, PDF or a page to print, the same numbers as on the page."""
    month, region = month_of(request.GET.get("month", "")), region_of(request.GET.get("region", ""))
    built = MonthlyReport(month=month.first, until=month.last, region=region, built_at=timezone.now())
    built.facts = reports.checked(reports.facts(month, region))
    response = HttpResponse(report_files.render(built, kind), content_type=report_files.CONTENT_TYPES[kind])
    name = report_files.name_of(region, f"{month.first:%Y-%m}", kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@policy.only(Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR, Role.ADMIN)
@require_safe
def report_cases(request: HttpRequest) -> HttpResponse:
    """The cases that a figure counts: inspectors see those of their region, the ministry all. No names."""
    month = month_of(request.GET.get("month", ""))
    region = cases.region_for(request.user, region_of(request.GET.get("region", "")))
    figure = cases.Figure(
        **{name: request.GET.get(name, "") for name in ("outcome", "channel", "step", "body", "subject")}
    )
    asked = request.GET.get("page", "1")
    number = max(int(asked), 1) if asked.isdecimal() and len(asked) < 9 else 1
    total, rows = cases.counted(figure, month, region, number)
    back = urlencode({"month": f"{month.first:%Y-%m}", "region": region.pk if region else ""})
    table = routing.table()
    mine = set(selectors.visible(request.user).filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True))
    context = {
        "month": month,
        "region": region,
        "back": f"{reverse('complaints:reports')}?{back}",
        "total": total,
        "figure": _figure_name(figure),
        "page": Page(rows, number, Paginator(range(total), cases.PAGE_SIZE)),
        "items": [
            {
                "complaint": row,
                "url": case_url(request.user, row.number) if row.pk in mine else "",
                "subject": table.subject_name(row.subject),
                "addressee": shapes.addressee(row)["name"],
            }
            for row in rows
        ],
    }
    return render(request, "reports/cases.html", context)


@policy.anyone
@require_safe
def open_data_page(request: HttpRequest) -> HttpResponse:
    """What can be taken, under which licence, and what its columns mean."""
    meanings = {
        "month": _("Year and month, for example 2026-10"),
        "region": _("Code of the region (ISO 3166-2); KZ is the whole country"),
        "outcome": _("How the complaints stood at the end of the month; total is all of them"),
        "cases": _("How many complaints; empty when hidden"),
        "hidden": _("1 when the number is hidden, else 0"),
    }
    context = {
        "columns": [{"label": _("Column")}, {"label": _("Meaning")}],
        "rows": [[name, meanings[name]] for name in open_data.COLUMNS],
        "smallest": open_data.smallest_shown(),
        "licence": open_data.LICENCE,
        "file_url": "/api/v1/open-data/complaints.csv",
    }
    return render(request, "reports/open_data.html", context)


class Links:
    """Addresses of the cases behind the figures of one report: empty for whoever may not list them."""

    def __init__(self, request: HttpRequest, month: reports.Period, region: Region | None):
        self.query = {"month": f"{month.first:%Y-%m}", "region": region.pk if region else ""}
        try:
            # A report of the whole country counts more than an inspector of one region may list.
            self.allowed = request.user.is_authenticated and cases.region_for(request.user, region) == region
        except DomainError:
            self.allowed = False

    def to(self, **figure: str) -> str:
        return f"{reverse('complaints:report_cases')}?{urlencode(self.query | figure)}" if self.allowed else ""


def region_of(text: str) -> Region | None:
    """A region by code or short name; nothing for an unknown one."""
    found = regions.find(text) if text else None
    return Region.objects.get(pk=found.code) if found else None


def month_of(text: str) -> reports.Period:
    """``2026-11``; this month for anything else."""
    today = timezone.localdate()
    try:
        year, month = text.split("-")
        return reports.Period.month(today.replace(year=int(year), month=int(month), day=1))
    except ValueError:
        return reports.Period.month(today)


def _month_name(first: date) -> str:
    return f"{formats.MONTH_NAMES[(get_language() or 'kk')[:2]][first.month - 1]} {first.year}"


def months_offered() -> list[dict[str, str]]:
    """The latest months for the filter, newest first."""
    listed, day = [], timezone.localdate().replace(day=1)
    for _number in range(MONTHS_OFFERED):
        listed.append({"value": f"{day:%Y-%m}", "label": _month_name(day)})
        day = (day - timedelta(days=1)).replace(day=1)
    return listed


def _by_month(counts: dict[date, int], region: Region | None) -> list[dict[str, Any]]:
    """How many were filed in each month of the half-year that ends with the report's."""
    query = {"region": region.pk} if region else {}
    return [
        {"label": _month_name(first), "value": count, "url": f"?{urlencode({'month': f'{first:%Y-%m}', **query})}"}
        for first, count in counts.items()
    ]


def _tiles(month: reports.Period, counts: dict[str, int]) -> list[dict[str, Any]]:
    """How many complaints each region got in the month, as a map of tiles."""
    most = max(counts.values(), default=0) or 1
    return [
        places.tile(
            row,
            counts.get(row.pk, 0),
            -(-counts.get(row.pk, 0) * 4 // most),
            f"?month={month.first:%Y-%m}&region={row.pk}",
        )
        for row in Region.objects.all()
    ]


def _seller_rows(found: dict[str, Any], links: Links) -> list[dict[str, Any]]:
    if not found:  # a published table of that month, which counted no answers
        return []
    late = found["answered"] - found["in_time"]
    return [
        {"label": _("Answered in time"), "value": found["in_time"], "url": links.to(step="answered")},
        {"label": _("Answered late"), "value": late, "url": links.to(step="answered") if late else ""},
        {"label": _("Left without an answer"), "value": found["ignored"], "url": links.to(step="ignored")},
    ]


def _outreach_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"label": report_files.outreach_name(kind), "value": count} for kind, count in found.get("by_kind", {}).items()
    ]


def _body_columns() -> list[dict[str, Any]]:
    labels = [_("Decided"), *(label for _name, label in report_files.body_shares()), _("Dates missed")]
    return [{"label": _("Body")}, *({"label": label, "numeric": True} for label in labels)]


# A cell of the scorecard → the step whose cases it counts.
_BODY_STEPS = {
    "decided": "decided",
    "in_time_share": "decided",
    "redirected_share": "redirected",
    "reopened_share": "reopened",
    "confirmed_share": "confirmed",
    "overdue": "overdue",
}


def _body_rows(rows: list[dict[str, Any]], links: Links) -> list[list[Any]]:
    """Each figure leads to its cases, for whoever may list them."""
    return [[row["name"], *(_body_cell(row, name, step, links) for name, step in _BODY_STEPS.items())] for row in rows]


def _body_cell(row: dict[str, Any], name: str, step: str, links: Links) -> Any:
    if row[name] is None:
        return "–"
    url = links.to(step=step, body=row["body"]) if row[step] else ""
    return format_html('<a class="govuk-link" href="{}">{}</a>', url, row[name]) if url else row[name]


def _figure_name(figure: cases.Figure) -> str:
    names = {
        "received": _("Filed"),
        "answered": _("Answered by the supplier"),
        "ignored": _("Left without an answer"),
        "decided": _("Decided"),
        "redirected": _("Sent on to another body"),
        "reopened": _("Opened again"),
        "confirmed": _("Confirmed by the person"),
        "overdue": _("Dates missed"),
        "returned": _("Money returned"),
        "court_joined": _("Court cases joined"),
        "court_won": _("Court cases won"),
        "carried_overdue": _("Carried over with a date that has passed"),
    }
    if figure.outcome:
        return str(Outcome(figure.outcome).label)
    parts = [names[figure.step]] if figure.step in names else []
    if figure.channel:
        parts.append(str(Complaint.Channel(figure.channel).label))
    if figure.subject:
        parts.append(routing.table().subject_name(figure.subject))
    return ", ".join(parts) or _("Examined")


def _published(table: MonthlyReport) -> dict[str, Any]:
    found = table.facts
    labels, title = found.get("labels", {}), reports.title(table)
    return {
        "title": title,
        "outcomes_caption": _("How the complaints ended: %(table)s") % {"table": title},
        "channels_caption": _("How they came: %(table)s") % {"table": title},
        "outreach_caption": _("Outreach: %(table)s") % {"table": title},
        "source": in_language(found["source"]),
        "facts": found,
        "share": reports.satisfied_share(found),
        "outcomes": [
            {"label": str(outcome.label), "value": found["outcomes"].get(outcome, 0)}
            for outcome in (Outcome if found.get("outcomes") else [])
        ],
        "channels": [
            {"label": in_language(labels.get(channel)) or channel, "value": count}
            for channel, count in (found.get("by_channel") or {}).items()
        ],
        "outreach": _outreach_rows(found["outreach"]) if found.get("outreach") else [],
        "self_check": table.self_check,
    }
