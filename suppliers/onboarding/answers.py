"""The fields of a supplier's application, read into answers: what is missing or wrong, and what to do about it."""

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from catalog import types
from marketplace import identity, regions, rules
from marketplace.drafts import files, sealed
from marketplace.drafts.answers import is_yes
from marketplace.errors import FieldError
from marketplace.form_fields import DatePartsField
from marketplace.forms import parse_phone
from marketplace.models import Draft, StoredFile

SCHEMA = 1
LICENCE_RULE = "supplier.licence_required"
DECLARATIONS_RULE = "supplier.declarations"
# Which application the draft corrects; nobody types it.
CORRECTS = "corrects"
PLAIN = {
    "bin", "iin", "name", "address", "home_region", "about", "contact.name", "contact.phone", "contact.email", "regions",
    "licence.number", "licence.until", CORRECTS,
}  # fmt: skip
TYPES = re.compile(r"types\.[a-z0-9_-]{1,60}")
DECLARES = re.compile(r"declare\.[a-z][a-z0-9_]{0,39}")
LONGEST = {"name": 128, "address": 300, "about": 1000, "contact.name": 200, "licence.number": 60}


@dataclass
class Answers:
    """What the draft says; ``errors`` names each wrong field of it."""

    bin: str = ""
    iin: str = ""
    name: str = ""
    address: str = ""
    home_region: str = ""
    about: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""
    regions: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    licence_number: str = ""
    licence_until: date | None = None
    declared: list[str] = field(default_factory=list)
    needs_licence: bool = False
    errors: list[FieldError] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """What an application keeps; days as text."""
        kept = {name: value for name, value in vars(self).items() if name not in {"errors", "bin", "iin", "name"}}
        return kept | {"licence_until": self.licence_until.isoformat() if self.licence_until else ""}


def knows(name: str) -> bool:
    """Is this a field of the current schema?"""
    return name in PLAIN or bool(TYPES.fullmatch(name) or DECLARES.fullmatch(name))


def declarations() -> list[dict[str, Any]]:
    """What a supplier declares, now and every year: ``[{"code", "name": {kk, ru, en}}]`` (rule data)."""
    found: list[dict[str, Any]] = rules.get(DECLARATIONS_RULE).value["declarations"]
    return found


def needs_licence(type_codes: list[str]) -> bool:
    """Does any of these kinds of goods need a licence today? By the sphere of the kind (rule data)."""
    spheres = set(rules.get(LICENCE_RULE).value["spheres"])
    book = types.book()
    return any(book.by_code[code].sphere in spheres for code in type_codes if code in book.by_code)


def chosen_types(draft: Draft) -> list[str]:
    """Codes of the kinds of goods that are ticked on any shelf, those that exist."""
    listed: list[str] = []
    for name in draft.fields:
        value = draft.value(name)
        if TYPES.fullmatch(name) and isinstance(value, list):
            listed += [str(code) for code in value]
    return [code for code in types.book().by_code if code in set(listed)]


def explain_bin(text: str) -> str:
    """Why this is no BIN, in words that help to find the slip; empty when it is one."""
    number = text.replace(" ", "")
    if not number:
        return _("Give the BIN, 12 digits; or below the IIN, if you are an individual entrepreneur.")
    if not (number.isascii() and number.isdigit()):
        return _("A BIN has digits only. Take out letters and signs.")
    if len(number) != 12:
        return _("A BIN has 12 digits, here are %(count)s.") % {"count": len(number)}
    if not identity.has_valid_checksum(number):
        return _(
            "One of the digits is mistyped: the last digit does not agree with the others. Compare them one by one."
        )
    if not identity.is_bin(number):
        return _("This is an IIN. If you are an individual entrepreneur, give it below and leave the BIN empty.")
    return ""


def explain_iin(text: str) -> str:
    """Why this is no IIN, in words that help to find the slip; empty when it is one."""
    number = text.replace(" ", "")
    if not (number.isascii() and number.isdigit()):
        return _("An IIN has digits only. Type the whole number anew.")
    if len(number) != 12:
        return _("An IIN has 12 digits, here are %(count)s. Type the whole number anew.") % {"count": len(number)}
    if not identity.is_iin(number):
        return _("One of the digits is mistyped: the last digit does not agree with the others. Type the number anew.")
    return ""


def is_secret(name: str, value: Any) -> bool:
    """Is this answer kept sealed? A person's number is, also where the number of a business was asked for."""
    return name == "iin" or (name == "bin" and identity.is_iin(str(value).replace(" ", "")))


