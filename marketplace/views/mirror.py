"""The second screen: how a specialist shows it, and what the person sees on it."""

from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import policy, rules, second_screen
from marketplace.drafts import kinds, mirror, reading
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import CodeForm
from marketplace.models import Draft, Role
from marketplace.views.hand_over import page_of, spoken

# --- The specialist's side ---------------------------------------------------------------------------------


@policy.only(Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "HEAD", "POST"])
def screen(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The button "Show on a second screen": the code and address for the person's screen, and what she confirmed."""
    draft = reading.opened(request.user, draft_id)
    if kinds.get(draft.kind).picture is None:
        raise NotFound
    if draft.status != Draft.Status.OPEN:
        return redirect(page_of(draft))
    offer = None
    if request.method == "POST":
        offer = mirror.open_screen(
            draft_id=draft_id, actor=request.user, session_key=request.session.session_key or ""
        )  # fmt: skip
    page = {
        "draft": draft,
        "back_url": page_of(draft),
        "address": request.build_absolute_uri(reverse("marketplace:mirror")).partition("://")[2],
        "minutes": rules.get(mirror.CODE_RULE).value["minutes"],
        "code": spoken(offer.code) if offer else None,
        "open_screen": mirror.of_draft(draft),
        "shown": mirror.shown_beside(draft),
    }
    response = render(request, "drafts/screen.html", page)
    response["Cache-Control"] = "private, no-store"
    return response


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "POST"])
def close(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The button "Close the screen"."""
    if request.method == "POST":
        try:
            mirror.close_screen(draft_id=draft_id, actor=request.user)
            messages.success(request, _("The second screen is closed."))
        except mirror.NoScreen as error:
            messages.info(request, str(error))
    return redirect(page_of(reading.get(request.user, draft_id)))


# --- The person's side ---------------------------------------------------------------------------------------


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def second(request: HttpRequest) -> HttpResponse:
    """``/mirror/``: the code is entered here, then the application is shown here. Nobody signs in."""
    if request.method == "POST":
        return _join(request)
    token = second_screen.token_of(request)
    try:
        shown = mirror.shown(mirror.of_token(token))
    except NotFound:
        response = render(request, "mirror/enter.html", {"form": CodeForm(), "was_open": bool(token)})
        if token:
            second_screen.take(_private(response))
        return response
    return _private(render(request, "mirror/mirror.html", {"shown": shown, "picture": shown.picture}))


def _join(request: HttpRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            address = get_adapter(request).get_client_ip(request)
            token, lasts = mirror.join(code=form.cleaned_data["code"], address=address)
        except DomainError as error:
            form.add_error("code", str(error.errors[0].message) if isinstance(error, Invalid) else str(error))
            status = error.status
        else:
            response = redirect("marketplace:mirror")
            second_screen.give(response, token, lasts)
            return _private(response)
    return _private(render(request, "mirror/enter.html", {"form": form, "was_open": False}, status=status))


@policy.by_code
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """The button "This is right" of one line: ``line`` holds the line and the state of it that was seen."""
    line, _colon, seal = request.POST.get("line", "").rpartition(":")
    if request.method == "POST":
        try:
            mirror.confirm(token=second_screen.token_of(request), line=line, seal=seal)
        except mirror.LineChanged as error:
            messages.info(request, str(error))
        except NotFound:
            pass  # the screen was closed meanwhile: its page says so
    return _private(redirect(reverse("marketplace:mirror") + (f"#line-{line}" if line.isalnum() else "")))


def _private(response: HttpResponse) -> HttpResponse:
    """What the screen shows stays in no cache."""
    response["Cache-Control"] = "private, no-store"
    return response
