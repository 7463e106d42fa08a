"""How search works now: its line on the status page."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import search
from marketplace import health


@health.register_line
def search_line() -> health.Line:
    """Search is well when an engine answers and the index is less than a minute behind."""
    now = search.status()
    if now["engine"] == search.LAST_RESORT:
        return health.Line(_("Search"), False, _("Search looks at titles only. It is being repaired."))
    if now["waiting"]:
        words = ngettext(
            "%(count)s change of the catalogue is not in search yet.",
            "%(count)s changes of the catalogue are not in search yet.",
            now["waiting"],
        ) % {"count": now["waiting"]}
        return health.Line(_("Search"), now["behind_seconds"] < 60, words)
    return health.Line(_("Search"), True, _("Every product is in search."))
