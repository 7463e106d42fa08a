"""Every component in every state on one page: for page authors, for the accessibility tests, for a look at each scheme.

Served only in the demonstration (``DEMO=1``).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketplace import formats, policy
from marketplace.form_fields import DatePartsField

SAMPLE_DRAFT = UUID("00000000-0000-4000-8000-000000000001")
_SAVED_AT = datetime(2026, 12, 5, 5, 32, tzinfo=UTC)


@dataclass
class SampleDraft:
    pk: UUID = SAMPLE_DRAFT
    kind: str = "order"
    schema: int = 1
    rev: int = 3


class SampleForm(forms.Form):
    """One field of each kind; ``versions`` and ``conflicts`` are what the form of a draft carries."""

    versions: dict[str, int] = {}
    conflicts: dict[str, dict[str, Any]] = {}

    name = forms.CharField(
        label=gettext_lazy("Full name"),
        help_text=gettext_lazy("As in the identity card."),
        max_length=200,
        error_messages={"required": gettext_lazy("Enter the full name.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "spellcheck": "false"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel", "type": "tel", "width": 20}),
        error_messages={"required": gettext_lazy("Enter a phone number, for example 8 701 000 00 01.")},
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("How many packs"),
        min_value=1,
        widget=forms.NumberInput(attrs={"width": 3}),
        error_messages={"invalid": gettext_lazy("Enter the number of packs in digits, for example 3.")},
    )
    comment = forms.CharField(
        label=gettext_lazy("What should the driver know"), widget=forms.Textarea(attrs={"rows": 3}), required=False
    )
    region = forms.ChoiceField(
        label=gettext_lazy("Region"), choices=[("", "–"), ("KZ-63", "Шығыс Қазақстан"), ("KZ-79", "Шымкент")]
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("How do we reach you"),
        choices=[
            ("sms", gettext_lazy("SMS")),
            ("call", gettext_lazy("Phone call")),
            ("e-mail", gettext_lazy("E-mail")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how we reach you.")},
    )
    days = forms.MultipleChoiceField(
        label=gettext_lazy("When are you at home"),
        choices=[("am", gettext_lazy("In the morning")), ("pm", gettext_lazy("In the afternoon"))],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    birth = DatePartsField(label=gettext_lazy("Date of birth"), help_text=gettext_lazy("For example, 27 3 2020"))
    photo = forms.FileField(label=gettext_lazy("Photo of the damage"), required=False)
    consent = forms.BooleanField(
        label=gettext_lazy("I agree that my data is used for this order"),
        error_messages={"required": gettext_lazy("Tick the box to go on. Without it we cannot send the order.")},
    )


class FilterForm(forms.Form):
    q = forms.CharField(label=gettext_lazy("What do you look for"), required=False)
    fits = forms.BooleanField(label=gettext_lazy("Only what fits me"), required=False)


@policy.anyone
def styleguide(request: HttpRequest) -> HttpResponse:
    """``?state=errors`` shows the form with every error, ``?state=conflict`` an open question at a field."""
    if not settings.DEMO:
        raise Http404
    state = request.GET.get("state", "")
    if state == "messages":
        messages.success(request, _("The order is confirmed."))
        messages.info(request, _("The supplier changed the delivery date."))
    return render(request, "styleguide.html", {"state": state, "form": _sample_form(state), **_samples()})


def _sample_form(state: str) -> SampleForm:
    if state == "errors":
        form = SampleForm(
            {"name": "", "quantity": "three", "birth_day": "31", "birth_month": "2", "birth_year": "2020"}
        )
        form.add_error(None, _("This norm has 2 packs left. Order 2 packs or fewer."))
        return form
    form = SampleForm(
        initial={
            "name": "Айгүл Серікқызы",
            "phone": "8 701 000 00 01",
            "quantity": 3,
            "region": "KZ-63",
            "channel": "sms",
            "days": ["am"],
            "birth": date(2020, 3, 27),
        }
    )
    form.versions = {"name": 2, "phone": 1, "quantity": 0, "channel": 1}
    if state == "conflict":
        form.conflicts = {
            "phone": {"yours": "8 701 000 00 01", "theirs": "8 702 000 00 02", "by": "Марат", "at": _SAVED_AT}
        }
    return form


def _samples() -> dict[str, Any]:
    regions = [
        ("КЗ-63", "ШҚО", _("East Kazakhstan"), 6, 2, 41, 4),
        ("KZ-79", "ШЫМ", _("Shymkent"), 2, 4, 23, 3),
        ("KZ-75", "АЛА", _("Almaty"), 4, 4, 12, 2),
        ("KZ-71", "АСТ", _("Astana"), 3, 2, 5, 1),
        ("KZ-47", "МАҢ", _("Mangystau"), 0, 4, 0, 0),
    ]
    offer = {"price": Decimal("7350"), "unit_price": Decimal("245"), "pack_size": 30, "lead_days": 3}
    today = formats.local_date(timezone.now())
    return {
        "draft": SampleDraft(),
        "saved_at": _SAVED_AT,
        "filter_form": FilterForm({"q": _("diapers")}),
        "chosen_filters": [{"label": _("Only what fits me"), "remove_url": "?"}],
        "crumbs": [{"label": _("Home"), "url": "/"}, {"label": _("Catalogue"), "url": "#"}],
        "page": Paginator(range(200), 10).page(7),
        "answers": [
            {"key": _("Full name"), "value": "Айгүл Серікқызы", "change_url": "#name"},
            {"key": _("Delivery address"), "lines": ["Өскемен", "Қазақстан көшесі, 0"], "change_url": "#address"},
            {"key": _("E-mail"), "value": "", "change_url": "#mail"},
            {"key": _("The state pays"), "value": "305 374,72 ₸"},
        ],
        "tasks": [
            {"title": _("Products"), "url": "#1", "status": _("Done")},
            {"title": _("Delivery"), "url": "#2", "hint": _("Address and phone"), "status": _("Not started"), "colour": "blue"},
            {"title": _("Check and send"), "status": _("Cannot start yet")},
        ],
        "statuses": [
            ("draft", _("Draft")),
            ("sent", _("Waiting for the supplier")),
            ("in_delivery", _("On the way")),
            ("accepted", _("Accepted")),
            ("declined", _("Declined")),
            ("escalated", _("Sent higher")),
        ],
        "table_columns": [{"label": _("Order")}, {"label": _("State")}, {"label": _("Sum"), "numeric": True}],
        "table_rows": [["KZ-000123", _("On the way"), "305 374,72 ₸"], ["KZ-000124", _("Accepted"), "7 350 ₸"]],
        "bars": [{"label": name, "value": value} for _code, _short, name, _c, _r, value, _level in regions],
        "tiles": [
            {"short": short, "name": name, "column": column, "row": row, "value": value, "level": level, "url": f"#{code}"}
            for code, short, name, column, row, value, level in regions
        ],
        "events": [
            {"title": _("The supplier answered"), "at": _SAVED_AT, "by": "Тірек Сауда", "text": _("We send a new pack tomorrow.")},
            {"title": _("Complaint filed"), "at": _SAVED_AT - timedelta(days=2), "by": "Айгүл"},
        ],
        "due_soon": today + timedelta(days=4),
        "due_late": today - timedelta(days=2),
        "products": [
            {
                "title": _("Diapers for children, size 5"),
                "url": "#diapers",
                "type": _("Diapers"),
                "offers": 3,
                "price": Decimal("7350"),
                "you_pay": Decimal("0"),
                "fit": {"status": "fits", "label": _("Fits you")},
                "image": {"url": f"{settings.STATIC_URL}app/mark.svg", "alt": _("A pack of diapers"), "width": 120, "height": 120},
            },
            {
                "title": _("Walker for children, height 420–570 mm"),
                "url": "#walker",
                "type": _("Walkers"),
                "offers": 1,
                "price": Decimal("305374.72"),
                "you_pay": Decimal("12500"),
                "fit": {"status": "does_not_fit", "label": _("Does not fit"), "reason": _("You are taller than 1,100 mm.")},
            },
            {"title": _("Hearing aid, digital"), "url": "#aid", "type": _("Hearing aids"), "offers": 0, "price": None},
        ],
        "offers": [
            offer | {"id": 1, "supplier": "Тірек Сауда", "stock": 40, "you_pay": Decimal("0"), "rating": "4,8", "why": _("Cheapest with delivery to you")},
            offer | {"id": 2, "supplier": "Қамқор", "stock": 0, "you_pay": Decimal("350.50"), "rating": None},
        ],
    }  # fmt: skip
