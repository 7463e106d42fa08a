"""Electronic signatures under an order and its act: nobody has to, and whoever does can be held to exactly what stood there.

What is signed is the canonical form of a snapshot, shown in words before; who signed is compared with whom the account
belongs to (IIN), or with the supplier (BIN, an entrepreneur's IIN). Verified again at any time, at the moment of signing:
a signature holds no longer when it, what it stands under, or the order itself was changed.
"""

import base64
import hmac
from typing import Any

from cryptography.exceptions import InvalidTag
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace import crypto, events, rotation, signatures
from marketplace.errors import Changed, DomainError, Forbidden, NotFound
from marketplace.models import PersonRecord, User
from marketplace.signatures import BadSignature, Signer, Usage
from orders import act, selectors
from orders.models import Act, Order, PaperSignature

LANGUAGES = ("kk", "ru")
Paper, Side = PaperSignature.Paper, PaperSignature.Side
# Who may sign what: the supplier learns the person's name no sooner than by the act.
SIDES = {Paper.ORDER: {Side.OWNER}, Paper.ACT: {Side.OWNER, Side.SUPPLIER}}


class SignedAlready(DomainError):
    code = "signed_already"
    message = _("This paper has your signature already.")


class NotYours(DomainError):
    """The certificate is good and of somebody else."""

    status = 403
    code = "not_your_signature"
    message = _("This is another person’s key. Sign with your own, with the IIN of this account.")


class NotOfSupplier(NotYours):
    code = "not_the_suppliers_signature"
    message = _("The certificate is not of this supplier. Sign with a key that names its BIN.")


def side_of(actor: User, order: Order, paper: str) -> str | None:
    """As which side the actor may sign the paper of an order that she sees; None for nobody's."""
    held = selectors.parties(actor, order)
    return next((side for side in SIDES.get(Paper(paper), ()) if side in held), None)


def content_of(order: Order, paper: str) -> dict[str, Any]:
    """What the paper says now. Raises NotFound for an act that is not drawn up yet."""
    if paper == Paper.ACT:
        found = Act.objects.filter(order=order).first()
        if found is None:
            raise NotFound
        return dict(found.snapshot)
    lines = list(order.lines.order_by("pk"))
    return {
        "order": order.number,
        "supplier": {"name": lines[0].partner_name if lines else "", "bin": order.partner.bin or ""},
        "person": order.contact_name,
        "region": {code: getattr(order.region, f"name_{code}") for code in LANGUAGES},
        "address": order.delivery_address,
        "placed_on": timezone.localdate(order.date_placed).isoformat(),
        "lines": [
            {
                "title": dict.fromkeys(LANGUAGES, line.title),
                "quantity": line.quantity,
                "pack_size": line.pack_size,
                "units": line.units,
                "unit": line.entitlement.unit if line.entitlement else "piece",
                "price": str(line.line_price_incl_tax),
                "state_pays": str(line.state_pays),
                "you_pay": str(line.you_pay),
            }
            for line in order.lines.select_related("entitlement").order_by("pk")
        ],
        # An order of before this was kept was signed without it.
        **({"delivery": order.delivery.as_data} if order.shipping_code else {}),
        "total": str(order.total_incl_tax),
        "state_pays": str(order.state_pays),
        "you_pay": str(order.you_pay),
        "signed": order.snapshot_hash,
    }


