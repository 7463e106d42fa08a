"""What became of a listing, told to the supplier's people in their language."""

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace import formats, notices, outbox
from marketplace.models import OutboxRow
from suppliers.listings import words
from suppliers.listings.models import Listing
from suppliers.listings.sending import TOPIC


@outbox.handler(TOPIC)
def tell(row: OutboxRow) -> None:
    """``key`` is the listing's id, ``action`` the step that was taken."""
    listing = Listing.objects.select_related("partner").get(pk=row.key)
    for user in listing.partner.users.filter(is_active=True):
        with translation.override(user.language):
            title, text = _said(listing, row.payload["action"])
        if title:
            notices.create(
                recipient=user,
                kind=f"listing.{row.payload['action']}",
                subject=f"listing:{listing.pk}",
                title=title,
                text=text,
                dedupe=f"{row.topic}:{row.pk}:{user.pk}",
            )


def _said(listing: Listing, action: str) -> tuple[str, str]:
    facts = {
        "title": listing.title,
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
        "refuse": (_("Not put on sale: %(title)s"), _("%(reason)s. %(words)s Correct it and send it again: %(url)s")),
    }
    title, text = said.get(action, ("", ""))
    return title % facts, text % facts
