"""Columns that carry Kazakh, Russian and English text."""

from modeltranslation.translator import TranslationOptions, register

from marketplace.models import Authority, CalendarDay, Office, Region


@register(Region)
class RegionTranslation(TranslationOptions):
    fields = ("name", "short", "centre")


@register(Office)
class OfficeTranslation(TranslationOptions):
    fields = ("name", "address", "hours")


@register(Authority)
class AuthorityTranslation(TranslationOptions):
    fields = ("name", "hours")


@register(CalendarDay)
class CalendarDayTranslation(TranslationOptions):
    fields = ("name",)
