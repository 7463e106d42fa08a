"""Asking people: an occasion for every delivery and every visit, a link some days later, once.

The link holds 128 bits derived from the secret key. It is written into the message when that leaves: the invitation
keeps a digest, the message a mark where the link stands. Whoever wants no such messages says so with one button.
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from complaints.feedback import giving
from complaints.feedback.models import Feedback, NoInvitations, Occasion
from marketplace import crypto, formats, notices, outbox, rules
from marketplace.models import Event, Notice, OutboxRow, Role, User
from marketplace.notices import sending
from marketplace.time import database_now
from orders.effects import person_of
from orders.models import Order

INVITATION = "feedback.invitation"
BATCH = 200
# Nobody is woken up to give a mark: local hours, the last one not included.
FIRST_HOUR, LAST_HOUR = 9, 20


@outbox.handler("order.accepted", "order.accepted_with_remarks")
def note_delivery(row: OutboxRow) -> None:
    """Goods that were accepted may be rated: consumables soon, durable goods after they were used for a while."""
    order = Order.objects.select_related("partner", "user", "placed_by").get(number=row.key)
    days = rules.get("feedback.invitation_days").value
    spheres = {line.product.get_product_class().sphere for line in order.lines.all() if line.product is not None}
    wait = max((int(days.get(sphere, days["durable"])) for sphere in spheres), default=int(days["durable"]))
    # The day of the step itself: after an outage this runs late.
    accepted = Event.objects.filter(subject=f"order:{order.number}", kind=row.topic).order_by("-pk").first()
    day = timezone.localdate(accepted.at if accepted is not None else None)
    Occasion.objects.get_or_create(
        event=f"order:{order.number}",
        defaults={
            "person": person_of(order),
            "supplier": order.partner,
            "region_id": order.region_id,
            "happened_on": day,
            "invite_on": day + timedelta(days=wait),
        },
    )


@outbox.handler("order.sent")
def note_visit(row: OutboxRow) -> None:
    """Whom a caseworker served at the office may rate the office; once a day."""
    order = Order.objects.select_related("placed_by__office", "user").get(number=row.key)
    worker = order.placed_by
    if worker is None or worker.role != Role.CASEWORKER or worker.office is None:
        return
    day = timezone.localdate(order.date_placed)
    person = person_of(order)
    wait = int(rules.get("feedback.invitation_days").value["visit"])
    Occasion.objects.get_or_create(
        event=f"visit:{worker.office.code}:{person.pk}:{day}",
        defaults={
            "person": person,
            "office": worker.office,
            "region_id": worker.office.region_id,
            "happened_on": day,
            "invite_on": day + timedelta(days=wait),
        },
    )


def due(today: date) -> QuerySet[Occasion]:
    """Occasions whose person is to be asked by a link: not rated yet, not refused, reachable by text."""
    oldest = today - timedelta(days=int(rules.get("feedback.link_days").value["days"]))
    refused = NoInvitations.objects.filter(person=OuterRef("person"))
    given = Feedback.objects.filter(event=OuterRef("event"))
    return (
        Occasion.objects.filter(invited_at=None, used_at=None, invite_on__lte=today, invite_on__gte=oldest)
        .filter(~Exists(refused), ~Exists(given), person__is_active=True)
        .exclude(person__channel=User.Channel.CALL)
    )


def invite_due(now: datetime) -> int:
    """Send the links that are due, in daytime only; returns how many. Twice or by two at once: each once."""
    local = timezone.localtime(now)
    if not FIRST_HOUR <= local.hour < LAST_HOUR:
        return 0
    sent = 0
    for pk in list(due(local.date()).order_by("invite_on", "pk").values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic(durable=True):
            rows = due(local.date()).select_for_update(skip_locked=True, of=("self",))
            occasion = rows.filter(pk=pk).select_related("person", "supplier", "office").first()
            if occasion is not None:
                _invite(occasion, now)
                sent += 1
    return sent


def _invite(occasion: Occasion, now: datetime) -> None:
    token = _token(occasion.pk)
    last = timezone.localdate(now) + timedelta(days=int(rules.get("feedback.link_days").value["days"]))
    Occasion.objects.filter(pk=occasion.pk).update(
        token_hash=crypto.digest("feedback-link", token), invited_at=now, expires_on=last
    )
    owner = occasion.office or occasion.supplier
    with translation.override(occasion.person.language):
        title = _("How was it? %(name)s") % {"name": owner.name if owner else ""}
        text = _("Give a mark in one minute: %(url)s The link works until %(date)s. You need not answer.") % {
            "url": notices.FILLED_LATER,
            "date": formats.date_long(last),
        }
    notices.create(
        recipient=occasion.person,
        kind=INVITATION,
        subject=f"occasion:{occasion.pk}",
        title=title,
        text=text,
        dedupe=f"feedback.invitation:{occasion.pk}",
    )


def _token(occasion_id: int) -> str:
    return crypto.token("feedback-link-of", str(occasion_id))


def _link(notice: Notice) -> str:
    return f"{settings.PORTAL_URL}/s/{_token(int(notice.subject.partition(':')[2]))}"


sending.filled_by(_link, INVITATION)


def refuse(*, token: str = "", occasion_id: int | None = None) -> None:
    """The person of an invitation wants no more of them. Raises like ``giving.occasion_of``."""
    with transaction.atomic(durable=True):
        occasion = giving.occasion_of(token=token, occasion_id=occasion_id)
        NoInvitations.objects.get_or_create(person_id=occasion.person_id, defaults={"at": database_now()})
