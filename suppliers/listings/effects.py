"""What became of a listing, told to the supplier's people in their language; and to the ministry what others have to look at."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import formats, notices, outbox
from marketplace.models import OutboxRow, Role, User
from suppliers.listings import words
from suppliers.listings.models import Listing
from suppliers.listings.sending import TOPIC

# Somebody else than the one who refused has to look at it.
FOR_MINISTRY = {"appeal", "overdue"}


@outbox.handler(TOPIC)
def tell(row: OutboxRow) -> None:
    """``key`` is the listing's id, ``action`` the step that was taken."""
    listing, action = Listing.objects.select_related("partner", "product").get(pk=row.key), row.payload["action"]
    about = {"kind": f"listing.{action}", "subject": f"listing:{listing.pk}", "dedupe": f"{row.topic}:{row.pk}"}
    if action in FOR_MINISTRY:
        deciding = User.objects.filter(role=Role.REVIEWER).exclude(pk=listing.refused_by_id or 0)
        notices.tell(deciding.order_by("pk"), lambda: _to_ministry(listing, action), **about)
    notices.tell(listing.partner.users.all(), lambda: _said(listing, action), **about)


def _to_ministry(listing: Listing, action: str) -> tuple[str, str]:
    """To everybody who can decide."""
    facts = {
        "number": listing.number,
        "title": listing.name,
        "day": formats.date_long(listing.respond_by) if listing.respond_by else "",
        "url": f"{settings.PORTAL_URL}/{translation.get_language()}/review/listings/{listing.pk}/",
    }
    title = {
        "appeal": _("A supplier asks for a second check: %(title)s"),
        "overdue": _("Nobody has looked at goods in time: %(title)s"),
    }[action]
    return title % facts, _("Listing %(number)s waits. Answer by %(day)s: %(url)s") % facts


def _said(listing: Listing, action: str) -> tuple[str, str]:
    facts = {
        "title": listing.name,
        "day": formats.date_long(listing.respond_by) if listing.respond_by else "",
        "reason": words.reason_name(listing.reason) if listing.reason else "",
        "words": listing.words,
        "url": f"{settings.PORTAL_URL}/{translation.get_language()}/supplier/listings/{listing.pk}/",
    }
    price = action == "question-price" or (action == "sent" and listing.status == Listing.Status.PRICE_REVIEW)
    if price:
        return (
            _("Explain the price: %(title)s") % facts,
            _("It is far above others of its kind. Say why: %(words)s %(url)s") % facts,
        )
    said = {
        "publish": (_("On sale: %(title)s"), _("Everybody can order it now. %(url)s")),
        "overdue": (
            _("The answer about %(title)s is late"),
            _("We are sorry, and told everybody who can decide. They answer by %(day)s: %(url)s"),
        ),
        "lapse": (
            _("Not put on sale: %(title)s"),
            _("The price was not explained in time. Your answers are kept, you can send it again: %(url)s"),
        ),
        "refuse": (
            _("Not put on sale: %(title)s"),
            _("%(reason)s. %(words)s Correct it, or ask for a second check until %(day)s: %(url)s"),
        ),
        "appeal": (
            _("Checked once more: %(title)s"),
            _("Another person answers by %(day)s. Follow it here: %(url)s"),
        ),
        "uphold": (
            _("Not put on sale after a second check: %(title)s"),
            _("%(words)s Correct it and send it again: %(url)s"),
        ),
    }
    title, text = said.get(action, ("", ""))
    return title % facts, text % facts
