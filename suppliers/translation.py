"""Supplier columns that carry Kazakh, Russian and English text."""

from modeltranslation.translator import TranslationOptions, register

from suppliers.models import Partner


@register(Partner)
class PartnerTranslation(TranslationOptions):
    fields = ("about",)
