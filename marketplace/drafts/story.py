"""How a draft came about, told once, when it is sent: what the indicators of first tries and rescues are counted from."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection

from marketplace.drafts.keys import VIA
from marketplace.drafts.preparing import PORTAL
from marketplace.models import Draft

_STORY = """
WITH save AS (
    SELECT actor_id, device, via, (at AT TIME ZONE %(zone)s)::date AS day
    FROM marketplace_draftsave WHERE draft_id = %(draft)s AND device <> %(portal)s)
SELECT
    (SELECT count(*) FROM (SELECT day FROM save UNION SELECT (%(now)s AT TIME ZONE %(zone)s)::date) AS visit),
    EXISTS (SELECT FROM save WHERE via = %(via)s)
    OR EXISTS (SELECT FROM save GROUP BY actor_id HAVING min(device) <> max(device))
    OR EXISTS (SELECT FROM marketplace_event WHERE subject = %(subject)s AND kind = 'draft.restored')
"""


def of(draft: Draft, now: datetime) -> dict[str, Any]:
    """visits: days on which somebody worked on it, the one of its sending included; rescued: it survived a loss.

    Rescued is what was saved after the session had ended, what the same person went on with on another device, and
    what was taken up again after it had been put aside. What the portal itself filled in is nobody's visit. One query.
    """
    named: dict[str, Any] = {
        "draft": draft.pk,
        "subject": f"draft:{draft.pk}",
        "zone": settings.TIME_ZONE,
        "portal": PORTAL,
        "via": VIA,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORY, named)
        visits, rescued = cursor.fetchone()
    return {"visits": visits, "rescued": rescued}
