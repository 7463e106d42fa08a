"""The acceptance act: a frozen snapshot, signed by the person at acceptance and then by the supplier.

The PDF is made from the snapshot alone (typst, fonts inside its wheel), so it never changes; names of
products stand in Kazakh and Russian. The act carries no identity number and no diagnosis.
"""

import hashlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import typst
from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace import formats
from orders.models import Act, Line
from orders.steps import Turn
from suppliers import delivery

TEMPLATE = Path(__file__).parent / "data" / "act.typ"
LANGUAGES = ("kk", "ru")


def draw_up(now: Turn, remarks: str) -> Act:
    """Freeze what was accepted and sign it by the person. Call it inside the acceptance's transaction."""
    content = snapshot(now, remarks)
    return Act.objects.create(
        order=now.order,
        number=f"T-{now.order.number}",
        snapshot=content,
        digest=digest(content),
        person_signed_at=now.now,
        person_signed_by=now.person,
    )


def sign_by_supplier(now: Turn) -> None:
    """The supplier's signature under the same content."""
    Act.objects.filter(order=now.order).update(supplier_signed_at=now.now, supplier_signed_by=now.person)


def digest(content: dict[str, Any]) -> str:
    """SHA-256 of the content in its canonical form."""
    return hashlib.sha256(canonical(content)).hexdigest()


def canonical(content: dict[str, Any]) -> bytes:
    """The bytes that stand for the content: what is digested and what is signed."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True).encode()


def snapshot(now: Turn, remarks: str) -> dict[str, Any]:
    """What both sides sign, as plain data: sums as text, instants in RFC 3339."""
    order = now.order
    delivered = order.deliveries.filter(outcome="delivered").order_by("attempt").last()
    return {
        "order": order.number,
        "supplier": {
            "name": order.partner.name,
            "bin": order.partner.bin or "",
            # Of an entrepreneur, who has no BIN: the last digits alone.
            **({"iin": shown} if (shown := order.partner.iin_shown) else {}),
            "address": order.partner.address,
        },
        "person": str(order.user),
        "accepted_by": str(now.person),
        "region": {code: getattr(order.region, f"name_{code}") for code in LANGUAGES},
        "address": order.delivery_address,
        "placed_on": timezone.localdate(order.date_placed).isoformat(),
        "delivered_at": delivered.at.isoformat() if delivered else None,
        "code_checked": bool(delivered and delivered.code_checked),
        "accepted_at": now.now.isoformat(),
        "lines": [_line(line) for line in order.lines.select_related("product").order_by("pk")],
        # Oscar's columns of an order of before this was kept say nothing of it.
        **({"delivery": order.delivery.as_data} if order.shipping_code else {}),
        "total": str(order.total_incl_tax),
        "state_pays": str(order.state_pays),
        "you_pay": str(order.you_pay),
        "remarks": remarks,
        "signed": order.snapshot_hash,
    }


def _line(line: Line) -> dict[str, Any]:
    titles = {code: getattr(line.product, f"title_{code}", None) or line.title for code in LANGUAGES}
    return {
        "title": titles,
        "quantity": line.quantity,
        "pack_size": line.pack_size,
        "units": line.units,
        "unit": line.entitlement.unit if line.entitlement else "piece",
        "price": str(line.line_price_incl_tax),
        "state_pays": str(line.state_pays),
        "you_pay": str(line.you_pay),
        "lot": line.lot,
        "warranty_months": line.warranty_months,
    }


def pdf(act: Act) -> bytes:
    """The act on paper: one page in Kazakh, one in Russian, with both signatures and the digest."""
    pages = []
    for code in LANGUAGES:
        with translation.override(code):
            pages.append(_page(act, code))
    return typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=[],
        ignore_system_fonts=True,
        sys_inputs={"pages": json.dumps(pages, ensure_ascii=False)},
    )


def _page(act: Act, code: str) -> dict[str, Any]:
    content = act.snapshot
    sums = [(_("The state pays"), "state_pays"), (_("The person pays"), "you_pay")]
    brought = delivery.of_data(content)
    return {
        "language": code,
        "title": _("Acceptance act No. %(number)s") % {"number": act.number},
        "facts": [
            [_("Order"), content["order"]],
            [_("Supplier"), ", ".join(filter(None, [content["supplier"]["name"], content["supplier"]["address"]]))],
            # An act of before entrepreneurs could sell says nothing of an IIN.
            [_("IIN"), iin] if (iin := content["supplier"].get("iin")) else [_("BIN"), content["supplier"]["bin"]],
            [_("For whom"), content["person"]],
            [_("Accepted by"), content["accepted_by"]],
            [_("Delivery address"), f"{content['region'].get(code) or ''}, {content['address']}"],
            [_("Handed over"), _moment(content["delivered_at"], code)],
            [_("Code of the person"), _("checked") if content["code_checked"] else _("not checked")],
        ],
        "head": [_("Product"), _("Quantity"), _("Lot or serial number"), _("Price"), _("The state pays")],
        "lines": [
            [
                line["title"].get(code) or "",
                formats.packs(line["quantity"], line["pack_size"], line["unit"]),
                line["lot"] or "–",
                formats.money(line["price"], code),
                formats.money(line["state_pays"], code),
            ]
            for line in content["lines"]
        ],
        "sums": [
            [_("Price with delivery") if brought.price else _("Price"), formats.money(content["total"], code)],
            *(
                [[_("Of it delivery, paid to the supplier"), formats.money(brought.price, code)]]
                if brought.price
                else []
            ),
            *([label, formats.money(content[key], code)] for label, key in sums),
        ],
        "delivery": brought.words,
        "remarks": [_("Remarks"), content["remarks"]] if content["remarks"] else [],
        "signatures": [
            [_("Signed by the person"), content["accepted_by"], formats.datetime_short(act.person_signed_at, code)],
            [
                _("Signed by the supplier"),
                str(act.supplier_signed_by) if act.supplier_signed_by else "",
                formats.datetime_short(act.supplier_signed_at, code) if act.supplier_signed_at else _("not yet signed"),
            ],
        ],
        "digest": _("SHA-256 of the content: %(digest)s") % {"digest": act.digest},
        "demo": _("Demonstration: this paper has no legal force.") if settings.DEMO else "",
    }


def _moment(text: str | None, code: str) -> str:
    return formats.datetime_short(datetime.fromisoformat(text), code) if text else "–"
