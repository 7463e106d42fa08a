"""The API's shapes of complaints (contract section 3), as plain data; the pages show the same."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from complaints import attachments, selectors, templates
from complaints.models import Complaint
from complaints.routing import Route, Table, named
from complaints.selectors import Sight, Viewer
from complaints.states import COMPLAINT, HAPPENED, OUTCOME_DETAILS, PERSON, TURN_LABELS, WHOSE_TURN, Outcome
from marketplace import calendar
from marketplace.models import Authority, Event
from marketplace.rules import in_language
from orders.models import Line
from suppliers.models import Partner

BESIDE_TITLES = {
    "parallel_done": _("Another addressee told what it did"),
    "parallel_late": _("Another addressee did not answer in time"),
}
PASSED_ON_LATE = _("The person was told later than the rule allows")
_TITLES = dict(HAPPENED.values()) | BESIDE_TITLES
_TITLES |= {
    "measure_done": _("A measure is carried out"),
    "measure_late": _("An instruction was not carried out in time"),
    "fined": _("The supplier was fined"),
    "fine_paid": _("The fine was paid"),
    "fine_appealed": _("The fine was appealed against"),
}
_TITLES |= {"overdue": _("The state body is late"), "file_added": _("A file was added")}
_TITLES |= {"file.harmful": _("A file was removed: a scanner found something harmful")}
_TITLES |= {"transcribed": _("What a recording says was written down")}


def local(moment: datetime | None) -> str | None:
    """RFC 3339 with the offset of Kazakhstan."""
    return timezone.localtime(moment).isoformat() if moment else None


def addressee(complaint: Complaint) -> dict[str, str]:
    """Who has to answer now: a body once one has joined, else the supplier."""
    to = complaint.addressee_authority or complaint.addressee_supplier
    assert to is not None
    return named(to)


def line_title(line: Line) -> str:
    """The product's name in the active language; as it was ordered when the product is gone."""
    return str(line.product.title if line.product is not None else line.title)


def row(complaint: Complaint, table: Table) -> dict[str, Any]:
    """One line of a list: no text of the person."""
    return {
        "number": complaint.number,
        "status": complaint.status,
        "status_name": str(complaint.get_status_display()),
        "subject": complaint.subject,
        "subject_name": table.subject_name(complaint.subject),
        "sphere": complaint.sphere,
        "region": complaint.region_id,
        "priority": complaint.get_priority_display(),
        "addressee": addressee(complaint),
        "whose_turn": WHOSE_TURN.get(complaint.status),
        "filed_at": local(complaint.filed_at),
        "respond_by": complaint.respond_by,
        "due_at": local(complaint.due_at),
        "outcome": complaint.outcome or None,
    }


def detail(actor: Viewer, complaint: Complaint, table: Table, happened: Iterable[Event]) -> dict[str, Any]:
    """A complaint for one viewer: what the viewer may read, and the steps the viewer may take now."""
    seen = selectors.sight(actor, complaint)
    data = row(complaint, table) | {
        "due_explained": calendar.in_words(complaint.due_explained),
        "escalates_to": _body(complaint.escalates_to),
        "parallels": beside(complaint),
        "rule": complaint.rule,
        "channel": complaint.channel,
        "proposed_outcome": complaint.proposed_outcome or None,
        "outcome_detail": complaint.outcome_detail or None,
        "confirmed_by": complaint.confirmed_by or None,
        "confirmed_by_person": complaint.confirmed_by == "person",
        "returned_kzt": f"{complaint.returned_sum:.2f}",
        "duplicate_of": complaint.duplicate_of.number if complaint.duplicate_of else None,
        "timeline": timeline(complaint, happened, seen),
        "allowed": COMPLAINT.actions(complaint.status, selectors.parties(actor, complaint)),
    }
    if seen.texts:
        data |= {"answer": complaint.answer, "remedy": complaint.remedy, "decision": complaint.decision}
    if seen.story:
        data |= {
            "text": complaint.text,
            "demand": complaint.demand,
            "demand_name": table.demand_name(complaint.demand),
            "demands": [{"code": code, "name": table.demand_name(code)} for code in complaint.wanted],
            "template": complaint.template_id,
            "fields": answers(complaint, seen),
            "files": files(complaint, seen),
        }
    if seen.traces:
        data["order_line"] = complaint.order_line_id
    return data | person(complaint, seen)


def files(complaint: Complaint, seen: Sight) -> list[dict[str, Any]]:
    """Pictures and recordings; the address of each for whoever may open it, what recordings say for every reader."""
    return [
        {
            "id": str(stored.pk),
            "content_type": stored.content_type,
            "size": stored.size,
            "created_at": local(stored.created_at),
            "url": reverse("stored_file", args=[stored.pk]) if seen.traces else None,
            "transcript": stored.transcript,
        }
        for stored in attachments.of(complaint.number)
        if seen.traces or stored.is_recording
    ]


def enclosed(number: str) -> str:
    """What came with a complaint, in words for its papers; nothing when nothing did."""
    pictures, recordings = attachments.count(number)
    if not pictures and not recordings:
        return ""
    words = gettext("pictures: %(pictures)s; voice and video: %(recordings)s")
    return words % {"pictures": pictures, "recordings": recordings}


def beside(complaint: Complaint) -> list[dict[str, Any]]:
    """Who is addressed beside the addressee, why, until when, and whether it has told what it did."""
    rows = complaint.parallels.select_related("authority", "supplier").order_by("pk")
    return [
        {
            **named(row.addressee),
            "why": row.why,
            "why_name": str(row.get_why_display()),
            "respond_by": row.respond_by,
            "due_explained": calendar.in_words(row.due_explained),
            "late": row.late_at is not None,
            "done_at": local(row.done_at),
        }
        for row in rows
    ]


