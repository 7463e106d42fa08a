"""The routing table at the ministry: its versions, a new one row by row or from a sheet, a simulator."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints.routes import sheet, simulating, versions
from complaints.routes.forms import PublishForm, RowForm, SheetForm, SimulatorForm, kinds_of_bodies
from complaints.routes.models import RouteProposal
from complaints.routing import ANY, SELLER, Table
from marketplace import calendar, formats, policy
from marketplace.errors import Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.models import Region, Role

WORKING_COPY = "change"


@policy.only(Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """Every version with who made it, when and why; the button begins a new one."""
    if request.method == "POST":
        versions.begin(actor=request.user)
        return redirect("complaints:routing_change")
    context = {"versions": versions.versions(request.user), "proposal": versions.proposal(request.user)}
    return render(request, "review/routing/index.html", context)


@policy.only(Role.REVIEWER)
@require_safe
def version(request: HttpRequest, day: str) -> HttpResponse:
    """One version as a table to read."""
    rule = versions.version(request.user, _day(day))
    table = simulating.table_of(rule.value, rule.valid_from)
    return render(request, "review/routing/version.html", {"rule": rule, "rows": _rows(table)})


@policy.only(Role.REVIEWER)
@require_safe
def version_file(request: HttpRequest, day: str) -> HttpResponse:
    """A version, or the working copy, as a sheet."""
    if day == WORKING_COPY:
        rows = _held(request).value["table"]
    else:
        rows = versions.version(request.user, _day(day)).value["table"]
    response = HttpResponse(sheet.write(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="routing-{day}.csv"'
    return response


@policy.only(Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest) -> HttpResponse:
    """The working copy: its rows, what is wrong with it, what would change; publish, upload or drop it."""
    held, action = _held(request), request.POST.get("action", "")
    forms = {
        "publish": PublishForm(request.POST if action == "publish" else None),
        "upload": SheetForm(request.POST, request.FILES) if action == "upload" else SheetForm(),
    }
    if action:
        try:
            if done := _do(request, action, forms):
                messages.success(request, done)
                return redirect("complaints:routing" if action != "upload" else "complaints:routing_change")
        except Invalid as error:
            add_errors(forms[action], error)
    table = simulating.table_of(held.value, held.based_on)
    based_on = versions.version(request.user, held.based_on)
    context = {
        "proposal": held,
        "rows": _rows(table),
        "problems": [str(problem) for problem in versions.checked(held.value)],
        "changes": _changes(based_on.value, held.value, table),
        "form": forms["upload"] if action == "upload" else forms["publish"],
        "publish": forms["publish"],
        "upload": forms["upload"],
    }
    return render(request, "review/routing/change.html", context)


def _do(request: HttpRequest, action: str, forms: dict[str, Any]) -> str:
    """Take the step of a button; the words for the banner, or nothing when the form is not complete."""
    rev = _number(request.POST.get("rev"))
    if action == "discard":
        versions.discard(actor=request.user, rev=rev)
        return _("The new version was dropped.")
    if action not in forms:
        raise NotFound
    form = forms[action]
    if not form.is_valid():
        return ""
    if action == "publish":
        versions.publish(actor=request.user, rev=rev, **form.cleaned_data)
        return _("Published. It applies from its day; filed cases keep their route.")
    versions.put_table(actor=request.user, rev=rev, rows=sheet.read(form.cleaned_data["sheet"].read()))
    return _("The rows were replaced.")


@policy.only(Role.REVIEWER)
@require_http_methods(["GET", "HEAD", "POST"])
def row(request: HttpRequest, place: int) -> HttpResponse:
    """One row of the working copy: change, move or remove it; behind the last row, a new one."""
    held = _held(request)
    rows = held.value["table"]
    if not 1 <= place <= len(rows) + 1:
        raise NotFound
    table = simulating.table_of(held.value, held.based_on)
    kinds, shown = kinds_of_bodies(), RowForm.shown(rows[place - 1]) if place <= len(rows) else None
    form = RowForm(request.POST or None, initial=shown, table=table, kinds=kinds)
    if request.method == "POST" and _change_row(request, place, form):
        messages.success(request, _("The working copy was changed."))
        return redirect("complaints:routing_change")
    context = {
        "form": form, "place": place, "count": len(rows), "new": place > len(rows), "proposal": held,
        "kinds": kinds.items(),
    }  # fmt: skip
    return render(request, "review/routing/row.html", context)


def _change_row(request: HttpRequest, place: int, form: RowForm) -> bool:
    seen: dict[str, Any] = {"actor": request.user, "rev": _number(request.POST.get("rev"))}
    action = request.POST.get("action", "save")
    if action == "drop":
        versions.drop_row(**seen, place=place)
    elif action == "move":
        versions.move_row(**seen, place=place, to=_number(request.POST.get("to")))
    elif form.is_valid():
        versions.put_row(**seen, place=place, row=form.row())
    else:
        return False
    return True


@policy.only(Role.REVIEWER)
@require_safe
def simulator(request: HttpRequest) -> HttpResponse:
    """Where a complaint would go by one version or two, and every combination that the two answer differently."""
    listed, held = versions.versions(request.user), versions.proposal(request.user)
    values = {f"{item.rule.valid_from:%Y-%m-%d}": (item.rule.value, item.rule.valid_from) for item in listed}
    choices = [(code, formats.date_long(first)) for code, (_value, first) in values.items()]
    if held is not None:
        values[WORKING_COPY] = (held.value, held.based_on)
        choices.append((WORKING_COPY, _("The working copy")))
    newest = simulating.table_of(*next(iter(values.values())))
    form = SimulatorForm(
        request.GET if "subject" in request.GET else None,
        table=newest, versions=choices, initial={"day": timezone.localdate()},
    )  # fmt: skip
    context: dict[str, Any] = {"form": form}
    if form.is_bound and form.is_valid():
        context |= _simulated(form.cleaned_data, values)
    return render(request, "review/routing/simulator.html", context)


def _simulated(asked: dict[str, Any], values: dict[str, tuple[dict[str, Any], date]]) -> dict[str, Any]:
    question = simulating.Question(
        subject=asked["subject"], sphere=asked["sphere"], region=Region.objects.get(pk=asked["region"]),
        day=asked["day"], supplier=asked["supplier"], about=asked["about"],
        line=asked["order"], office=asked["office"], targets=tuple(asked["targets"]),
    )  # fmt: skip
    in_force = simulating.version_on(question.day)
    first = values[asked["version"]] if asked["version"] else (in_force.value, in_force.valid_from)
    answers = [_answered(question, simulating.table_of(*first))]
    if not asked["other"]:
        return {"answers": answers}
    second = values[asked["other"]]
    answers.append(_answered(question, simulating.table_of(*second)))
    return {
        "answers": answers,
        "changes": _changes(first[0], second[0], simulating.table_of(*second)),
        "compared": True,
    }


def _answered(question: simulating.Question, table: Table) -> dict[str, Any]:
    route = simulating.answer(question, table)
    return {"route": route, "due_words": calendar.in_words(route.deadline.explained), "version": table.valid_from}


def _changes(before: dict[str, Any], after: dict[str, Any], table: Table) -> list[dict[str, Any]]:
    """Combinations that are answered differently, in words."""
    return [
        {
            "subject": table.subject_name(item.subject),
            "sphere": table.sphere_name(item.sphere),
            "before": _short(item.before),
            "after": _short(item.after),
            "columns": ", ".join(item.columns),
        }
        for item in versions.differences(before, after)
    ]


def _short(answered: dict[str, Any]) -> str:
    return f"{answered['rule']}: {answered['first']}" if answered else "–"


def _rows(table: Table) -> list[dict[str, Any]]:
    return [
        row | {
            "place": place,
            "subject_name": _("anything") if row["subject"] == ANY else table.subject_name(row["subject"]),
            "sphere_names": ", ".join(_("anything") if code == ANY else table.sphere_name(code) for code in row["spheres"]),
            "first_name": _("The supplier") if row["first"] == SELLER else row["first"],
            "url": reverse("complaints:routing_row", args=[place]),
        }
        for place, row in enumerate(table.rows, 1)
    ]  # fmt: skip


def _held(request: HttpRequest) -> RouteProposal:
    found = versions.proposal(request.user)
    if found is None:
        raise NotFound
    return found


def _number(text: Any) -> int:
    return int(text) if str(text).isdecimal() and len(str(text)) < 9 else 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound from None
