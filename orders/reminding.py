"""Who has goods of a recalled lot and is silent is reminded, and at last called (domain F50, rule ``recall.reminder_days``).

So many days after she was told, once for each number of the rule; after ``call_days`` her office and 1414 have her on
their list of calls. Who cannot be reached by a reminder comes onto that list at once, like with every notice.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketplace import notices, outbox, rules
from marketplace.models import OutboxRow, User
from orders.effects import person_of
from orders.models import RecallHolder
from suppliers.models import LotRecall

RULE = "recall.reminder_days"
TOPIC = "recall.reminder"
BATCH = 200


def remind(now: datetime) -> int:
    """Every reminder that is due at ``now``, once; returns how many. Several that were missed come as the last of them.

    Twice or by two at once nobody is reminded more often: rows that another sweep holds are its own.
    """
    value = rules.get(RULE, on=timezone.localdate(now)).value
    days = [*sorted(value["days"]), value["call_days"]]
    return sum(_take(number, days[number - 1], len(days), now) for number in range(len(days), 0, -1))


def _take(number: int, days: int, last: int, now: datetime) -> int:
    """Those to whom the reminder ``number`` is due: told at least so many local days ago, and not reminded so often."""
    told_by = timezone.localdate(now) - timedelta(days=days)
    silent = RecallHolder.objects.filter(
        wish="", reminders__lt=number, told_at__date__lte=told_by, recall__status=LotRecall.Status.RUNNING
    )
    done = 0
    while True:
        with transaction.atomic(durable=True):
            rows = silent.select_for_update(of=("self",), no_key=True, skip_locked=True).order_by("told_at", "pk")
            found = list(rows.values_list("pk", flat=True)[:BATCH])
            RecallHolder.objects.filter(pk__in=found).update(reminders=number)
            outbox.add_many([(TOPIC, str(pk), {"number": number, "call": number == last}) for pk in found])
        done += len(found)
        if len(found) < BATCH:
            return done


@outbox.handler(TOPIC)
def tell(row: OutboxRow) -> None:
    """``key`` is the holder's id. Who has answered meanwhile is left alone."""
    holder = RecallHolder.objects.select_related("recall", "line__order__user").get(pk=row.key)
    if holder.wish or holder.recall.status != LotRecall.Status.RUNNING:
        return
    person = person_of(holder.line.order)
    with translation.override(person.language):
        facts = {
            "product": holder.line.title,
            "lot": holder.recall.lot,
            "url": f"{settings.PORTAL_URL}/{translation.get_language()}/orders/{holder.line.order.number}/",
        }
        title = _("Do not use: %(product)s") % facts
        text = _(
            "Lot %(lot)s of %(product)s is called back, and you have not answered yet. Do you want another one, your "
            "money, a repair, or to keep it? %(url)s"
        )
        text = " ".join([text % facts, holder.recall.what_to_do])
    notices.create(
        recipient=person,
        channel=User.Channel.CALL if row.payload["call"] else None,
        kind=TOPIC,
        subject=f"order:{holder.line.order.number}",
        title=title,
        text=text,
        dedupe=f"{TOPIC}:{holder.pk}:{row.payload['number']}",
    )
