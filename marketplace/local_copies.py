"""What a browser may keep of a person's drafts: openly, sealed, or nothing at all.

Citizens' own devices keep what was typed, so that a dead line costs nothing. Whoever works with other people's data
keeps it encrypted with a key of the session (docs/adr/0010-local-copies-of-staff.md). A computer that strangers
share keeps nothing: no copies, no service worker, and its session ends with the browser.
"""

import base64
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.forms.utils import flatatt
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils.safestring import SafeString

from marketplace import crypto
from marketplace.models import Role, User

SHARED_COOKIE = "shared-computer"
KNOWN_COOKIE = "known-people"  # marketplace/known_browsers.py
SHARED_COOKIE_AGE = timedelta(days=365)
KEY_BYTES = 32  # AES-256
ID_BYTES = 9


class Mode(StrEnum):
    OPEN = "open"
    SEALED = "sealed"
    OFF = "off"


@dataclass(frozen=True)
class SessionKey:
    """The key that seals local copies, and the name by which a browser knows that it has the right one."""

    id: str
    key: str  # base64


@dataclass(frozen=True)
class LocalCopies:
    """What the pages tell their scripts, and which scripts these are."""

    mode: Mode
    account: str = ""
    seal: str = ""
    for_everybody: bool = False  # a shell: whose device it is, only the device knows

    @property
    def attributes(self) -> SafeString:
        """For ``<body>``; read by scripts/here.js."""
        if self.for_everybody:
            return SafeString("")
        worker = "off" if self.mode == Mode.OFF or not settings.SERVICE_WORKER else "on" if self.account else ""
        queue = static("app/queue.js") if self.account and self.mode == Mode.OPEN else ""
        named = {"local": self.mode, "account": self.account, "seal": self.seal, "worker": worker, "queue": queue}
        return flatatt({f"data-{name}": str(value) for name, value in named.items() if value})

    @property
    def page_script(self) -> str:
        """The script of a page without a draft: who keeps copies openly needs less than the others."""
        if self.mode != Mode.OPEN or self.for_everybody:
            return "app/device.js"
        return "app/account.js" if self.account else "app/ui.js"

    @property
    def form_script(self) -> str:
        return "app/device.js" if self.mode != Mode.OPEN or self.for_everybody else "app/draft.js"


def of_request(request: HttpRequest) -> LocalCopies:
    """What this request's browser may keep."""
    user = getattr(request, "user", None)
    role = user.role if user is not None and user.is_authenticated else None
    account = account_mark(user) if user is not None and role else ""
    if is_shared(request):
        return LocalCopies(Mode.OFF, account)
    if role in {None, Role.BENEFICIARY, Role.GUARDIAN}:
        return LocalCopies(Mode.OPEN, account)
    found = session_key(request)
    return LocalCopies(Mode.SEALED, account, found.id if found else "")


def account_mark(user: User) -> str:
    """Tells the accounts of one browser apart without naming anybody."""
    return crypto.code("local-copies", str(user.pk), digits=12)


def session_key(request: HttpRequest) -> SessionKey | None:
    """The key of this session: the same as long as it lives, gone with it; nothing is stored."""
    session = request.session.session_key
    if not session:
        return None
    return SessionKey(
        id=base64.urlsafe_b64encode(_derived(session, "id", ID_BYTES)).decode(),
        key=base64.b64encode(_derived(session, "key", KEY_BYTES)).decode(),
    )


def _derived(session: str, purpose: str, length: int) -> bytes:
    info = f"tirek local copies: {purpose}".encode()
    return HKDF(hashes.SHA256(), length, session.encode(), info).derive(settings.SECRET_KEY.encode())


# --- Computers that strangers share ----------------------------------------------------------------


def is_shared(request: HttpRequest) -> bool:
    return request.COOKIES.get(SHARED_COOKIE) == "1"


def set_shared(request: HttpRequest, response: HttpResponse, *, shared: bool) -> None:
    """Remember what this computer is; the session of a shared one ends when its browser is closed.

    The cookie outlives the session: the next person at this computer is protected before she thinks of it.
    """
    if shared:
        response.set_cookie(
            SHARED_COOKIE,
            "1",
            max_age=SHARED_COOKIE_AGE,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
        response.delete_cookie(KNOWN_COOKIE, samesite="Lax")
    else:
        response.delete_cookie(SHARED_COOKIE, samesite="Lax")
    if request.user.is_authenticated:
        request.session.set_expiry(0 if shared else settings.SESSION_COOKIE_AGE)


def erase(response: HttpResponse, *, cache: bool = False) -> None:
    """Tell the browser itself to drop what this site keeps there (https and localhost only; the scripts do it too).

    Not on every sign-out: "storage" also throws away the service worker with its value-free pages and files, which
    would cross a slow line again, and "cache" takes Chromium seconds. So it is for shared computers, and for a
    sign-out that no script has prepared: then nobody else has erased the copies.
    """
    response["Clear-Site-Data"] = '"cache", "storage"' if cache else '"storage"'
