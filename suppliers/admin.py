"""Suppliers as master data; offers are the suppliers' own."""

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from marketplace import outbox
from marketplace.admin import Logged
from suppliers.models import Partner


@admin.register(Partner)
class PartnerAdmin(Logged):
    list_display = ("code", "name", "status", "bin", "home_region")
    list_filter = ("status",)
    search_fields = ("code", "name", "bin")
    raw_id_fields = ("users",)
    readonly_fields = (
        "delivered_lines", "on_time_lines", "rejected_lines", "complaint_load", "confirmed_cases", "silent_cases",
        "rating_sum", "rating_count",
    )  # fmt: skip

    def save_related(self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool) -> None:
        """Another state or name changes what may be bought and what lists show."""
        super().save_related(request, form, formsets, change)
        outbox.add("supplier.changed", str(form.instance.pk))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A supplier is taken off the portal, never out of the records."""
        return False
