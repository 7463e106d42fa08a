"""Master data of an installation: regions, offices, authorities, special days, rules (data/*.json).

Loading again adds what is missing and leaves what people have edited since; only the regions, which
come with the product, are written over.
"""

import json
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import translation

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
    """Holidays and days moved by order; the ministry corrects estimated ones in the admin."""
    data = _read("holidays")
    days = [(item, False, item["estimated"]) for item in data["days"]]
    days += [(item, item["working"], False) for item in data["moved"]]
    rows = [
        CalendarDay(day=item["date"], working=working, estimated=estimated, **_texts(item, "name"))
        for item, working, estimated in days
    ]
    CalendarDay.objects.bulk_create(rows, ignore_conflicts=True)


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
        for item in _read("rules")
    ]
    Rule.objects.bulk_create(rows, ignore_conflicts=True)


def _read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def _texts(item: dict[str, Any], *names: str) -> dict[str, str]:
    """Columns of texts in three languages: ``name_kk``, ``name_ru``, ``name_en``."""
    return {f"{name}_{code}": item[name][code] for name in names for code in LANGUAGES}
