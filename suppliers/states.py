"""The life of a supplier and of an offer as data (domain 3.3): a ban with an end date; published → stale → hidden."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketplace.machine import Machine, Step


class SupplierStatus(models.TextChoices):
    APPLICANT = "applicant", _("Applicant")
    SUBMITTED = "submitted", _("Application being checked")
    NEEDS_FIX = "needs_fix", _("Application to be corrected")
    APPROVED = "approved", _("Approved")
    REFUSED = "refused", _("Refused")
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


P = SupplierStatus

SUPPLIER = Machine(
    "supplier",
    SupplierStatus,
    [
        Step("suspend", (P.APPROVED,), P.SUSPENDED, ("ministry",), _("Suspend until a day")),
        # The ban lifts itself when its last day is over; the ministry may end it before, after an appeal.
        Step("restore", (P.SUSPENDED,), P.APPROVED, ("clock", "ministry"), _("End the suspension")),
        Step("terminate", (P.APPROVED, P.SUSPENDED), P.TERMINATED, ("ministry",), _("Take off the portal for good")),
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
