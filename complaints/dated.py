"""How many open complaints have a date that a rule or a day gave them: they keep it when rule or day changes."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from complaints.models import Complaint
from complaints.states import OPEN_STATES
from marketplace.rulebook import dated


def _of_rule(code: str) -> int:
    return Complaint.objects.filter(status__in=OPEN_STATES, due_explained__rule=code).count()


def _from_day(day: date) -> int:
    return Complaint.objects.filter(status__in=OPEN_STATES, respond_by__gte=day).count()


dated.register(_("Open complaints"), of_rule=_of_rule, from_day=_from_day)
