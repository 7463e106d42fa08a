"""A person's body measures: asked once, with a drawing and words for each, and who changed them."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from catalog import measuring, selectors, types, units
from catalog.search.query import beneficiary_id
from catalog.selectors import Beneficiary
from catalog.types import BodyMeasure
from marketplace import kept_answers, policy
from marketplace.errors import Changed, Invalid, NotFound
from marketplace.forms import add_errors
from marketplace.kept_answers import kept_over_sign_in
from marketplace.models import Role
from marketplace.way_back import safe_path
from suppliers import guarantees
from suppliers.forms import MeasuresForm
from suppliers.views.cards import as_query

CHANGES_SHOWN = 20


@policy.only(Role.BENEFICIARY, Role.GUARDIAN, Role.CASEWORKER)
@kept_over_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The measures of the person whom ``for`` names (or the actor's own); what the programme needs comes first."""
    beneficiary = selectors.beneficiary_of(request.user, beneficiary_id(request.GET))
    if beneficiary.user is None:
        raise NotFound
    first, others = _asked(request, beneficiary)
    listed = [*first, *others]
    if request.method == "POST":
        form = MeasuresForm(request.POST, measures=listed, known=beneficiary.measures)
        if form.is_valid() and _saved(request, beneficiary, form):
            return redirect(_way_back(request, beneficiary))
        form.renew(measuring.last_change(beneficiary.user.pk))
    else:
        form = MeasuresForm(
            measures=listed, known=beneficiary.measures, seen=measuring.last_change(beneficiary.user.pk)
        )
        if kept := kept_answers.of(request):
            kept_answers.fill(form, kept)
    context = {
        "form": form,
        "beneficiary": beneficiary,
        "own": beneficiary.user == request.user,
        "first": [{"measure": measure, "field": form[measure.code]} for measure in first],
        "others": [{"measure": measure, "field": form[measure.code]} for measure in others],
        "others_open": any(measure.code in form.errors for measure in others),
        "changes": _changes(request, beneficiary.user.pk),
        "back_url": safe_path(request, request.GET.get("next", ""), "") or reverse("marketplace:account"),
    }
    return render(request, "account/measures.html", context, status=422 if form.errors else 200)


def _asked(request: HttpRequest, beneficiary: Beneficiary) -> tuple[list[BodyMeasure], list[BodyMeasure]]:
    """What the person's programme and the product at hand need, and all other measures."""
    book = types.book()
    kinds = [book.by_id[pk] for pk in guarantees.of_person(beneficiary.id) if pk in book.by_id]
    if at_hand := book.by_code.get(request.GET.get("type", "")):
        kinds.append(at_hand)
    needed = {measure.code for kind in kinds for measure in kind.measures}
    listed = list(book.measures.values())
    first = [measure for measure in listed if measure.code in needed]
    # Without a programme nothing is more needed than the rest: nothing is folded away then.
    return (first, [measure for measure in listed if measure.code not in needed]) if first else (listed, [])


def _saved(request: HttpRequest, beneficiary: Beneficiary, form: MeasuresForm) -> bool:
    assert beneficiary.user is not None
    try:
        changed = measuring.change(
            person_id=beneficiary.user.pk, actor=request.user, answers=form.answers(), seen=form.cleaned_data["seen"]
        )
    except Invalid as error:
        add_errors(form, error)
        return False
    except Changed as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, _("Saved. The catalogue now says what fits.") if changed else _("Nothing was changed."))
    return True


def _way_back(request: HttpRequest, beneficiary: Beneficiary) -> str:
    """The page that sent the person here, else this one."""
    person = {"for": str(beneficiary.id)} if beneficiary.user != request.user else {}
    return safe_path(request, request.GET.get("next", ""), "") or reverse("fit:measures") + as_query(person)


def _changes(request: HttpRequest, person_id: int) -> list[dict[str, Any]]:
    """The latest changes in words."""
    measures = types.book().measures
    return [
        {
            "at": row.at,
            "who": row.actor,
            "office": row.actor.office,
            "name": measures[row.code].name if row.code in measures else row.code,
            "before": _amount(measures.get(row.code), row.before),
            "after": _amount(measures.get(row.code), row.value),
        }
        for row in measuring.history(person_id=person_id, actor=request.user, limit=CHANGES_SHOWN)
    ]


def _amount(measure: BodyMeasure | None, value: int | None) -> str:
    if value is None:
        return ""
    return units.amount(value, measure.unit, measure.shown_unit) if measure else str(value)
