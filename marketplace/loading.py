"""Master data of an installation: regions, offices, authorities, special days, rules (data/*.json).

Loading again adds what is missing and leaves what people have edited since; only the regions, which
come with the product, are written over.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import translation

from marketplace import rules
from marketplace.models import Authority, CalendarDay, Office, Region, Rule

DATA = Path(__file__).parent / "data"
LANGUAGES = ("kk", "ru", "en")


def load_all() -> dict[str, int]:
    """Everything, in one transaction; returns how many rows of each kind there are afterwards."""
    # The untranslated column of a text is filled from the active language: always Kazakh here.
    with translation.override("kk"), transaction.atomic():
        _regions()
        _offices()
        _authorities()
        _calendar()
        _rules()
    return {
        str(model._meta.model_name): model.objects.count() for model in (Region, Office, Authority, CalendarDay, Rule)
    }


def _regions() -> None:
    """The 20 units of the country, by ISO 3166-2 code."""
    rows = [
        Region(
            code=item["code"],
            slug=item["slug"],
            **_texts(item, "name", "short", "centre"),
            tile_column=item["tile"][0],
            tile_row=item["tile"][1],
            sort=item["sort"],
        )
        for item in _read("regions")
    ]
    names = [f"{name}_{code}" for name in ("name", "short", "centre") for code in LANGUAGES]
    Region.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["slug", "name", "short", "centre", *names, "tile_column", "tile_row", "sort"],
    )


def _offices() -> None:
    """Social-protection offices with their coordinates."""
    rows = [
        Office(
            code=item["code"],
            region_id=item["region"],
            **_texts(item, "name", "address", "hours"),
            phone=item["phone"],
            latitude=item["lat"],
            longitude=item["lon"],
        )
        for item in _read("offices")
    ]
    Office.objects.bulk_create(rows, ignore_conflicts=True)


def _authorities() -> None:
    """Bodies that examine complaints, and who stands one level above each."""
    items = _read("authorities")
    offices = dict(Office.objects.values_list("code", "pk"))
    rows = [
        Authority(
            code=item["code"],
            kind=item["kind"],
            region_id=item["region"],
            office_id=offices[item["office"]] if "office" in item else None,
            **_texts(item, "name", "hours"),
            contacts=item["contacts"],
        )
        for item in items
    ]
    Authority.objects.bulk_create(rows, ignore_conflicts=True)
    loaded = {authority.code: authority for authority in Authority.objects.only("code", "parent_id")}
    orphans = []
    for item in items:
        authority = loaded[item["code"]]
        if item["parent"] and authority.parent_id is None:
            authority.parent_id = loaded[item["parent"]].pk
            orphans.append(authority)
    Authority.objects.bulk_update(orphans, ["parent"])


def _calendar() -> None:
    """Holidays and days moved by order; a day that the ministry struck stays struck.

    Days that an older version loaded without their basis get it.
    """
    data = _read("holidays")
    days = [(item, False, item["estimated"], item["kind"]) for item in data["days"]]
    days += [(item, item["working"], False, item["basis"]) for item in data["moved"]]
    present = {row.day: row for row in CalendarDay.objects.order_by("struck_at", "-pk")}
    rows = [
        CalendarDay(
            day=date.fromisoformat(item["date"]),
            working=working,
            estimated=estimated,
            instead_of=item.get("instead_of"),
            basis=data["bases"][basis],
            mark=item.get("mark", "L"),
            **_texts(item, "name"),
        )
        for item, working, estimated, basis in days
    ]
    CalendarDay.objects.bulk_create([row for row in rows if row.day not in present], ignore_conflicts=True)
    bare = [row for row in rows if (known := present.get(row.day)) and not known.basis and known.author_id is None]
    for row in bare:
        CalendarDay.objects.filter(day=row.day, basis={}).update(
            instead_of=row.instead_of, basis=row.basis, mark=row.mark
        )


def _rules() -> None:
    """First versions of the rules; a version that exists is never changed."""
    rows = [
        Rule(
            code=item["code"],
            valid_from=item["valid_from"],
            value=item["value"],
            legal_basis=item["legal_basis"],
            mark=item["mark"],
        )
        for item in shipped_rules()
    ]
    Rule.objects.bulk_create(rows, ignore_conflicts=True)


@rules.ships
def shipped_rules() -> list[dict[str, Any]]:
    """Rules that belong to no app above this one, and those whose numbers the apps above share."""
    rows: list[dict[str, Any]] = _read("rules")
    return rows


def _read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def _texts(item: dict[str, Any], *names: str) -> dict[str, str]:
    """Columns of texts in three languages: ``name_kk``, ``name_ru``, ``name_en``."""
    return {f"{name}_{code}": item[name][code] for name in names for code in LANGUAGES}
