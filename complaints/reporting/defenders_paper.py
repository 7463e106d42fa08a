"""The directory of defenders as a paper to hang up or to give away: names, numbers, hours, the last month's record."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints.reporting.defenders import Defender, Directory
from marketplace import formats
from marketplace.models import Region

TEMPLATE = Path(__file__).parents[1] / "data" / "defenders.typ"


def pdf(found: Directory, *, region: Region | None, sphere: str, now: datetime) -> bytes:
    """The paper in the active language; ``sphere`` is the name of the matter, empty for all."""
    page = words(found, region=region, sphere=sphere, now=now)
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=[],
        ignore_system_fonts=True,
        sys_inputs={"page": json.dumps(page, ensure_ascii=False)},
    )


def words(found: Directory, *, region: Region | None, sphere: str, now: datetime) -> dict[str, Any]:
    """Every text of the paper, in the active language."""
    country = {
        "name": _("For the whole country"),
        "bodies": [_body(item) for item in found.national],
        "none": _("There is no such body for the whole country."),
    }
    local = {
        "name": region.name if region else "",
        "bodies": [_body(item) for item in found.local],
        "none": _("There is no such body in this region. Look below."),
    }
    return {
        "language": (get_language() or "kk")[:2],
        "title": _("Who protects your rights"),
        "chosen": f"{_('What is it about?')} {sphere or _('Everything')}",
        "parts": [local, country] if region else [country],
        "address": f"{settings.PORTAL_URL}{reverse('complaints:defenders')}",
        "made": _("Made %(moment)s") % {"moment": formats.datetime_short(now)},
        "demo": _("Demonstration: this paper has no legal force.") if settings.DEMO else "",
    }


def _body(item: Defender) -> dict[str, Any]:
    contacts = item.body.contacts
    lines = [
        f"{_('Phone:')} {contacts['phone']}" if contacts.get("phone") else "",
        f"{_('E-mail:')} {contacts['email']}" if contacts.get("email") else "",
        f"{_('Open:')} {item.body.hours}" if item.body.hours else "",
        item.record,
    ]
    return {"name": item.body.name, "lines": [line for line in lines if line]}
