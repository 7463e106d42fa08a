"""Low-vision mode: the same pages, drawn larger and in two colours.

The choice lives in a cookie and, for a person who is signed in, in the account; the server writes it as classes on
``<html>``, so it works without JavaScript. Order № 124-НҚ of 31.03.2025 binds state sites to ST RK 2191-2023.
"""

from dataclasses import asdict, dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from marketplace import policy
from marketplace.way_back import safe_path

COOKIE = "vision"
COOKIE_AGE = 365 * 24 * 3600
SIZES = [(100, _("Normal")), (150, _("Large: 150%")), (200, _("Very large: 200%"))]
SCHEMES = [
    ("standard", _("Standard colours")),
    ("bw", _("Black on white")),
    ("wb", _("White on black")),
    ("blue", _("Dark blue on light blue")),
    ("yb", _("Yellow on black")),
]


@dataclass(frozen=True)
class Vision:
    """One person's settings; the defaults are the normal version."""

    size: int = 100
    scheme: str = "standard"
    spacing: bool = False
    images: bool = True

    @property
    def is_on(self) -> bool:
        return self != NORMAL

    @property
    def html_class(self) -> str:
        """Classes for ``<html>``; styles/_low_vision.scss gives them their meaning."""
        classes = ["lv"] if self.is_on else []
        if self.size != 100:
            classes.append(f"lv-size-{self.size}")
        if self.scheme != "standard":
            classes += ["lv-scheme", f"lv-scheme-{self.scheme}"]
        if self.spacing:
            classes.append("lv-spacing")
        if not self.images:
            classes.append("lv-no-images")
        return " ".join(classes)

    def to_cookie(self) -> str:
        return f"{self.size}.{self.scheme}.{int(self.spacing)}.{int(self.images)}"


NORMAL = Vision()
LARGE = Vision(size=150, scheme="bw", spacing=True)


def parse(size: object, scheme: object, spacing: object, images: object) -> Vision:
    """Settings from values of unknown origin; whatever is not one of the options becomes the normal one."""
    sizes, schemes = {str(value): value for value, label in SIZES}, {value for value, label in SCHEMES}
    return Vision(
        size=sizes.get(str(size), 100),
        scheme=str(scheme) if scheme in schemes else "standard",
        spacing=str(spacing) in {"1", "True"},
        images=str(images) not in {"0", "False"},
    )


def of_request(request: HttpRequest) -> Vision:
    """The settings of this request: the cookie of this device first, then the account."""
    parts = request.COOKIES.get(COOKIE, "").split(".")
    if len(parts) == 4:
        return parse(*parts)
    user = getattr(request, "user", None)
    stored = getattr(user, "vision", None) if user is not None and user.is_authenticated else None
    if isinstance(stored, dict) and stored:
        return parse(*(stored.get(key) for key in ("size", "scheme", "spacing", "images")))
    return NORMAL


class VisionForm(forms.Form):
    size = forms.ChoiceField(label=_("Text size"), choices=SIZES, required=False, widget=forms.RadioSelect)
    scheme = forms.ChoiceField(label=_("Colours"), choices=SCHEMES, required=False, widget=forms.RadioSelect)
    spacing = forms.BooleanField(label=_("More space between letters and lines"), required=False)
    images = forms.BooleanField(label=_("Show pictures"), required=False)


@policy.before_second_factor
@policy.anyone
@require_http_methods(["GET", "POST"])
def vision_settings(request: HttpRequest) -> HttpResponse:
    """Shows the options; a POST stores them on this device (and in the account) and returns to the page before.

    The button's name decides: ``normal`` switches the mode off, ``large`` takes the ready-made set, ``save`` the form.
    """
    back = safe_path(request, request.POST.get("next") or request.GET.get("next", ""), "/")
    form = VisionForm(request.POST or None, initial=asdict(of_request(request)))
    if request.method == "GET" or not form.is_valid():
        return render(request, "vision.html", {"form": form, "next": back})
    if "normal" in request.POST:
        chosen = NORMAL
    elif "large" in request.POST:
        chosen = LARGE
    else:
        chosen = parse(**form.cleaned_data)
    remember(user=request.user, vision=chosen)
    response = redirect(back)
    response.set_cookie(
        COOKIE,
        chosen.to_cookie(),
        max_age=COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def remember(*, user: Any, vision: Vision) -> None:
    """Keeps the settings in the account, so that the next device starts with them."""
    if user.is_authenticated:
        get_user_model().objects.filter(pk=user.pk).update(vision=asdict(vision) if vision.is_on else {})
