"""What the first request of a web process would wait for, done before it takes any."""

import gc
from contextlib import suppress

from django.conf import settings
from django.db import DatabaseError
from django.template import loader
from django.urls import reverse
from django.utils import translation

from catalog import types
from catalog.search import embedded, wording

TEMPLATES = (
    "home/visitor.html", "home/person.html", "catalog/index.html", "catalog/list.html", "catalog/product.html",
    "beneficiary/draft.html", "beneficiary/check.html", "account/login.html",
)  # fmt: skip


def warm_up() -> None:
    """Routes, translations, the templates that most visits see, the book of types, the words and index of the search.

    A database that is away, or an index that is not there, is no reason not to start.
    """
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse("catalogue:index")
            translation.gettext("Search")
    for name in TEMPLATES:
        loader.get_template(name)
    try:
        types.book()
        asked = wording.question("a")
    except DatabaseError:
        return
    with suppress(embedded.Unavailable):
        embedded.search(asked, 1)


def set_aside() -> None:
    """What is there now stays as long as the process: no look for unreachable objects goes through it again.

    Such a look took a quarter of a second and more at 100,000 products, several times a minute, and nobody was answered
    meanwhile. Only what requests leave is looked through now.
    """
    gc.collect()
    gc.freeze()
