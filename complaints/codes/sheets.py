"""The sheet to hang on a wall: the code, whose it is, what to do in three steps, and where it must lead.

The portal's own address stands on it in words: a sticker glued over the code leads somewhere else, and
the reader can tell.
"""

import json
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from complaints.codes.subjects import Subject
from suppliers import qr

TEMPLATE = Path(__file__).parents[1] / "data" / "code_sheet.typ"
LANGUAGES = ("kk", "ru")
CONTENT_TYPES = {"svg": "image/svg+xml", "pdf": "application/pdf"}


def render(subject: Subject, kind: str) -> bytes:
    """The code alone as ``svg``, or the sheet as ``pdf``: a page in Kazakh and one in Russian."""
    return qr.svg(subject.token, subject.name) if kind == "svg" else _pdf(subject)


def _pdf(subject: Subject) -> bytes:
    pages = []
    for code in LANGUAGES:
        with translation.override(code):
            pages.append(page_of(subject, code))
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=[],
        ignore_system_fonts=True,
        sys_inputs={
            "pages": json.dumps(pages, ensure_ascii=False),
            "code": qr.svg(subject.token, subject.name).decode(),
        },
    )


def page_of(subject: Subject, code: str) -> dict[str, Any]:
    """The texts of one page, in the active language."""
    where = settings.PORTAL_URL.partition("://")[2]
    return {
        "language": code,
        "title": _("Say what you think, or complain"),
        "kind": subject.title,
        "name": subject.name,
        "detail": subject.detail,
        "steps": [
            _("Point the camera of your phone at the code and open the address."),
            _("Choose: give a mark, or complain to the seller, a consumer association or a state body."),
            _("Write in your own words and press the button. You need no account."),
        ],
        "address": _("The address on your phone must begin with: %(address)s") % {"address": f"{where}/q/"},
        "warning": _("If another address opens, somebody glued a sticker over the code. Close it and call 1414."),
        "typed": _("No camera? Type this address: %(address)s") % {"address": f"{where}/q/{subject.token}"},
        "demo": _("Demonstration: this paper has no legal force.") if settings.DEMO else "",
    }
