"""How search works now: its line on the status page."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import search
from marketplace import health

LATE_AFTER = 60  # seconds


@health.register_line
def search_line() -> health.Line:
    """Search is well when the wanted engine answers and no index is more than a minute behind."""
    now = search.status()
    words = []
    if now["engine"] == search.LAST_RESORT:
        words.append(_("Search looks at titles only. It is being repaired."))
    elif now["engine"] != now["wanted"]:
        words.append(
            _("The search engine %(wanted)s does not answer. The spare one on this server does.")
            % {"wanted": now["wanted"]}
        )
    behind = now["waiting"] + now["owed"]
    if behind:
        words.append(
            ngettext(
                "%(count)s change of the catalogue is not in search yet, for %(seconds)s s.",
                "%(count)s changes of the catalogue are not in search yet, the oldest for %(seconds)s s.",
                behind,
            )
            % {"count": behind, "seconds": now["behind_seconds"]}
        )
    well = now["engine"] == now["wanted"] and now["behind_seconds"] < LATE_AFTER
    return health.Line(_("Search"), well, " ".join(words) or _("Every product is in search."))
