"""`/api/v1/complaints`: forms, preview, filing, reading, tracking. The steps stand in api_steps.py."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from ninja import File, Query, Router
from ninja.files import UploadedFile

from complaints import attachments, filing, listing, reports, routing, selectors, shapes, templates
from complaints.api_open_data import router as open_data
from complaints.api_steps import router as steps
from complaints.feedback.api import router as feedback
from complaints.headquarters.api import router as headquarters
from complaints.listing import Asked
from complaints.measures.api import router as measures
from complaints.reporting import calls, kpis
from complaints.reporting.schemas import KpiList, ReportOut
from complaints.schemas import (
    ComplaintIn,
    ComplaintList,
    ComplaintOut,
    FiledOut,
    FileOut,
    RouteIn,
    RouteOut,
    TemplateList,
    TranscriptIn,
)
from marketplace import events, idempotency, regions, replica
from marketplace.api import Problem, anyone
from marketplace.errors import BadRequest, FieldError, Invalid
from marketplace.models import Region

PAGE_SIZE = 50

router = Router(tags=["complaints"])
router.add_router("", steps)
router.add_router("", open_data)
router.add_router("", feedback)
router.add_router("", measures)
router.add_router("", headquarters)


@router.get("/complaint-templates", auth=anyone, response=TemplateList)
def list_templates(request: HttpRequest, subject: str = "", sphere: str = "") -> dict[str, Any]:
    """Typical forms: all of them, or the one for a subject and sphere; with the vocabulary of both."""
    table, known = routing.table(), templates.all_templates()
    if subject or sphere:
        found = templates.template_for(subject, sphere, known)
        known = [found] if found else []
    return {
        "results": [shapes.template(form) for form in known],
        "next": None,
        "count": len(known),
        "subjects": {code: table.subject_name(code) for code in table.subjects},
        "spheres": {code: table.sphere_name(code) for code in table.spheres},
        "demands": {code: table.demand_name(code) for code in table.demands},
    }


@router.post("/complaints/route", auth=anyone, response={200: RouteOut, 404: Problem, 422: Problem})
def preview_route(request: HttpRequest, body: RouteIn) -> dict[str, Any]:
    """Preview before sending: addressee, rule, why, legal basis, deadline."""
    checked, found = filing.preview(actor=request.auth, filing=body.filing())
    return shapes.route(found, sphere=checked.sphere, template=checked.template)


@router.post(
    "/complaints",
    auth=anyone,
    response={201: FiledOut, 400: Problem, 403: Problem, 404: Problem, 409: Problem, 422: Problem, 429: Problem},
)
def file_complaint(request: HttpRequest, response: HttpResponse, body: ComplaintIn) -> Any:
    """File a complaint, signed in or as a visitor. Needs Idempotency-Key; the tracking code is shown here only."""
    answer = filing.file(
        actor=request.auth,
        filing=body.filing(),
        request=_once(request),
        address=get_adapter().get_client_ip(request),
    )
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
    return answer.status, answer.body


def _once(request: HttpRequest) -> idempotency.Request:
    key = request.headers.get("Idempotency-Key", "")
    if not key or len(key) > 255:
        raise BadRequest(_("Send an Idempotency-Key header of 1 to 255 characters."), code="idempotency_key_missing")
    return idempotency.request_of(
        user=request.auth, owner="visitor", key=key, action="complaint:file", body=request.body
    )


@router.get("/complaints", response={200: ComplaintList, 422: Problem})
def list_complaints(
    request: HttpRequest,
    status: str = Query("", description="States, with commas between them"),
    subject: str = "",
    page: int = Query(1, description="Of the first pages only; `next` goes on through any number of complaints"),
    place: str = Query("", alias="from", description="Where the page before ended: taken from its `next`"),
) -> dict[str, Any]:
    """Complaints the caller may see: open ones by their date, then open ones without, then ended ones, the latest first.

    Follow `next`: each page costs the same, and what moves meanwhile is not shown twice. `count` stops at 1000.
    """
    number = max(page, 1)
    if number * PAGE_SIZE > listing.COUNTED:
        message = _("Only the first %(pages)s pages have numbers. Follow the address in next instead.")
        raise Invalid([FieldError("page", "too_far", message % {"pages": listing.COUNTED // PAGE_SIZE})])
    if place and not listing.is_place(place):
        raise Invalid([FieldError("from", "unknown", _("This is no place in the list. Take it from next."))])
    table, asked = routing.table(), Asked(status=status, subject=subject)
    found = listing.page(request.auth, asked, place, number * PAGE_SIZE)
    query = request.GET.copy()
    query.pop("page", None)
    query["from"] = found.next
    return {
        "results": [shapes.row(complaint, table) for complaint in found.rows[(number - 1) * PAGE_SIZE :]],
        "next": request.build_absolute_uri(f"{request.path}?{query.urlencode()}") if found.next else None,
        "count": listing.COUNTED if found.more else found.count,
        "more_than_count": found.more,
    }


@router.get("/complaints/{number}", response={200: ComplaintOut, 404: Problem})
def read_complaint(request: HttpRequest, number: str) -> dict[str, Any]:
    """One complaint: timeline, whose turn it is, the due date and how it was computed, the steps allowed."""
    complaint = selectors.read(request.auth, number)
    return shapes.detail(
        request.auth, complaint, routing.table(complaint.rule_version), events.of_subject(f"complaint:{number}")
    )


@router.post(
    "/complaints/{number}/attachments", response={201: FileOut, 403: Problem, 404: Problem, 409: Problem, 422: Problem}
)
def attach(request: HttpRequest, number: str, file: File[UploadedFile]) -> Any:
    """Add a picture, paper or recording: without where it was made, pictures drawn anew."""
    stored = attachments.add(number=number, actor=request.auth, upload=file)
    return 201, {"id": str(stored.pk), "content_type": stored.content_type, "size": stored.size}


@router.put(
    "/complaints/{number}/attachments/{uuid:file_id}/transcript",
    response={200: ComplaintOut, 403: Problem, 404: Problem, 422: Problem},
)
def transcribe(request: HttpRequest, number: str, file_id: UUID, body: TranscriptIn) -> dict[str, Any]:
    """Write what a recording says, for those who cannot hear or see it: the person, or the state's side."""
    attachments.transcribe(number=number, file_id=file_id, actor=request.auth, text=body.text)
    return read_complaint(request, number)


