"""A business applies to sell: its account, its draft step by step, the preview, and what became of it."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketplace import calendar, identity, policy
from marketplace.accounts import AccountAdapter
from marketplace.drafts import beginning, reading, retention, sealed
from marketplace.errors import DomainError, FieldError, Invalid, NotFound, TooManyTries
from marketplace.forms import DraftForm, add_errors
from marketplace.kept_answers import kept_over_sign_in
from marketplace.limits import Limit, Tries
from marketplace.models import Draft, Role, User
from marketplace.views import attachments, draft_forms, draft_steps
from suppliers.onboarding import account, answers, deciding, forms, selectors, words
from suppliers.onboarding.models import WAITING, Application
from suppliers.onboarding.sending import KIND, refusals_for, submit
from suppliers.states import APPLICATION

# An office or a mobile network has one address for many people; a flood of accounts has one as well.
ACCOUNTS_OF_ADDRESS = Limit("new-accounts", most=10, seconds=3600)
FORMS: dict[str, type[DraftForm]] = {
    "business": forms.BusinessForm,
    "goods": forms.GoodsForm,
    "licence": forms.LicenceForm,
    "papers": forms.PapersForm,
}


# After these the applicant may come again with the same answers.
ENDED = (
    Application.Status.REFUSED, Application.Status.UPHELD, Application.Status.LAPSED, Application.Status.WITHDRAWN,
)  # fmt: skip


@policy.anyone
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """What is needed and how it goes on; an account for who has none, the application for who has."""
    if request.user.is_authenticated:
        return redirect("suppliers:applications" if request.user.role == Role.SUPPLIER else "marketplace:home")
    form = forms.JoinForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not Tries([(ACCOUNTS_OF_ADDRESS, AccountAdapter().get_client_ip(request))]).allowed():
            raise TooManyTries
        try:
            user = account.join(**form.cleaned_data, language=get_language() or settings.LANGUAGE_CODE)
        except Invalid as error:
            add_errors(form, error)
        else:
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect("suppliers:applications")
    return render(request, "supplier/onboarding/join.html", {"form": form}, status=422 if form.errors else 200)


@policy.only(Role.SUPPLIER)
@require_safe
def applications(request: HttpRequest) -> HttpResponse:
    """What was begun, put aside or sent; the button that begins."""
    rows = reading.visible(request.user).filter(kind=KIND).exclude(status=Draft.Status.SUBMITTED)
    unsent = list(rows.order_by("-updated_at", "pk")[:20])
    sent = list(selectors.visible(request.user)[:20])
    open_drafts = [draft for draft in unsent if draft.status == Draft.Status.OPEN]
    context = {
        "drafts": open_drafts,
        "aside": retention.with_ends([draft for draft in unsent if draft.status == Draft.Status.DISCARDED]),
        "sent": sent,
        "has_shop": selectors.has_shop(request.user),
        "may_begin": not open_drafts
        and not any(row.status in WAITING for row in sent)
        and not selectors.has_shop(request.user),
    }
    return render(request, "supplier/onboarding/list.html", context)


@policy.only(Role.SUPPLIER)
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """A draft with what the account knows; one that is open is gone on with."""
    begun = reading.visible(request.user).filter(kind=KIND, status=Draft.Status.OPEN).first()
    if begun is not None:
        return redirect("suppliers:application_draft", begun.pk)
    user = request.user
    known = {"contact.name": user.full_name, "contact.phone": user.phone, "contact.email": user.email}
    return redirect("suppliers:application_draft", _begin(user, {name: text for name, text in known.items() if text}))


def _begin(actor: User, values: dict[str, Any]) -> uuid.UUID:
    return beginning.begin(actor, KIND, values)


# --- The draft ------------------------------------------------------------------------------------


def _names(draft: Draft) -> list[str]:
    licensed = answers.needs_licence(answers.chosen_types(draft))
    return [name for name in FORMS if name != "licence" or licensed]


def _form(draft: Draft, name: str, data: Any) -> DraftForm:
    return FORMS[name](data, initial=draft_forms.live(draft))


def _problems(actor: User, draft: Draft) -> list[FieldError]:
    found = answers.read(draft, timezone.localdate())
    return [*found.errors, *refusals_for(actor, found.bin, found.iin)]


def _step_of(field: str) -> str:
    first = field.partition(".")[0]
    return {
        "regions": "goods", "types": "goods", "licence": "licence", "documents": "papers", "declare": "papers",
    }.get(first, "business")  # fmt: skip


def _shelves(_draft: Draft, name: str, form: DraftForm) -> dict[str, Any]:
    """The boxes of each shelf, folded unless something is ticked or wrong there."""
    if name != "goods":
        return {}
    boxes = [form[field] for field in form.fields if field.startswith("types.")]
    return {
        "shelves": [
            {"box": box, "count": len(box.value() or []), "open": bool(box.errors or box.name in form.conflicts)}
            for box in boxes
        ]
    }


STEPS = draft_steps.Steps(
    kind=KIND,
    titles={
        "business": gettext_lazy("Your business"),
        "goods": gettext_lazy("What you sell and where"),
        "licence": gettext_lazy("Licence"),
        "papers": gettext_lazy("Documents and declarations"),
    },
    names=_names,
    form=_form,
    problems=_problems,
    step_of=_step_of,
    route="suppliers:application",
    submit=submit,
    heading=gettext_lazy("Application of a supplier"),
    list_name=gettext_lazy("My applications"),
    back_text=gettext_lazy("To the application"),
    sent=gettext_lazy("The application is sent."),
    photos={
        "papers": (
            gettext_lazy("Documents"),
            gettext_lazy("A photo of the certificate of registration, and of the licence if you need one. JPEG, PNG or WebP, at most 10 MB."),
        )
    },
    targets={"documents": "photo"},
    more=_shelves,
    templates={"goods": "supplier/onboarding/goods.html"},
)  # fmt: skip


@policy.only(Role.SUPPLIER)
@require_safe
def draft(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The steps with their states; a draft that was sent leads to its application."""
    return draft_steps.tasks(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@kept_over_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, draft_id: uuid.UUID, name: str) -> HttpResponse:
    """One step of the application."""
    return draft_steps.step(request, draft_steps.opened(request, draft_id, STEPS), name, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """The preview: everything as the ministry will read it, until when it answers, and the button."""
    found = draft_steps.opened(request, draft_id, STEPS)
    if found.status == Draft.Status.SUBMITTED:
        return STEPS.outcome(found.result)
    if request.method == "POST":
        return draft_steps.send(request, found, STEPS)
    told = answers.read(found, timezone.localdate())
    if told.errors or refusals_for(request.user, told.bin, told.iin) or found.conflicts:
        return redirect("suppliers:application_draft", draft_id)
    counted = calendar.deadline("supplier.review_days", timezone.localdate())
    context = {
        "draft": found,
        "rows": words.summary(told.bin, identity.masked(told.iin), told.name, told.as_data()),
        "respond_by": counted.respond_by,
        "due_words": calendar.in_words(counted.explained),
        **attachments.context(found),
    }
    return render(request, "supplier/onboarding/check.html", context)


@policy.only(Role.SUPPLIER)
@require_safe
def history(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Every save of an application that is being written."""
    return draft_steps.history(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def bring_back(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """An earlier answer counts again."""
    return draft_steps.bring_back(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def discard(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Put the draft aside; it can be restored until it is removed."""
    return draft_steps.discard(request, draft_id, STEPS)


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "POST"])
def restore(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Take it up with everything that was in it."""
    return draft_steps.restore(request, draft_id, STEPS)


# --- What became of it ------------------------------------------------------------------------------


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest, application_id: int) -> HttpResponse:
    """The own application: whose turn it is and until when, what was asked, and the applicant's own steps."""
    found = selectors.get(request.user, application_id)
    form = forms.WordsForm(
        request.POST if request.method == "POST" else None, action="appeal", label=_("What was judged wrongly?")
    )
    if request.method == "POST":
        try:
            return _act(request, found, form)
        except Invalid as error:
            form.is_valid()
            add_errors(form, error)
        except DomainError as error:
            if error.status in {403, 404}:
                raise
            messages.error(request, str(error))
            return redirect("suppliers:application", application_id)
    context = {
        "application": found,
        "steps": APPLICATION.actions(found.status, ["applicant"]),
        "again": found.status in ENDED and not selectors.has_shop(request.user) and not selectors.running(request.user),
        "reason": words.reason_name(found.reason) if found.reason else "",
        "due_words": calendar.in_words(found.due_explained),
        "rows": words.summary(found.bin, found.iin_shown, found.name, found.answers),
        "papers": answers.papers(found.pk),
        "form": form,
    }
    return render(request, "supplier/onboarding/application.html", context, status=422 if form.errors else 200)


def _act(request: HttpRequest, found: Application, form: forms.WordsForm) -> HttpResponse:
    action, actor = request.POST.get("action", ""), request.user
    if action == "correct":
        return redirect("suppliers:application_draft", _correction(actor, found))
    if action == "withdraw":
        deciding.withdraw(application_id=found.pk, actor=actor)
        messages.success(request, _("The application is withdrawn."))
    else:
        deciding.appeal(application_id=found.pk, actor=actor, text=form.data.get("text", ""))
        messages.success(request, _("Somebody else checks the application once more."))
    return redirect("suppliers:application", found.pk)


def _correction(actor: User, found: Application) -> uuid.UUID:
    """A draft with the answers that were sent; one that corrects this application already is gone on with."""
    if found.status in (Application.Status.SUBMITTED, Application.Status.APPEALED, Application.Status.APPROVED):
        raise NotFound
    rows = reading.visible(actor).filter(kind=KIND, status=Draft.Status.OPEN)
    begun = next((row for row in rows if row.value(answers.CORRECTS) == found.pk), None)
    if begun is not None:
        return begun.pk
    correcting = found.status == Application.Status.NEEDS_FIX
    sent = {name: sealed.whole(found.draft, name) for name in found.draft.fields if name != answers.CORRECTS}
    return _begin(actor, sent | ({answers.CORRECTS: found.pk} if correcting else {}))
