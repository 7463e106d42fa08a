"""Sending a complaint from a page without a draft: once per key, counted by the network address."""

from dataclasses import replace

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from complaints import filing
from complaints.checking import Filing
from complaints.models import Complaint
from marketplace import idempotency, local_copies


def origin_of(request: HttpRequest) -> str:
    """The channel as the server knows it: a computer that was marked as shared is a kiosk."""
    return Complaint.Channel.KIOSK if local_copies.is_shared(request) else ""


def send(request: HttpRequest, told: Filing, key: str) -> HttpResponse:
    """File it and go on to the receipt. Raises what ``filing.file`` raises."""
    told = replace(told, origin=origin_of(request))
    once = idempotency.request_of(
        user=request.user, owner="visitor", key=f"page:{key}"[:255], action="complaint:file", body=repr(told).encode()
    )
    address = get_adapter().get_client_ip(request)
    answer = filing.file(actor=request.user, filing=told, request=once, address=address)
    # The session is the visitor's receipt: it opens the page with the code, once sent.
    request.session["filed"] = [*request.session.get("filed", []), answer.body["number"]][-10:]
    return redirect("complaints:sent", answer.body["number"])