@router.get("/reports/complaints", auth=anyone, by_alias=True, response={200: ReportOut, 409: Problem, 422: Problem})
@replica.may_read
def complaint_report(
    request: HttpRequest, first: str = Query("", alias="from"), to: str = "", region: str = ""
) -> dict[str, Any]:
    """Totals of a span of days (``from``, ``to``; this month when not given) and a region; they add up."""
    return reports.of_period(period_of(first, to), region_of(region))


@router.get("/reports/kpis", auth=anyone, by_alias=True, response={200: KpiList, 409: Problem, 422: Problem})
@replica.may_read
def indicators(
    request: HttpRequest, first: str = Query("", alias="from"), to: str = "", region: str = ""
) -> dict[str, Any]:
    """The indicators of a span of days and a region, each with its formula; counted from events. And why 1414 is called."""
    period, where = period_of(first, to), region_of(region)
    return {
        "first": period.first,
        "last": period.last,
        "region": where.pk if where else None,
        "results": kpis.of_period(period, where),
        "call_reasons": calls.reasons(period, where),
    }


def region_of(text: str) -> Region | None:
    """A region by code or short name. Raises Invalid."""
    if not text:
        return None
    found = regions.find(text)
    if found is None:
        raise Invalid([FieldError("region", "unknown", _("We do not know this region."))])
    return Region.objects.get(pk=found.code)


def period_of(first: str, last: str) -> reports.Period:
    """``2026-11-01``, or a month ``2026-11`` as its first or last day. Raises Invalid."""
    today = timezone.localdate()
    begin = _day("from", first, lambda month: month.first) or today.replace(day=1)
    end = _day("to", last, lambda month: month.last) or max(today, begin)
    if end < begin:
        raise Invalid([FieldError("to", "before_from", _("The last day must not be before the first."))])
    return reports.Period(begin, end)


def _day(name: str, text: str, of_month: Callable[[reports.Period], date]) -> date | None:
    if not text:
        return None
    try:
        if len(text) == 7:
            return of_month(reports.Period.month(date.fromisoformat(f"{text}-01")))
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid([FieldError(name, "date", _("Give a date like 2026-11-22."))]) from None
