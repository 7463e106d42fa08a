"""Pages that open without a server: shells of the forms, which hold words and boxes but nobody's data.

The apps register a shell for the addresses of their forms. The service worker (scripts/worker.js) keeps the shells and
answers with them when the server does not; the page's script fills them from this device's copy.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.utils.translation import gettext as _

from marketplace.context import NavItem, page_path
from marketplace.drafts import kinds
from marketplace.local_copies import LocalCopies, Mode

UUID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What the shells need, and what a page fetches only when something waits to be sent: then there may be no line.
FILES = ("app/app.css", "app/device.js", "app/queue.js", "app/files.js", "app/photos.js", "app/mark.svg")


@dataclass(frozen=True)
class Shell:
    """``address``: regular expression of the addresses it stands in for, after ``/<language>/``."""

    name: str
    address: str
    template: str
    context: Callable[[], dict[str, Any]] = dict

    @property
    def path(self) -> str:
        return f"offline/{self.name}/" if self.name else "offline/"


_shells: dict[str, Shell] = {}


def register(shell: Shell) -> Shell:
    _shells[shell.name] = shell
    return shell


# The list of this device's drafts; it stands in for every page that has no shell of its own.
register(
    Shell(
        name="",
        address="",
        template="offline/list.html",
        context=lambda: {"schema": kinds.get("order").schema},
    )
)


def find(name: str) -> Shell | None:
    return _shells.get(name)


def render(shell: Shell, language: str) -> str:
    """The page, byte for byte the same for everybody: it is rendered for a request that nobody made."""
    with translation.override(language):
        context = {
            "shell": True,
            "nav": [NavItem(page_path("offline/"), _("On this device"), "page" if not shell.name else "true")],
            "local_copies": LocalCopies(Mode.OPEN, for_everybody=True),
            **shell.context(),
        }
        return render_to_string(shell.template, context, _nobodys_request(page_path(shell.path)))


def _nobodys_request(path: str) -> HttpRequest:
    request = HttpRequest()
    request.method = "GET"
    request.path = request.path_info = path
    request.user = AnonymousUser()
    request.session = SessionBase()
    return request


@cache
def worker_script() -> str:
    """The service worker with its list: which files, which shells for which addresses, and their common version.

    Made once per process: files, texts and templates change only with a release, and every page view asks for it.
    """
    files = [static(name) for name in FILES]
    shells = sorted(_shells.values(), key=lambda shell: shell.name)
    languages = [code for code, _name in settings.LANGUAGES]
    code = _built("app/sw.js")
    digest = hashlib.sha256("\n".join([code, *files, settings.RELEASE]).encode())
    for name in FILES:
        digest.update(_built(name).encode())
    for shell in shells:
        for language in languages:
            digest.update(render(shell, language).encode())
    facts = {
        "version": digest.hexdigest()[:16],
        "files": files,
        "forms": [[f"^/(?:{'|'.join(languages)})/{shell.address}", shell.path] for shell in shells if shell.address],
    }
    return f"self.TIREK = {json.dumps(facts)};\n{code}"


def no_worker_script() -> str:
    """The kill switch: a worker that erases what the real one kept and takes itself out of the browser."""
    return _built("app/sw-off.js")


def _built(name: str) -> str:
    """A built file, from where it is served or from the sources."""
    if staticfiles_storage.exists(name):
        with staticfiles_storage.open(name) as file:
            return file.read().decode()
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(name)
    return Path(path).read_text(encoding="utf-8")
