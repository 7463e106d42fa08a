"""A draft of several steps without JavaScript, for every kind: its list of tasks, one form each, saved before judged.

An app describes its kind by ``Steps`` and routes the views of a draft to the functions here; a step is saved whatever
is wrong with it, then the next one is shown or the errors.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace import idempotency, kept_answers
from marketplace.drafts import reading, saving
from marketplace.drafts.errors import DraftClosed
from marketplace.drafts.sending import AlreadySubmitted
from marketplace.errors import Changed, DomainError, FieldError, Invalid, NotFound
from marketplace.forms import DraftForm
from marketplace.models import Draft, User
from marketplace.templatetags import controls
from marketplace.views import attachments, draft_forms
from marketplace.views import history as of_drafts


@dataclass(frozen=True)
class Steps:
    """``titles``: of all steps, the check left out; ``names``: those of this draft, in order; ``form``: of a step, bound
    when data are given; ``problems``: every error of the draft; ``step_of``: the step that asks for a field; ``photos``:
    step → title and hint of its photos; ``targets``: fields that no form has → the control to jump to; ``more``: what
    else a step's template needs; ``templates``: step → template, the plain one otherwise.

    ``route``: the name under which the app routes what a draft becomes, by its id; with an ``s`` the list of all, with
    ``_draft``, ``_step``, ``_check``, ``_history``, ``_bring_back``, ``_discard`` and ``_restore`` the views of a draft.
    Without its namespace it is also the name of what came out in the draft's result. ``sent``: said when it is sent.
    """

    kind: str
    titles: dict[str, Any]
    names: Callable[[Draft], list[str]]
    form: Callable[[Draft, str, Any], DraftForm]
    problems: Callable[[User, Draft], list[FieldError]]
    step_of: Callable[[str], str]
    route: str
    submit: Callable[..., idempotency.Answer]
    heading: Any
    list_name: Any
    back_text: Any
    sent: Any
    photos: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    targets: dict[str, str] = field(default_factory=dict)
    more: Callable[[Draft, str, DraftForm], dict[str, Any]] = lambda draft, name, form: {}
    templates: dict[str, str] = field(default_factory=dict)

    @property
    def list_route(self) -> str:
        return f"{self.route}s"

    def url(self, draft_id: uuid.UUID, step: str) -> str:
        """Of a step, of the check (``"check"``) or of the list of tasks (empty)."""
        if step in ("", "check"):
            return self.door(draft_id, step or "draft")
        return reverse(f"{self.route}_step", args=[draft_id, step])

    def door(self, draft_id: uuid.UUID, name: str) -> str:
        """Of another view of a draft."""
        return reverse(f"{self.route}_{name}", args=[draft_id])

    def outcome(self, result: dict[str, Any]) -> HttpResponse:
        """To what became of a draft."""
        return redirect(self.route, result[self.route.rpartition(":")[2]]["id"])

    def place(self, draft_id: uuid.UUID) -> of_drafts.Place:
        return of_drafts.Place(
            self.door(draft_id, "draft"),
            self.back_text,
            self.door(draft_id, "history"),
            self.door(draft_id, "bring_back"),
        )


def opened(request: HttpRequest, draft_id: uuid.UUID, steps: Steps) -> Draft:
    """A draft of this kind that the actor fills in and that was not put aside. Raises NotFound."""
    found = reading.get(request.user, draft_id)
    if found.kind != steps.kind or found.status == Draft.Status.DISCARDED:
        raise NotFound
    return found


def tasks(request: HttpRequest, draft_id: uuid.UUID, steps: Steps) -> HttpResponse:
    """The steps with their states; a draft that was sent leads to what became of it."""
    draft = opened(request, draft_id, steps)
    if draft.status == Draft.Status.SUBMITTED:
        return steps.outcome(draft.result)
    problems = steps.problems(request.user, draft)
    wrong = {steps.step_of(error.field) for error in problems}
    asked = {steps.step_of(name) for name in draft.conflicts}
    rows = [_task(draft, steps, name, wrong, asked) for name in steps.names(draft)]
    ready = not wrong and not asked
    rows.append(
        {
            "title": _("Check and send"),
            "url": steps.url(draft_id, "check") if ready else "",
            "status": _("Ready to send") if ready else _("Cannot be sent yet"),
            "colour": "blue" if ready else "",
        }
    )
    links = {name: steps.door(draft_id, name) for name in ("history", "discard")}
    context = {"draft": draft, "steps": steps, "tasks": rows, "links": links, "back_url": reverse(steps.list_route)}
    return render(request, "drafts/tasks.html", context)


def send(request: HttpRequest, draft: Draft, steps: Steps) -> HttpResponse:
    """The button below the preview: sent as it was checked, once; else back to what has to be done first."""
    rev = request.POST.get("rev", "")
    once = idempotency.request_of(
        user=request.user, key=f"page:{draft.pk}:{rev}", action=f"submit:{draft.pk}", body=rev.encode()
    )
    try:
        answer = steps.submit(
            draft_id=draft.pk, actor=request.user, expected_rev=int(rev) if rev.isdigit() else -1, request=once
        )
    except AlreadySubmitted as error:
        return steps.outcome(error.extra)
    except (Changed, Invalid) as error:
        messages.error(request, str(error))
        return redirect(steps.url(draft.pk, ""))
    except DomainError as error:
        if error.status in {403, 404}:
            raise
        messages.error(request, str(error))
        return redirect(steps.list_route)
    messages.success(request, steps.sent)
    return steps.outcome(answer.body)


def history(request: HttpRequest, draft_id: uuid.UUID, steps: Steps) -> HttpResponse:
    """Every save of a draft."""
    return of_drafts.history(request, opened(request, draft_id, steps), steps.place(draft_id))


def bring_back(request: HttpRequest, draft_id: uuid.UUID, steps: Steps) -> HttpResponse:
    """After a sign-in that interrupted it the browser comes back with GET: then only the list is shown."""
    place = steps.place(draft_id)
    if request.method == "GET":
        return redirect(place.history_url)
    return of_drafts.bring_back(request, opened(request, draft_id, steps), place)


def discard(request: HttpRequest, draft_id: uuid.UUID, steps: Steps) -> HttpResponse:
    """Put a draft aside; it can be restored until it is removed."""
    if request.method == "POST":
        found = opened(request, draft_id, steps)
        saving.discard(draft_id=found.pk, actor=request.user)
        messages.success(request, _("It was put aside. You can restore it here."))
    return redirect(steps.list_route)


def restore(request: HttpRequest, draft_id: uuid.UUID, steps: Steps) -> HttpResponse:
    """Take it up with everything that was in it."""
    if request.method == "GET":
        return redirect(steps.list_route)
    if reading.get(request.user, draft_id).kind == steps.kind:
        saving.restore(draft_id=draft_id, actor=request.user)
    return redirect(steps.url(draft_id, ""))


def step(request: HttpRequest, draft: Draft, name: str, steps: Steps) -> HttpResponse:
    """Show a step, or save it and go on."""
    if name not in steps.names(draft):
        raise NotFound
    if draft.status != Draft.Status.OPEN:
        return redirect(steps.url(draft.pk, ""))
    if request.method != "POST":
        return _page(request, draft, name, steps)
    try:
        return _saved(request, draft, name, steps)
    except DraftClosed:
        return redirect(steps.url(draft.pk, ""))


def _saved(request: HttpRequest, draft: Draft, name: str, steps: Steps) -> HttpResponse:
    draft_forms.save(request, draft, steps.form(draft, name, request.POST))
    problem = attachments.take(request, draft) if name in steps.photos else ""
    draft.refresh_from_db()
    if "_resolve" in request.POST:
        try:
            draft_forms.settle(request, draft)
        except DomainError as error:
            messages.error(request, str(error))
        return redirect(request.path)
    if problem:
        return _page(request, draft, name, steps, photo_problem=problem)
    if attachments.stays(request):
        return redirect(request.path)
    if "leave" in request.POST:
        messages.success(request, _("Your answers are saved. You can go on at any time, on any device."))
        return redirect(steps.url(draft.pk, ""))
    problems = [error for error in steps.problems(request.user, draft) if steps.step_of(error.field) == name]
    if problems or any(steps.step_of(asked) == name for asked in draft.conflicts):
        return _page(request, draft, name, steps, problems=problems)
    names = steps.names(draft)
    following = names.index(name) + 1
    return redirect(steps.url(draft.pk, names[following] if following < len(names) else "check"))


def _page(
    request: HttpRequest,
    draft: Draft,
    name: str,
    steps: Steps,
    *,
    problems: list[FieldError] | None = None,
    photo_problem: str = "",
) -> HttpResponse:
    """The form over the live values; after a save every wrong field of the step is named."""
    form = steps.form(draft, name, draft_forms.live(draft) if problems else None)
    draft_forms.fill(form, draft, request.user)
    kept = kept_answers.of(request)
    if kept is not None:
        kept_answers.fill(form, kept)
    form.put_errors(problems or [])
    names = steps.names(draft)
    photo = attachments.context(draft, photo_problem) if name in steps.photos else {}
    loose = [error for error in problems or [] if error.field not in form.fields]
    errors = [
        *controls.errors_of(form),
        *({"text": str(error.message), "target": steps.targets.get(error.field, "")} for error in loose),
        *photo.get("photo_errors", []),
    ]
    context: dict[str, Any] = {
        "draft": draft,
        "form": form,
        "kept": kept is not None,
        "title": steps.titles[name],
        "number": names.index(name) + 1,
        "total": len(names) + 1,
        "key": uuid.uuid4().hex,
        "errors": errors,
        "has_errors": bool(errors),
        "back_url": steps.url(draft.pk, ""),
        "photos_title": steps.photos.get(name, ("", ""))[0],
        "photos_hint": steps.photos.get(name, ("", ""))[1],
        **photo,
        **steps.more(draft, name, form),
    }
    template = steps.templates.get(name, "drafts/step.html")
    return render(request, template, context, status=422 if problems or photo_problem else 200)


def _task(draft: Draft, steps: Steps, name: str, wrong: set[str], asked: set[str]) -> dict[str, Any]:
    started = any(
        steps.step_of(field_name) == name and entry["v"] not in (None, "", [], False)
        for field_name, entry in draft.fields.items()
    )
    status, colour = _("Done"), ""
    if name in asked:
        status, colour = _("Two different answers"), "red"
    elif name in wrong:
        status, colour = (_("To be corrected"), "yellow") if started else (_("Not started"), "blue")
    return {"title": steps.titles[name], "url": steps.url(draft.pk, name), "status": status, "colour": colour}
