"""Ways to sign in beside the password: a code from an SMS."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from marketplace import known_browsers, local_copies, policy, sign_in_codes
from marketplace.errors import Invalid, TooManyTries
from marketplace.forms import CodeForm, WhoForm, add_errors
from marketplace.limits import Limit, Tries
from marketplace.models import User
from marketplace.way_back import safe_path

SESSION_NAME = "sign_in_code"
# A library or a mobile network has one address for many people.
ASKED_OF_ADDRESS = Limit("sign-in-codes-of-address", most=60, seconds=3600)


@policy.anyone
@sensitive_post_parameters("name")
@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """Who wants a code; the answer is the same for everybody."""
    if request.user.is_authenticated:
        return redirect("marketplace:home")
    form = WhoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not Tries([(ASKED_OF_ADDRESS, get_adapter().get_client_ip(request))]).allowed():
            form.add_error(None, str(TooManyTries.message))
        else:
            asked = sign_in_codes.ask(name=form.cleaned_data["name"], known=known_browsers.of(request))
            request.session[SESSION_NAME] = [str(asked.id), asked.minutes, _next(request)]
            return redirect("sign_in_code")
    return render(request, "account/code_ask.html", {"form": form, "next": _next(request)})


@policy.anyone
@require_http_methods(["GET", "HEAD", "POST"])
def enter_code(request: HttpRequest) -> HttpResponse:
    """The code that came by SMS."""
    waiting = request.session.get(SESSION_NAME)
    if waiting is None or request.user.is_authenticated:
        return redirect("sign_in_code_ask")
    asked, minutes, following = waiting
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = sign_in_codes.redeem(asked=UUID(asked), code=form.cleaned_data["code"])
        except Invalid as error:
            add_errors(form, error)
        else:
            return signed_in(request, user, by="sms", following=following)
    return render(request, "account/code_enter.html", {"form": form, "minutes": minutes})


def signed_in(request: HttpRequest, user: User, *, by: str, following: str) -> HttpResponse:
    """The rest of every way: a second step where there is one, the list of browsers, and on to the page that was wanted."""
    request.session.pop(SESSION_NAME, None)
    record_authentication(request, user, method=by)
    response = perform_login(request, user, redirect_url=following or None)
    if request.user.is_authenticated and local_copies.is_shared(request):
        local_copies.set_shared(request, response, shared=True)
    return response


def _next(request: HttpRequest) -> str:
    return safe_path(request, request.POST.get("next", request.GET.get("next", "")), "")
