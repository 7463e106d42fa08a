"""People of the complaint tests: Aigul with her son Alikhan, two suppliers, the bodies of Shymkent, a delivered order."""

import itertools
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from catalog.models import Product, ProductClass
from complaints import filing
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace.models import Authority, Draft, Guardianship, Office, PersonRecord, Region, Role, User
from orders.models import Line, Order
from suppliers.models import Partner

ALMATY = ZoneInfo("Asia/Almaty")
_numbers = itertools.count(1)


def at(text: str) -> datetime:
    """``2026-11-22 10:00`` in Kazakhstan."""
    return datetime.fromisoformat(text).replace(tzinfo=ALMATY)


def region(code: str = "KZ-79") -> Region:
    return Region.objects.get(pk=code)


def office(code: str = "shymkent") -> Office:
    return Office.objects.get(code=code)


def body(code: str = "dtzpp-KZ-79") -> Authority:
    return Authority.objects.get(code=code)


def make_user(username: str, role: str, **more: Any) -> User:
    more.setdefault("region", region())
    more.setdefault("full_name", username.title())
    return User.objects.create(username=username, role=role, **more)


def make_person(username: str = "aigul", **more: Any) -> User:
    """A beneficiary of the office of Shymkent."""
    more.setdefault("office", office())
    more.setdefault("phone", "+77000000001")
    user = make_user(username, Role.BENEFICIARY, **more)
    PersonRecord.objects.create(user=user)
    return user


def make_guardian(ward: User, username: str = "sholpan") -> User:
    user = make_user(username, Role.GUARDIAN, office=ward.office, phone="+77000000002")
    Guardianship.objects.create(guardian=user, ward=ward, basis="birth certificate")
    return user


def make_caseworker(username: str = "gulnar", code: str = "shymkent") -> User:
    return make_user(username, Role.CASEWORKER, office=office(code))


def make_inspector(username: str = "samat", code: str = "dtzpp-KZ-79") -> User:
    return make_user(username, Role.INSPECTOR, authority=body(code))


def make_reviewer(username: str = "ministry") -> User:
    return make_user(username, Role.REVIEWER, authority=body("ministry"))


def make_supplier(code: str = "jarqyn-med", name: str = "Жарқын Мед", **more: Any) -> Partner:
    more.setdefault("home_region", region())
    return Partner.objects.create(code=code, name=name, status=Partner.Status.APPROVED, **more)


def make_seller(partner: Partner, username: str = "marat") -> User:
    user = make_user(username, Role.SUPPLIER)
    partner.users.add(user)
    return user


def make_type(code: str = "walker", sphere: str = "durable") -> ProductClass:
    found = ProductClass.objects.filter(code=code).first()
    return found or ProductClass.objects.create(code=code, slug=code, name=code, sphere=sphere)


def make_line(
    *, person: User, supplier: Partner, status: str = "accepted", sphere: str = "durable", place: str = "KZ-79"
) -> Line:
    """A line of an order that was delivered to the person."""
    number = next(_numbers)
    kind = make_type(f"type-{sphere}", sphere)
    product = Product.objects.create(title=f"Walker {number}", product_class=kind, structure="standalone")
    draft = Draft.objects.create(
        kind="order", beneficiary=person, author=person, updated_at=at("2026-11-01 10:00"), status="submitted"
    )
    price = Decimal("45000.00")
    order = Order.objects.create(
        number=f"9{number:09d}",
        user=person,
        placed_by=person,
        partner=supplier,
        draft=draft,
        status=status,
        region=region(place),
        office=person.office,
        currency="KZT",
        total_incl_tax=price,
        total_excl_tax=price,
        state_pays=price,
        you_pay=Decimal(0),
        contact_name=str(person),
        contact_phone=person.phone,
        contact_channel="sms",
        delivery_address="Shymkent",
    )
    return Line.objects.create(
        order=order,
        partner=supplier,
        partner_name=supplier.name,
        product=product,
        title=product.title,
        quantity=1,
        units=1,
        num_allocated=0,
        state_pays=price,
        you_pay=Decimal(0),
        line_price_incl_tax=price,
        line_price_excl_tax=price,
        line_price_before_discounts_incl_tax=price,
        line_price_before_discounts_excl_tax=price,
        unit_price_incl_tax=price,
        unit_price_excl_tax=price,
    )


def make_complaint(
    *,
    person: User | None = None,
    line: Line | None = None,
    supplier: Partner | None = None,
    now: datetime | None = None,
    subject: str = "defect",
    **more: Any,
) -> Complaint:
    """File one for real; about a delivered walker of a new order when nothing else is said."""
    person = person or User.objects.filter(username="aigul").first() or make_person()
    if line is None and "sphere" not in more:
        supplier = supplier or Partner.objects.filter(code="jarqyn-med").first() or make_supplier()
        line = make_line(person=person, supplier=supplier)
    more.setdefault("text", "The wheel broke after one day.")
    answer = filing.file(
        actor=person,
        filing=Filing(subject=subject, order_line=line.pk if line else None, **more),
        now=now or at("2026-11-22 10:00"),
    )
    return Complaint.objects.get(number=answer.body["number"])
