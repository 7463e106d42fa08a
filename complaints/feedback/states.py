"""The life of a mark, of a phone interview and of a mystery visit: the tables of legal steps (domain 3.5)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.machine import Machine, Step


class FeedbackStatus(models.TextChoices):
    RATED = "rated", _("Received")
    FLAGGED = "flagged", _("Waiting for a reply")
    ESCALATED = "escalated", _("No reply in time")
    REPLIED = "replied", _("Replied, the action is missing")
    ACTED = "acted", _("Action noted")
    PUBLISHED = "published", _("Published")
    PRIVATE = "private", _("Kept private")
    ARCHIVED = "archived", _("In the archive")


class CallStatus(models.TextChoices):
    WAITING = "waiting", _("To be called")
    NO_ANSWER = "no_answer", _("No answer, call again")
    DONE = "done", _("Interview done")
    DECLINED = "declined", _("The person declined")
    UNREACHED = "unreached", _("Not reached")


class VisitStatus(models.TextChoices):
    ASSIGNED = "assigned", _("Assigned")
    VISITED = "visited", _("Visited, to be reviewed")
    REVIEWED = "reviewed", _("Reviewed, the fee waits")
    PAID = "paid", _("Paid")
    CANCELLED = "cancelled", _("Cancelled")


class ReplyStatus(models.TextChoices):
    WAITING = "waiting", _("Waits to be looked through")
    PUBLISHED = "published", _("Published")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Taken back")


F = FeedbackStatus
SETTLED_STATES = (F.RATED, F.ACTED, F.PUBLISHED, F.PRIVATE)

FEEDBACK = Machine(
    "feedback",
    FeedbackStatus,
    [
        Step("flag", (F.RATED,), F.FLAGGED, ("clock",), _("Ask for a reply")),
        Step("escalate", (F.FLAGGED,), F.ESCALATED, ("clock",), _("Time is over")),
        Step("reply", (F.FLAGGED, F.ESCALATED), F.REPLIED, ("supplier", "office"), _("Send the reply")),
        Step("note-action", (F.REPLIED,), F.ACTED, ("supplier", "office"), _("Note the action")),
        Step(
            "publish",
            (F.RATED, F.ESCALATED, F.REPLIED, F.ACTED, F.PRIVATE),
            F.PUBLISHED,
            ("ministry",),
            _("Publish the words"),
        ),
        Step(
            "keep-private",
            (F.RATED, F.REPLIED, F.ACTED, F.PUBLISHED),
            F.PRIVATE,
            ("ministry",),
            _("Keep private"),
        ),
        # what nobody owes a step of: it leaves the pages after a time and counts on in the means
        Step("archive", SETTLED_STATES, F.ARCHIVED, ("clock",), _("Put into the archive")),
    ],
)

C = CallStatus

CALL = Machine(
    "call",
    CallStatus,
    [
        Step("interview", (C.WAITING, C.NO_ANSWER), C.DONE, ("desk",), _("Save the answers")),
        Step("no-answer", (C.WAITING, C.NO_ANSWER), C.NO_ANSWER, ("desk",), _("No answer")),
        Step("give-up", (C.WAITING, C.NO_ANSWER), C.UNREACHED, ("desk", "clock"), _("Not reached")),
        Step("decline", (C.WAITING, C.NO_ANSWER), C.DECLINED, ("desk",), _("The person does not want to answer")),
    ],
)

V = VisitStatus

VISIT = Machine(
    "mystery visit",
    VisitStatus,
    [
        Step("report", (V.ASSIGNED,), V.VISITED, ("visitor",), _("Send the report")),
        Step("accept", (V.VISITED,), V.REVIEWED, ("ministry",), _("Accept the report")),
        Step("return", (V.VISITED,), V.ASSIGNED, ("ministry",), _("Return the report")),
        Step("pay", (V.REVIEWED,), V.PAID, ("ministry",), _("Approve the fee")),
        Step("cancel", (V.ASSIGNED, V.VISITED), V.CANCELLED, ("ministry",), _("Cancel the visit")),
        Step("lapse", (V.ASSIGNED,), V.CANCELLED, ("clock",), _("The day has passed")),
    ],
)

R = ReplyStatus

REPLY = Machine(
    "public reply",
    ReplyStatus,
    [
        Step("publish", (R.WAITING,), R.PUBLISHED, ("ministry",), _("Publish the reply")),
        Step("refuse", (R.WAITING,), R.REFUSED, ("ministry",), _("Refuse the reply")),
        Step("withdraw", (R.WAITING, R.PUBLISHED), R.WITHDRAWN, ("supplier",), _("Take the reply back")),
        # a later reply to the same thing takes its place
        Step("replace", (R.WAITING, R.PUBLISHED), R.WITHDRAWN, ("clock",), _("Replaced")),
    ],
)

# The owner owes a reply or an action.
OWED_STATES = [F.FLAGGED, F.ESCALATED, F.REPLIED]
OPEN_CALLS = [C.WAITING, C.NO_ANSWER]
