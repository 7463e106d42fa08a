"""Django admin: master data only. Drafts, orders and complaints have their own desks."""

from collections.abc import Iterable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from modeltranslation.admin import TranslationAdmin

from marketplace import access, events, passwords, sessions
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


def _proof_first(request: HttpRequest) -> HttpResponse | None:
    """To the page that asks who it is, unless that was asked lately. What was typed is not kept: it holds passwords."""
    if not is_reauthentication_required(request, app="allauth.account"):
        return None
    methods = get_adapter(request).get_reauthentication_methods(request.user)
    return redirect_to_login(request.get_full_path(), methods[0]["url"])


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

    # Rights and passwords are what a stolen session of an administrator is worth: who has it must prove who it is.

    @method_decorator(reauthentication_required(app="allauth.account", allow_get=True))
    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().change_view(request, object_id, *args, **kwargs)

    @method_decorator(reauthentication_required(app="allauth.account", allow_get=True))
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().delete_view(request, *args, **kwargs)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _proof_first(request) or super().add_view(request, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if first := _proof_first(request):
            return first
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302 and User.objects.filter(pk=id).exists():
            passwords.was_given(user_id=int(id))
            sessions.end_all(user_id=int(id), actor=request.user, because="administrator")
        return response

    def save_model(self, request: HttpRequest, obj: User, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            passwords.was_given(user_id=obj.pk)
        if change and {"role", "is_active", "is_staff", "office", "authority"} & set(form.changed_data):
            sessions.end_all(user_id=obj.pk, actor=request.user, because="administrator")


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