def _body(authority: Any) -> dict[str, str] | None:
    return {"code": authority.code, "name": authority.name} if authority else None


def person(complaint: Complaint, seen: Sight) -> dict[str, Any]:
    """Name and contact, as far as the viewer gets them."""
    data: dict[str, Any] = {}
    if seen.name:
        data["person"] = complaint.contact.get("name") or str(complaint.complainant or "")
    if seen.contact == "full":
        data["contact"] = complaint.contact
    elif seen.contact == "masked":
        data["contact"] = {"phone": masked(complaint.contact.get("phone", ""))}
    return data


def masked(phone: str) -> str:
    """``+77010000001`` → ``+7 ••• ••• 00 01``: enough to ask "does your number end in 00 01?"."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return f"+7 ••• ••• {digits[-4:-2]} {digits[-2:]}" if len(digits) >= 10 else ""


def answers(complaint: Complaint, seen: Sight) -> dict[str, Any]:
    """The answers to the template's questions, without those that name one delivery when the viewer gets no traces."""
    return {code: value for code, value in complaint.fields.items() if seen.traces or code not in templates.TRACES}


def timeline(complaint: Complaint, happened: Iterable[Event], seen: Sight) -> list[dict[str, Any]]:
    """What happened, oldest first; who did it is told as a role, never as a name."""

    def may_read(event: Event) -> bool:
        return seen.story if event.data.get("party") == PERSON else seen.texts

    happened = list(happened)
    names = _names(event.data for event in happened)
    return [
        {
            "at": local(event.at),
            "kind": event.kind,
            "title": str(_TITLES.get(event.kind.removeprefix("complaint."), event.kind)),
            "by": event.data.get("party", "clock"),
            "by_name": str(TURN_LABELS.get(event.data.get("party", "clock"), "")),
            "before": event.before,
            "after": event.after,
            "reason": event.reason if may_read(event) else "",
            "text": complaint.texts.get(str(event.pk), "") if may_read(event) else "",
            "respond_by": event.data.get("respond_by"),
            "to": names.get(_named_code(event.data), ""),
            "note": str(PASSED_ON_LATE) if event.data.get("told_in_time") is False else "",
        }
        for event in happened
    ]


def _named_code(data: dict[str, Any]) -> str:
    """Whose name belongs to a step: who got the case, to whom it was handed over, who told what it did."""
    return str(data.get("handed_to") or data.get("to") or data.get("authority") or "")


def _names(steps: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Names of the bodies and suppliers of several steps, by code."""
    codes = {_named_code(data) for data in steps} - {""}
    if not codes:
        return {}
    bodies = {body.code: body.name for body in Authority.objects.filter(code__in=codes)}
    shops = Partner.objects.filter(code__in=codes - set(bodies)) if codes - set(bodies) else []
    return bodies | {shop.code: shop.name for shop in shops}


def also(found: Route) -> list[dict[str, Any]]:
    """Who else is addressed by a route: why, by which rule and law, until when. Dates as texts: receipts are stored."""
    return [
        {
            **one.addressee,
            "why": str(one.why),
            "why_name": one.why_label,
            "rule": found.rule,
            "legal_basis": found.legal_basis,
            "respond_by": one.deadline.respond_by.isoformat() if one.deadline else None,
            "due_explained": calendar.in_words(one.deadline.explained) if one.deadline else "",
        }
        for one in found.parallels
    ]


def route(found: Route, *, sphere: str, template: Any) -> dict[str, Any]:
    """The preview: who gets the complaint, why, by which rule and law, until when, and where the result will be."""
    return {
        "addressee": found.addressee,
        "rule": found.rule,
        "version": found.version,
        "why": found.why,
        "notes": found.notes,
        "legal_basis": found.legal_basis,
        "escalates_to": _body(found.escalates_to),
        "joins": [_body(body) for body in found.joins],
        "above": _body(found.above),
        "informed": [_body(body) for body in found.informed],
        "parallels": also(found),
        "region": found.region.pk,
        "priority": found.priority,
        "hide_name": found.hide_name,
        "sphere": sphere,
        "template": template.code if template else None,
        "respond_by": found.deadline.respond_by,
        "due_at": local(found.deadline.due_at),
        "due_explained": calendar.in_words(found.deadline.explained),
        "deadline": {
            "respond_by": found.deadline.respond_by,
            "due_at": local(found.deadline.due_at),
            "explained": calendar.in_words(found.deadline.explained),
            "rule": found.deadline.rule,
        },
    }


def template(found: Any) -> dict[str, Any]:
    """A typical form with its questions in the active language."""
    return {
        "code": found.code,
        "title": in_language(found.title),
        "titles": found.title,
        "subjects": found.subjects,
        "spheres": found.spheres,
        "fields": [
            {
                "code": question.code,
                "kind": question.kind,
                "label": question.label,
                "choices": [{"code": code, "label": label} for code, label in question.choices],
                "required": False,
            }
            for question in templates.questions(found)
        ],
    }


def outcome_name(outcome: str, detail: str = "") -> str:
    """``Satisfied: By the supplier`` in words."""
    if not outcome:
        return ""
    kind = OUTCOME_DETAILS[Outcome(outcome)].get(detail)
    return f"{Outcome(outcome).label}: {kind}" if kind else str(Outcome(outcome).label)
