"""The accounts of the demonstration: shown on the sign-in page with DEMO=1, of no use without it."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from marketplace.models import User

PASSWORD = "demo-portal"  # noqa: S105  # nosec B105  # published on purpose

ACCOUNTS = {
    "person": _("Adult beneficiary: wheelchair and diapers"),
    "parent": _("Guardian of a 6-year-old: child walker and diapers"),
    "caseworker": _("Caseworker of the social office, Ust-Kamenogorsk"),
    "caseworker-shymkent": _("Caseworker of the social office, Shymkent"),
    "supplier": _("Supplier"),
    "supplier2": _("Supplier"),
    "supplier3": _("Supplier"),
    "applicant": _("Business that applies: its application is being checked"),
    "applicant2": _("Business that was refused and asked for a second check"),
    "inspector": _("Inspector of trade and consumer protection, Shymkent"),
    "inspector-vko": _("Inspector of trade and consumer protection, East Kazakhstan"),
    "ministry": _("Reviewer of the ministry"),
    "ministry2": _("Another reviewer of the ministry"),
    "hotline": _("Operator of 1414"),
    "auditor": _("Auditor"),
    "admin": _("Administrator of master data"),
    "guest": _("Guest of the situational headquarters, Shymkent"),
}


def accounts() -> dict[str, Any]:
    """What the sign-in page shows of them: the password, and a table."""
    return {
        "password": PASSWORD,
        "columns": [{"label": _("User name")}, {"label": _("Who it is")}],
        "rows": list(ACCOUNTS.items()),
    }


class PublishedPasswordGuard(BaseBackend):
    """Stands first in AUTHENTICATION_BACKENDS: without DEMO nobody signs in with the published password.

    A database that once held the demonstration may be started without it.
    """

    def authenticate(self, request: HttpRequest | None, password: str | None = None, **credentials: Any) -> User | None:
        if password == PASSWORD and not settings.DEMO:
            raise PermissionDenied
        return None
