"""How many open orders have a date that a rule or a day gave them: they keep it when rule or day changes."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketplace.rulebook import dated
from orders.models import Order


def _of_rule(code: str) -> int:
    return Order.objects.filter(due_at__isnull=False, due_rule=code).count()


def _from_day(day: date) -> int:
    start = timezone.make_aware(datetime.combine(day, datetime.min.time()))
    return Order.objects.filter(due_at__gte=start).count()


dated.register(_("Open orders"), of_rule=_of_rule, from_day=_from_day)
