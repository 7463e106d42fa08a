"""Ways to sign in beside the password: a code from an SMS, an electronic signature."""

import base64
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import known_browsers, local_copies, policy, sign_in_codes, sign_in_signature, signatures
from marketplace.errors import DomainError, Invalid, TooManyTries
from marketplace.forms import NCALAYER, CodeForm, SignatureForm, WhoForm, add_errors
from marketplace.limits import Limit, Tries
from marketplace.models import User
from marketplace.way_back import safe_path

SESSION_NAME, TEXT_NAME = "sign_in_code", "sign_in_text"
# A library or a mobile network has one address for many people: whoever signs in gives the try back, and a browser that has
# signed the person in before needs none. What is left to a guesser of identity numbers is so many answers, all alike.
ASKED_OF_ADDRESS = Limit("sign-in-codes-of-address", most=20, seconds=3600)
TEXTS_OF_ADDRESS = Limit("texts-to-sign-of-address", most=60, seconds=3600)
SIGNED_OF_ADDRESS = Limit("signatures-of-address", most=60, seconds=3600)


class TooManyAsked(TooManyTries):
    """Of strangers' codes there are no more for this address; the other ways to sign in stay open."""

    message = gettext_lazy(
        "Too many codes were asked for from your network. Sign in with your password, or ask again in an hour."
    )
    retry_after = ASKED_OF_ADDRESS.seconds


@policy.anyone
@sensitive_post_parameters("name")
@require_http_methods(["GET", "HEAD", "POST"])
def ask_code(request: HttpRequest) -> HttpResponse:
    """Who wants a code; the answer is the same for everybody."""
    if request.user.is_authenticated:
        return redirect("marketplace:home")
    form = WhoForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, known = form.cleaned_data["name"], known_browsers.of(request)
        if not _tries(request, ASKED_OF_ADDRESS).allowed() and not sign_in_codes.is_known(name=name, known=known):
            raise TooManyAsked
        asked = sign_in_codes.ask(name=name, known=known)
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
            _tries(request, ASKED_OF_ADDRESS).rollback()
            return signed_in(request, user, by="sms", following=following)
    return render(request, "account/code_enter.html", {"form": form, "minutes": minutes})


@policy.anyone
@csp_update(NCALAYER)
@require_http_methods(["GET", "HEAD", "POST"])
def by_signature(request: HttpRequest) -> HttpResponse:
    """A text to sign, and its signature: from NCALayer by the script, or as a file."""
    if not signatures.available():
        raise Http404
    if request.user.is_authenticated:
        return redirect("marketplace:home")
    form = SignatureForm(request.POST, request.FILES) if request.method == "POST" else SignatureForm()
    if request.method == "POST" and form.is_valid():
        _count(request, SIGNED_OF_ADDRESS)
        try:
            user = sign_in_signature.redeem(asked=_text_of(request), cms=form.cleaned_data["cms"])
        except Invalid as error:
            form.add_error("file", str(error.message))
        except DomainError as error:
            form.add_error(None, str(error.message))
        else:
            request.session.pop(TEXT_NAME, None)
            return signed_in(request, user, by="signature", following=_next(request))
    challenge = sign_in_signature.again(_text_of(request))
    if challenge is None:
        _count(request, TEXTS_OF_ADDRESS)
        challenge = sign_in_signature.begin()
    request.session[TEXT_NAME] = str(challenge.id)
    context = {
        "form": form,
        "text": challenge.text,
        "data": base64.b64encode(challenge.text.encode()).decode(),
        "next": _next(request),
    }
    return render(request, "account/signature.html", context)


@policy.anyone
@require_safe
def signature_text(request: HttpRequest) -> HttpResponse:
    """The text as a file, for a signing program that is no part of the browser."""
    challenge = sign_in_signature.again(_text_of(request))
    if challenge is None:
        return redirect("sign_in_signature")
    return HttpResponse(
        challenge.text.encode(),
        content_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="sign-in.txt"'},
    )


def _count(request: HttpRequest, limit: Limit) -> None:
    """Each text is a row, each signature a question to the verifier: nobody fills or floods them. Raises TooManyTries."""
    if not _tries(request, limit).allowed():
        raise TooManyTries


def _tries(request: HttpRequest, limit: Limit) -> Tries:
    return Tries([(limit, get_adapter().get_client_ip(request))])


def _text_of(request: HttpRequest) -> UUID:
    """The text that this browser was shown; one that nobody has when it was shown none."""
    return UUID(request.session.get(TEXT_NAME, str(UUID(int=0))))


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
