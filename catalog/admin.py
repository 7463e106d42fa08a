"""Oscar's catalogue admin for master data; each change leaves its event and brings the search documents up to date."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from oscar.apps.address.models import UserAddress
from oscar.apps.catalogue import admin as oscar_admin
from oscar.apps.catalogue.admin import *  # noqa: F403

from catalog.models import Category, Product, ProductAttribute, ProductAttributeValue, ProductClass
from catalog.search import documents
from marketplace import outbox
from marketplace.admin import Logged


def _type_of(row: Model) -> list[int]:
    """Product types whose products say something else when this row changes."""
    if isinstance(row, ProductClass):
        return [row.pk]
    if isinstance(row, ProductAttribute):
        return [row.product_class_id] if row.product_class_id else []
    return list(ProductClass.objects.filter(shelf=row).values_list("pk", flat=True))


class Refreshing(Logged):
    """Search documents follow by the outbox, in the transaction of the change."""

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        self.refresh(form.instance)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.forget(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.forget(row)
        super().delete_queryset(request, queryset)

    def refresh(self, row: Model) -> None:
        """Products of the types that the row belongs to, in batches of their own."""
        for type_id in _type_of(row):
            outbox.add("product-type.changed", str(type_id))

    def forget(self, row: Model) -> None:
        """What was said by a row that goes is no longer said."""
        self.refresh(row)


# The libraries' own tables of addresses and e-mails stay empty here; a door to them would only be one more.
for model in (Product, ProductClass, ProductAttribute, ProductAttributeValue, Category, UserAddress, EmailAddress):
    admin.site.unregister(model)


@admin.register(Product)
class ProductAdmin(Refreshing, oscar_admin.ProductAdmin):
    def refresh(self, row: Model) -> None:
        outbox.add("product.changed", str(row.pk))

    def forget(self, row: Model) -> None:
        """Its document goes with it; the engines' indexes do not."""
        outbox.add(documents.TOPIC, str(row.pk), {"products": [row.pk]})


@admin.register(ProductClass)
class ProductClassAdmin(Refreshing, oscar_admin.ProductClassAdmin):
    pass


@admin.register(ProductAttribute)
class ProductAttributeAdmin(Refreshing, oscar_admin.ProductAttributeAdmin):
    pass


@admin.register(Category)
class CategoryAdmin(Refreshing, oscar_admin.CategoryAdmin):
    pass


@admin.register(ProductAttributeValue)
class ProductAttributeValueAdmin(Refreshing, oscar_admin.ProductAttributeValueAdmin):
    def refresh(self, row: Model) -> None:
        assert isinstance(row, ProductAttributeValue)
        outbox.add("product.changed", str(row.product_id))
