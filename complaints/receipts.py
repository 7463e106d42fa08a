"""The paper of a deadline: the same sheet for the person, the supplier and the body, and nothing personal on it.

Whoever holds it can show until when whom owes an answer, and how that date was computed.
"""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints import routing, shapes
from complaints.models import Complaint
from marketplace import calendar, events, formats
from marketplace.models import Event
from marketplace.rules import in_language
from suppliers import qr

TEMPLATE = Path(__file__).parent / "data" / "receipt.typ"


def pdf(complaint: Complaint, *, now: datetime) -> bytes:
    """The receipt in the active language. Read the complaint through its selector first."""
    page = words(complaint, now=now)
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=[],
        ignore_system_fonts=True,
        sys_inputs={
            "page": json.dumps(page, ensure_ascii=False),
            "code": qr.drawn(page["address"], page["title"]).decode(),
        },
    )


def words(complaint: Complaint, *, now: datetime) -> dict[str, Any]:
    """Every text of the paper, in the active language."""
    language = (get_language() or "kk")[:2]
    return {
        "language": language,
        "title": _("Complaint %(number)s") % {"number": complaint.number},
        "rows": [[str(label), str(value)] for label, value in _rows(complaint)],
        "scan": _("See how it goes: scan the code and enter the tracking code. It stands on no paper."),
        "address": f"{settings.PORTAL_URL}{reverse('complaints:track')}?number={complaint.number}",
        "digest_label": _("Digest of the entry of the filing in the log (SHA-256)"),
        "digest": digest(complaint),
        "made": _("Made %(moment)s") % {"moment": formats.datetime_short(now)},
        "demo": _("Demonstration: this paper has no legal force.") if settings.DEMO else "",
    }


def digest(complaint: Complaint) -> str:
    """SHA-256 of the event that registered the case, as the audit chain computes it."""
    filed = Event.objects.filter(subject=f"complaint:{complaint.number}", kind="complaint.filed").order_by("pk")[:1]
    return events.digest_of(iter(filed), events.GENESIS)[0]


def _rows(complaint: Complaint) -> list[tuple[Any, Any]]:
    table = routing.table(complaint.rule_version)
    basis = next((row["legal_basis"] for row in table.rows if row["rule"] == complaint.rule), None)
    explained = complaint.due_explained
    rows = [
        (_("What is wrong"), table.subject_name(complaint.subject)),
        (_("What it is about"), table.sphere_name(complaint.sphere)),
        (_("Filed"), formats.datetime_short(complaint.filed_at)),
        (_("Addressed to"), shapes.addressee(complaint)["name"]),
        (_("Rule"), f"{complaint.rule}. {in_language(basis)}".strip()),
        (_("State"), complaint.get_status_display()),
    ]
    if enclosed := shapes.enclosed(complaint.number):
        rows.append((_("With it"), enclosed))
    if complaint.respond_by:
        off = [f"{date.fromisoformat(day['day']):%d.%m.%Y}" for day in explained.get("skipped", [])]
        rows += [
            (_("Answer by"), formats.date_long(complaint.respond_by)),
            (_("How the date was computed"), calendar.in_words(explained)),
            (_("Days off that were skipped"), ", ".join(off) or _("none")),
        ]
    if complaint.outcome:
        rows.append((_("Outcome"), shapes.outcome_name(complaint.outcome, complaint.outcome_detail)))
    return rows
