"""The statements behind the stored facts: what a case's events say, and what a day's sums are."""
# ruff: noqa: S608  the statements are put together from our own constants; every value is a parameter

from typing import Any

from django.conf import settings

from complaints.reporting.models import FOREVER
from complaints.states import ENDED_STATES, ComplaintStatus, Outcome

# --- The facts of some cases, out of their events -----------------------------------------------------

# ``touched`` names the cases; their events are read once, for both kinds of facts.
HAPPENED = """
happened AS MATERIALIZED (
    SELECT t.id AS complaint_id, t.region_id, t.channel, t.filed_on, e.id AS place, e.kind, e.before, e.after, e.data,
        (e.at AT TIME ZONE %(zone)s)::date AS "on"
    FROM touched t JOIN marketplace_event e ON e.subject = 'complaint:' || t.number)
"""
# The state at the end of a day is the last one *written* whose moment is not later
# (``id`` is the order of writing, which a rehearsal with a future clock cannot upset): a step counts from its day
# until the earliest day of a later one. Neighbours that a report counts alike become one stretch.
FRESH_STRETCHES = """
step AS (
    SELECT complaint_id, region_id, channel, place, data, after = ANY(%(ended)s) AS is_ended,
        CASE WHEN after = ANY(%(ended)s) THEN coalesce(data ->> 'outcome', '')
             WHEN after = %(court)s THEN %(lawsuit)s ELSE %(carried_over)s END AS outcome,
        greatest("on", filed_on) AS day
    FROM happened WHERE after <> ''),
dated AS (
    SELECT *, min(day) OVER (PARTITION BY complaint_id ORDER BY place
                             ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_day FROM step),
standing AS (
    SELECT *, lag(outcome) OVER cases AS outcome_before, lag(is_ended) OVER cases AS ended_before
    FROM dated WHERE next_day IS NULL OR day < next_day WINDOW cases AS (PARTITION BY complaint_id ORDER BY place)),
fresh_stretch AS MATERIALIZED (
    SELECT complaint_id, region_id, channel, day AS began_on,
        coalesce(lead(day) OVER (PARTITION BY complaint_id ORDER BY place), %(forever)s::date) AS until_on,
        ended_before IS NULL AS is_first, NOT is_ended AS is_open, outcome,
        is_ended AND coalesce(data ->> 'confirmed', '') = 'true' AS confirmed,
        CASE WHEN is_ended THEN coalesce(nullif(data ->> 'returned', '')::numeric, 0) ELSE 0 END AS returned
    FROM standing WHERE ended_before IS NULL OR is_ended OR ended_before OR outcome <> outcome_before)
"""
STRETCH = "complaint_id, region_id, channel, began_on, until_on, is_first, is_open, outcome, confirmed, returned"

# A step belongs to the body that had the case before it: who decided, who sent it on, whose decision was not enough.
FRESH_MARKS = """
told AS (
    SELECT complaint_id, region_id, place, kind, before, data, "on",
        CASE WHEN data ? 'authority' THEN data ->> 'authority'
             WHEN kind = 'complaint.filed' AND after <> %(with_seller)s THEN data ->> 'addressee' END AS moved_to
    FROM happened WHERE kind LIKE 'complaint.%%'),
placed AS (
    SELECT *, substr(max(lpad(place::text, 20, '0') || moved_to) OVER (
        PARTITION BY complaint_id ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 21) AS body
    FROM told),
fresh_mark AS MATERIALIZED (
    SELECT complaint_id, region_id, "on", substr(kind, 11) AS kind, coalesce(body, '') AS body,
        (data ->> 'days')::numeric::int AS days, (data ->> 'in_time')::boolean AS in_time
    FROM placed
    WHERE kind = ANY(%(of_bodies)s) OR (kind = ANY(%(of_sellers)s) AND before = %(with_seller)s))
"""
MARK = 'complaint_id, region_id, "on", kind, body, days, in_time'

# --- Which cases -----------------------------------------------------------------------------------------

CASES_OF_EVENTS = """
touched AS MATERIALIZED (
    SELECT id, number, region_id, channel, filed_on FROM complaints_complaint WHERE number IN (
        SELECT substr(e.subject, 11) FROM marketplace_event e
        WHERE e.id > %(after)s AND e.id <= %(upto)s AND e.subject LIKE 'complaint:%%'))
"""
CASES_BETWEEN = """
touched AS MATERIALIZED (
    SELECT id, number, region_id, channel, filed_on FROM complaints_complaint
    WHERE id > %(after)s AND id <= %(upto)s)
"""
_STORED_STRETCHES = f"(SELECT {STRETCH} FROM complaints_casestretch WHERE complaint_id IN (SELECT id FROM touched)) old"  # nosec B608  # of constants
_STORED_MARKS = f"(SELECT {MARK} FROM complaints_casemark WHERE complaint_id IN (SELECT id FROM touched)) old"  # nosec B608  # of constants

# --- Sums of days ----------------------------------------------------------------------------------------

_TOTAL_KEY = "day, region_id, channel, outcome, is_open"
_TOTAL = f"{_TOTAL_KEY}, came, went, filed, confirmed, returned"
_TALLY_KEY = "day, region_id, kind, body, days, in_time"
_TALLY = f"{_TALLY_KEY}, steps"


def _days_of(stretches: str, sign: int) -> str:
    """What stretches add to the sums of their first day and of the day on which they were over."""
    return f"""
        SELECT began_on AS day, region_id, channel, outcome, is_open, {sign} AS came, 0 AS went,
            {sign} * is_first::int AS filed, {sign} * confirmed::int AS confirmed, {sign} * returned AS returned
        FROM {stretches}
        UNION ALL SELECT until_on, region_id, channel, outcome, is_open, 0, {sign}, 0, 0, 0
        FROM {stretches} WHERE until_on < %(forever)s::date"""  # nosec B608  # of constants


