"""A business that applies: its account, whole answers, a sent application."""

import io
import uuid
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from marketplace.drafts import beginning, files
from marketplace.models import Draft, Role, User
from suppliers.onboarding import answers
from suppliers.onboarding.models import Application
from suppliers.onboarding.sending import KIND, submit
from tests import factories as make

BIN, OTHER_BIN = "221360008815", "221340008826"
IIN, OTHER_IIN = "911321400817", "841317301336"  # month 13: nobody's


def ground() -> None:
    """Rules, regions and two kinds of goods, one of them licensed."""
    make.make_rules()
    for code in make.REGIONS:
        make.make_region(code)
    make.make_type("child-walker", attributes={})
    make.make_type("home-care", sphere="special_services", attributes={})


def whole(**more: Any) -> dict[str, Any]:
    """Answers that miss nothing but the photo."""
    return {
        "bin": BIN,
        "name": "Bala Qadam LLP",
        "address": "Taraz, Zhambyl avenue 1",
        "home_region": "KZ-63",
        "contact.name": "Aidos",
        "contact.phone": "8 701 000 00 81",
        "contact.email": "aidos@example.kz",
        "regions": ["KZ-63", "KZ-79"],
        "types.walkers": ["child-walker"],
        **{f"declare.{item['code']}": True for item in answers.declarations()},
        **more,
    }


def make_applicant(username: str = "aidos", language: str = "ru") -> User:
    return make.make_user(username, Role.SUPPLIER, language=language, email=f"{username}@example.kz")


def photo(name: str = "certificate.jpg") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (200, 210, 220)).save(buffer, "JPEG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/jpeg")


def begun(actor: User, *, paper: bool = True, **more: Any) -> Draft:
    """A draft with whole answers and, unless told otherwise, a photo."""
    draft_id: uuid.UUID = beginning.begin(actor, KIND, whole(**more))
    if paper:
        files.attach(draft_id=draft_id, actor=actor, upload=photo())
    return Draft.objects.get(pk=draft_id)


def send(actor: User, draft: Draft, now: datetime | None = None) -> Application:
    answer = submit(draft_id=draft.pk, actor=actor, expected_rev=draft.rev, request=None, now=now)
    return Application.objects.get(pk=answer.body["application"]["id"])


def applied(actor: User, now: datetime | None = None, **more: Any) -> Application:
    """A sent application."""
    return send(actor, begun(actor, **more), now)
