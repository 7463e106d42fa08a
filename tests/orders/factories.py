"""People, programme lines, offers, drafts and orders for the tests of orders. Named people, literal dates."""

import json
import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import timezone

from catalog.models import Product, ProductClass
from marketplace import idempotency
from marketplace.drafts import saving
from marketplace.models import Draft, Guardianship, Office, PersonRecord, Role, User
from orders import entitlements, submission
from orders.entitlements import ProgrammeLine
from orders.models import Entitlement, Order
from suppliers.models import Partner, StockRecord

ADDRESS = "Өскемен қ., Қабанбай батыр көшесі, 0-үй, 45-пәтер"


def make_user(username: str, role: str, **more: Any) -> User:
    defaults = {"full_name": username.title(), "phone": "+77000000011", "language": "ru"}
    return User.objects.create(username=username, role=role, password="!", **(defaults | more))


def make_person(
    username: str = "marat", *, office: str = "ust-kamenogorsk", measures: dict | None = None, **more: Any
) -> User:
    """A beneficiary with a record, served by an office."""
    found = Office.objects.get(code=office)
    user = make_user(username, Role.BENEFICIARY, office=found, region=found.region, **more)
    PersonRecord.objects.create(user=user, birth_date=date(1984, 9, 17), address=ADDRESS, measures=measures or {})
    return user


def make_guardian(username: str = "aigul", *wards: User, valid_to: date | None = None) -> User:
    guardian = make_user(username, Role.GUARDIAN, language="kk")
    for ward in wards:
        Guardianship.objects.create(guardian=guardian, ward=ward, basis="birth_certificate", valid_to=valid_to)
    return guardian


def make_caseworker(username: str = "gulnar", *, office: str = "ust-kamenogorsk") -> User:
    return make_user(username, Role.CASEWORKER, office=Office.objects.get(code=office))


def make_type(code: str = "child-diapers", **more: Any) -> ProductClass:
    kind = {"sphere": "consumable", "unit": "piece", "iso_code": "09 30"} | more
    names = {f"name_{language}": f"{code} {language}" for language in ("kk", "ru", "en")}
    row, _created = ProductClass.objects.get_or_create(code=code, defaults={"slug": code, **names, **kind})
    return row


def make_product(product_type: ProductClass, title: str = "Бала жөргегі", **more: Any) -> Product:
    titles = {"title_kk": title, "title_ru": f"{title} (ru)", "title_en": f"{title} (en)"}
    return Product.objects.create(
        structure=Product.STANDALONE,
        product_class=product_type,
        title=title,
        slug=f"p{uuid.uuid4().hex[:12]}",
        upc=uuid.uuid4().hex[:12],
        **(titles | more),
    )


def make_supplier(code: str = "jarqyn-med", *users: str, status: str = "approved", **more: Any) -> Partner:
    partner = Partner.objects.create(code=code, name=code.title(), status=status, **more)
    for username in users:
        partner.users.add(make_user(username, Role.SUPPLIER))
    return partner


def make_offer(
    product: Product, partner: Partner, *, price: str = "5700.00", pack_size: int = 30, stock: int = 40, **more: Any
) -> StockRecord:
    defaults = {
        "status": "published",
        "regions": ["KZ-63", "KZ-79"],
        "lead_days": 5,
        "stock_confirmed_at": timezone.now(),
        "num_allocated": 0,
        "partner_sku": uuid.uuid4().hex[:12],
    }
    return StockRecord.objects.create(
        product=product,
        partner=partner,
        price=Decimal(price),
        pack_size=pack_size,
        num_in_stock=stock,
        **(defaults | more),
    )


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
