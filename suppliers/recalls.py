"""A lot is called back: by its supplier, or by the state with the law it goes by (domain F50, moonshot 19).

Who has the goods is the orders' matter: they hear ``supplier.lot_recalled`` and tell every holder.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from marketplace import access, events, outbox
from marketplace.errors import DomainError, FieldError, Forbidden, Invalid, NotFound
from marketplace.models import Role, User
from marketplace.page_changes import KeptUntilChange
from marketplace.time import database_now
from suppliers import standing
from suppliers.models import LotRecall, StockRecord
from suppliers.selectors import own_supplier
from suppliers.states import RECALL
from suppliers.written import MAX_TEXT

TOPIC = "supplier.lot_recalled"
# What everybody reads, in both languages of the state: holders must not wait for a translation.
TEXTS = ("reason_kk", "reason_ru", "what_to_do_kk", "what_to_do_ru")
LONGEST_LOT = 80


class RunsAlready(DomainError):
    code = "recall_runs"
    message = _("This lot is called back already.")


def announce(
    *,
    product: int | None,
    lot: str,
    texts: Mapping[str, str],
    legal_basis: str,
    actor: User,
    supplier: str = "",
    now: datetime | None = None,
) -> LotRecall:
    """Call a lot back: a supplier its own (``supplier`` is not asked), the ministry any supplier's, on a legal basis.

    ``texts`` has the keys of ``TEXTS``. Raises Forbidden, NotFound (no such supplier), Invalid, RunsAlready.
    """
    access.require_role(actor, Role.SUPPLIER, Role.REVIEWER)
    by_state = actor.role == Role.REVIEWER
    code = supplier if by_state else own_supplier(actor).code
    named = " ".join(lot.split())
    with transaction.atomic(durable=True):
        # The supplier's lock makes two who call the same lot back wait for each other.
        errors = _text_errors(texts, legal_basis, by_state) + _lot_errors(named)
        if not code:
            raise Invalid([FieldError("supplier", "required", _("Choose the supplier.")), *errors])
        partner = standing.locked(code)
        offer = StockRecord.objects.filter(partner=partner, product=product).select_related("product").first()
        if offer is None:
            errors.append(FieldError("product", "unknown", _("This supplier has no such product.")))
        if offer is None or errors:
            raise Invalid(errors)
        running = LotRecall.objects.filter(partner=partner, product=offer.product_id, lot__iexact=named)
        if found := running.filter(status=LotRecall.Status.RUNNING).first():
            raise RunsAlready(recall=found.pk)
        recall = LotRecall.objects.create(
            partner=partner, product=offer.product, lot=named, legal_basis=legal_basis.strip(), by_state=by_state,
            opened_by=actor, opened_at=now or database_now(), **{name: texts[name].strip() for name in TEXTS},
        )  # fmt: skip
        events.record(
            kind=TOPIC, subject=f"recall:{recall.pk}", actor=actor, after=recall.status, reason=recall.reason_ru,
            data={"supplier": partner.code, "product": offer.product_id, "lot": named}, at=recall.opened_at,
        )  # fmt: skip
        outbox.add(TOPIC, str(recall.pk))
    return recall


def close(*, recall: LotRecall, actor: User, result: str, now: datetime) -> None:
    """End it, inside the transaction of who counted the holders; ``recall`` is locked. Raises Forbidden, IllegalStep."""
    if recall.by_state and actor.role != Role.REVIEWER:
        raise Forbidden(_("The ministry called this lot back. The ministry ends it."))
    before = recall.status
    step = RECALL.find("close", before, ["ministry" if actor.role == Role.REVIEWER else "supplier"])
    RECALL.take(
        LotRecall.objects.filter(pk=recall.pk), step, before, closed_at=now, closed_by=actor, result=result
    )  # fmt: skip
    recall.refresh_from_db()
    events.record(
        kind="supplier.lot_recall_closed", subject=f"recall:{recall.pk}", actor=actor, before=before,
        after=recall.status, reason=result, at=now,
    )  # fmt: skip


# --- Who sees which -----------------------------------------------------------------------------


def public() -> QuerySet[LotRecall]:
    """Every recall, those that run first: for everybody to read."""
    return LotRecall.objects.select_related("partner", "product").order_by("-status", "-opened_at", "-pk")


def get(recall_id: int) -> LotRecall:
    """One of them. Raises NotFound."""
    found = public().filter(pk=recall_id).first()
    if found is None:
        raise NotFound
    return found


def of_product(product_id: int) -> list[LotRecall]:
    """Recalls of a product that run. One query."""
    return list(public().filter(product=product_id, status=LotRecall.Status.RUNNING))


_called_back = KeptUntilChange(
    lambda: frozenset(LotRecall.objects.filter(status=LotRecall.Status.RUNNING).values_list("product_id", flat=True))
)


def on_page_of(product_id: int) -> list[LotRecall]:
    """The same for the product's page: no query for the many products of which nothing is called back."""
    return of_product(product_id) if product_id in _called_back.get() else []


def managed(actor: User) -> QuerySet[LotRecall]:
    """Recalls whose progress the actor follows: all for the ministry and the auditor, its own for a supplier."""
    if actor.is_authenticated and actor.role in {Role.REVIEWER, Role.AUDITOR}:
        return public()
    if actor.is_authenticated and actor.role == Role.SUPPLIER:
        return public().filter(partner__users=actor)
    return LotRecall.objects.none()


def called_back(lots: Iterable[tuple[int, int | None, str]]) -> list[LotRecall]:
    """Running recalls among these (supplier, product, lot): such goods must not be handed over. One query."""
    wanted = Q(pk=None)
    for supplier, product, lot in lots:
        wanted |= Q(partner=supplier, product=product, lot__iexact=lot)
    return list(LotRecall.objects.filter(wanted, status=LotRecall.Status.RUNNING))


def _lot_errors(lot: str) -> list[FieldError]:
    if not lot:
        return [FieldError("lot", "required", _("Give the lot or serial number, as it stands on the label."))]
    if len(lot) > LONGEST_LOT:
        return [FieldError("lot", "too_long", _("Write at most 80 characters."))]
    return []


def _text_errors(texts: Mapping[str, Any], legal_basis: str, by_state: bool) -> list[FieldError]:
    errors = []
    for name in TEXTS:
        text = str(texts.get(name, "")).strip()
        if not text:
            message = _("Write why.") if name.startswith("reason") else _("Write what people have to do.")
            errors.append(FieldError(name, "required", message))
        elif len(text) > MAX_TEXT:
            errors.append(FieldError(name, "too_long", _("Write at most 4,000 characters.")))
    if by_state and not legal_basis.strip():
        errors.append(FieldError("legal_basis", "required", _("Name the law and the article.")))
    elif len(legal_basis.strip()) > standing.MAX_BASIS:
        errors.append(FieldError("legal_basis", "too_long", _("Write at most 300 characters.")))
    return errors
