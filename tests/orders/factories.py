"""People, programme lines, offers, drafts and orders for the tests of orders. Named people, literal dates."""

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from catalog.models import Product, ProductClass
from marketplace import idempotency, loading
from marketplace.drafts import saving
from marketplace.models import Draft, PersonRecord, User
from orders import entitlements, submission
from orders.entitlements import ProgrammeLine
from orders.models import Entitlement, Order
from suppliers.models import Partner, StockRecord
from tests import country, factories
from tests.factories import make_caseworker, make_user  # noqa: F401  used as make.make_user

ADDRESS = "Өскемен қ., Қабанбай батыр көшесі, 0-үй, 45-пәтер"


def make_ground() -> None:
    """Master data as an installation has it: regions, offices, holidays, rules."""
    country.settle(loading.load_all)


def make_person(username: str = "marat", **more: Any) -> User:
    """A beneficiary with a phone and an address."""
    user = factories.make_person(username, **({"phone": "+77000000011"} | more))
    PersonRecord.objects.filter(user=user).update(address=ADDRESS)
    return user


def make_guardian(username: str = "aigul", *wards: User, **more: Any) -> User:
    guardian = factories.make_guardian(username, wards, **more)
    guardian.phone = "+77000000011"
    guardian.save(update_fields=["phone"])
    return guardian


def make_type(code: str = "child-diapers", **more: Any) -> ProductClass:
    """A type of consumables, unless said otherwise."""
    return factories.make_type(code, attributes={}, **({"sphere": "consumable", "iso_code": "09 30"} | more))


def make_product(product_type: ProductClass, title: str = "Бала жөргегі") -> Product:
    return factories.make_product(product_type, title)


def make_supplier(code: str = "jarqyn-med", login: str = "") -> Partner:
    return factories.make_supplier(code, login=login)


def make_offer(product: Product, partner: Partner, **more: Any) -> StockRecord:
    """40 packs of 30 at 5700 KZT, delivered to two regions, unless said otherwise."""
    defaults = {"price": "5700.00", "pack_size": 30, "stock": 40, "regions": ["KZ-63", "KZ-79"], "lead_days": 5}
    return factories.make_offer(product, partner, **(defaults | more))


def make_entitlement(person: User, product_type: ProductClass, **more: Any) -> Entitlement:
    """1460 pieces a year as 365 a quarter at 190 KZT a piece, unless said otherwise."""
    defaults: dict[str, Any] = {
        "norm": 1460,
        "period": "year",
        "guaranteed_unit_sum": Decimal("190.00"),
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2029, 12, 31),
        "source": f"T-{person.username}",
    }
    line = ProgrammeLine(product_type=product_type.code, **(defaults | more))
    return entitlements.import_line(beneficiary_id=person.pk, line=line)


def save(draft_id: uuid.UUID, actor: User, fields: dict[str, Any], *, base: int = 99, **more: Any) -> saving.Receipt:
    """One save as a device would send it; ``base`` 99 overwrites whatever is there."""
    ops = [saving.Op(name, value, base, number) for number, (name, value) in enumerate(fields.items())]
    return saving.save(
        draft_id=draft_id,
        actor=actor,
        key=uuid.uuid4().hex,
        body=json.dumps(fields, default=str).encode(),
        device=f"device-{actor.username}",
        ops=ops,
        **more,
    )


def fields_for(*lines: tuple[Entitlement, StockRecord, int], **more: Any) -> dict[str, Any]:
    """A complete set of answers; lines get the keys a, b, c."""
    fields: dict[str, Any] = {
        "contact.name": "Айгүл Нұрланова",
        "contact.phone": "8 700 000 00 11",
        "delivery.region": "KZ-63",
        "delivery.address": ADDRESS,
        "consent.terms": True,
    }
    for key, (entitlement, offer, quantity) in zip("abcdefgh", lines, strict=False):
        fields[f"line.{key}.entitlement"] = entitlement.pk
        fields[f"line.{key}.offer"] = offer.pk
        fields[f"line.{key}.quantity"] = quantity
    return fields | more


def make_draft(actor: User, fields: dict[str, Any], **more: Any) -> Draft:
    draft_id = uuid.uuid4()
    save(draft_id, actor, fields, **more)
    return Draft.objects.get(pk=draft_id)


def request_for(actor: User, draft: Draft, key: str = "key-1") -> idempotency.Request:
    return idempotency.request_of(user=actor, key=key, action=f"submit:{draft.pk}", body=b"")


def submit(draft: Draft, actor: User, key: str = "key-1", **more: Any) -> idempotency.Answer:
    rev = Draft.objects.values_list("rev", flat=True).get(pk=draft.pk)
    return submission.submit(
        draft_id=draft.pk,
        actor=actor,
        expected_rev=more.pop("rev", rev),
        request=request_for(actor, draft, key),
        **more,
    )


def make_orders(actor: User, fields: dict[str, Any], **more: Any) -> list[Order]:
    """Orders as a submitted draft makes them, by supplier."""
    answer = submit(make_draft(actor, fields, **more), actor, key=uuid.uuid4().hex)
    numbers = [row["number"] for row in answer.body["orders"]]
    return list(Order.objects.filter(number__in=numbers).select_related("partner").order_by("partner_id"))
