"""The yearly declaration of a supplier: what it says of itself still holds."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketplace import policy
from marketplace.errors import Invalid
from marketplace.forms import add_errors
from marketplace.models import Role
from suppliers import declaring
from suppliers.onboarding.forms import DeclarationForm
from suppliers.selectors import own_supplier


@policy.only(Role.SUPPLIER)
@require_http_methods(["GET", "HEAD", "POST"])
def declaration(request: HttpRequest) -> HttpResponse:
    """Until when the present one holds; the form that renews it."""
    partner = own_supplier(request.user)
    form = DeclarationForm(
        request.POST if request.method == "POST" else None, initial={"address": partner.address, "phone": partner.phone}
    )
    if form.is_valid():
        data = form.cleaned_data
        try:
            declaring.declare(
                actor=request.user, declared=form.declared(), address=data["address"], phone=data["phone"]
            )
        except Invalid as error:
            add_errors(form, error)
        else:
            messages.success(request, _("The declaration is renewed."))
            return redirect("suppliers:declaration")
    context = {"supplier": partner, "due": declaring.due_on(partner), "form": form}
    return render(request, "supplier/declaration.html", context, status=422 if form.errors else 200)
