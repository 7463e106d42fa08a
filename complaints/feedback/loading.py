"""First versions of the rules of feedback: scale, facets, weights, interview script, checklists. Idempotent."""

import json
from datetime import date
from pathlib import Path

from marketplace.models import Rule

DATA = Path(__file__).parents[1] / "data" / "feedback.json"


def load() -> int:
    """A version that exists is never changed; says how many rules the file has."""
    rows = json.loads(DATA.read_text(encoding="utf-8"))["rules"]
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
