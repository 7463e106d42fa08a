"""The demo's businesses that want to sell: one application is being checked, one was refused and is checked once more."""

import io
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageDraw

from catalog.models import Product
from marketplace.drafts import beginning, files
from marketplace.models import User
from marketplace.time import database_now
from suppliers.listings import sending as listings
from suppliers.onboarding import answers, deciding
from suppliers.onboarding.models import Application
from suppliers.onboarding.sending import KIND, submit
from suppliers.selectors import own_supplier

APPLICANTS: dict[str, dict[str, Any]] = {
    "applicant": {
        "bin": "221360008815",
        "name": "«Бала Қадам» ЖШС",
        "address": "Тараз қ., Жамбыл даңғылы, 0",
        "home_region": "KZ-31",
        "about": "Балалар ортопедиялық аяқ киімінің шағын шеберханасы.",
        "contact.name": "Айдос Есенов",
        "contact.phone": "8 700 000 00 81",
        "contact.email": "bala-qadam@demo.invalid",
        "regions": ["KZ-31", "KZ-61", "KZ-79"],
        "types.orthopaedics": ["orthopaedic-shoes-child", "insoles"],
    },
    "applicant2": {
        "iin": "911321400807",
        "name": "ИП «Тихий дом»",
        "address": "г. Алматы, ул. Сатпаева, 0",
        "home_region": "KZ-75",
        "about": "Слуховые аппараты и батарейки к ним.",
        "contact.name": "Марина Ли",
        "contact.phone": "8 700 000 00 82",
        "contact.email": "tikhiy-dom@demo.invalid",
        "regions": ["KZ-75", "KZ-19"],
        "types.hearing": ["hearing-aid-behind-ear", "hearing-aid-batteries"],
    },
}
REFUSED = "Фото свидетельства не читается: не видно ни ИИН, ни печати."
APPEAL = "Фото снято днём, ИИН на нём виден. Прошу посмотреть ещё раз."


def apply() -> bool:
    """Do it once; false when it is there already, or when the demo's accounts are not."""
    people = User.objects.in_bulk([*APPLICANTS, "ministry"], field_name="username")
    if len(people) < 3 or Application.objects.exists():
        return False
    for username, values in APPLICANTS.items():
        _send(people[username], values)
    refused = Application.objects.get(author=people["applicant2"])
    now = database_now()
    deciding.refuse(application_id=refused.pk, actor=people["ministry"], reason="documents", text=REFUSED, now=now)
    deciding.appeal(application_id=refused.pk, actor=people["applicant2"], text=APPEAL, now=now)
    _offer_goods(User.objects.get(username="supplier"))
    return True


def _offer_goods(seller: User) -> None:
    """Goods that a supplier wants to sell as well: the ministry has not looked at them yet."""
    shop = own_supplier(seller)
    product = (
        Product.objects.exclude(stockrecords__partner=shop).filter(stockrecords__isnull=False).order_by("pk").first()
    )
    if product is None:
        return
    terms = {
        "product": str(product.pk), "q": product.title, "sku": "DEMO-1", "price": "15000", "pack_size": "1",
        "stock": "20", "lead_days": "7", "regions": ["KZ-63"], "warranty_months": "12",
    }  # fmt: skip
    draft_id = beginning.begin(seller, listings.KIND, terms)
    listings.submit(draft_id=draft_id, actor=seller, expected_rev=1, request=None)


def _send(actor: User, values: Mapping[str, Any]) -> None:
    declared = {f"declare.{item['code']}": True for item in answers.declarations()}
    draft_id = beginning.begin(actor, KIND, {**values, **declared})
    photo = SimpleUploadedFile("certificate.jpg", _certificate(str(values.get("bin") or values["iin"])), "image/jpeg")
    files.attach(draft_id=draft_id, actor=actor, upload=photo)
    submit(draft_id=draft_id, actor=actor, expected_rev=2, request=None)


def _certificate(number: str) -> bytes:
    """A page as a phone would see it: a number, lines of writing, a stamp. No words, so no language."""
    page = Image.new("RGB", (600, 800), (248, 248, 252))
    pen = ImageDraw.Draw(page)
    pen.text((60, 60), number, fill=(30, 30, 60), font_size=56)
    for place in range(10):
        pen.line((60, 190 + 45 * place, 540 - 60 * (place % 3), 190 + 45 * place), fill=(60, 60, 90), width=5)
    pen.ellipse((370, 610, 540, 780), outline=(40, 60, 160), width=8)
    buffer = io.BytesIO()
    page.save(buffer, "JPEG")
    return buffer.getvalue()
