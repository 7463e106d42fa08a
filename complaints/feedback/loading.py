"""First versions of the rules of feedback: scale, facets, weights, interview script, checklists. Idempotent."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from marketplace import rules
from marketplace.models import Rule

DATA = Path(__file__).parents[1] / "data" / "feedback.json"


@rules.ships
def shipped_rules() -> list[dict[str, Any]]:
    """The rules as the product ships them."""
    rows: list[dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))["rules"]
    return rows


def load() -> int:
    """A version that exists is never changed; says how many rules the file has."""
    rows = shipped_rules()
    Rule.objects.bulk_create(
        [
            Rule(
                code=row["code"],
                valid_from=date.fromisoformat(row["valid_from"]),
                value=row["value"],
                legal_basis=row["legal_basis"],
                mark=row["mark"],
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )
    return len(rows)
