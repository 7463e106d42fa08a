"""The demo's prepared application: the demo person's diapers, the same as last time, with a photo of a prescription."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from marketplace.drafts import files
from orders import repeat
from orders.models import Tranche

PERSON, TYPE = "person", "adult-diapers"


def make() -> bool:
    """Prepare it for the part of the norm that is open now; false when it is there, or when she has ordered already."""
    now = timezone.now()
    today = timezone.localdate(now)
    tranche = Tranche.objects.filter(
        entitlement__beneficiary__username=PERSON,
        entitlement__product_type__code=TYPE,
        opens_on__lte=today,
        closes_on__gte=today,
    ).first()
    if tranche is None:
        return False
    with transaction.atomic(durable=True):
        draft = repeat.prepare(tranche_id=tranche.pk, now=now)
    if draft is None:
        return False
    photo = SimpleUploadedFile("prescription.jpg", _sheet(), "image/jpeg")
    files.attach(draft_id=draft.pk, actor=draft.author, upload=photo)
    return True


def _sheet() -> bytes:
    """A page as a phone would see it: a heading, lines of writing, a stamp. No words, so no language."""
    page = Image.new("RGB", (600, 800), (250, 248, 240))
    pen = ImageDraw.Draw(page)
    pen.text((60, 50), "Rp.", fill=(30, 30, 60), font_size=64)
    for number in range(9):
        pen.line((60, 190 + 50 * number, 540 - 70 * (number % 3), 190 + 50 * number), fill=(60, 60, 90), width=6)
    pen.ellipse((380, 620, 540, 780), outline=(40, 60, 160), width=8)
    buffer = io.BytesIO()
    page.save(buffer, "JPEG")
    return buffer.getvalue()
