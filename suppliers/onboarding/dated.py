"""How many applications have a date that a rule or a day gave them: they keep it when rule or day changes."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from marketplace.rulebook import dated
from suppliers.onboarding.models import WAITING, Application


def _of_rule(code: str) -> int:
    return Application.objects.filter(status__in=WAITING, due_explained__rule=code).count()


def _from_day(day: date) -> int:
    return Application.objects.filter(status__in=WAITING, respond_by__gte=day).count()


dated.register(_("Applications of suppliers"), of_rule=_of_rule, from_day=_from_day)
