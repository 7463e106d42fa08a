"""Django admin: master data only. Drafts, orders and complaints have their own desks."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from marketplace import access, events
from marketplace.models import Authority, CalendarDay, Guardianship, Office, Region, Role, Rule, User


class Logged(admin.ModelAdmin):
    """Master data that an administrator edits: each change leaves an event with the names of the fields (G8)."""

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        self._record(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[Model]) -> Any:
        for obj in queryset:
            self._record(request, obj, "deleted", [])
        return super().log_deletions(request, queryset)

    def _record(self, request: HttpRequest, obj: Model, word: str, message: Any) -> None:
        assert request.user.is_authenticated
        # Changing a password logs outside of a transaction.
        with transaction.atomic():
            events.record(
                kind=f"admin.{word}",
                subject=f"{obj._meta.model_name}:{obj.pk}",
                actor=request.user,
                data={"message": message},
            )


class Personal(Logged):
    """Rows about people: each look, also at a list, leaves a row that the person reads on her account page (G8)."""

    people: tuple[str, ...] = ("pk",)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            self._looked(request, shown["cl"].result_list)
        return response

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        response = super().change_view(request, object_id, *args, **kwargs)
        found = self.get_object(request, object_id)
        self._looked(request, [found] if found is not None else [])
        return response

    def _looked(self, request: HttpRequest, rows: Iterable[Model]) -> None:
        assert request.user.is_authenticated
        ids = {getattr(row, name) for row in rows for name in self.people}
        seen = User.objects.filter(pk__in=ids, role__in=[Role.BENEFICIARY, Role.GUARDIAN])
        people = seen.values_list("pk", flat=True)
        access.log_reads(actor=request.user, person_ids=people, purpose="account", subject="people:account")


@admin.register(User)
class PortalUserAdmin(Personal, UserAdmin):
    list_display = ("username", "full_name", "role", "office", "authority", "is_active")
    list_filter = ("role", "is_active", "region")
    search_fields = ("username", "full_name")
    raw_id_fields = ("office", "authority")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("full_name", "phone", "email", "channel", "language")}),
        (_("Rights"), {"fields": ("role", "region", "office", "authority", "is_active", "is_staff")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "role", "password1", "password2")}),)


@admin.register(Region)
class RegionAdmin(Logged, TranslationAdmin):
    list_display = ("code", "name", "centre")


@admin.register(Office)
class OfficeAdmin(Logged, TranslationAdmin):
    list_display = ("code", "name", "region")
    list_filter = ("region",)


@admin.register(Authority)
class AuthorityAdmin(Logged, TranslationAdmin):
    list_display = ("code", "name", "kind", "region")
    list_filter = ("kind",)
    search_fields = ("code", "name")


@admin.register(Guardianship)
class GuardianshipAdmin(Personal):
    people = ("guardian_id", "ward_id")
    list_display = ("guardian", "ward", "basis", "valid_to")
    raw_id_fields = ("guardian", "ward")


class ReadOnly(admin.ModelAdmin):
    """Edited by the ministry at /review/ alone, where every check is and every change says why."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(CalendarDay)
class CalendarDayAdmin(ReadOnly):
    list_display = ("day", "name", "working", "instead_of", "estimated", "struck_at")
    date_hierarchy = "day"


@admin.register(Rule)
class RuleAdmin(ReadOnly):
    list_display = ("code", "valid_from", "mark", "author")
    list_filter = ("mark",)
    search_fields = ("code",)
