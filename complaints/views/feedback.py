"""Giving a mark: by a link from a message, a printed code, or on the page of an office. No account is needed."""

import uuid
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints.codes import subjects
from complaints.feedback import figures, giving, inviting, selectors
from complaints.feedback.forms import MarkForm, mark_form
from complaints.feedback.giving import AlreadyGiven, LinkOver, Said
from complaints.feedback.models import Feedback, Occasion
from marketplace import policy
from marketplace.context import page_path
from marketplace.errors import DomainError, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Office
from suppliers import selectors as suppliers

SHOWN = 20
SESSION = "feedback-occasion"


def _client(request: HttpRequest) -> dict[str, str]:
    """What keeps one browser from rating a place all day; neither is stored with the mark."""
    visitor = request.session.setdefault("visitor", uuid.uuid4().hex)
    return {"visitor": visitor, "address": get_adapter().get_client_ip(request)}


def _guarded(response: HttpResponse) -> HttpResponse:
    """A link from a message is a secret: no page after it may learn it, no cache may keep what it opened."""
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


# --- The link from a message ------------------------------------------------------------------


@policy.by_code
@require_safe
def sms_link(request: HttpRequest, token: str) -> HttpResponse:
    """``/s/<token>``: put the occasion into the session and go on to an address without the secret.

    Opening uses nothing up: the programs of messengers look at links before people do.
    """
    try:
        occasion = giving.occasion_of(token=token)
    except (AlreadyGiven, LinkOver) as error:
        return _guarded(render(request, "feedback/over.html", {"error": error}, status=error.status))
    if request.method == "GET":
        request.session[SESSION] = occasion.pk
    language = Occasion.objects.values_list("person__language", flat=True).get(pk=occasion.pk)
    return _guarded(redirect(page_path("feedback/", language)))


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest) -> HttpResponse:
    """The form behind the link; only sending it uses the invitation up."""
    occasion_id = request.session.get(SESSION)
    if occasion_id is None:
        raise NotFound
    try:
        occasion = giving.occasion_of(occasion_id=occasion_id)
    except (AlreadyGiven, LinkOver) as error:
        return _guarded(render(request, "feedback/over.html", {"error": error}, status=error.status))
    owner = occasion.office or occasion.supplier
    page = {"name": owner.name if owner else "", "stop": True}
    give = lambda said: giving.by_link(occasion_id=occasion_id, said=said)  # noqa: E731
    return _guarded(_mark_page(request, "office" if occasion.office else "supplier", page, give))


@policy.by_code
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """The button "do not ask me again"."""
    inviting.refuse(occasion_id=request.session.get(SESSION))
    request.session.pop(SESSION, None)
    messages.success(request, _("We will not ask you again."))
    return _guarded(redirect("marketplace:home"))


# --- A printed code, the map --------------------------------------------------------------------


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def by_code(request: HttpRequest, token: str) -> HttpResponse:
    """Leave a mark after scanning."""
    subject = subjects.of_token(token)
    page = {"name": subject.name, "detail": subject.detail, "back": reverse("scanned", args=[token])}
    give = lambda said: giving.by_code(token=token, said=said, **_client(request))  # noqa: E731
    return _mark_page(request, subject.what, page, give)


@policy.anyone
@require_http_methods(["GET", "HEAD", "POST"])
def on_map(request: HttpRequest, code: str) -> HttpResponse:
    """Leave a mark on an office that was picked on the map."""
    office = _office(code)
    page = {"name": office.name, "back": reverse("complaints:office", args=[code])}
    give = lambda said: giving.on_map(office=code, said=said, **_client(request))  # noqa: E731
    return _mark_page(request, "office", page, give)


def _mark_page(request: HttpRequest, what: str, page: dict[str, Any], give: Callable[[Said], Feedback]) -> HttpResponse:
    """The same form in every channel; after a mark the thanks."""
    form: MarkForm = mark_form(what, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            give(form.said())
            return redirect("complaints:feedback_thanks")
        except Invalid as error:
            add_errors(form, error)
        except (AlreadyGiven, LinkOver) as error:
            return render(request, "feedback/over.html", {"error": error}, status=error.status)
        except DomainError as error:
            if error.status != 429:
                raise
            form.add_error(None, str(error))
    return render(request, "feedback/mark.html", page | {"form": form})


@policy.anyone
@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    return render(request, "feedback/thanks.html")


# --- What everybody may read ----------------------------------------------------------------------


@policy.anyone
@require_safe
def office(request: HttpRequest, code: str) -> HttpResponse:
    """An office of the map: where it is, its marks, leave a mark, complain."""
    found = _office(code)
    token = subjects.of_office(found).token
    context = {
        "office": found,
        "figures": figures.of(office=found),
        "published": selectors.published(office=found)[:SHOWN],
        "mark_url": reverse("complaints:office_mark", args=[code]),
        "complain_url": reverse("complaints:scanned_complaint", args=[token]),
    }
    return render(request, "feedback/office.html", context)


@policy.anyone
@require_safe
def supplier(request: HttpRequest, code: str) -> HttpResponse:
    """What people said of a supplier."""
    found = suppliers.supplier(code)
    context = {
        "supplier": found,
        "figures": figures.of(supplier=found),
        "published": selectors.published(supplier=found)[:SHOWN],
        "token": subjects.of_supplier(found).token,
    }
    return render(request, "feedback/supplier.html", context)


def _office(code: str) -> Office:
    found = Office.objects.select_related("region").filter(code=code).first()
    if found is None:
        raise NotFound
    return found
