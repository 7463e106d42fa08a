"""A person's own page: who one is here, how one is reached, who looked at one's data."""

from allauth.account.views import password_change as allauth_password_change
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import access, personal, policy, profile
from marketplace.errors import NotFound
from marketplace.forms import ContactForm
from marketplace.models import Role, User

READS_SHOWN = 20


@policy.own_account
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    """Shows the account; a POST stores how the person wants to be reached."""
    user = request.user
    form = ContactForm(request.POST or None, initial={name: getattr(user, name) for name in profile.FIELDS})
    if request.method == "POST" and form.is_valid():
        if profile.change_contact(user_id=user.pk, **form.cleaned_data):
            messages.success(request, _("Saved. From now on we reach you this way."))
        return redirect("marketplace:account")
    reads = Paginator(access.reads_of(user), READS_SHOWN).get_page(request.GET.get("page"))
    context = {"form": form, "facts": _facts(request), "page": reads, "reads": access.reads_in_words(reads)}
    return render(request, "account/account.html", context)


def _facts(request: HttpRequest) -> list[dict[str, str]]:
    """Rows of the summary: what the offices entered, not the person's to change."""
    user = request.user
    rows = [
        {"key": _("Name"), "value": str(user)},
        {"key": _("User name"), "value": user.username},
        {"key": _("Role"), "value": user.get_role_display()},
    ]
    if user.office is not None:
        rows.append({"key": _("Social office"), "value": user.office.name})
    if user.authority is not None:
        rows.append({"key": _("Authority"), "value": user.authority.name})
    return rows


@policy.before_second_factor
@policy.own_account
def change_password(request: HttpRequest) -> HttpResponse:
    """By who knows the old one; who signs in without a password is told whom to ask for one."""
    if not request.user.has_usable_password():
        return redirect("account_reset_password")
    response: HttpResponse = allauth_password_change(request)
    return response


@policy.only(Role.BENEFICIARY, Role.GUARDIAN)
@require_safe
def own_data(request: HttpRequest) -> HttpResponse:
    """Everything that the portal keeps of the person, or of the ward whom ``for`` names."""
    person = _whose(request)
    wards = access.people_of(request.user) if request.user.role == Role.GUARDIAN else []
    context = {"person": person, "own": person == request.user, "wards": wards, "parts": personal.of(person)}
    return render(request, "account/data.html", context)


@policy.only(Role.BENEFICIARY, Role.GUARDIAN)
@require_safe
def own_data_file(request: HttpRequest) -> HttpResponse:
    """The same as a file."""
    response = HttpResponse(personal.as_file(_whose(request)), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


def _whose(request: HttpRequest) -> User:
    text = request.GET.get("for", "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotFound
    return personal.subject(request.user, int(text) if text else None)


@policy.anyone
@require_safe
def password_help(request: HttpRequest) -> HttpResponse:
    """Who forgot the password asks the office: nothing here could prove who asks."""
    return render(request, "account/password_help.html")
