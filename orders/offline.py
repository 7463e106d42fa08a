"""The application without a server: every step's words and boxes, nobody's data."""

from typing import Any

from django.utils.translation import gettext as _

from marketplace import offline
from orders import draft_fields
from orders.forms import ConsentForm, ContactForm, DeliveryForm, GoodsForm

# What the page's script puts the key of a line in place of.
ANY_LINE = "__key__"


def _context() -> dict[str, Any]:
    return {
        "schema": draft_fields.SCHEMA,
        "steps": [
            {"name": "goods", "title": _("Goods"), "next": "delivery/", "form": GoodsForm(lines={ANY_LINE: []})},
            {"name": "delivery", "title": _("Delivery"), "next": "contact/", "form": DeliveryForm()},
            {"name": "contact", "title": _("Contact"), "next": "check/", "form": ContactForm()},
            {"name": "consent", "title": _("Consent of the person"), "next": "check/", "form": ConsentForm()},
        ],
    }


offline.register(
    offline.Shell(
        name="application",
        address=f"applications/{offline.UUID}/",
        template="offline/application.html",
        context=_context,
    )
)
