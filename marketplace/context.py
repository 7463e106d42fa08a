"""What every page knows: navigation of the person's role, language links, low-vision settings."""

from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from marketplace import kiosk, local_copies, signatures, vision

LANGUAGE_NAMES = {"kk": "Қазақша", "ru": "Русский", "en": "English"}

_CATALOGUE = ("catalog/", _("Catalogue"))
_REPORTS = ("reports/", _("Reports"))
_MAP = ("map/", _("Map"))
_DEVICE = ("offline/", _("On this device"))
_TRACK = ("track/", _("Check a complaint"))
_MINE = [
    _CATALOGUE,
    ("applications/", _("My applications")),
    ("orders/", _("My orders")),
    ("complaints/", _("My complaints")),
]
# Which sections a role works in. The addresses are part of the public contract.
NAVIGATION = {
    None: [_CATALOGUE, ("complaints/new/", _("Complain")), _TRACK, _REPORTS],
    "beneficiary": _MINE,
    "guardian": _MINE,
    "caseworker": [
        ("office/", _("Office desk")),
        _CATALOGUE,
        ("orders/", _("Orders")),
        ("complaints/", _("Complaints")),
        _REPORTS,
    ],
    "supplier": [("supplier/", _("My shop")), ("orders/", _("Orders")), ("complaints/", _("Complaints")), _CATALOGUE],
    "inspector": [("review/", _("Review desk")), ("complaints/", _("Complaints")), _REPORTS],
    "reviewer": [("review/", _("Review desk")), ("complaints/", _("Complaints")), _REPORTS, _MAP],
    "hotline": [("hotline/", _("Calls to 1414")), _TRACK, _CATALOGUE, _REPORTS],
    "auditor": [("orders/", _("Orders")), ("complaints/", _("Complaints")), _REPORTS],
    "guest": [("review/headquarters/", _("Headquarters")), _REPORTS, _CATALOGUE],
    "admin": [("review/", _("Review desk")), ("complaints/", _("Complaints")), _REPORTS, _CATALOGUE],
}
FOOTER = [
    ("status/", _("How the portal works now")),
    _MAP,
    _REPORTS,
    ("defenders/", _("Who protects your rights")),
    _TRACK,
    _DEVICE,
]


@dataclass(frozen=True)
class NavItem:
    """A link of the navigation; ``current`` is ``page`` on this very page, ``true`` inside its section, else empty."""

    url: str
    label: str
    current: str = ""


@dataclass(frozen=True)
class LanguageLink:
    code: str
    name: str
    url: str
    current: bool


def portal(request: HttpRequest) -> dict[str, object]:
    """Context processor. Lazy where it needs the person: an error page that shows no navigation reads nothing."""
    return {
        "nav": SimpleLazyObject(lambda: navigation(request)),
        "footer_links": [NavItem(url=page_path(path), label=str(label)) for path, label in FOOTER],
        "language_links": language_links(request),
        "vision": SimpleLazyObject(lambda: vision.of_request(request)),
        "vision_url": vision_url(request),
        "home_url": page_path(""),
        "account_url": page_path("account/"),
        "sign_in_url": _reverse_or_none("account_login"),
        "sign_out_url": _reverse_or_none("account_logout"),
        "demo": settings.DEMO,
        "signatures": signatures.available(),
        "local_copies": SimpleLazyObject(lambda: local_copies.of_request(request)),
        "pace": pace(request),
        "kiosk": SimpleLazyObject(lambda: kiosk.of_request(request)),
    }


def pace(request: HttpRequest) -> dict[str, str] | None:
    """What pace.js needs to tell how long the page took; None where nobody is to tell."""
    match = request.resolver_match
    if not settings.PACE_SHARE or match is None or not match.view_name:
        return None
    return {"route": match.view_name, "share": f"{settings.PACE_SHARE:g}"}


def vision_url(request: HttpRequest) -> str:
    """The page of low-vision settings, which knows the way back to this page."""
    page = page_path("vision/")
    if request.path == page:
        return request.get_full_path()
    return f"{page}?{urlencode({'next': request.get_full_path()})}"


def page_path(path: str, language: str | None = None) -> str:
    """``catalog/`` → ``/ru/catalog/`` in the language of the page."""
    return f"/{language or get_language() or settings.LANGUAGE_CODE}/{path}"


def navigation(request: HttpRequest) -> list[NavItem]:
    """The sections of the person's role, with the current one marked."""
    user = getattr(request, "user", None)
    role = user.role if user is not None and user.is_authenticated else None
    items = [(page_path(path), str(label)) for path, label in NAVIGATION.get(role, NAVIGATION[None])]
    within = [url for url, label in items if request.path.startswith(url)]
    section = max(within, key=len, default=None)
    return [
        NavItem(url=url, label=label, current="" if url != section else "page" if url == request.path else "true")
        for url, label in items
    ]


def language_links(request: HttpRequest) -> list[LanguageLink]:
    """Links to this very page, with its query, in each language."""
    here, now = request.get_full_path(), get_language()
    return [
        LanguageLink(code=code, name=LANGUAGE_NAMES[code], url=in_language(here, code), current=code == now)
        for code, name in settings.LANGUAGES
    ]


def in_language(url: str, code: str) -> str:
    """The same address in another language; an address that no route knows only changes its prefix."""
    parts = urlsplit(url)
    first, slash, rest = parts.path.lstrip("/").partition("/")
    if first in LANGUAGE_NAMES and slash:
        return parts._replace(path=f"/{code}/{rest}").geturl()
    return page_path("", code)


def _reverse_or_none(name: str) -> str | None:
    try:
        return reverse(name)
    except NoReverseMatch:
        return None
