"""The directory of bodies that protect rights: by sphere and region, with how they worked in the last month."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from complaints import routing
from complaints.reporting import bodies
from complaints.reporting.shares import share
from complaints.reports import Period, Reading
from marketplace.models import Authority, Region

# Desks of the ministry are no bodies that people go to.
_DESKS = "_desk"


@dataclass(frozen=True)
class Defender:
    """A body with its record of a month; the shares are per cent, None when it had nothing to do.

    ``answered_share``: what it decided, refused or sent on, of that and of the dates that it missed;
    ``in_time_share``: decisions in time.
    """

    body: Authority
    answered: int
    answered_share: float | None
    in_time_share: float | None

    @property
    def record(self) -> str:
        """How it worked in that month, in the active language; empty when it had nothing to do."""
        if self.answered_share is None:
            return ""
        answered = ngettext(
            "Last month it answered %(number)s complaint, %(share)s %% of those that were due.",
            "Last month it answered %(number)s complaints, %(share)s %% of those that were due.",
            self.answered,
        ) % {"number": self.answered, "share": self.answered_share}
        if self.in_time_share is None:
            return answered
        return f"{answered} {_('Decided in time: %(share)s %%.') % {'share': self.in_time_share}}"

    @property
    def tel(self) -> str:
        """The number for a ``tel:`` address: digits, and the plus of an international one; empty without one."""
        phone = str(self.body.contacts.get("phone", ""))
        digits = re.sub(r"\D", "", phone)
        if phone.startswith("8") and len(digits) == 11:
            return f"+7{digits[1:]}"
        return f"+{digits}" if phone.startswith("+") else digits


@dataclass(frozen=True)
class Directory:
    month: Period
    local: list[Defender]
    national: list[Defender]


def directory(region: Region | None, sphere: str, today: date) -> Directory:
    """Bodies of a region and of the whole country, those that complaints of the sphere reach when one is given."""
    month = Period.month(today.replace(day=1) - timedelta(days=1))
    done = {row["body"]: row for row in Reading(month, None).rows(bodies=bodies.BODIES)["bodies"]}
    rows = Authority.objects.exclude(kind__endswith=_DESKS).order_by("name")
    if sphere:
        rows = rows.filter(kind__in=_kinds(sphere, today))
    local = rows.filter(region=region) if region else rows.none()
    # Social offices are many: they come after the bodies above them.
    ordered = sorted(local, key=lambda body: body.kind == "social_office")
    return Directory(
        month,
        [_defender(body, done.get(body.code)) for body in ordered],
        [_defender(body, done.get(body.code)) for body in rows.filter(region=None)],
    )


def spheres(today: date) -> list[tuple[str, str]]:
    """Spheres with rows of their own in the routing table: code and name."""
    table = routing.table(today)
    named = {sphere for row in table.rows for sphere in row["spheres"]} - {routing.ANY}
    return [(code, table.sphere_name(code)) for code in table.spheres if code in named]


def _kinds(sphere: str, today: date) -> set[str]:
    """Kinds of bodies that the rows of a sphere name; rows for every sphere name bodies of other matters."""
    rows = [row for row in routing.table(today).rows if sphere in row["spheres"]]
    return {kind for row in rows for kind in (row["first"], *row["also"], *row["escalates_to"])} - {routing.SELLER}


def _defender(body: Authority, row: dict[str, Any] | None) -> Defender:
    if row is None:
        return Defender(body, 0, None, None)
    answered = row["decided"] + row["refused"] + row["redirected"]
    return Defender(body, answered, share(answered, answered + row["overdue"]), share(row["in_time"], row["decided"]))