def read(draft: Draft, today: date) -> Answers:
    """The draft's answers with every error; never fails, whatever was typed."""
    text = {name: str(sealed.whole(draft, name) or "").strip() for name in PLAIN}
    found = Answers(
        bin=text["bin"].replace(" ", ""),
        iin=text["iin"].replace(" ", ""),
        name=" ".join(text["name"].split()),
        address=text["address"],
        home_region=text["home_region"],
        about=text["about"],
        contact_name=text["contact.name"],
        contact_phone=text["contact.phone"],
        contact_email=text["contact.email"],
        regions=_regions(draft),
        types=chosen_types(draft),
    )
    found.needs_licence = needs_licence(found.types)
    _check_business(found, text)
    _check_goods(found)
    if found.needs_licence:
        _read_licence(found, text, today)
    _check_papers(found, draft)
    return found


def _regions(draft: Draft) -> list[str]:
    value = draft.value("regions")
    chosen = {str(code) for code in value} if isinstance(value, list) else set()
    return [region.code for region in regions.listed() if region.code in chosen]


def _check_business(found: Answers, text: dict[str, str]) -> None:
    _check_number(found)
    required = {
        "name": _("Give the name as in the certificate of registration."),
        "address": _("Give the address: town, street, house."),
        "contact.name": _("Say whom we and your customers may ask for."),
    }
    for name, message in required.items():
        if not text[name]:
            found.errors.append(FieldError(name, "required", message))
    for name, most in LONGEST.items():
        if len(text[name]) > most:
            message = _("Write at most %(most)s characters.") % {"most": most}
            found.errors.append(FieldError(name, "too_long", message))
    if regions.find(found.home_region) is None:
        found.errors.append(FieldError("home_region", "required", _("Choose the region where you are registered.")))
    try:
        found.contact_phone = parse_phone(found.contact_phone)
    except ValidationError as error:
        found.errors.append(FieldError("contact.phone", "phone", error.message))
    try:
        validate_email(found.contact_email)
    except ValidationError:
        message = _("Give an e-mail address, for example shop@example.kz. We write to it about your application.")
        found.errors.append(FieldError("contact.email", "email", message))


def _check_number(found: Answers) -> None:
    """A company has a BIN, an individual entrepreneur the IIN of the person: one of the two."""
    if found.bin and found.iin:
        message = _("Give one number: the BIN of a company, or the IIN of an individual entrepreneur.")
        found.errors.append(FieldError("iin", "both", message))
    if found.bin or not found.iin:
        if problem := explain_bin(found.bin):
            found.errors.append(FieldError("bin", "bin", problem))
    elif problem := explain_iin(found.iin):
        found.errors.append(FieldError("iin", "iin", problem))


def _check_goods(found: Answers) -> None:
    if not found.regions:
        found.errors.append(FieldError("regions", "required", _("Choose at least one region that you deliver to.")))
    if not found.types:
        found.errors.append(FieldError("types", "required", _("Choose at least one kind of goods or services.")))


def _read_licence(found: Answers, text: dict[str, str], today: date) -> None:
    found.licence_number = text["licence.number"]
    if not found.licence_number:
        message = _("Give the number of the licence: these services are licensed.")
        found.errors.append(FieldError("licence.number", "required", message))
    try:
        found.licence_until = DatePartsField(required=True).clean(text["licence.until"])
    except ValidationError as error:
        found.errors.append(FieldError("licence.until", "date", error.messages[0]))
    if found.licence_until is not None and found.licence_until < today:
        found.errors.append(FieldError("licence.until", "past", _("This licence is over. Renew it first.")))


def _check_papers(found: Answers, draft: Draft) -> None:
    if not files.kept(draft.pk) and not papers(draft.value(CORRECTS)):
        message = _("Add a photo of the certificate of registration.")
        found.errors.append(FieldError("documents", "required", message))
    for item in declarations():
        if is_yes(draft.value(f"declare.{item['code']}")):
            found.declared.append(item["code"])
        else:
            message = _("Tick this: without it nobody may sell here.")
            found.errors.append(FieldError(f"declare.{item['code']}", "required", message))


def papers(application_id: object) -> list[StoredFile]:
    """Documents that came with an application."""
    return list(StoredFile.objects.filter(subject=f"application:{application_id}").order_by("created_at", "pk"))