def _steps_of(marks: str, sign: int) -> str:
    return f'SELECT "on" AS day, region_id, kind, body, days, in_time, {sign} AS steps FROM {marks}'  # nosec B608  # of constants


def _add_days(moved: str) -> str:
    sums = ("came", "went", "filed", "confirmed", "returned")
    return f"""
        INSERT INTO complaints_daytotal ({_TOTAL})
        SELECT {_TOTAL_KEY}, {", ".join(f"sum({name})" for name in sums)} FROM ({moved}) moved GROUP BY {_TOTAL_KEY}
        HAVING {" OR ".join(f"sum({name}) <> 0" for name in sums)} ORDER BY {_TOTAL_KEY}
        ON CONFLICT ({_TOTAL_KEY}) DO UPDATE
        SET {", ".join(f"{name} = complaints_daytotal.{name} + excluded.{name}" for name in sums)}"""  # nosec B608  # of constants


def _add_steps(moved: str) -> str:
    return f"""
        INSERT INTO complaints_daytally ({_TALLY})
        SELECT {_TALLY_KEY}, sum(steps) FROM ({moved}) moved
        GROUP BY {_TALLY_KEY} HAVING sum(steps) <> 0 ORDER BY {_TALLY_KEY}
        ON CONFLICT ({_TALLY_KEY}) DO UPDATE SET steps = complaints_daytally.steps + excluded.steps"""  # nosec B608  # of constants


# --- Reading and writing -----------------------------------------------------------------------------------

# The facts of the cases that nothing happened to since, fresh ones of the others; sums are corrected by the difference.
_NEW_DAYS = f"{_days_of(_STORED_STRETCHES, -1)} UNION ALL {_days_of('fresh_stretch', 1)}"
_NEW_STEPS = f"{_steps_of(_STORED_MARKS, -1)} UNION ALL {_steps_of('fresh_mark', 1)}"
EVERYTHING = f"""
WITH {CASES_OF_EVENTS}, {HAPPENED}, {FRESH_STRETCHES}, {FRESH_MARKS},
stretch AS NOT MATERIALIZED (
    SELECT {STRETCH} FROM complaints_casestretch s WHERE NOT EXISTS (SELECT FROM touched t WHERE t.id = s.complaint_id)
    UNION ALL SELECT {STRETCH} FROM fresh_stretch),
mark AS NOT MATERIALIZED (
    SELECT {MARK} FROM complaints_casemark m WHERE NOT EXISTS (SELECT FROM touched t WHERE t.id = m.complaint_id)
    UNION ALL SELECT {MARK} FROM fresh_mark),
total AS NOT MATERIALIZED (
    SELECT {_TOTAL} FROM complaints_daytotal UNION ALL {_NEW_DAYS}),
tally AS NOT MATERIALIZED (
    SELECT {_TALLY} FROM complaints_daytally UNION ALL {_NEW_STEPS})
"""  # nosec B608  # of constants
# In this order: the fresh facts once into tables of the transaction, then the sums while the old facts still stand.
# ``{cases}`` is one of the two above.
REWRITE = [
    "DROP TABLE IF EXISTS pg_temp.touched, pg_temp.happened, pg_temp.fresh_stretch, pg_temp.fresh_mark",
    "CREATE TEMPORARY TABLE touched ON COMMIT DROP AS WITH {cases} SELECT * FROM touched",
    "ANALYZE touched",
    f"CREATE TEMPORARY TABLE happened ON COMMIT DROP AS WITH {HAPPENED} SELECT * FROM happened",  # nosec B608  # of constants
    f"CREATE TEMPORARY TABLE fresh_stretch ON COMMIT DROP AS WITH {FRESH_STRETCHES} SELECT * FROM fresh_stretch",  # nosec B608  # of constants
    f"CREATE TEMPORARY TABLE fresh_mark ON COMMIT DROP AS WITH {FRESH_MARKS} SELECT * FROM fresh_mark",  # nosec B608  # of constants
    _add_days(_NEW_DAYS),
    _add_steps(_NEW_STEPS),
    "DELETE FROM complaints_casestretch s USING touched t WHERE s.complaint_id = t.id",
    "DELETE FROM complaints_casemark s USING touched t WHERE s.complaint_id = t.id",
    f"INSERT INTO complaints_casestretch ({STRETCH}) SELECT {STRETCH} FROM fresh_stretch",  # nosec B608  # of constants
    f"INSERT INTO complaints_casemark ({MARK}) SELECT {MARK} FROM fresh_mark",  # nosec B608  # of constants
]
# All sums once more from all cases.
RESUM = [
    "DELETE FROM complaints_daytotal",
    _add_days(_days_of("complaints_casestretch", 1)),
    "DELETE FROM complaints_daytally",
    _add_steps(_steps_of("complaints_casemark", 1)),
]

_WORDS: dict[str, Any] = {
    "ended": [str(state) for state in ENDED_STATES],
    "court": str(ComplaintStatus.COURT),
    "with_seller": str(ComplaintStatus.WITH_SELLER),
    "lawsuit": str(Outcome.LAWSUIT),
    "carried_over": str(Outcome.CARRIED_OVER),
    "forever": FOREVER,
    "of_sellers": ["complaint.answered", "complaint.offered", "complaint.ignored"],
    "of_bodies": [
        "complaint.decided", "complaint.refused", "complaint.redirected", "complaint.reopened",
        "complaint.confirmed", "complaint.overdue",
    ],
}  # fmt: skip


def parameters(**numbers: int) -> dict[str, Any]:
    """What every statement here is given: the words of the states, and which events or cases."""
    return {**_WORDS, **numbers, "zone": settings.TIME_ZONE}
