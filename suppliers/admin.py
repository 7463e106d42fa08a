"""Suppliers as master data; offers are the suppliers' own."""

from django.contrib import admin

from marketplace.admin import Logged
from suppliers.models import Partner


@admin.register(Partner)
class PartnerAdmin(Logged):
    list_display = ("code", "name", "status", "bin", "home_region")
    list_filter = ("status",)
    search_fields = ("code", "name", "bin")
    raw_id_fields = ("users",)
    readonly_fields = (
        "delivered_lines", "on_time_lines", "rejected_lines", "complaint_load", "rating_sum", "rating_count",
    )  # fmt: skip
