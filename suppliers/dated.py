"""How many applications and goods have a date that a rule or a day gave them: they keep it when rule or day changes."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from marketplace.rulebook import dated
from suppliers.listings.models import LISTING_WAITS, Listing
from suppliers.onboarding.models import WAITING, Application


def _applications_of_rule(code: str) -> int:
    return Application.objects.filter(status__in=WAITING, due_explained__rule=code).count()


def _applications_from_day(day: date) -> int:
    return Application.objects.filter(status__in=WAITING, respond_by__gte=day).count()


def _listings_of_rule(code: str) -> int:
    return Listing.objects.filter(status__in=LISTING_WAITS, due_explained__rule=code).count()


def _listings_from_day(day: date) -> int:
    return Listing.objects.filter(status__in=LISTING_WAITS, respond_by__gte=day).count()


dated.register(_("Applications of suppliers"), of_rule=_applications_of_rule, from_day=_applications_from_day)
dated.register(_("Goods that wait for an answer"), of_rule=_listings_of_rule, from_day=_listings_from_day)
