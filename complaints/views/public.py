"""Pages for everybody: tracking by number and code, who protects your rights."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import routing, selectors, shapes
from complaints.forms import TrackForm
from complaints.views.case import turn_words
from complaints.views.reports import region_of
from marketplace import calendar, events, regions
from marketplace.errors import NotFound
from marketplace.models import Authority


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
def defenders(request: HttpRequest) -> HttpResponse:
    """Bodies that protect consumers and people with disabilities: of a region, and of the whole country."""
    code = request.GET.get("region", "")
    if not code and request.user.is_authenticated:
        code = request.user.region_id or ""
    region = region_of(code)
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
