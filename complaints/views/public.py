"""Pages for everybody: tracking by number and code, the reports, who protects your rights."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import report_files, reports, routing, selectors, shapes
from complaints.forms import TrackForm
from complaints.models import Complaint, MonthlyReport
from complaints.states import Outcome
from complaints.views.case import turn_words
from marketplace import calendar, events, formats, regions
from marketplace.errors import NotFound
from marketplace.models import Authority, Region
from marketplace.rules import in_language

MONTHS_OFFERED = 12


@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Where a case stands, by number and code. The code travels in the body, never in an address."""
    form = TrackForm(request.POST if request.method == "POST" else None, initial={"number": request.GET.get("number")})
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            complaint = selectors.tracked(form.cleaned_data["number"], form.cleaned_data["code"])
        except NotFound:
            form.add_error(None, _("We found no complaint with this number and code. Check both and try again."))
        else:
            happened = events.of_subject(f"complaint:{complaint.number}")
            timeline = shapes.timeline(complaint, happened, texts=False)
            context |= {
                "complaint": complaint,
                "subject": routing.table().subject_name(complaint.subject),
                "addressee": shapes.addressee(complaint),
                "turn": turn_words(complaint),
                "due_words": calendar.in_words(complaint.due_explained),
                "outcome": shapes.outcome_name(complaint.outcome, complaint.outcome_detail),
                "timeline": [
                    {"title": event["title"], "at": row.at, "by": event["by_name"]}
                    for event, row in reversed(list(zip(timeline, happened, strict=True)))
                ],
            }
    return render(request, "public/track.html", context)


@require_safe
def report(request: HttpRequest) -> HttpResponse:
    """The month's totals with charts that are tables, by region; published history below, marked as such."""
    month = _month(request.GET.get("month", ""))
    region = _region(request.GET.get("region", ""))
    found, tiles = reports.of_period(month, region), _tiles(month)
    context = {
        "month": month,
        "region": region,
        "found": found,
        "months": _months(),
        "regions": regions.listed(),
        "outcomes": [{"label": str(outcome.label), "value": found["outcomes"][outcome]} for outcome in Outcome],
        "channels": [
            {"label": str(Complaint.Channel(channel).label), "value": count}
            for channel, count in found["by_channel"].items()
        ],
        "tiles": tiles,
        "tiles_as_bars": [{"label": tile["name"], "value": tile["value"], "url": tile["url"]} for tile in tiles],
        "history": [_published(table) for table in reports.history()],
    }
    return render(request, "reports/complaints.html", context)


@require_safe
def report_file(request: HttpRequest, kind: str) -> HttpResponse:
    """The month as CSV, PDF or a page to print, the same numbers as on the page."""
    month, region = _month(request.GET.get("month", "")), _region(request.GET.get("region", ""))
    built = MonthlyReport(month=month.first, until=month.last, region=region, built_at=timezone.now())
    built.facts = reports.checked(reports.facts(month, region))
    response = HttpResponse(report_files.render(built, kind), content_type=report_files.CONTENT_TYPES[kind])
    name = report_files.name_of(region, f"{month.first:%Y-%m}", kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _month(text: str) -> reports.Period:
    """``2026-11``; this month for anything else."""
    today = timezone.localdate()
    try:
        year, month = text.split("-")
        return reports.Period.month(today.replace(year=int(year), month=int(month), day=1))
    except ValueError:
        return reports.Period.month(today)


def _region(text: str) -> Region | None:
    found = regions.find(text) if text else None
    return Region.objects.get(pk=found.code) if found else None


def _months() -> list[dict[str, str]]:
    """The latest months for the filter, newest first."""
    listed, day = [], timezone.localdate().replace(day=1)
    for _number in range(MONTHS_OFFERED):
        name = formats.MONTHS[(get_language() or "kk")[:2]][day.month - 1]
        listed.append({"value": f"{day:%Y-%m}", "label": f"{name} {day.year}"})
        day = (day - timedelta(days=1)).replace(day=1)
    return listed


def _tiles(month: reports.Period) -> list[dict[str, Any]]:
    """How many complaints each region got in the month, as a map of tiles."""
    counts = reports.received_by_region(month)
    most = max(counts.values(), default=0) or 1
    return [
        {
            "short": row.short,
            "name": row.name,
            "value": counts.get(row.pk, 0),
            "level": -(-counts.get(row.pk, 0) * 4 // most),
            "column": row.tile_column,
            "row": row.tile_row,
            "url": f"?month={month.first:%Y-%m}&region={row.pk}",
        }
        for row in Region.objects.all()
    ]


def _published(table: MonthlyReport) -> dict[str, Any]:
    found = table.facts
    labels, title = found.get("labels", {}), reports.title(table)
    return {
        "title": title,
        "outcomes_caption": _("How the complaints ended: %(table)s") % {"table": title},
        "channels_caption": _("How they came: %(table)s") % {"table": title},
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
        "self_check": table.self_check,
    }


@require_safe
def defenders(request: HttpRequest) -> HttpResponse:
    """Bodies that protect consumers and people with disabilities: of a region, and of the whole country."""
    code = request.GET.get("region", "")
    if not code and request.user.is_authenticated:
        code = request.user.region_id or ""
    region = _region(code)
    bodies = Authority.objects.filter(region=region) if region else Authority.objects.none()
    return render(
        request,
        "public/defenders.html",
        {
            "region": region,
            "regions": regions.listed(),
            "local": list(bodies.exclude(kind="social_office").order_by("name"))
            + list(bodies.filter(kind="social_office").order_by("name")),
            "national": Authority.objects.filter(region=None).exclude(kind__endswith="_desk").order_by("name"),
        },
    )
