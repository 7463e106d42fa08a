"""Start-up checks: what would silently break the portal stops it with a reason.

``manage.py check --database default`` runs them all; without the option only those that need no database.
"""

import re
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import OperationalError, connections
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from django.urls import get_resolver

from marketplace import policy

OLDEST_POSTGRESQL = 150000


@register()
def driver_is_psycopg2(**_options: Any) -> list[CheckMessage]:
    if not is_psycopg3:
        return []
    return [Error("psycopg 3 is installed: Django would prefer it over psycopg2.", id="marketplace.E001")]


@register(Tags.urls)
def routes_say_who_may_come(**_options: Any) -> list[CheckMessage]:
    """A forgotten route is closed; here it is also told of before anybody knocks."""
    hint = "Put @policy.anyone, by_code, signed_in or only(Role.…) above its view."
    return [
        Error(f"/{address} does not say who may come.", hint=hint, id="marketplace.E008")
        for address in policy.undeclared(get_resolver().url_patterns)
    ]


@register(deploy=True)
def people_can_be_reached(**_options: Any) -> list[CheckMessage]:
    """Without a gateway every notice of an installation that is no demonstration becomes a phone call."""
    missing = [
        name
        for name, value in (("SMS_GATEWAY_URL", settings.SMS_GATEWAY_URL), ("EMAIL_URL", settings.EMAIL_HOST))
        if not value and not settings.DEMO
    ]
    return [Warning(f"{name} is not set: its notices go to the call list.", id="marketplace.W001") for name in missing]


@register()
def scanner_is_named(**_options: Any) -> list[CheckMessage]:
    """A scanner that cannot be reached by what it is called would hold every recording for ever."""
    if not settings.SCANNER or re.fullmatch(r"tcp://[^/:]+(:\d+)?|unix:///.+", settings.SCANNER):
        return []
    return [Error("SCANNER cannot be used.", hint="tcp://host:3310 or unix:///path", id="marketplace.E009")]


@register()
def bot_is_whole(**_options: Any) -> list[CheckMessage]:
    """Telegram takes secrets of certain letters only; a bot that half exists would lose what people write to it."""
    token, secret = settings.TELEGRAM_TOKEN, settings.TELEGRAM_SECRET
    if bool(token) != bool(secret):
        return [Error("TELEGRAM_TOKEN and TELEGRAM_SECRET belong together.", id="marketplace.E006")]
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret):
        hint = "16 to 256 letters, digits, _ or -"
        return [Error("TELEGRAM_SECRET cannot be used.", hint=hint, id="marketplace.E007")]
    return []


@register(Tags.database)
def database_is_sound(*, databases: Sequence[str] | None = None, **_options: Any) -> list[CheckMessage]:
    """Kazakh letters must fold, commits must be durable, the server must be recent enough."""
    errors: list[CheckMessage] = []
    for alias in databases or []:
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute(
                    "SELECT lower('Қ') = 'қ', current_setting('fsync') = 'on',"
                    " current_setting('synchronous_commit') <> 'off', current_setting('server_version_num')::int"
                )
                errors += _faults(*cursor.fetchone())
        except OperationalError as error:
            errors.append(Error(f"The database does not answer: {str(error).strip()}", id="marketplace.E005"))
    return errors


def _faults(folds: bool, syncs: bool, durable: bool, version: int) -> list[CheckMessage]:
    faults: list[CheckMessage] = []
    if not folds:
        faults.append(
            Error(
                "The database does not fold Kazakh letters (lower('Қ') <> 'қ'): create it with "
                "--locale-provider=builtin --builtin-locale=C.UTF-8.",
                id="marketplace.E002",
            )
        )
    if not (syncs and durable):
        faults.append(Error("fsync or synchronous_commit is off: saves could be lost.", id="marketplace.E003"))
    if version < OLDEST_POSTGRESQL:
        faults.append(Error("PostgreSQL 15 or newer is needed.", id="marketplace.E004"))
    return faults
