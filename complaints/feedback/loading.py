"""First versions of the rules of this app's files: feedback's scale, facets and scripts, intake's questions. Idempotent."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from marketplace import rules
from marketplace.models import Rule

DATA = Path(__file__).parents[1] / "data"
FILES = ("feedback.json", "intake.json")


@rules.ships
def shipped_rules() -> list[dict[str, Any]]:
    """The rules as the product ships them."""
    return [row for name in FILES for row in json.loads((DATA / name).read_text(encoding="utf-8"))["rules"]]


def load() -> int:
    """A version that exists is never changed; says how many rules the files have."""
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
