"""Loads what complaints need before the first one: forms, the routing table, published history. Idempotent."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from complaints import reports
from complaints.feedback import loading as feedback
from complaints.models import ComplaintTemplate, MonthlyReport
from complaints.routing import RULE
from marketplace import rules
from marketplace.models import Region, Rule

DATA = Path(__file__).parent / "data"


def load_all() -> dict[str, int]:
    """Everything of this folder; says how many rows stand afterwards."""
    with transaction.atomic():
        return {
            "templates": load_templates(),
            "routes": load_routing(),
            "history": load_history(),
            "feedback rules": feedback.load(),
        }


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def load_templates() -> int:
    """The typical forms T1–T20 and the free one."""
    rows = [
        ComplaintTemplate(
            code=item["code"],
            title=item["title"],
            subjects=item["subjects"],
            spheres=item["spheres"],
            fields=item["fields"],
            sort=sort,
        )
        for sort, item in enumerate(_read("templates.json"))
    ]
    ComplaintTemplate.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=["title", "subjects", "spheres", "fields", "sort"],
    )
    return len(rows)


@rules.ships
def shipped_routing() -> list[dict[str, Any]]:
    """The routing table as a rule."""
    data = _read("routing.json")
    value = {name: data[name] for name in ("table", "subjects", "spheres", "demands")}
    return [{"code": RULE, "valid_from": data["valid_from"], "value": value, "legal_basis": data["note"], "mark": "D"}]


def load_routing() -> int:
    """The routing table as the version that starts on its date; a version that exists is never changed."""
    row = shipped_routing()[0]
    Rule.objects.get_or_create(
        code=RULE,
        valid_from=date.fromisoformat(row["valid_from"]),
        defaults={name: row[name] for name in ("value", "legal_basis", "mark")},
    )
    return len(row["value"]["table"])


def load_history() -> int:
    """Published tables of other years, shown as such and never added to the portal's own numbers."""
    tables = _read("history.json")["tables"]
    regions = Region.objects.in_bulk([table["region"] for table in tables if table["region"]])
    for table in tables:
        facts = reports.imported_facts(table)
        MonthlyReport.objects.update_or_create(
            month=date.fromisoformat(table["period"]["from"]),
            until=date.fromisoformat(table["period"]["to"]),
            region=regions.get(table["region"]),
            imported=True,
            defaults={"facts": facts, "source": table["source"]["en"][:200], "self_check": reports.self_check(facts)},
        )
    return len(tables)
