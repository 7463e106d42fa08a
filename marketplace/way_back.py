"""Where a page may lead back to: whoever writes the address, it stays on this site."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def safe_path(request: HttpRequest, path: str, otherwise: str) -> str:
    """The path when it belongs to this site, else ``otherwise``."""
    if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()}):
        return path
    return otherwise
