"""How each state body worked in a period: the scorecard, as the page, the files and the API give it."""

from typing import Any

from django.utils.translation import get_language

from complaints.reporting.shares import share

_KINDS = ("decided", "refused", "redirected", "reopened", "confirmed", "overdue")
BODIES = f"""
SELECT body, a.name_kk, a.name_ru, a.name_en, done.* FROM (
    SELECT body, coalesce(sum(steps) FILTER (WHERE kind = 'decided' AND in_time), 0) AS in_time,
        {", ".join(f"coalesce(sum(steps) FILTER (WHERE kind = '{kind}'), 0) AS {kind}" for kind in _KINDS)}
    FROM tally WHERE kind IN {_KINDS} AND body <> '' AND day BETWEEN %(first)s AND %(last)s AND {{region}}
    GROUP BY body HAVING sum(steps) > 0) done
LEFT JOIN marketplace_authority a ON a.code = body ORDER BY decided DESC, body
"""  # noqa: S608  # nosec B608  # of constants


def with_shares(row: dict[str, Any]) -> dict[str, Any]:
    """In per cent. In time: of the decisions. Sent on: of all it decided, refused or sent on. Opened again and

    confirmed: of the decisions; such a part may exceed its whole when the decision was taken before the period.
    """
    return row | {
        "in_time_share": share(row["in_time"], row["decided"]),
        "redirected_share": share(row["redirected"], row["decided"] + row["refused"] + row["redirected"]),
        "reopened_share": share(row["reopened"], row["decided"]),
        "confirmed_share": share(row["confirmed"], row["decided"]),
    }


def named(row: dict[str, Any]) -> dict[str, Any]:
    """With the name in the active language."""
    return row | {"name": row[f"name_{(get_language() or 'kk')[:2]}"] or row["name_kk"] or row["body"]}
