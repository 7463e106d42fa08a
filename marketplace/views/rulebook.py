"""Rules at the ministry: what is in force, its history, and a new version with what it would change."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketplace import policy
from marketplace.errors import Invalid
from marketplace.forms import add_errors
from marketplace.models import Role, Rule
from marketplace.rulebook import previewing, versions, wording
from marketplace.rulebook.forms import VersionForm


@policy.only(Role.REVIEWER)
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every rule by group: its value in force, its source, what starts later."""
    groups = [
        {"name": group.name, "lines": [_line(line) for line in group.lines]} for group in versions.listed(request.user)
    ]
    return render(request, "review/rules/index.html", {"groups": groups})


def _line(line: versions.Line) -> dict[str, Any]:
    return {
        "title": line.title,
        "url": reverse(line.editor) if line.editor else reverse("marketplace:rule", args=[line.code]),
        "own": bool(line.editor),
        "in_force": _told(line.in_force) if line.in_force else None,
        "to_come": [_told(rule) for rule in line.to_come],
    }


def _told(rule: Rule) -> dict[str, Any]:
    return {
        "value": wording.short(rule.code, rule.value),
        "mark": versions.MARKS.get(rule.mark, rule.mark),
        "law": rule.mark == "L",
        "basis": versions.in_language(rule.legal_basis),
        "from": rule.valid_from,
    }


@policy.only(Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: HttpRequest, code: str) -> HttpResponse:
    """One rule: its versions, and the form of a new one; first what it changes, then the button that publishes."""
    history = versions.history(request.user, code)
    if route := versions.editor_of(code):
        return redirect(route)
    newest = history[0].rule
    form = VersionForm(request.POST or None, code=code, value=newest.value, initial=_initial(newest))
    context: dict[str, Any] = {"seen": newest.pk}
    if request.method == "POST":
        context["seen"] = _seen(request)
        if form.is_valid():
            try:
                context["preview"] = _preview_or_publish(request, code, form)
                if context["preview"] is None:
                    messages.success(request, _("Published. It applies from its day; what began keeps its dates."))
                    return redirect("marketplace:rule", code=code)
            except Invalid as error:
                add_errors(form, error, {item.field: form.place_of(item.field) for item in error.errors})
            except versions.ChangedMeanwhile as error:
                form.add_error(None, str(error))
                context["seen"] = newest.pk
    context |= {
        "form": form,
        "title": versions.title_of(code),
        "code": code,
        "history": [_told(item.rule) | {"event": item.event, "in_force": item.in_force} for item in history],
        "parts": wording.pairs(code, newest.value),
    }
    return render(request, "review/rules/rule.html", context)


def _preview_or_publish(request: HttpRequest, code: str, form: VersionForm) -> previewing.Preview | None:
    """What the version would change, or nothing when the button published it. Raises Invalid, ChangedMeanwhile."""
    value, day = form.typed_value(), form.cleaned_data["valid_from"]
    if request.POST.get("action") == "publish":
        versions.publish(
            actor=request.user, code=code, seen=_seen(request), valid_from=day, value=value,
            mark=form.cleaned_data["mark"], legal_basis=form.legal_basis(), reason=form.cleaned_data["reason"],
        )  # fmt: skip
        return None
    if errors := versions.value_errors(code, value, day):
        raise Invalid(errors)
    return previewing.of_version(code, value, day)


def _initial(newest: Rule) -> dict[str, Any]:
    texts = {f"basis_{language}": newest.legal_basis.get(language, "") for language in versions.LANGUAGES}
    return {"mark": newest.mark} | texts


def _seen(request: HttpRequest) -> int:
    text = request.POST.get("seen", "")
    return int(text) if text.isdecimal() and len(text) < 10 else 0
