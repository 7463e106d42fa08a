"""Pages for everybody: tracking by number and code, who protects your rights."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from complaints import selectors
from complaints.forms import TrackForm
from complaints.reporting import defenders as defenders_of
from complaints.reporting import defenders_paper
from complaints.states import COMPLAINT, PERSON
from complaints.step_forms import StepForm
from complaints.tracking import Holder
from complaints.views import case
from complaints.views.reports import region_of
from marketplace import policy, regions
from marketplace.errors import Forbidden, NotFound, TooManyTries
from marketplace.models import Region


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def track(request: HttpRequest) -> HttpResponse:
    """Where a case stands, and the person's steps, by number and code. They travel in the body, never in an address."""
    holder, refusal = holder_of(request)
    return _tracked(request, holder) if holder else refusal


@policy.by_code
@require_http_methods(["GET", "HEAD", "POST"])
def step(request: HttpRequest, action: str) -> HttpResponse:
    """A step of the person, by number and code; a link to another language leads here with GET."""
    if request.method != "POST":
        return redirect("complaints:track")
    if not any(legal.action == action and PERSON in legal.parties for legal in COMPLAINT.steps):
        raise NotFound
    holder, refusal = holder_of(request)
    if holder is None:
        return refusal
    if not holder.acts:
        raise Forbidden
    wrong = case.attempt(request, number=holder.number, action=action, actor=holder)
    return _tracked(request, holder, wrong)


def holder_of(request: HttpRequest) -> tuple[Holder | None, HttpResponse]:
    """Who shows a number and its code; else the form that asks for them, with what is wrong."""
    form = TrackForm(request.POST if request.method == "POST" else None, initial={"number": request.GET.get("number")})
    status = 200
    if form.is_valid():
        address = get_adapter().get_client_ip(request)
        try:
            return selectors.holder(**form.cleaned_data, address=address, viewer=request.user), HttpResponse()
        except NotFound:
            form.add_error(None, _("We found no complaint with this number and code. Check both and try again."))
        except TooManyTries as error:
            form.add_error(None, str(error))
            status = error.status
    return None, render(request, "public/track.html", {"form": form}, status=status)


def _tracked(request: HttpRequest, holder: Holder, wrong: StepForm | None = None) -> HttpResponse:
    """The case for whoever holds its code: nothing that she wrote herself, and the buttons of her steps."""
    page = case.context(holder, selectors.read(holder, holder.number), wrong)
    for item in page["steps"]:
        item["url"] = reverse("complaints:track_step", args=[item["action"]])
    return render(request, "public/tracked.html", page | {"shown": {"number": holder.number, "code": holder.code}})


@policy.anyone
@require_safe
def defenders(request: HttpRequest) -> HttpResponse:
    """Bodies that protect consumers and people with disabilities, by region and sphere, with their last month."""
    region, sphere = _chosen(request)
    today = timezone.localdate()
    context = {
        "region": region,
        "regions": regions.listed(),
        "sphere": sphere,
        "spheres": defenders_of.spheres(today),
        "found": defenders_of.directory(region, sphere, today),
    }
    return render(request, "public/defenders.html", context)


@policy.anyone
@require_safe
def defenders_file(request: HttpRequest) -> HttpResponse:
    """The same bodies as a paper."""
    region, sphere = _chosen(request)
    now = timezone.now()
    today = timezone.localdate(now)
    found = defenders_of.directory(region, sphere, today)
    name = dict(defenders_of.spheres(today)).get(sphere, "")
    paper = defenders_paper.pdf(found, region=region, sphere=name, now=now)
    response = HttpResponse(paper, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="defenders-{region.pk if region else "KZ"}.pdf"'
    return response


def _chosen(request: HttpRequest) -> tuple[Region | None, str]:
    """The region asked for, else the reader's own; the code of a sphere that is known, else none."""
    own = request.user.region_id if request.user.is_authenticated else None
    region = region_of(request.GET.get("region", own or ""))
    known = {code for code, _name in defenders_of.spheres(timezone.localdate())}
    sphere = request.GET.get("sphere", "")
    return region, sphere if sphere in known else ""
