"""Catalogue columns that carry Kazakh, Russian and English text."""

from modeltranslation.translator import TranslationOptions, register

from catalog.models import AttributeOption, Category, Measure, Product, ProductAttribute, ProductClass


@register(Category)
class CategoryTranslation(TranslationOptions):
    fields = ("name", "description")


@register(ProductClass)
class ProductClassTranslation(TranslationOptions):
    fields = ("name", "summary", "iso_note")


@register(ProductAttribute)
class ProductAttributeTranslation(TranslationOptions):
    fields = ("name",)


@register(AttributeOption)
class AttributeOptionTranslation(TranslationOptions):
    fields = ("label",)


@register(Product)
class ProductTranslation(TranslationOptions):
    fields = ("title", "description")


@register(Measure)
class MeasureTranslation(TranslationOptions):
    fields = ("name", "how", "picture")
