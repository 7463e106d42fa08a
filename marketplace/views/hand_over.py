"""Help with a draft by a code that is told on the phone: the person's page, the specialist's form."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import access, policy, rules
from marketplace.context import page_path
from marketplace.drafts import hand_over, kinds, mirror, reading, rights
from marketplace.drafts.errors import DraftClosed
from marketplace.errors import DomainError, Forbidden, Invalid
from marketplace.forms import CodeForm
from marketplace.models import Draft, Role, User


def page_of(draft: Draft) -> str:
    """The draft's own page, in the language of the reader."""
    return page_path(kinds.get(draft.kind).page % draft.pk)


def context(actor: User, draft: Draft) -> dict[str, Any]:
    """What a draft's page says of help and of the second screen (templates/drafts/_hand_over.html)."""
    staff = actor.role in rights.STAFF
    return {
        "helpers": [] if rights.only_helps(actor, draft) else helpers(draft),
        "may_get_help": rights.is_owner(actor, draft),
        "only_helps": staff and rights.only_helps(actor, draft),
        "may_show_screen": staff and kinds.get(draft.kind).picture is not None,
        "screen": mirror.of_draft(draft) if staff else None,
    }


def helpers(draft: Draft) -> list[dict[str, Any]]:
    """Who helps now and until when, in words."""
    return [{"who": hand_over.name_of(grant.helper), "until": grant.until} for grant in hand_over.helpers_of(draft)]


def desk(actor: User) -> dict[str, Any]:
    """The part of a specialist's desk (templates/drafts/_continue.html): the form, and the drafts she was let in to."""
    helped = list(hand_over.helped_by(actor))
    people = [grant.draft.beneficiary_id for grant in helped if grant.draft.beneficiary_id]
    access.log_reads(actor=actor, person_ids=people, purpose="help", subject="people:help")
    return {
        "code_form": CodeForm(),
        "helped": [
            {"who": grant.draft.beneficiary, "until": grant.until, "url": page_of(grant.draft)} for grant in helped
        ],
    }


@policy.only(Role.BENEFICIARY, Role.GUARDIAN)
@require_http_methods(["GET", "HEAD", "POST"])
def help_page(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """Who will see what and for how long; one button agrees and shows the code, this once."""
    draft = reading.get(request.user, draft_id)
    if not rights.is_owner(request.user, draft):
        raise Forbidden
    if draft.status != Draft.Status.OPEN:
        return redirect(page_of(draft))
    offer = None
    if request.method == "POST":
        try:
            offer = hand_over.offer(draft_id=draft_id, actor=request.user)
        except DraftClosed:
            return redirect(page_of(draft))
    in_force = rules.several(hand_over.CODE_RULE, hand_over.HELP_RULE)
    page = {
        "draft": draft,
        "back_url": page_of(draft),
        "minutes": in_force[hand_over.CODE_RULE].value["minutes"],
        "hours": in_force[hand_over.HELP_RULE].value["hours"],
        "offer": offer,
        "code": spoken(offer.code) if offer else None,
        "waiting": hand_over.waiting_code(draft),
        "helpers": helpers(draft),
    }
    response = render(request, "drafts/help.html", page)
    response["Cache-Control"] = "private, no-store"
    return response


def spoken(code: str) -> dict[str, str]:
    """The code for eyes and ears: two groups of three, and digit by digit."""
    first, second = code[:3], code[3:]
    return {"shown": f"{first} {second}", "read": f"{' '.join(first)}, {' '.join(second)}"}


@policy.only(Role.BENEFICIARY, Role.GUARDIAN)
@require_http_methods(["GET", "POST"])
def stop(request: HttpRequest, draft_id: UUID) -> HttpResponse:
    """The button "Stop the help". After a sign-in that interrupted it the browser comes back with GET."""
    if request.method == "POST":
        try:
            hand_over.stop(draft_id=draft_id, actor=request.user)
            messages.success(request, _("The help is stopped. The specialist does not see this application any more."))
        except hand_over.NobodyHelps as error:
            messages.info(request, str(error))
    return redirect(page_of(reading.get(request.user, draft_id)))


@policy.only(Role.CASEWORKER, Role.HOTLINE)
@require_http_methods(["GET", "HEAD", "POST"])
def continue_by_code(request: HttpRequest) -> HttpResponse:
    """A specialist enters the code that a person tells her, and goes on with that application."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    status = 200
    if form.is_valid():
        try:
            draft = hand_over.redeem(actor=request.user, code=form.cleaned_data["code"])
        except DomainError as error:
            form.add_error("code", str(error.errors[0].message) if isinstance(error, Invalid) else str(error))
            status = error.status
        else:
            messages.success(request, _("You may help with this application now. The person is told."))
            return redirect(page_of(draft))
    back = page_path("hotline/" if request.user.role == Role.HOTLINE else "office/")
    return render(request, "drafts/continue.html", {"form": form, "back_url": back}, status=status)
