"""A printed code: what was scanned, and a complaint about it in three steps — choose, tell, check and send.

Nothing needs an account or JavaScript; the page of a phone with 360 points is the measure.
"""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import filing, prefill, routing, shapes
from complaints.checking import Filing
from complaints.codes import spreading, subjects
from complaints.codes.subjects import Subject
from complaints.complaint_draft import in_draft_names
from complaints.forms import about_addressee_field
from complaints.models import Complaint
from complaints.routing import ADDRESSEE, Table
from complaints.targets import Target
from complaints.views.filed import send
from complaints.views.new import check_context
from marketplace import policy, regions
from marketplace.errors import Invalid, TooManyTries
from marketplace.forms import add_errors, offer
from orders.models import Line

STEPS = 3


class ScannedForm(forms.Form):
    """The whole complaint on one page: what is wrong, the story, and a phone for whoever wants news."""

    subject = forms.ChoiceField(
        label=_("What is wrong?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is wrong.")},
    )
    region = forms.ChoiceField(label=_("Where did it happen?"), error_messages={"required": _("Choose the region.")})
    text = forms.CharField(
        label=_("What happened?"),
        help_text=_("Your own words are enough."),
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": _("Tell in your own words what happened.")},
    )

    order_line = forms.ChoiceField(
        label=_("Which thing in the parcel?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose which thing is wrong.")},
    )
    field_order = ["order_line"]

    def __init__(
        self,
        *args: Any,
        table: Table,
        sphere: str,
        ask_region: bool,
        office: bool,
        parcel: list[Line],
        others: list[tuple[str, Any]],
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        if len(parcel) > 1:
            offer(self, "order_line", [(str(line.pk), shapes.line_title(line)) for line in parcel])
        else:
            del self.fields["order_line"]
        offer(self, "subject", [(code, table.subject_name(code)) for code in table.subjects_of(sphere)])
        if ask_region:
            offer(self, "region", [("", "–"), *((row.code, row.name) for row in regions.listed())])
        else:
            del self.fields["region"]
        if office:
            self.fields["about"] = about_addressee_field()
        self.fields["also"] = forms.MultipleChoiceField(
            label=_("Whom else do you complain to?"), required=False, choices=others,
            widget=forms.CheckboxSelectMultiple, help_text=_("Leave it empty if one is enough."),
        )  # fmt: skip
        self.fields["contact.phone"] = forms.CharField(
            label=_("Phone"),
            required=False,
            help_text=_("Only if you want news about this complaint. You may stay unknown."),
            widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel", "width": 20}),
        )


@policy.by_code
@require_safe
def scanned(request: HttpRequest, token: str) -> HttpResponse:
    """``/q/<token>``: what it is, whom to complain to, or leave a mark."""
    subject = subjects.of_token(token)
    if request.method == "GET":
        spreading.count(subject, spreading.SCANNED)
    here = reverse("complaints:scanned_complaint", args=[token])
    about = {"sphere": subject.sphere} if subject.office else {"qr": token}
    context = {
        "subject": subject,
        "doors": [(f"{here}?to={target}", label) for target, label in _doors(subject)],
        "mark_url": reverse("complaints:feedback_code", args=[token]),
        "full_url": f"{reverse('complaints:new')}?{urlencode(about)}",
    }
    return render(request, "scanned/scanned.html", context)


def _doors(subject: Subject) -> list[tuple[str, Any]]:
    first = _("To the head of the office") if subject.office is not None else Target.SELLER.label
    return [(target, first if target == Target.SELLER else target.label) for target in Target]


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def complain(request: HttpRequest, token: str) -> HttpResponse:
    """The form, the check and the sending on one address; the button says which."""
    subject = subjects.of_token(token)
    said = request.POST if request.method == "POST" else request.GET
    target = said.get("to", "") if said.get("to", "") in Target.values else Target.SELLER
    form = ScannedForm(
        request.POST if request.method == "POST" else None,
        table=routing.table(),
        sphere=subject.sphere,
        ask_region=subject.region_id is None,
        parcel=subjects.lines_of_note(token),
        office=subject.office is not None,
        others=[(other, label) for other, label in _doors(subject) if other != target],
    )
    page: dict[str, Any] = {
        "form": form,
        "subject": subject,
        "target": target,
        "door": dict(_doors(subject))[target],
        "key": said.get("key", "")[:100] or str(uuid.uuid4()),
        "total": STEPS,
    }
    if request.method != "POST" or "edit" in request.POST or not form.is_valid():
        return render(request, "scanned/complain.html", page)
    told = _filing(subject, token, target, form)
    try:
        if "send" in request.POST:
            return send(request, told, page["key"])
        checked, route = filing.preview(actor=request.user, filing=told)
        if checked.errors:
            raise Invalid(checked.errors)
    except Invalid as error:
        add_errors(form, in_draft_names(error))
        return render(request, "scanned/complain.html", page)
    except (filing.AlreadyOpen, TooManyTries) as error:
        form.add_error(None, str(error))
        return render(request, "scanned/complain.html", page, status=error.status)
    hidden = [(name, value) for name in form.fields for value in request.POST.getlist(name) if value]
    return render(request, "scanned/check.html", page | check_context(checked, route) | {"hidden": hidden})


def _filing(subject: Subject, token: str, target: str, form: ScannedForm) -> Filing:
    values = form.cleaned_data
    phone = values["contact.phone"]
    return Filing(
        subject=values["subject"],
        sphere=subject.sphere,
        region=values.get("region") or subject.region_id or "",
        text=values["text"],
        qr=token if subject.supplier else "",
        order_line=int(values["order_line"]) if values.get("order_line") else None,
        office=subject.office.code if subject.office else "",
        channel=Complaint.Channel.QR,
        target=target,
        targets=values["also"],
        about=ADDRESSEE if values.get("about") else "",
        fields=prefill.asked(prefill.of_code(subject), values["subject"], subject.sphere),
        contact={"phone": phone} if phone else {},
    )