def sign(*, number: str, paper: str, actor: User, cms: bytes, seen: str) -> PaperSignature:
    """Keep the actor's signature under what she saw (``seen``: its digest).

    Raises NotFound, Forbidden, Changed (it says something else by now), SignedAlready, BadSignature, VerifierAway,
    NotYours.
    """
    order = selectors.get(actor, number)
    side = side_of(actor, order, paper)
    if side is None:
        raise Forbidden
    content = content_of(order, paper)
    if act.digest(content) != seen:
        raise Changed
    now = timezone.now()
    # Outside of the transaction: it may ask a service, and holds no lock meanwhile.
    signer = signatures.verifier().verify(cms=cms, content=act.canonical(content), usage=Usage.SIGN, at=now)
    _check_who(signer, actor, order, side)
    try:
        with transaction.atomic(durable=True):
            locked = Order.objects.select_for_update().get(pk=order.pk)
            if act.digest(content_of(locked, paper)) != seen:
                raise Changed
            row = PaperSignature.objects.create(
                order=locked,
                paper=paper,
                side=side,
                content=content,
                digest=seen,
                signer=signer.name[:200],
                certificate=signer.serial[:64],
                signed_at=now,
                signed_by=actor,
            )
            row.cms_encrypted = crypto.encrypt(base64.b64encode(cms).decode(), bound_to=_bound_to(row))
            row.save(update_fields=["cms_encrypted"])
            events.record(
                kind="order.paper_signed",
                subject=f"order:{number}",
                actor=actor,
                on_behalf_of=order.user,
                data={"paper": paper, "side": side, "digest": seen},
                at=now,
            )
    except IntegrityError:
        raise SignedAlready from None
    return row


def problems(row: PaperSignature) -> list[str]:
    """Why the signature holds no longer: ``signature``, ``content`` (of the row), ``changed`` (the order or act since).

    Raises VerifierAway when it cannot be checked.
    """
    found = []
    try:
        cms = base64.b64decode(crypto.decrypt(bytes(row.cms_encrypted or b""), bound_to=_bound_to(row)))
        verifier = signatures.verifier()
        verifier.verify(cms=cms, content=act.canonical(row.content), usage=Usage.SIGN, at=row.signed_at)
    except (BadSignature, InvalidTag, ValueError, KeyError):
        found.append("signature")
    if act.digest(row.content) != row.digest:
        found.append("content")
    if is_changed(row):
        found.append("changed")
    return found


def is_changed(row: PaperSignature) -> bool:
    """Does the paper say something else now than what was signed?"""
    return act.canonical(content_of(row.order, row.paper)) != act.canonical(row.content)


def of_order(order: Order, paper: str = "") -> list[dict[str, Any]]:
    """Signatures under the order's papers, or under one of them, for its page: the act's for a supplier.

    The person's name stands in the other one, which a supplier may not know yet.
    """
    rows = [row for row in order.signatures.all() if paper in {"", row.paper}]
    return [{"row": row, "changed": is_changed(row)} for row in rows]


def papers_to_sign(actor: User, order: Order) -> list[str]:
    """Papers of an order that the actor may sign now and has not signed."""
    if not signatures.available():
        return []
    signed = {(row.paper, row.side) for row in order.signatures.all()}
    drawn_up = {Paper.ORDER: True, Paper.ACT: Act.objects.filter(order=order).exists()}
    sides = {paper: side_of(actor, order, paper) for paper in Paper}
    return [
        paper for paper in Paper if drawn_up[paper] and sides[paper] is not None and (paper, sides[paper]) not in signed
    ]


def _check_who(signer: Signer, actor: User, order: Order, side: str) -> None:
    if side == Side.SUPPLIER:
        partner = order.partner
        by_bin = bool(partner.bin) and hmac.compare_digest(signer.bin, partner.bin or "")
        by_iin = bool(partner.iin_index) and _same_person(signer.iin, partner.iin_index)
        if not by_bin and not by_iin:
            raise NotOfSupplier
        return
    index = PersonRecord.objects.filter(user=actor).values_list("iin_index", flat=True).first()
    if not _same_person(signer.iin, index):
        raise NotYours


def _same_person(iin: str, index: bytes | memoryview | None) -> bool:
    known = bytes(index or b"")
    return bool(known) and any(hmac.compare_digest(one, known) for one in crypto.blind_indexes(iin))


def _bound_to(row: PaperSignature) -> str:
    return f"order_papersignature.cms:{row.pk}"


def _renew(row: PaperSignature) -> dict[str, Any]:
    _text, value = rotation.value_of(row.cms_encrypted or b"", _bound_to(row))
    return {"cms_encrypted": value} if value else {}


rotation.register("signatures", lambda: PaperSignature.objects.exclude(cms_encrypted=None), _renew)
