"""What happens to feedback because time passed; complaints/clocks.py calls it each minute. Safe to run twice."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime

import structlog

from complaints.feedback import answering, calling, inviting, selectors, visiting

log = structlog.get_logger(__name__)

BATCH = 500


def run(now: datetime) -> Counter[str]:
    """Links sent, samples drawn, marks without a reply passed on: how many of each."""
    done: Counter[str] = Counter()
    for name, job in _JOBS.items():
        try:
            done[name] += job(now)
        except Exception:
            # One broken job must not stop the other clocks; the next sweep tries again.
            log.exception("feedback_clock_failed", job=name)
    return +done


def _escalate(now: datetime) -> int:
    due = list(selectors.overdue(now).order_by("reply_by", "pk").values_list("pk", flat=True)[:BATCH])
    return sum(answering.escalate(feedback_id=pk, now=now) for pk in due)


def _archive(now: datetime) -> int:
    due = list(selectors.to_archive(now).order_by("given_at", "pk").values_list("pk", flat=True)[:BATCH])
    return sum(answering.archive(feedback_id=pk, now=now) for pk in due)


_JOBS: dict[str, Callable[[datetime], int]] = {
    "feedback links sent": inviting.invite_due,
    "people drawn for calls": calling.draw,
    "calls closed": calling.close_stale,
    "marks escalated": _escalate,
    "marks archived": _archive,
    "visits taken back": visiting.lapse_due,
}
