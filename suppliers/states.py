"""The life of an application, a supplier and an offer as data (domain 3.3): checked in time, banned until a day, stale."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.machine import Machine, Step


class ApplicationStatus(models.TextChoices):
    SUBMITTED = "submitted", _("Being checked")
    NEEDS_FIX = "needs_fix", _("To be corrected")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
    APPEALED = "appealed", _("Being checked once more")
    UPHELD = "upheld", _("Refused after a second check")
    LAPSED = "lapsed", _("Not corrected in time")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class SupplierStatus(models.TextChoices):
    APPROVED = "approved", _("Approved")
    PAUSED = "paused", _("Paused: declaration not renewed")
    SUSPENDED = "suspended", _("Suspended")
    TERMINATED = "terminated", _("Terminated")


class OfferStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    MODERATION = "moderation", _("Being checked")
    PRICE_REVIEW = "price_review", _("Price being checked")
    PUBLISHED = "published", _("Published")
    HIDDEN = "hidden", _("Hidden: stock not confirmed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    RECALLED = "recalled", _("Recalled")


A = ApplicationStatus

APPLICATION = Machine(
    "application",
    ApplicationStatus,
    [
        Step("approve", (A.SUBMITTED, A.APPEALED), A.APPROVED, ("ministry",), _("Approve")),
        Step("ask", (A.SUBMITTED,), A.NEEDS_FIX, ("ministry",), _("Ask for more")),
        Step("refuse", (A.SUBMITTED,), A.REFUSED, ("ministry",), _("Refuse")),
        # By another person than the one who refused: the service knows who that was.
        Step("uphold", (A.APPEALED,), A.UPHELD, ("ministry",), _("Refuse after a second check")),
        Step("correct", (A.NEEDS_FIX,), A.SUBMITTED, ("applicant",), _("Send the correction")),
        Step("appeal", (A.REFUSED,), A.APPEALED, ("applicant",), _("Ask for a second check")),
        Step("withdraw", (A.SUBMITTED, A.NEEDS_FIX), A.WITHDRAWN, ("applicant",), _("Withdraw the application")),
        # Silence of the ministry neither lets anybody sell unchecked nor refuses: somebody has to look at it now.
        Step("escalate", (A.SUBMITTED,), A.APPEALED, ("clock",), _("Pass on: no answer in time")),
        Step("lapse", (A.NEEDS_FIX,), A.LAPSED, ("clock",), _("End: no correction in time")),
    ],
)

P = SupplierStatus

SUPPLIER = Machine(
    "supplier",
    SupplierStatus,
    [
        Step("suspend", (P.APPROVED, P.PAUSED), P.SUSPENDED, ("ministry",), _("Suspend until a day")),
        # The ban lifts itself when its last day is over; the ministry may end it before, after an appeal.
        Step("restore", (P.SUSPENDED,), P.APPROVED, ("clock", "ministry"), _("End the suspension")),
        Step(
            "terminate",
            (P.APPROVED, P.PAUSED, P.SUSPENDED),
            P.TERMINATED,
            ("ministry",),
            _("Take off the portal for good"),
        ),
        Step("pause", (P.APPROVED,), P.PAUSED, ("clock",), _("Pause: the declaration was not renewed")),
        Step("declare", (P.PAUSED,), P.APPROVED, ("supplier",), _("Renew the declaration")),
    ],
)

OFFER = Machine(
    "offer",
    OfferStatus,
    [
        Step(
            "withdraw",
            (OfferStatus.PUBLISHED, OfferStatus.HIDDEN),
            OfferStatus.WITHDRAWN,
            ("supplier",),
            _("Withdraw from sale"),
        ),
        Step(
            "publish",
            (OfferStatus.WITHDRAWN, OfferStatus.HIDDEN),
            OfferStatus.PUBLISHED,
            ("supplier",),
            _("Put on sale"),
        ),
        Step("confirm-stock", (OfferStatus.HIDDEN,), OfferStatus.PUBLISHED, ("supplier",), _("Confirm the stock")),
        # Stopped by the state because of a danger; when that is lifted the supplier decides to sell again.
        Step(
            "recall",
            (
                OfferStatus.PUBLISHED, OfferStatus.HIDDEN, OfferStatus.WITHDRAWN, OfferStatus.MODERATION,
                OfferStatus.PRICE_REVIEW,
            ),
            OfferStatus.RECALLED,
            ("authority",),
            _("Stop the sale"),
        ),
        Step("release", (OfferStatus.RECALLED,), OfferStatus.WITHDRAWN, ("authority",), _("Lift the stop of the sale")),
        Step("hide", (OfferStatus.PUBLISHED,), OfferStatus.HIDDEN, ("clock",), _("Hide: the stock was not confirmed")),
    ],
)  # fmt: skip


class ListingStatus(models.TextChoices):
    MODERATION = "moderation", _("Being checked")
    PRICE_REVIEW = "price_review", _("Price being checked")
    PUBLISHED = "published", _("Published")
    REFUSED = "refused", _("Refused")
    APPEALED = "appealed", _("Being checked once more")
    UPHELD = "upheld", _("Refused after a second check")
    WITHDRAWN = "withdrawn", _("Withdrawn")


_WAITS = (ListingStatus.MODERATION, ListingStatus.PRICE_REVIEW)

LISTING = Machine(
    "listing",
    ListingStatus,
    [
        Step("publish", (*_WAITS, ListingStatus.APPEALED), ListingStatus.PUBLISHED, ("ministry",), _("Put on sale")),
        Step("refuse", _WAITS, ListingStatus.REFUSED, ("ministry",), _("Refuse")),
        # As with applications, by another person than the one who refused.
        Step(
            "uphold",
            (ListingStatus.APPEALED,),
            ListingStatus.UPHELD,
            ("ministry",),
            _("Refuse after a second check"),
        ),
        Step("appeal", (ListingStatus.REFUSED,), ListingStatus.APPEALED, ("supplier",), _("Ask for a second check")),
        Step(
            "question-price",
            (ListingStatus.MODERATION,),
            ListingStatus.PRICE_REVIEW,
            ("ministry",),
            _("Ask about the price"),
        ),
        # The supplier says why; the ministry decides with its words before it.
        Step("explain", (ListingStatus.PRICE_REVIEW,), ListingStatus.MODERATION, ("supplier",), _("Explain the price")),
        Step("withdraw", _WAITS, ListingStatus.WITHDRAWN, ("supplier",), _("Withdraw")),
        # Who was asked about a price and says nothing does not keep the ministry waiting.
        Step(
            "lapse",
            (ListingStatus.PRICE_REVIEW,),
            ListingStatus.WITHDRAWN,
            ("clock",),
            _("End: no explanation in time"),
        ),
    ],
)


class RecallStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    CLOSED = "closed", _("Closed")


RECALL = Machine(
    "recall",
    RecallStatus,
    # What the state called back the state ends; how many still wait is the services' matter.
    [Step("close", (RecallStatus.RUNNING,), RecallStatus.CLOSED, ("supplier", "ministry"), _("End the recall"))],
)


class PriceListStatus(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Being read")
    DONE = "done", _("Read to the end")
    REFUSED = "refused", _("Not read")


PRICE_LIST = Machine(
    "price-list",
    PriceListStatus,
    [
        Step("start", (PriceListStatus.WAITING,), PriceListStatus.RUNNING, ("clock",), _("Begin to read")),
        Step("finish", (PriceListStatus.RUNNING,), PriceListStatus.DONE, ("clock",), _("Come to the end")),
        Step(
            "refuse",
            (PriceListStatus.WAITING, PriceListStatus.RUNNING),
            PriceListStatus.REFUSED,
            ("clock",),
            _("Refuse the file"),
        ),
    ],
)
