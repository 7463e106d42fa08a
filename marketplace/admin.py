"""Django admin: master data only. Drafts, orders and complaints have their own desks."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from marketplace.models import Authority, CalendarDay, Guardianship, Office, Region, Rule, User


@admin.register(User)
class PortalUserAdmin(UserAdmin):
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
class RegionAdmin(TranslationAdmin):
    list_display = ("code", "name", "centre")


@admin.register(Office)
class OfficeAdmin(TranslationAdmin):
    list_display = ("code", "name", "region")
    list_filter = ("region",)


@admin.register(Authority)
class AuthorityAdmin(TranslationAdmin):
    list_display = ("code", "name", "kind", "region")
    list_filter = ("kind",)
    search_fields = ("code", "name")


@admin.register(CalendarDay)
class CalendarDayAdmin(TranslationAdmin):
    list_display = ("day", "name", "working", "estimated")
    date_hierarchy = "day"


@admin.register(Guardianship)
class GuardianshipAdmin(admin.ModelAdmin):
    list_display = ("guardian", "ward", "basis", "valid_to")
    raw_id_fields = ("guardian", "ward")


@admin.register(Rule)
class RuleAdmin(admin.ModelAdmin):
    """A rule is never edited: a new version starts on its date, the old one stays to explain the past."""

    list_display = ("code", "valid_from", "mark", "author")
    list_filter = ("mark",)
    search_fields = ("code",)
    exclude = ("author",)

    def has_change_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Rule | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Rule, form: object, change: bool) -> None:
        assert request.user.is_authenticated
        obj.author = request.user
        super().save_model(request, obj, form, change)
